"""Rain for a flood trial as the gauges near it measured it, and as it may go on: frozen when it is asked.

Around the square's middle by inverse distance from the gauges within ten kilometres, step by step from those that were
heard. A step that nobody heard is not made up: the trial is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib.gis.geos import Point

from fengsui.apps.forecasts import queries, rain, rules
from fengsui.apps.sensing.hot import microseconds
from fengsui.apps.sensing.models import Datastream
from fengsui.kernel.errors import Invalid
from fengsui.science.rain.field import Field

STEP_S = rules.STEP_MIN * 60.0
AHEAD = round(rules.HORIZON_S / STEP_S)
Values = rain.Values


@dataclass(frozen=True, slots=True)
class _Gauge:
    """fell: mm in each step up to now; comes: in each step from now; both NaN where nothing is known."""

    stream: Datastream
    fell: Values
    comes: Values


def frozen(asked: Mapping[str, Any], world: UUID, now: datetime) -> dict[str, Any]:
    """What was asked, with the rain of this moment in it where live rain is asked; else as it is. Raises Invalid."""
    wanted = asked["rain"]
    if wanted["kind"] != "live":
        return dict(asked)
    back, ahead = round(float(wanted["back_min"]) * 60 / STEP_S), wanted["ahead"]
    gauges = [_told(each, back, ahead, now) for each in _near(asked, world)]
    gauges = [each for each in gauges if np.isfinite(each.fell).any()]
    if not gauges:
        raise Invalid("forecasts.flood.no_gauges", field="kind", km=f"{rules.RAIN_WITHIN_KM:g}")
    fell = _mean(asked, gauges, np.stack([each.fell for each in gauges]))
    if not np.isfinite(fell).all():
        raise Invalid("forecasts.flood.gauges_silent", field="back_min")
    comes = np.empty(0)
    if ahead != "none":
        comes = _mean(asked, gauges, np.stack([each.comes for each in gauges]))
        if not np.isfinite(comes).all():
            raise Invalid("forecasts.flood.no_nowcast", field="ahead")
    found = {
        "kind": "live", "back_min": wanted["back_min"], "ahead": ahead,
        "duration_min": (len(fell) + len(comes)) * rules.STEP_MIN,
        "mm": [round(float(each), 3) for each in (*fell, *comes)],
        "fell_mm": round(float(fell.sum()), 1), "comes_mm": round(float(comes.sum()), 1),
        "gauges": [each.stream.station.code for each in gauges], "at": now.isoformat(),
    }  # fmt: skip
    return {**asked, "rain": found}


def _near(asked: Mapping[str, Any], world: UUID) -> list[Datastream]:
    middle = Point(float(asked["lon"]), float(asked["lat"]), srid=4326)
    degrees = rules.RAIN_WITHIN_KM / 85.0  # enough at middle latitudes, as for a gauge's neighbours
    rows = Datastream.objects.in_world(world).filter(is_active=True, kind="rain_gauge", current__good_at__isnull=False)
    near = rows.filter(station__location__dwithin=(middle, degrees)).select_related("station", "current")
    found = [each for each in near.order_by("station__code") if rules.rain_step_s(each.period_s)]
    return [each for each in found if np.hypot(*_metres(asked, each)) <= rules.RAIN_WITHIN_KM * 1000]


def _told(stream: Datastream, back: int, ahead: str, now: datetime) -> _Gauge:
    """One gauge by its own clock: it ends with its last reading, which must be no older than a silence."""
    until = stream.current.good_at
    nothing = _Gauge(stream, np.full(back, np.nan), np.full(AHEAD, np.nan))
    if until is None or now - until > timedelta(seconds=3 * stream.period_s / stream.speed + rules.LEAST_WALL_S * 4):
        return nothing
    pause = round(rules.RAIN_PAUSE_S / STEP_S)
    fell = rain.steps(stream, until, STEP_S, max(back, pause))
    return _Gauge(stream, fell[-back:], _comes(stream, fell[-pause:], ahead, until, now))


def _comes(stream: Datastream, lately: Values, ahead: str, until: datetime, now: datetime) -> Values:
    """The sum of the hour that its forecast states, shared out as its upper end falls: the median of a single step is
    0 where rain stops more often than not, its sum is not."""
    if ahead == "none" or not np.isfinite(lately).all():
        return np.full(AHEAD, np.nan)
    if not lately.sum() > 0:
        return np.zeros(AHEAD)
    run = queries.latest(stream.pk)
    if run is None or run.total is None or not rules.is_current(run.issued_at, run.horizon_s, run.speed, now):
        return np.full(AHEAD, np.nan)
    total = float(run.total[0 if ahead == "median" else 2])
    points = np.array(run.points, float)
    edges = np.r_[0.0, (points[:, 0] - microseconds(run.issued_at) / 1e3) / 1e3 * run.speed]
    shape = np.maximum(points[:, 3], 1e-9)
    share = np.r_[0.0, np.cumsum(shape) / shape.sum()]
    return np.asarray(np.diff(np.interp(STEP_S * np.arange(AHEAD + 1), edges, share)) * total, np.float64)


def _mean(asked: Mapping[str, Any], gauges: list[_Gauge], values: Values) -> Values:
    """At the middle, shape (steps,), from values of shape (gauges, steps); NaN where no gauge is known."""
    where = np.array([_metres(asked, each.stream) for each in gauges])
    field, found = Field(where, np.zeros((1, 2))), np.full(values.shape[1], np.nan)
    for k in np.flatnonzero(np.isfinite(values).any(axis=0)):
        found[k] = field.rain(values[:, k])[0][0]
    return found


def _metres(asked: Mapping[str, Any], stream: Datastream) -> tuple[float, float]:
    """East and north of the middle."""
    at, lat = stream.station.location, float(asked["lat"])
    return (at.x - float(asked["lon"])) * 111_320.0 * math.cos(math.radians(lat)), (at.y - lat) * 110_574.0
