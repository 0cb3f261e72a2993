"""What the libraries already know of a question: the nearest scenarios, their spread, an answer between them.

Asked while the question itself is being computed, so it reads little: the places of all scenarios of one library, and
the answers of the few nearest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef

from fengsui.apps.forecasts.scenarios import axes, kept
from fengsui.apps.forecasts.scenarios import libraries as verbs
from fengsui.apps.forecasts.scenarios.models import Scenario, ScenarioLibrary
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound
from fengsui.science.contract import OutOfRange
from fengsui.science.scenarios.nearest import nearest

COUNT = 6
"""So many are told beside each other."""
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Told:
    """`nearest`: scenarios, the nearest first, each with `distance`. `outside`: names of axes beyond which is asked.
    `places`: of each, deepest water of the nearest scenario and least, median and most of all of them, metres.
    `cuts`: streets that the nearest cuts, and how many of the near ones do. `between`: whether the library answers
    between its scenarios."""

    library: ScenarioLibrary
    nearest: list[Scenario]
    distance: list[float]
    outside: list[str]
    places: list[dict[str, Any]]
    cuts: list[dict[str, Any]]
    between: bool

    @property
    def first(self) -> Scenario:
        return self.nearest[0]

    @property
    def is_the_same(self) -> bool:
        return self.distance[0] < 1e-9


def of_question(asked: Mapping[str, Any], by: Actor) -> Told | None:
    """From the newest library of the same ground that has computed anything; None where there is none."""
    try:
        point = axes.point(asked)
    except Invalid:
        return None  # its storm is none that the district has any more: the run itself will say so
    same = verbs.visible_to(by).filter(ground=axes.ground(asked)).exclude(status="retired")
    computed = Scenario.objects.filter(library=OuterRef("pk"), status="done")
    library = same.filter(Exists(computed)).order_by("-asked_at").first()
    return of_library(library, point) if library else None


def of_library(library: ScenarioLibrary, point: list[float]) -> Told | None:
    """None where nothing of it is computed yet."""
    rows = list(library.scenarios.filter(status="done").values_list("pk", "point"))
    if not rows:
        return None
    near = nearest(np.array([at for _, at in rows], np.float64), np.array(point), COUNT)
    keys = [rows[index][0] for index in near.index]
    found = {each.pk: each for each in Scenario.objects.filter(pk__in=keys).defer("depth", "picture")}
    ordered = [found[key] for key in keys]
    outside = [name for name, beyond in zip(axes.NAMES, near.outside, strict=True) if beyond > 0]
    better = bool(library.error.get("is_better")) and not outside
    return Told(library, ordered, near.distance.tolist(), outside, _places(ordered), _cuts(ordered), better)


def _places(near: list[Scenario]) -> list[dict[str, Any]]:
    depths: dict[str, dict[int, float]] = {}
    known: dict[str, dict[str, Any]] = {}
    for k, each in enumerate(near):
        for place in each.answer["places"]:
            depths.setdefault(place["id"], {})[k] = place["deepest_m"]
            known.setdefault(place["id"], place)
    rows = []
    for key, by_scenario in depths.items():
        values = [by_scenario.get(k, 0.0) for k in range(len(near))]
        first = known[key] if 0 in by_scenario else {}
        rows.append({
            **{name: known[key][name] for name in ("id", "code", "name", "name_en")}, "nearest_m": values[0],
            "low_m": min(values), "middle_m": float(np.median(values)), "high_m": max(values),
            "arrival_s": first.get("arrival_s") or [None],
        })  # fmt: skip
    return sorted(rows, key=lambda row: (-row["nearest_m"], -row["high_m"]))[:SHOWN]


def _cuts(near: list[Scenario]) -> list[dict[str, Any]]:
    """By name; nameless ways are many and say nothing without a map."""
    found: dict[str, dict[str, Any]] = {}
    for each in near:
        for name in {cut["name"] for cut in each.answer["cuts"] if cut["name"]}:
            found.setdefault(name, {"name": name, "count": 0, "from_s": None})["count"] += 1
    for cut in near[0].answer["cuts"]:
        if cut["name"] in found:
            row = found[cut["name"]]
            row["from_s"] = cut["from_s"] if row["from_s"] is None else min(row["from_s"], cut["from_s"])
    return sorted(found.values(), key=lambda row: (row["from_s"] is None, -row["count"], row["from_s"] or 0))[:SHOWN]


def between(library: ScenarioLibrary, point: list[float]) -> tuple[np.ndarray, tuple[int, int]]:
    """Depths in metres between its scenarios. Raises NotFound where it does not answer there."""
    own = ScenarioLibrary.objects.in_world(library.world_id).filter(pk=library.pk)
    data = own.values_list("reduced", flat=True).first()
    shape = library.scenarios.filter(status="done").values_list("answer__shape", flat=True).first()
    if not data or not shape:
        raise NotFound("forecasts.scenarios.not_between")
    try:
        depth = kept.between(bytes(data), point)
    except OutOfRange:
        raise NotFound("forecasts.scenarios.not_between") from None
    return depth.reshape(shape), tuple(shape)
