"""Rain of the next hour at the rain gauges, by how showers decayed at the gauges of this district.

Learned at night from their own readings of speed 1; while a recorded series is played, from the rain that the
district's replay gives as its past (`teach`). Without a past long enough nothing is learned and nothing is forecast.
A gauge's silence is dry or dead: it is neither learned from nor forecast (science/rain/tips.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.models import RainLesson
from fengsui.apps.sensing import rules as sensing_rules
from fengsui.apps.sensing import series
from fengsui.apps.sensing.hot import microseconds
from fengsui.apps.sensing.models import CurrentValue, Datastream
from fengsui.catalog.sensors import kinds
from fengsui.core.ports import PortAbsent, port
from fengsui.core.worlds import LIVE
from fengsui.kernel import units
from fengsui.kernel.ports.forecaster import LessonLost, Nowcaster, SeriesForecast
from fengsui.kernel.replay import Before
from fengsui.science.rain.tips import heard
from fengsui.science.series.quality import ANCIENT, DUPLICATE, FUTURE, SUSPECT

log = structlog.get_logger(__name__)
Values = npt.NDArray[np.float64]
ELSEWHERE = DUPLICATE | FUTURE | ANCIENT
"""Flags of readings whose moment is not believed, or is another's: they say nothing of the time before them."""


def forecast(
    stream: Datastream, until: datetime, now: datetime, lines: Sequence[float]
) -> tuple[float, SeriesForecast | None]:
    """Rain of the last step and what will fall, both as the amount of one reading of the gauge; times are those of the
    wall. None where it does not rain, the gauge was silent, or nothing was learned."""
    step_s, lesson = rules.rain_step_s(stream.period_s), lesson_of(stream)
    nowcaster = _nowcaster()
    if step_s is None or lesson is None or not lesson.method or nowcaster is None:
        return 0.0, None
    if not rules.is_current(until, rules.HORIZON_S, stream.speed, now):
        return 0.0, None
    recent = steps(stream, until, step_s, rules.RAIN_RECENT)
    share = stream.period_s / step_s
    try:
        said = nowcaster.forecast(
            bytes(lesson.state), recent, microseconds(until), step_s, [line / share for line in lines]
        )
    except LessonLost as lost:
        log.warning("forecasts.rain.lost", datastream=stream.pk, why=str(lost))
        return 0.0, None
    if said is None:
        return 0.0, None
    made = replace(
        said,
        at=said.issued_at + np.rint((said.at - said.issued_at) / stream.speed).astype(np.int64),
        point=said.point * share,
        low=said.low * share,
        high=said.high * share,
        error=None if said.error is None else said.error * share,
        persistence=None if said.persistence is None else said.persistence * share,
    )
    return float(recent[-1]) * share, made


def lesson_of(stream: Datastream) -> RainLesson | None:
    """What is known of showers while it plays so fast: of this district, or of the past of what is played."""
    rows = RainLesson.objects.in_world(stream.world_id).filter(step_s=rules.rain_step_s(stream.period_s))
    found: RainLesson | None = rows.filter(is_played=stream.speed != 1).first()
    return found


def steps(stream: Datastream, until: datetime, step_s: float, count: int) -> Values:
    """Rain of `count` steps of the water's clock, the last ends at `until`; NaN where it is not known."""
    gap_s = sensing_rules.SILENT_PERIODS * float(stream.period_s)
    low = until - timedelta(seconds=(count * step_s + gap_s) / stream.speed)
    found = series.raw(stream.pk, low, until + timedelta.resolution, round(gap_s * 1e6))
    here = (found.flags & ELSEWHERE) == 0
    at = (found.at[here] - microseconds(until)) / 1e6 * stream.speed
    amount = np.where((found.flags[here] & SUSPECT) == 0, found.value[here], np.nan)
    return heard(at, amount, -step_s * np.arange(count, -1, -1.0), gap_s=gap_s, period_s=stream.period_s)


def learn_due(now: datetime) -> int:
    """Learn the district's rain where that was not done for a week, or could not be; how many lessons were made. Not
    while water stands above 关注 anywhere."""
    made = 0
    kept = {each.step_s: each for each in RainLesson.objects.in_world(LIVE).filter(is_played=False)}
    for step_s, gauges in learnable().items():
        last = kept.get(step_s)
        if last and last.method and last.made_at > now - rules.LEARN_EVERY and _is_readable(last):
            continue
        if CurrentValue.objects.filter(watched=True).exists():
            break
        try:
            made += bool(learn(gauges, step_s, now).method)
        except Exception:  # one that cannot be learned stops neither the other nor the levels
            log.exception("forecasts.rain.failed", step_s=step_s)
    return made


def learnable() -> dict[float, list[Datastream]]:
    """Rain gauges in use that measure and do not play, by the step they are forecast in; not more than are learned."""
    sums = [code for code, kind in kinds().items() if kind.sums]
    rows = Datastream.objects.in_world(LIVE).filter(is_active=True, speed=1, kind__in=sums).order_by("pk")
    by_step: dict[float, list[Datastream]] = {}
    for stream in rows:
        if (step_s := rules.rain_step_s(stream.period_s)) is not None:
            by_step.setdefault(step_s, []).append(stream)
    return {step_s: gauges[: rules.RAIN_GAUGES] for step_s, gauges in by_step.items()}


def learn(gauges: Sequence[Datastream], step_s: float, now: datetime) -> RainLesson:
    """Learn how showers decay from what these gauges of one world read up to now; a row without method: too little."""
    count = round(rules.PAST.total_seconds() / step_s)
    found = [each for each in (_told(steps(one, _last(one, now), step_s, count)) for one in gauges) if each is not None]
    longest = max((len(each) for each in found), default=0)
    rain = np.full((longest, len(found)), np.nan)
    for k, each in enumerate(found):
        rain[longest - len(each) :, k] = each
    row = _keep(gauges[0].world_id, rain, step_s, now, is_played=False, source="")
    log.info("forecasts.rain", step_s=step_s, method=row.method, gauges=row.gauges, wet=row.wet)
    return row


def _last(stream: Datastream, now: datetime) -> datetime:
    """The end of its last step: its own clock, else each reading would lie in two steps."""
    row = CurrentValue.objects.filter(pk=stream.pk, good_at__lte=now).only("good_at").first()
    return row.good_at if row and row.good_at else now


def _told(rain: Values) -> Values | None:
    """From its first known step on; None of a gauge that speaks only when it rains: its showers would never end."""
    known = np.flatnonzero(np.isfinite(rain))
    if not len(known):
        return None
    since = rain[known[0] :]
    return since if np.isfinite(since).mean() >= rules.LEAST_BESIDE else None


def teach(before: Before, streams: Iterable[Datastream], source: str, now: datetime) -> RainLesson | None:
    """The lesson for the time a recorded series is played, from the rain of `before`; the one of the same source stays.
    None where `before` holds no rain in the steps of these gauges."""
    found: list[Values] = []
    world: Any = None
    for stream in streams:
        kind, lived = kinds().get(stream.kind), before.stations.get(stream.station.code)
        if lived is None or not kind or not kind.sums or rules.rain_step_s(stream.period_s) != before.step_s:
            continue
        at = np.rint(np.array([when for when, _ in lived.samples]) / before.step_s).astype(np.intp)
        rain = np.full(int(at.max(initial=0)) + 1, np.nan)
        rain[at] = [units.convert(value, lived.unit, stream.unit) for _, value in lived.samples]
        world = stream.world_id
        # Two that are played from one series have lived through it once.
        if not any(np.array_equal(rain > 0, each > 0) for each in found):
            found.append(rain)
    if not found:
        return None
    kept: RainLesson | None = RainLesson.objects.in_world(world).filter(step_s=before.step_s, is_played=True).first()
    if kept is not None and kept.source == source and _is_readable(kept):
        return kept
    rain = np.full((max(len(each) for each in found), len(found)), np.nan)
    for k, each in enumerate(found):
        rain[: len(each), k] = each
    return _keep(world, rain, before.step_s, now, is_played=True, source=source)


def forget(streams: Iterable[Datastream]) -> None:
    """What is played now has another past, or none."""
    worlds = {stream.world_id for stream in streams}
    RainLesson.objects.all_worlds("a replay names its streams").filter(world__in=worlds, is_played=True).delete()


def _keep(world: Any, rain: Values, step_s: float, now: datetime, *, is_played: bool, source: str) -> RainLesson:
    """The newest of its kind; that nothing can be learned is kept, too."""
    nowcaster = _nowcaster()
    leads, pause = round(rules.HORIZON_S / step_s), round(rules.RAIN_PAUSE_S / step_s)
    lesson = nowcaster.learn(rain, leads, pause) if nowcaster and rain.size else None
    row: RainLesson
    row, _ = RainLesson.objects.in_world(world).update_or_create(
        world_id=world, step_s=step_s, is_played=is_played,
        defaults={
            "made_at": now,
            "method": nowcaster.method if nowcaster and lesson else "",
            "source": source,
            "since": now.astimezone(UTC) - timedelta(seconds=step_s * len(rain)) if len(rain) else None,
            "gauges": rain.shape[1],
            "wet": lesson.wet if lesson else int((np.nan_to_num(rain) > 0).sum()),
            "kept": list(lesson.kept) if lesson else [],
            "state": lesson.state if lesson else b"",
        },
    )  # fmt: skip
    return row


def _is_readable(row: RainLesson) -> bool:
    """Whether this version can forecast by it; one of an older version is learned again. Nothing learned reads well."""
    nowcaster = _nowcaster()
    try:
        if nowcaster and row.method:
            nowcaster.forecast(bytes(row.state), np.zeros(1), 0, row.step_s, ())
    except LessonLost:
        return False
    return True


def _nowcaster() -> Nowcaster | None:
    try:
        made: Nowcaster = port("rain")
    except PortAbsent:
        return None
    return made
