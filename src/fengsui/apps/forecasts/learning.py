"""Gauges learned from their own past at night, and the forecasts that follow from it.

A lesson follows from readings alone, so nothing of it is announced, unless somebody asked for it or it ends a
withdrawal; each run says by which method it was made, and the scores hold methods beside each other. While a stream
plays a recorded series faster than it was, its own lesson rests and the one of `played` speaks, in the water's time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import structlog
from django.contrib.gis.db.models.functions import Distance
from django.db.models import BinaryField, F, Func, QuerySet, Value
from django.db.transaction import atomic

from fengsui.apps.forecasts import events, rules
from fengsui.apps.forecasts.models import ForecastLesson, Lesson, PlayedLesson
from fengsui.apps.sensing.binned import binned
from fengsui.apps.sensing.models import CurrentValue, Datastream
from fengsui.catalog.sensors import SensorKind, kinds
from fengsui.core.ports import PortAbsent, port
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.ports.forecaster import HEAD, Learner, LessonLost, Lived, SeriesForecast, Wanted

log = structlog.get_logger(__name__)


def forecast(stream: Datastream, until: datetime, lines: Sequence[float]) -> SeriesForecast | None:
    """By what the stream's lesson knows. None where there is none, or it says nothing: the trend speaks then.

    `lines` and what comes back are turned as `rules.sign_of` says; its times are those of the wall.
    """
    lesson = lesson_of(stream, stream.speed)
    if lesson is None or not lesson.speaks or (learner := learner_here()) is None:
        return None
    state = bytes(lesson.state)
    try:
        lived = _lived(stream, lesson.beside, until, lesson.step_s, learner.steps(state))
        said = learner.forecast(state, lived, lines)
    except LessonLost as lost:
        log.warning("forecasts.lesson.lost", datastream=stream.pk, why=str(lost))
        return None
    if said is None or stream.speed == 1:
        return said
    pressed = np.rint((said.at - said.issued_at) / stream.speed).astype(np.int64)
    return replace(said, at=said.issued_at + pressed)


def lesson_of(stream: Datastream, speed: float) -> Lesson | None:
    """What is known of a gauge while it plays so fast: of its own water, or of the past of what is played."""
    model = ForecastLesson if speed == 1 else PlayedLesson
    found: Lesson | None = model.objects.in_world(stream.world_id).filter(datastream=stream).first()
    return found


def warm() -> None:
    """Have the loops compiled before water rises: seconds in a new process. Does nothing until there is a lesson."""
    if _warm:
        return
    for model in (ForecastLesson, PlayedLesson):
        lesson = model.objects.all_worlds("any lesson will do").exclude(method="").first()
        if lesson is not None and (learner := learner_here()) is not None:
            _warm.append(model.__name__)
            state, beside = bytes(lesson.state), len(lesson.beside)
            with suppress(LessonLost):
                steps = learner.steps(state)
                learner.forecast(state, Lived(0, lesson.step_s, np.zeros(steps), np.zeros((steps, beside))), [1.0])
            return


_warm: list[str] = []
"""What this process was warmed by; empty: not yet."""


def learn_due(now: datetime) -> int:
    """Gauges not tried for a week, the longest untried first, and those whose lesson is of an older version, for
    LEARN_FOR_S at most. How many lessons were made.

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


def learn(stream: Datastream, now: datetime, by: Actor | None = None) -> bool:
    """Learn one gauge from its past up to `now`. Whether there is a lesson now.

    That nothing could be learned is kept, too (a row without method): else gauges too young would be tried again each
    night, before those whose lesson has grown old. `by`: who asked for it; None: the night.
    """
    learner = learner_here()
    if learner is None:
        return False
    facts = _lesson(stream, learner, now)
    with atomic():
        # The lock of those who score the stream: none of them judges a lesson that is being replaced.
        Datastream.objects.in_world(stream.world_id).select_for_update(no_key=True).get(pk=stream.pk)
        kept = ForecastLesson.objects.in_world(stream.world_id).filter(datastream=stream)
        again = kept.filter(withdrawn_at__isnull=False).exists()
        anew: dict[str, Any] = {"withdrawn_at": None, "loss": {}, "anew_at": now} if again else {}
        made = keep(ForecastLesson, stream, facts, now, **anew)
        if again or by is not None:
            _tell(stream, made, by or Actor(world=stream.world_id, system="forecasts.learn"))
    log.info("forecasts.lesson", datastream=stream.pk, method=made.method, flood_h=made.flood_h, beside=made.beside)
    return bool(made.method)


def named(stream: Datastream) -> dict[str, Any]:
    """What events of lessons say of a gauge."""
    return {
        "datastream": stream.pk, "station": stream.station_id, "station_code": stream.station.code,
        "station_name": stream.station.name, "sensor": stream.kind,
    }  # fmt: skip


def _tell(stream: Datastream, made: Lesson, by: Actor) -> None:
    said = events.LessonLearned(
        **named(stream), answer="learned" if made.method else "nothing", floods=made.floods, flood_h=made.flood_h
    )
    announce(said, about=stream, by=by, topics=(rules.LESSONS,))


def keep(model: type[Lesson], stream: Datastream, facts: dict[str, Any] | None, now: datetime, **more: Any) -> Lesson:
    """As the newest of its kind; None: that nothing can be learned of it."""
    none = {"method": "", "state": b"", "leads": [], "beside": [], "flood_h": 0.0, "floods": 0}
    facts = (facts or none) | more
    made: Lesson
    made, _ = model.objects.in_world(stream.world_id).update_or_create(
        datastream=stream, defaults=facts | {"made_at": now},
        create_defaults={"world_id": stream.world_id, "since": now, "step_s": 0.0, "horizon_s": 0.0, "flood": 0.0,
                         **facts, "made_at": now},
    )  # fmt: skip
    return made


def _lesson(stream: Datastream, learner: Learner, now: datetime) -> dict[str, Any] | None:
    """What is kept of a gauge; None where it is none to learn or was never read."""
    kind, step_s = kinds().get(stream.kind), rules.learned_step_s(stream.period_s)
    if kind is None or kind.learned_s is None or step_s is None or rules.flood_line(stream.ladder) is None:
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
    return learned(stream, learner, Lived(lived.until, step_s, lived.own[-first:], both[:, had]), beside)


def learned(stream: Datastream, learner: Learner, lived: Lived, beside: Sequence[Datastream]) -> dict[str, Any] | None:
    """The fields of a lesson from what a gauge and those beside it have lived through; without a method where that is
    too little. None where nothing of the kind is learned at all. Two floods are farther apart than the longest lead."""
    kind, flood = kinds().get(stream.kind), rules.flood_line(stream.ladder)
    if kind is None or kind.learned_s is None or flood is None:
        return None
    wanted = Wanted(
        leads_s=rules.learned_leads_s(kind.learned_s, lived.step_s),
        flood=flood * rules.sign_of(stream.ladder),
        resolution=10.0**-kind.decimals,
        kinds=tuple("rain" if kinds()[each.kind].sums else "level" for each in beside),
    )
    lesson = learner.learn(lived, wanted) if wanted.leads_s else None
    with np.errstate(invalid="ignore"):
        high = np.flatnonzero(lived.own >= wanted.flood)
    apart = round(max(wanted.leads_s, default=lived.step_s) / lived.step_s)
    span_s = (len(lived.own) - 1) * lived.step_s
    return {
        "method": learner.method if lesson else "",
        "since": datetime.fromtimestamp(lived.until / 1e6 - span_s, UTC),
        "step_s": lived.step_s,
        "horizon_s": max(wanted.leads_s, default=0.0),
        "flood": flood,
        "flood_h": round(len(high) * lived.step_s / 3600, 1),
        "floods": int((np.diff(high) > apart).sum()) + 1 if len(high) else 0,
        "beside": [each.pk for each in beside] if lesson else [],
        "leads": [asdict(each) for each in lesson.leads] if lesson else [],
        "state": lesson.state if lesson else b"",
    }


def learnable() -> QuerySet[Datastream]:
    """Gauges in use of a kind that is learned, with lines, that measure and do not play."""
    learned = [code for code, each in kinds().items() if each.learned_s]
    rows: QuerySet[Datastream] = Datastream.objects.in_world(LIVE)
    return rows.filter(is_active=True, speed=1, kind__in=learned).exclude(ladder={})


def readable(lesson: QuerySet[Any]) -> dict[int, bool]:
    """Of each stream with one of these lessons, whether the learner here reads it; a lesson that says nothing is."""
    learner = learner_here()
    head = Func(F("state"), Value(1), Value(HEAD), function="substr", output_field=BinaryField())
    rows = lesson.annotate(head=head).values_list("datastream_id", "method", "head")
    return {pk: not method or (learner is not None and learner.knows(bytes(head))) for pk, method, head in rows}


def _due(now: datetime) -> QuerySet[Datastream]:
    recent = ForecastLesson.objects.in_world(LIVE).filter(made_at__gt=now - rules.LEARN_EVERY)
    rows: QuerySet[Datastream] = (
        learnable()
        .exclude(pk__in=[pk for pk, good in readable(recent).items() if good])
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
    """`steps` of the water's clock; a replay's are so much shorter on the wall."""
    wall_s, rows = step_s / stream.speed, dict[int, Datastream]()
    if beside:
        rows = Datastream.objects.in_world(stream.world_id).in_bulk(beside)
    found = binned([stream], until, wall_s, steps)[:, 0] * rules.sign_of(stream.ladder)
    others = np.full((steps, len(beside)), np.nan)
    for k, pk in enumerate(beside):  # one that is gone stays a blank
        if pk in rows:
            others[:, k] = binned([rows[pk]], until, wall_s, steps)[:, 0]
    return Lived(round(until.timestamp() * 1e6), step_s, found, others)


def learner_here() -> Learner | None:
    try:
        made: Learner = port("gauges")
    except PortAbsent:
        return None
    return made
