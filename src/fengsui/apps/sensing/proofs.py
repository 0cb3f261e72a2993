"""Proofs of life of sensors: their readings. Nothing is written for them; the current values say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Value
from django.db.models.functions import Extract
from django.utils import timezone
from django.utils.translation import gettext_noop as mark

from fengsui.apps.people.models import Post
from fengsui.apps.sensing import boards, queries, rules
from fengsui.apps.sensing.models import CurrentValue
from fengsui.catalog.sensors import kinds
from fengsui.core import proofs
from fengsui.core.ui.present import LOST_PERIODS
from fengsui.kernel import proof
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.proof import ProofKind
from fengsui.kernel.terms import Term

SILENCE = ClockKind(
    "sensing.silence",
    Term("sensing.silence", "处置设备失联", "answer for a silent sensor"),
    default="测点按不可信处理，改派人工巡查",
    proof="恢复后的第一个可信读数",
)
HALF_LIFE_PERIODS = LOST_PERIODS / proof.SILENT_AFTER
"""So that a sensor is silent after the three periods that the rest of the platform calls lost [U]."""
LIMIT = 5_000


class Sensors:
    """Real sensors, and those of a replay while it runs: one that is over is no device that fell silent."""

    kind = ProofKind(
        "sensing.stream",
        Term("sensor", "传感器", "sensor"),
        SILENCE.code,
        0.0,
        "U",
        mark("三个上报周期无可信读数即失联"),
    )

    def _rows(self, now: datetime) -> Any:
        """With `lives`: half-lives since the last trusted reading, null where there was none."""
        lives = Extract(Value(now) - F("good_at"), "epoch") / queries.wall_period("datastream__")
        rows = CurrentValue.objects.filter(
            _speaking(now), datastream__is_active=True, datastream__world__ended_at__isnull=True
        )
        annotated = rows.annotate(lives=lives / HALF_LIFE_PERIODS).defer("memory")
        return annotated.select_related("datastream__station__place")

    def silent(self, now: datetime) -> Sequence[proofs.Subject]:
        rows = self._rows(now).filter(lives__gt=proof.SILENT_AFTER)
        return _subjects(list(rows.order_by("datastream_id")[:LIMIT]))

    def known(self, keys: Sequence[str]) -> Mapping[str, proofs.Subject]:
        ours, wanted = _speaking(timezone.now()), [int(key) for key in keys]
        rows = CurrentValue.objects.filter(ours, datastream_id__in=wanted, datastream__is_active=True)
        found = _subjects(list(rows.defer("memory").select_related("datastream__station__place")))
        return {each.key: each for each in found}

    def worst(self, world: UUID, now: datetime, limit: int) -> Sequence[proofs.Subject]:
        rows = self._rows(now).filter(datastream__world_id=world)
        return _subjects(list(rows.order_by(F("lives").desc(nulls_last=True), "datastream_id")[:limit]))

    def tally(self, world: UUID, now: datetime) -> Mapping[str, int]:
        doubtful, silent = proof.DOUBTFUL_AFTER, proof.SILENT_AFTER
        rows = self._rows(now).filter(datastream__world_id=world)
        found: Mapping[str, int] = rows.order_by().aggregate(
            alive=Count("pk", filter=Q(lives__lte=doubtful)),
            doubtful=Count("pk", filter=Q(lives__gt=doubtful, lives__lte=silent)),
            silent=Count("pk", filter=Q(lives__gt=silent)),
            never=Count("pk", filter=Q(good_at__isnull=True)),
        )
        return found


def _speaking(now: datetime) -> Q:
    """Real time, or a replay that runs; what stood there before it began is not its silence."""
    begun = now - timedelta(seconds=rules.FLICKER_S * LOST_PERIODS)
    running = Q(datastream__replay_until__gt=now, datastream__changed_at__lt=begun)
    return Q(datastream__speed=1) | running


def _subjects(rows: Sequence[CurrentValue]) -> list[proofs.Subject]:
    codes = {row.datastream.station.owner_post for row in rows} - {""}
    posts = {row.code: row for row in Post.objects.filter(code__in=codes).select_related("org")} if codes else {}
    return [_subject(row, posts.get(row.datastream.station.owner_post)) for row in rows]


def _subject(row: CurrentValue, post: Post | None) -> proofs.Subject:
    stream = row.datastream
    station, sensor = stream.station, kinds().get(stream.kind)
    place = station.place
    zh, en = (sensor.term.zh, sensor.term.en) if sensor else (stream.kind, stream.kind)
    return proofs.Subject(
        about=stream,
        label=f"{place.name if place else station.name}{zh}",
        label_en=f"{(place.name_en or place.name) if place else station.name} {en}",
        last_at=row.good_at,
        how=""
        if row.good_value is None
        else f"{boards.display_of(stream).text(row.good_value)} {boards.display_of(stream).unit}",
        half_life_s=boards.wall_period_s(stream) * HALF_LIFE_PERIODS,
        owner_role="liaison",
        owner_post=post.pk if post else None,
        owner=post.org.name if post else "",
        url=f"/stations/{station.code}/",
        world=stream.world_id,
    )


proofs.declare(Sensors())
