"""What a library varies, which questions that makes, and where each of them stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from fengsui.apps.forecasts import asking, rules
from fengsui.kernel.errors import Invalid
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

NAMES = ("rain", "pumps", "gates", "standing_m")
"""Of the axes, in the order in which a scenario is read."""
RAINS = {"design": (2.0, 5.0, 10.0, 20.0, 50.0, 100.0), "steady": (20.0, 40.0, 60.0, 80.0, 100.0, 120.0)}
"""Return periods in years, or mm/h."""
STANDING_M = (0.0, 0.3, 0.6)
MOST, LEAST = 200, 2
"""Scenarios of one library. Sixteen of a square of 1 km in cells of 10 m took six minutes on two busy cores."""
MOST_WAITING = 3

STATES = Terms(
    "scenario_library_states",
    Term("waiting", "排队", "waiting"),
    Term("running", "正在算", "computing"),
    Term("paused", "已暂停", "paused"),
    Term("done", "算完", "complete"),
    Term("retired", "已废弃", "retired"),
)
LIBRARY = Machine(
    "scenario_library",
    initial="waiting",
    states=STATES,
    final=frozenset({"retired"}),
    moves={
        "waiting": {"begin": "running", "pause": "paused", "retire": "retired"},
        "running": {"begin": "running", "pause": "paused", "finish": "done", "retire": "retired"},
        "paused": {"resume": "waiting", "retire": "retired"},
        "done": {"resume": "waiting", "retire": "retired"},
    },
)
SCENARIO_STATES = Terms(
    "scenario_states",
    Term("waiting", "未算", "not yet"),
    Term("done", "已算", "computed"),
    Term("failed", "没有算成", "failed"),
)


def sound(base: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> None:
    """Raises Invalid by the field."""
    for name in NAMES:
        if not axes.get(name):
            raise Invalid("forecasts.scenarios.empty_axis", field=name)
        if len(set(axes[name])) != len(axes[name]):
            raise Invalid("forecasts.scenarios.twice", field=name)
    if "shut" in axes["gates"] and not base.get("sewers_a"):
        raise Invalid("forecasts.flood.no_gates", field="gates")
    count = count_of(axes)
    if not LEAST <= count <= MOST:
        raise Invalid("forecasts.scenarios.count", field="rain", count=count, least=LEAST, most=MOST)


def count_of(axes: Mapping[str, Sequence[Any]]) -> int:
    count = 1
    for name in NAMES:
        count *= len(axes[name])
    return count


def questions(base: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Each scenario as a flood run is asked. Those at the ends of the axes come first: a library that is computed by
    half then already reaches from one end to the other, and what is between is found between."""
    ordered = [sorted(axes[name], key=_place) for name in NAMES]
    inner = {name: set(values[1:-1]) for name, values in zip(NAMES, ordered, strict=True)}
    rows = sorted(product(*ordered), key=lambda row: sum(it in inner[n] for n, it in zip(NAMES, row, strict=True)))
    return [asked_of(base, dict(zip(NAMES, row, strict=True))) for row in rows]


def asked_of(base: Mapping[str, Any], at: Mapping[str, Any]) -> dict[str, Any]:
    """`at`: a value of each axis."""
    key = "return_period_a" if base["rain"]["kind"] == "design" else "mm_h"
    rain = {**base["rain"], key: at["rain"]}
    return {**base, "rain": rain, "pumps": at["pumps"], "gates": at["gates"], "standing_m": at["standing_m"]}


def _place(value: Any) -> float:
    return float(rules.GATES.index(value)) if isinstance(value, str) else float(value)


def point(asked: Mapping[str, Any]) -> list[float]:
    """Where a question stands: mm of rain in all, share of pumps, gates shut, metres standing."""
    _edges, depth = asking.rain_of(asked["rain"])
    return [
        round(sum(depth) * 1000.0, 6), float(asked["pumps"]), _place(asked.get("gates", "open")),
        float(asked.get("standing_m", 0.0)),
    ]  # fmt: skip


def ground(asked: Mapping[str, Any]) -> str:
    """Equal of two questions that differ in nothing but what a library varies: same square, soil and sewers, rain of
    one shape and length. A storm's formula only gives its depth, by which scenarios are told apart anyway."""
    rain = asked["rain"]
    same = [
        round(float(asked["lon"]), 5), round(float(asked["lat"]), 5), float(asked["width_m"]), float(asked["cell_m"]),
        float(asked["drained_mm_h"]), float(asked.get("sewers_a") or 0), asked.get("breach"),
        rain["kind"], float(rain["duration_min"]), float(rain.get("peak") or 0),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()
