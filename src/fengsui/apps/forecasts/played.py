"""Lessons for the time a recorded series is played: from floods and rain that the district's files hold, never from the
series.

They serve no gauge that measures: `learning.lesson_of` asks for them only where a stream plays faster than water runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from django.db.models import QuerySet

from fengsui.apps.forecasts import learning, rain, rules
from fengsui.apps.forecasts.models import PlayedLesson, RainLesson
from fengsui.apps.sensing.models import Datastream
from fengsui.catalog.sensors import kinds
from fengsui.kernel import units
from fengsui.kernel.ports.forecaster import Lived
from fengsui.kernel.replay import Before


def teach(before: Before, topics: Iterable[str], source: str, now: datetime) -> list[PlayedLesson]:
    """A lesson for each of the streams that `before` knows; of the same `source`, lines and version they are left.

    Returns them all, also those that hold nothing (no method): what was before had too little flood there.
    """
    learner = learning.learner_here()
    taught: list[PlayedLesson] = []
    for stream in _streams(topics):
        lived, kind = before.stations.get(stream.station.code), kinds().get(stream.kind)
        if learner is None or lived is None or (kind and kind.sums):
            continue
        kept = PlayedLesson.objects.in_world(stream.world_id).filter(datastream=stream)
        named = f"{source}:{rules.flood_line(stream.ladder)}"
        if not learning.readable(kept.filter(source=named)).get(stream.pk, False):
            at = np.rint(np.array([when for when, _ in lived.samples]) / before.step_s).astype(np.intp)
            own = np.full(int(at.max(initial=0)) + 1, np.nan)
            own[at] = [units.convert(value, lived.unit, stream.unit) for _, value in lived.samples]
            past = Lived(round(now.timestamp() * 1e6), before.step_s, own * rules.sign_of(stream.ladder),
                         np.empty((len(own), 0)))  # fmt: skip
            learning.keep(PlayedLesson, stream, learning.learned(stream, learner, past, []), now, source=named)
        taught += kept
    return taught


def teach_rain(before: Before, topics: Iterable[str], source: str, now: datetime) -> RainLesson | None:
    """How showers decay, for all rain gauges that are played; None where `before` holds no rain of theirs."""
    return rain.teach(before, _streams(topics), source, now)


def _streams(topics: Iterable[str]) -> QuerySet[Datastream]:
    rows: QuerySet[Datastream] = Datastream.objects.all_worlds("a replay names its streams")
    return rows.filter(topic__in=list(topics)).select_related("station").order_by("topic")


def forget(topics: Iterable[str]) -> None:
    """What is played now has another past, or none."""
    topics = list(topics)
    rain.forget(_streams(topics))
    rows = PlayedLesson.objects.all_worlds("a replay names its streams")
    rows.filter(datastream__topic__in=topics).delete()
