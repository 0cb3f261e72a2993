"""Rules of sensing: from stored settings to ladders and limits; freshness of what a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any
from uuid import UUID, uuid5

from fengsui.catalog.sensors import SensorKind
from fengsui.kernel.errors import Invalid
from fengsui.kernel.levels import Level
from fengsui.kernel.terms import Term, Terms
from fengsui.science.series.ladder import Ladder
from fengsui.science.series.quality import Limit

LEVEL_CODES = ("blue", "yellow", "orange", "red")
CHAIN = UUID("7a0be0c7-2c5b-5f0e-9c54-6d5a3b6c2e10")
FLICKER_S = 5.0
"""A replay's period of a second or less would flicker with the network: at least five real seconds."""
LATE_PERIODS = 10
"""A reading that comes so many periods after its time is late: kept, flagged, and no cause of any alarm [U]."""
HISTORY_S = 60.0
"""What is younger by the wall clock is never called history, however fast a replay runs: jobs have to queue, too."""
SILENT_PERIODS = 3  # 断: so many periods without a reading. From the interface direction, section 3 [U]

FRESHNESS = Terms(
    "freshness",
    Term("fresh", "在时", "in time"),
    Term("late", "迟", "late"),
    Term("lost", "断数", "lost"),
    Term("never", "未收到", "never heard"),
)

SENSING_LEVELS = Terms(
    "sensing_levels",
    Term("none", "正常", "normal"),
    Term("watch", "关注", "watch", basis="G", note="低于蓝色线，从这里起跟踪并起报"),
    Term("blue", "蓝色", "blue"),
    Term("yellow", "黄色", "yellow"),
    Term("orange", "橙色", "orange"),
    Term("red", "红色", "red"),
)


def ladder_of(facts: Mapping[str, Any] | None) -> Ladder | None:
    """The ladder stored as JSON {watch, blue.., red, margin, up_hold_s, up_count, down_hold_s, rises: {blue..},
    rise_window_s, falling, broken_after_s}; None where there is none. Raises Invalid("sensing.ladder.wrong")."""
    if not facts:
        return None
    rises = facts.get("rises") or {}
    try:
        blue, yellow, orange, red = (facts.get(code) for code in LEVEL_CODES)
        rise_blue, rise_yellow, rise_orange, rise_red = (rises.get(code) for code in LEVEL_CODES)
        return Ladder(
            (blue, yellow, orange, red),
            margin=float(facts.get("margin", 0.0)),
            up_hold_s=float(facts.get("up_hold_s", 0.0)),
            up_count=int(facts.get("up_count", 1)),
            down_hold_s=float(facts.get("down_hold_s", 0.0)),
            rises=(rise_blue, rise_yellow, rise_orange, rise_red),
            rise_window_s=float(facts.get("rise_window_s", 900.0)),
            # By default a silence breaks no run: sparse readings in a storm must still be able to raise a level.
            broken_after_s=float(facts.get("broken_after_s", inf)),
            falling=bool(facts.get("falling", False)),
            watch=facts.get("watch"),
        )
    except (TypeError, ValueError) as wrong:
        raise Invalid("sensing.ladder.wrong", field="ladder", detail=str(wrong)) from None


def limit_of(
    kind: SensorKind, period_s: float, own: Mapping[str, Any] | None = None, ladder: Ladder | None = None
) -> Limit:
    """Plausibility of a kind, overridden by what one stream knows better (keys as the fields of Limit).

    A sum over a longer interval than the kind's own may be larger, as extremes of rain grow: with its square root [G].
    A river stands still for days at low water, so there only a value above the stream's first line can be stuck soon.

    A sum since the last reading (rain) has neither a rate nor a standing value: dry is 0 for weeks.
    """
    low, high = kind.plausible[0], most_of(kind, period_s)
    first_line = (
        min((line for line in (ladder.watch, *ladder.lines) if line is not None), default=inf) if ladder else inf
    )
    facts: dict[str, Any] = {
        "low": low,
        "high": high,
        "rate_per_hour": None if kind.sums else kind.max_rate_per_min * 60,
        "gap_s": SILENT_PERIODS * period_s,
        "late_s": LATE_PERIODS * period_s,
        "stuck_s": None if kind.sums else kind.stuck_s,
        "stuck_above": first_line if kind.low_water else max(low, 0.05),
        "still_s": None if kind.sums else kind.still_s,
        "resolution": 10.0**-kind.decimals,
    }
    return Limit(**{**facts, **(own or {})})


def most_of(kind: SensorKind, interval_s: float) -> float:
    """The highest value of a kind that is believed, for a sum over `interval_s`: 60 mm in 5 min are 208 mm in an hour,
    little more than the 201.9 mm that Zhengzhou measured in one on 20 July 2021 [G]."""
    high = kind.plausible[1]
    return high * max(1.0, interval_s / kind.period_s) ** 0.5 if kind.sums else high


def history_after_s(period_s: float, speed: float) -> float:
    """Seconds of the wall clock after which what a stream said is history and no news."""
    return max(LATE_PERIODS * period_s / speed, HISTORY_S)


def lines_of(facts: Mapping[str, Any] | None) -> dict[int, float]:
    """Level number -> value of its line."""
    return {int(Level.of(code)): float(facts[code]) for code in LEVEL_CODES if facts and facts.get(code) is not None}


def shown_level(level: int, watched: bool) -> str:
    """Code of SENSING_LEVELS for a page: 关注 lies between normal and blue."""
    return "watch" if level == 0 and watched else Level(level).code


def topics_of(datastream: int) -> tuple[str, str]:
    """What the page of one stream listens to: not all news of sensing, or every reading of the district would make it
    fetch."""
    return f"sensing.datastream:{datastream}", "sensing.silent"


def chain_of(datastream: int, left_at_us: int) -> UUID:
    """The correlation of everything that follows from the first reading that left normal.

    Derived, not drawn: a redelivered batch, or a second worker, gives the same one.
    """
    return uuid5(CHAIN, f"{datastream}:{left_at_us}")


def topic_of(world_prefix: str, station: str, kind: str) -> str:
    """`fs/ST01/water_depth`; exercises have a prefix of their own, so that one device cannot reach both worlds."""
    return f"{world_prefix}/{station}/{kind}"
