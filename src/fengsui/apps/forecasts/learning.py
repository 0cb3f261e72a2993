"""Gauges learned from their own past at night, and the forecasts that follow from it.

A lesson follows from readings alone, so nothing of it is announced; each run says by which method it was made, and the
scores hold methods beside each other. A replay has no lesson: its readings lie on a pressed clock.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import structlog
from django.contrib.gis.db.models.functions import Distance
from django.db.models import F, QuerySet

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.models import ForecastLesson
from fengsui.apps.sensing.binned import binned
from fengsui.apps.sensing.models import CurrentValue, Datastream
from fengsui.catalog.sensors import SensorKind, kinds
from fengsui.core.ports import PortAbsent, port
from fengsui.core.worlds import LIVE
from fengsui.kernel.ports.forecaster import Learner, LessonLost, Lived, SeriesForecast, Wanted

log = structlog.get_logger(__name__)


def forecast(stream: Datastream, until: datetime, lines: Sequence[float]) -> SeriesForecast | None:
    """By what the stream's lesson knows. None where there is none, or it says nothing: the trend speaks then.

    `lines` and what comes back are turned as `rules.sign_of` says.
    """
    if stream.speed != 1 or (learner := _learner()) is None:
        return None
    rows = ForecastLesson.objects.in_world(stream.world_id).filter(datastream=stream)
    lesson = rows.only("state", "beside", "step_s").exclude(method="").first()
    if lesson is None:
        return None
    state = bytes(lesson.state)
    try:
        lived = _lived(stream, lesson.beside, until, lesson.step_s, learner.steps(state))
        return learner.forecast(state, lived, lines)
    except LessonLost as lost:
        log.warning("forecasts.lesson.lost", datastream=stream.pk, why=str(lost))
        return None


def learn_due(now: datetime) -> int:
    """Gauges not tried for a week, the longest untried first, for LEARN_FOR_S at most. How many lessons were made.

    Not while water stands above 关注 anywhere: the processors belong to those who watch it.
    """
    made, until = 0, time.monotonic() + rules.LEARN_FOR_S
    for stream in _due(now).iterator(chunk_size=100):
        if time.monotonic() > until or CurrentValue.objects.filter(watched=True).exists():
            break
        try:
            made += learn(stream, now)
        except Exception:  # one gauge that cannot be learned stops no other
            log.exception("forecasts.lesson.failed", datastream=stream.pk)
    return made


def learn(stream: Datastream, now: datetime) -> bool:
    """Learn one gauge from its past up to `now`. Whether there is a lesson now.

    That nothing could be learned is kept, too (a row without method): else gauges too young would be tried again each
    night, before those whose lesson has grown old.
    """
    learner = _learner()
    if learner is None:
        return False
    facts = _lesson(stream, learner, now) or {"method": "", "state": b"", "leads": [], "beside": [], "flood_h": 0.0}
    rows = ForecastLesson.objects.in_world(stream.world_id)
    rows.update_or_create(
        datastream=stream, defaults=facts | {"made_at": now},
        create_defaults={"world_id": stream.world_id, "since": now, "step_s": 0.0, "horizon_s": 0.0, "flood": 0.0,
                         **facts, "made_at": now},
    )  # fmt: skip
    log.info("forecasts.lesson", datastream=stream.pk, flood_h=facts["flood_h"], beside=facts["beside"])
    return bool(facts["method"])


def _lesson(stream: Datastream, learner: Learner, now: datetime) -> dict[str, Any] | None:
    """What is kept of a gauge; None where its past teaches nothing."""
    kind = kinds().get(stream.kind)
    step_s, flood = rules.learned_step_s(stream.period_s), rules.flood_line(stream.ladder)
    if kind is None or kind.learned_s is None or step_s is None or flood is None:
        return None
    steps = round(rules.PAST.total_seconds() / step_s)
    lived = _lived(stream, [], now, step_s, steps)
    known = np.flatnonzero(np.isfinite(lived.own))
    if not len(known):
        return None
    first = steps - int(known[0])
    near = [each for each in _beside(stream, kind) if each.period_s <= step_s]
    both = binned(near, now, step_s, first)
    had = [k for k in range(len(near)) if np.isfinite(both[:, k]).mean() >= rules.LEAST_BESIDE]
    beside = [near[k] for k in had]
    wanted = Wanted(
        leads_s=rules.learned_leads_s(kind.learned_s, step_s),
        flood=flood * rules.sign_of(stream.ladder),
        resolution=10.0**-kind.decimals,
        kinds=tuple("rain" if kinds()[each.kind].sums else "level" for each in beside),
    )
    lesson = learner.learn(Lived(lived.until, step_s, lived.own[-first:], both[:, had]), wanted)
    if lesson is None:
        return None
    return {
        "method": learner.method,
        "since": now - timedelta(seconds=first * step_s),
        "step_s": step_s,
        "horizon_s": wanted.leads_s[-1],
        "flood": flood,
        "flood_h": round(lesson.flood_steps * step_s / 3600, 1),
        "beside": [each.pk for each in beside],
        "leads": [asdict(each) for each in lesson.leads],
        "state": lesson.state,
    }


def _due(now: datetime) -> QuerySet[Datastream]:
    rows: QuerySet[Datastream] = (
        Datastream.objects.in_world(LIVE)
        .filter(is_active=True, speed=1, kind__in=[code for code, each in kinds().items() if each.learned_s])
        .exclude(ladder={})
        .exclude(lesson__made_at__gt=now - rules.LEARN_EVERY)
        .order_by(F("lesson__made_at").asc(nulls_first=True), "pk")
        .select_related("station")
    )
    return rows


def _beside(stream: Datastream, kind: SensorKind) -> list[Datastream]:
    """The nearest rain gauges and stations of its kind that may run ahead of it: what helps is found by fitting."""
    rows = Datastream.objects.in_world(stream.world_id).filter(is_active=True, speed=1).exclude(pk=stream.pk)
    here = stream.station.location

    def near(code: str, within_km: float, count: int) -> list[Datastream]:
        found = rows.filter(kind=code, station__location__dwithin=(here, _degrees(within_km)))
        return list(found.annotate(far=Distance("station__location", here)).order_by("far", "pk")[:count])

    rain = near("rain_gauge", rules.RAIN_WITHIN_KM, rules.RAIN_COUNT)
    return rain + (near(stream.kind, kind.neighbours_km, rules.SAME_COUNT) if kind.neighbours_km else [])


def _degrees(km: float) -> float:
    """Enough for a look around at middle latitudes; the order is by true distance."""
    return km / 85.0


def _lived(stream: Datastream, beside: Sequence[int], until: datetime, step_s: float, steps: int) -> Lived:
    rows: dict[int, Datastream] = {}
    if beside:
        rows = Datastream.objects.in_world(stream.world_id).in_bulk(beside)
    found = binned([stream], until, step_s, steps)[:, 0] * rules.sign_of(stream.ladder)
    others = np.full((steps, len(beside)), np.nan)
    for k, pk in enumerate(beside):  # one that is gone stays a blank
        if pk in rows:
            others[:, k] = binned([rows[pk]], until, step_s, steps)[:, 0]
    return Lived(round(until.timestamp() * 1e6), step_s, found, others)


def _learner() -> Learner | None:
    try:
        made: Learner = port("gauges")
    except PortAbsent:
        return None
    return made
