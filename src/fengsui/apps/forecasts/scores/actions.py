"""Two verbs: score the runs of one stream, forget what was kept long enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.lessons import judging
from fengsui.apps.forecasts.models import ForecastChance, ForecastCrossing, ForecastDay, ForecastRun, ForecastScore
from fengsui.apps.forecasts.scores import queries
from fengsui.apps.forecasts.scores.compare import RISE_S, Compared, Readings, compare
from fengsui.apps.sensing import boards, series
from fengsui.apps.sensing import rules as sensing_rules
from fengsui.apps.sensing.hot import microseconds
from fengsui.apps.sensing.models import Datastream
from fengsui.science.series.quality import SUSPECT
from fengsui.science.verify.chance import Class, classes_of
from fengsui.science.verify.episodes import Episode, follow
from fengsui.science.verify.errors import errors_of

log = structlog.get_logger(__name__)

BATCH = 2_000
SCORES_KEPT = timedelta(days=400)
"""Run by run, so that the season before can be looked at beside this one [U]."""
SUMS_KEPT = timedelta(days=3_660)
"""Sums by day, and lines that were told or reached: ten years [U]."""


def score_waiting(now: datetime) -> int:
    """Runs of every stream whose horizon has passed; one transaction a stream, so one bad stream stops no other."""
    made = 0
    for datastream, runs in queries.due(now, BATCH).items():
        try:
            made += score(datastream=datastream, runs=runs, now=now)
        except Exception:
            log.exception("forecasts.score.failed", datastream=datastream)
    return made


@atomic
def score(*, datastream: int, runs: Sequence[UUID], now: datetime) -> int:
    """Keep what each run told beside what came, add it to the sums of its day, mark it as scored; how many it were.

    A lesson that these sums speak against is withdrawn with them."""
    every = Datastream.objects.all_worlds("a datastream lives in one world")
    stream = every.select_for_update(no_key=True).get(pk=datastream)
    waiting = ForecastRun.objects.all_worlds("runs of one stream").select_for_update()
    rows = list(waiting.filter(pk__in=runs, datastream=stream, scored_at=None).order_by("issued_at"))
    found = []
    for speed, some in groupby(rows, key=lambda row: row.speed):
        part = list(some)
        readings = _readings(stream, speed, part)
        found += [compare(run, readings) for run in part]
    ForecastScore.objects.bulk_create(row for each in found for row in _scores(each))
    _add_days(stream, found)
    _add_chances(stream, found)
    _follow(stream, found)
    for row in rows:
        row.scored_at = now
    ForecastRun.objects.all_worlds("runs of one stream").bulk_update(rows, ["scored_at"])
    if any(row.method != "trend" for row in rows):
        judging.judge(stream, now)
    return len(rows)


def _readings(stream: Datastream, speed: float, runs: Sequence[ForecastRun]) -> Readings:
    """Trusted readings around the runs: a quarter of an hour of the water's clock before, the horizon after."""
    period_s = max(stream.period_s / speed, sensing_rules.FLICKER_S if speed > 1 else 0.0)
    gap = timedelta(seconds=sensing_rules.SILENT_PERIODS * period_s)
    low = runs[0].issued_at - timedelta(seconds=RISE_S / speed) - gap
    high = max(run.issued_at + timedelta(seconds=run.horizon_s / run.speed) for run in runs) + gap
    gap_us = gap // timedelta(microseconds=1)
    found = series.raw(stream.pk, low, high, gap_us)
    trusted = (found.flags & SUSPECT) == 0
    kind = boards.kind_of(stream)
    step_s = rules.rain_step_s(stream.period_s) if kind and kind.sums else None
    step_us, share = (round(step_s * 1e6 / speed), stream.period_s / step_s) if step_s else (0, 1.0)
    least = 10.0**-kind.decimals if kind else 0.0
    return Readings(found.at[trusted], found.value[trusted], gap_us, least, step_us, share)


def _scores(each: Compared) -> Iterable[ForecastScore]:
    for it in each.leads:
        yield ForecastScore(
            run=each.run, lead_s=it.lead_s, issued_at=each.run.issued_at, told=it.told, low=it.low, high=it.high,
            came=None if np.isnan(it.came) else it.came, stays=it.stays, trend=it.trend, is_rising=each.is_rising,
            lines=[list(line) for line in it.lines],
        )  # fmt: skip


Key = tuple[date, str, int]


def _by_day(found: Iterable[Compared]) -> dict[Key, list[tuple[Compared, Any]]]:
    by: dict[Key, list[tuple[Compared, Any]]] = {}
    for each in found:
        for it in each.leads:
            by.setdefault((timezone.localdate(each.run.issued_at), each.run.method, it.lead_s), []).append((each, it))
    return by


def _add_days(stream: Datastream, found: Sequence[Compared]) -> None:
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for key, rows in _by_day(found).items():
        it = [lead for _, lead in rows]
        told, low, high, came, stays, trend = (
            np.array([getattr(lead, name) for lead in it]) for name in ("told", "low", "high", "came", "stays", "trend")
        )
        promised = np.array([each.run.coverage for each, _ in rows])
        rising = np.array([each.is_rising for each, _ in rows])
        made = errors_of(told, low, high, came, stays, trend, promised, rising)
        sums[key] = asdict(made) | {"replayed": sum(each.run.speed > 1 for each, _ in rows)}
    _add(ForecastDay, stream, ("day", "method", "lead_s"), sums)


def _add_chances(stream: Datastream, found: Sequence[Compared]) -> None:
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for key, rows in _by_day(found).items():
        known = [(chance, came) for _, it in rows for _, chance, came in it.lines if came is not None]
        classes: dict[int, Class] = classes_of([each for each, _ in known], [came for _, came in known])
        sums |= {(*key, k): asdict(each) for k, each in classes.items()}
    _add(ForecastChance, stream, ("day", "method", "lead_s", "k"), sums)


def _add(model: Any, stream: Datastream, by: Sequence[str], sums: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    """Add sums to the rows of their keys; the stream's lock keeps two of us from making one row twice."""
    if not sums:
        return
    held = model.objects.all_worlds("rows of one stream").filter(datastream=stream, day__in={key[0] for key in sums})
    known = {tuple(getattr(row, name) for name in by): row for row in held}
    fresh, changed = [], []
    for key, more in sums.items():
        row = known.get(key)
        if row is None:
            fresh.append(model(world_id=stream.world_id, datastream=stream, **dict(zip(by, key, strict=True)), **more))
        else:
            for name, value in more.items():
                setattr(row, name, getattr(row, name) + value)
            changed.append(row)
    model.objects.all_worlds("rows of one stream").bulk_create(fresh)
    if changed:
        names = list(next(iter(sums.values())))
        model.objects.all_worlds("rows of one stream").bulk_update(changed, names)


def _follow(stream: Datastream, found: Sequence[Compared]) -> None:
    """Go on with the lines that were told or reached, from where the runs before these left them."""
    rows = ForecastCrossing.objects.all_worlds("rows of one stream")
    newest = rows.filter(datastream=stream).order_by("method", "level", "-begun_at").distinct("method", "level")
    last = {(row.method, row.level): row for row in newest}
    fresh: list[ForecastCrossing] = []
    changed: dict[UUID, ForecastCrossing] = {}
    for each in found:
        for level, (line, call) in each.calls.items():
            key = (each.run.method, level)
            held = last.get(key)
            before = _episode(held) if held is not None and held.line == line else None
            after, is_new = follow(before, call, round(each.run.horizon_s * 1e6 / each.run.speed))
            if after is None or after == before:
                continue
            if is_new or held is None:
                held = ForecastCrossing(
                    world_id=stream.world_id, datastream=stream, method=each.run.method, level=level, line=line,
                    speed=each.run.speed, begun_at=_moment(min(_told(after))),
                )  # fmt: skip
                fresh.append(held)
                last[key] = held
            elif not held._state.adding:
                changed[held.pk] = held
            _keep(held, after)
    rows.bulk_create(fresh)
    if changed:
        rows.bulk_update(changed.values(), ["told_since", "told_until", "reached_at", "goes_on", "lead_s"])


def _told(it: Episode) -> list[int]:
    return [each for each in (it.told_since, it.reached) if each is not None]


def _episode(row: ForecastCrossing) -> Episode:
    since, until, reached = (
        None if at is None else microseconds(at) for at in (row.told_since, row.told_until, row.reached_at)
    )
    return Episode(since, until, reached, row.goes_on)


def _keep(row: ForecastCrossing, it: Episode) -> None:
    row.told_since, row.told_until, row.reached_at = (
        None if at is None else _moment(at) for at in (it.told_since, it.told_until, it.reached)
    )
    row.goes_on, row.lead_s = it.goes_on, None if it.lead is None else it.lead / 1e6 * row.speed


def _moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def forget(now: datetime) -> int:
    """Delete what was kept long enough; how many rows it were."""
    gone, _ = ForecastScore.objects.filter(issued_at__lt=now - SCORES_KEPT).delete()
    day = timezone.localdate(now - SUMS_KEPT)
    for model in (ForecastDay, ForecastChance):
        gone += model.objects.all_worlds("kept long enough in every world").filter(day__lt=day).delete()[0]
    old = ForecastCrossing.objects.all_worlds("kept long enough in every world").filter(begun_at__lt=now - SUMS_KEPT)
    return int(gone + old.delete()[0])
