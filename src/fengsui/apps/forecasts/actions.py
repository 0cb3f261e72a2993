"""One verb: run the forecaster for one stream."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any

import numpy as np
import structlog
from django.db.transaction import atomic

from fengsui.apps.forecasts import events, learning, queries, rain, rules
from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.sensing import queries as sensing
from fengsui.apps.sensing import rules as sensing_rules
from fengsui.apps.sensing.hot import microseconds
from fengsui.apps.sensing.models import CurrentValue, Datastream
from fengsui.catalog.sensors import kinds
from fengsui.core import live
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.ports.forecaster import SeriesForecast
from fengsui.science.series.trend import Trend, line_crossings

log = structlog.get_logger(__name__)
LINES = (*sensing_rules.LEVEL_CODES, "falling")
"""What is kept of a ladder with each run: it may change before the run can be scored."""


@atomic
def run(*, datastream: int, by: Actor, now: datetime) -> ForecastRun | None:
    """Forecast one stream: rain by how showers here decay, a level by what was learned of it, else by its trend. None
    where none is due or possible.

    Announces ForecastReady when a line will be reached within the horizon, and once more when that is over.
    """
    current = (
        CurrentValue.objects.select_related("datastream__station").select_for_update(of=("self",)).get(pk=datastream)
    )
    stream = current.datastream
    last = queries.latest(stream.id)
    if current.good_at is None or not rules.is_due(last.issued_at if last else None, current.good_at, stream.speed):
        return None
    sign = rules.sign_of(stream.ladder)
    scale = 1e6 / stream.speed
    lines = {level: line * sign for level, line in sensing_rules.lines_of(stream.ladder).items()}
    kind = kinds().get(stream.kind)
    if kind and kind.sums:
        value, made = rain.forecast(stream, current.good_at, now, list(lines.values()))
    else:
        value, made = _level(stream, current.good_at, list(lines.values()))
    if made is None:
        return None
    crossings = _crossings(made, value * sign, lines, sign, stream.speed)
    horizon_s = round(int(made.at[-1] - made.issued_at) / scale, 1)
    row: ForecastRun = ForecastRun.objects.create(
        world_id=stream.world_id,
        datastream=stream,
        issued_at=current.good_at,
        made_at=now,
        horizon_s=horizon_s,
        speed=stream.speed,
        method=made.method,
        value=value,
        points=_points(made, sign, stream.kind),
        coverage=made.coverage,
        crossings=crossings,
        chances=_chances(made, lines),
        error=made.error,
        persistence=made.persistence,
        total=None if made.total is None else [round(each, 2) for each in made.total],
        correlation=by.correlation,
        lines={code: stream.ladder[code] for code in LINES if stream.ladder.get(code) is not None},
    )
    live.touch_keys("sensing.datastream", [stream.id], stream.world_id, topics=["forecasts"])
    if crossings or (last is not None and last.crossings):
        station = stream.station
        announce(
            events.ForecastReady(
                run=row.id,
                datastream=stream.id,
                station=station.id,
                station_code=station.code,
                station_name=station.name,
                place=station.place_id,
                sensor=stream.kind,
                unit=stream.unit,
                issued_at=row.issued_at,
                value=row.value,
                horizon_s=row.horizon_s,
                speed=row.speed,
                method=row.method,
                error=row.error,
                crossings=tuple(crossings),
            ),
            about=stream,
            by=by,
        )
    return row


def _level(stream: Datastream, until: datetime, lines: list[float]) -> tuple[float, SeriesForecast | None]:
    """The last level, and what it will be: in the stream's unit, turned so that danger is up."""
    sign, scale = rules.sign_of(stream.ladder), 1e6 / stream.speed
    at, value = sensing.trusted_series(stream.id, until, rules.HISTORY)
    made = learning.forecast(stream, until, lines) or Trend().forecast(
        at, value * sign, horizon_us=int(rules.HORIZON_S * scale), step_us=int(rules.STEP_S * scale)
    )
    return float(value[-1]), made


def run_waiting(now: datetime) -> int:
    """All streams that are watched and have something new; one transaction each, so one bad series stops no other."""
    made = 0
    for current in queries.waiting(now):
        assert current.good_at is not None
        # Nothing else follows from a shower that crosses no line: its forecasts have a chain of their own.
        correlation = current.correlation or sensing_rules.chain_of(current.pk, microseconds(current.good_at))
        by = Actor(world=current.datastream.world_id, system="forecasts", correlation=correlation)
        try:
            made += run(datastream=current.pk, by=by, now=now) is not None
        except Exception:
            log.exception("forecasts.run.failed", datastream=current.pk)
    return made


def _crossings(
    made: SeriesForecast, value: float, lines: dict[int, float], sign: float, speed: float
) -> list[dict[str, Any]]:
    def seconds(when: int | None) -> float | None:
        return None if when is None else round((when - made.issued_at) / 1e6 * speed, 1)

    return [
        {
            "level": each.level,
            "line": each.line * sign,
            "in_s": seconds(each.at),
            "earliest_in_s": seconds(each.earliest),
            "latest_in_s": seconds(each.latest),
            "chance": round(each.chance, 3),
        }
        for each in line_crossings(made, value, lines)
        if each.at is not None  # reached by the point forecast, not only by the upper end of its interval
    ]


def _chances(made: SeriesForecast, lines: dict[int, float]) -> dict[int, list[float | None]]:
    """What was stated, by level, at each of the forecast's times; empty where nothing was."""
    if made.above is None:
        return {}
    stated = {level: made.above[:, k].tolist() for k, level in enumerate(lines)}
    return {level: [round(p, 3) if isfinite(p) else None for p in row] for level, row in stated.items()}


def _points(made: SeriesForecast, sign: float, code: str) -> list[list[float]]:
    """As they are kept. Beyond what its kind can read nothing is told: no street stands below itself."""
    low, high = np.minimum(made.low * sign, made.high * sign), np.maximum(made.low * sign, made.high * sign)
    kind = kinds().get(code)
    least, most = kind.plausible if kind else (-np.inf, np.inf)
    told = (np.clip(each, least, most).tolist() for each in (made.point * sign, low, high))
    rows = zip(made.at.tolist(), *told, strict=True)
    return [[at // 1000, round(point, 4), round(a, 4), round(b, 4)] for at, point, a, b in rows]
