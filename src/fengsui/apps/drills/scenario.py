"""The measured series that an exercise plays: a file of the district, cut to its part, laid on the wall clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from fengsui.core.ports import port
from fengsui.kernel import replay
from fengsui.kernel.errors import Invalid
from fengsui.kernel.replay import Due, Replay

HOUR_S = 3600.0


def folder() -> Path:
    return Path(settings.FENGSUI_DISTRICTS) / port("district").slug / "replay"


def names() -> list[str]:
    """Files that can be played, the district's own first."""
    own = folder() / "events.csv"
    return [own.name, *sorted(each.name for each in folder().glob("*.csv") if each != own)]


@lru_cache(maxsize=8)
def whole(series: str) -> Replay:
    """Raises Invalid("drills.scenario.unknown") for a name that is no file of the folder."""
    if series not in names():
        raise Invalid("drills.scenario.unknown", field="series", series=series)
    return replay.load(folder(), file=None if series == names()[0] else folder() / series)


@lru_cache(maxsize=8)
def part(series: str, from_h: float, to_h: float | None) -> Replay:
    """From hour to hour of the series; the part starts at once. Raises Invalid("drills.scenario.empty")."""
    full = whole(series)
    begin, end = from_h * HOUR_S, (float("inf") if to_h is None else to_h * HOUR_S)
    kept = tuple(
        replace(item, offset_s=item.offset_s - begin, stamp_s=item.stamp_s - begin)
        for item in full.items
        if begin <= item.offset_s < end
    )
    if not kept:
        raise Invalid("drills.scenario.empty", field="from_h", hours=f"{full.duration_s / HOUR_S:.1f}")
    return replace(full, items=kept)


def plan(series: str, from_h: float, to_h: float | None, speed: float, start: datetime) -> list[Due]:
    """When each reading is due. The same arguments give the same list: what was sent twice changes nothing."""
    return list(replay.schedule(part(series, from_h, to_h), speed, start))
