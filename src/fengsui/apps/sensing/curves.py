"""The data of a station's curve, in the shape that frontend/src/chart/data.ts draws."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.gis.db.models.functions import Distance

from fengsui.apps.sensing import course_board, rules, series
from fengsui.apps.sensing.boards import display_of, flag_words, kind_word, nature, wall_period_s
from fengsui.apps.sensing.models import CurrentValue, Datastream
from fengsui.catalog.sensors import Display
from fengsui.science.series.quality import SUSPECT
from fengsui.science.series.thin import Piece

HOURS = (1, 3, 12, 24, 72)
DEFAULT_HOURS = 3
POINTS = 1000


def pairs(found: Piece, shown: Display) -> list[tuple[int, float | None, str]]:
    """[(milliseconds, value in the shown unit, why it was not taken, or "")] by time."""
    words = {int(f): flag_words(int(f)) if f else "" for f in np.unique(found.flags & SUSPECT)}
    rows = zip((found.at // 1000).tolist(), found.value.tolist(), (found.flags & SUSPECT).tolist(), strict=True)
    return [(at, shown.number(value), words[flags]) for at, value, flags in rows]


def hours_of(wanted: str) -> int:
    """The length that was asked for, where it is one of those offered."""
    return int(wanted) if wanted.isdigit() and int(wanted) in HOURS else DEFAULT_HOURS


def window(stream: Datastream, now: datetime, hours: float) -> tuple[datetime, datetime]:
    """[low, high) of a curve: so many hours of the water's clock up to now, and never less than the last readings."""
    length = timedelta(hours=hours / stream.speed)
    current: CurrentValue | None = getattr(stream, "current", None)
    last = current.at if current and current.at else now
    return min(now, last) - length, max(now, last) + timedelta(milliseconds=1)


def curve(stream: Datastream, now: datetime, hours: float) -> dict[str, Any]:
    """The measured part of what frontend/src/chart/data.ts draws: series, ladder, rain of the nearest gauge."""
    shown, (low, high) = display_of(stream), window(stream, now, hours)
    points = pairs(series.thinned(stream, low, high, now, POINTS).piece, shown)
    lines = {code: stream.ladder.get(code) for code in ("watch", *rules.LEVEL_CODES)}
    return {
        "series": [
            {
                "name": kind_word(stream),
                "unit": shown.unit,
                "period_s": wall_period_s(stream),
                "points": points,
                "marks": course_board.drawn(stream, low, high, wall_period_s(stream)),
            }
        ],
        "ladder": [
            {"level": code, "label": "", "value": shown.number(line)}
            for code, line in lines.items()
            if line is not None and points  # lines without a single value would scale an empty chart
        ],
        "rain": _rain(stream, low, high) if stream.kind != "rain_gauge" else None,
        "now": now.isoformat(),
        "speed": stream.speed,
        "source": nature(stream.station),
    }


def _rain(stream: Datastream, low: datetime, high: datetime) -> dict[str, Any] | None:
    near = (
        Datastream.objects.in_world(stream.world_id)
        .filter(kind="rain_gauge", is_active=True)
        .select_related("station")
        .order_by(Distance("station__location", stream.station.location))
        .first()
    )
    if near is None:
        return None
    shown = display_of(near)
    found = series.thinned(near, low, high, high, POINTS).piece
    points = [[t, v] for t, v, why in pairs(found, shown) if not why]
    return {"name": near.station.name, "unit": shown.unit, "points": points} if points else None
