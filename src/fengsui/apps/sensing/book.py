"""Everything the hot path must know about the streams, in arrays: read once, read again when a stream changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
import structlog
from django.db import connection
from django.db.models import Count, Max

from fengsui.apps.sensing import rules
from fengsui.apps.sensing.models import Datastream
from fengsui.catalog.sensors import SensorKind, kinds
from fengsui.kernel.errors import Invalid
from fengsui.science.series.batch import Records
from fengsui.science.series.ladder import Rule
from fengsui.science.series.quality import LIMITS

log = structlog.get_logger(__name__)

WHY = "one ingest process serves every world; the stream says which"


@dataclass(frozen=True, slots=True)
class Stream:
    """Facts of one datastream that crossings and rejections need."""

    id: int
    world: UUID
    station: UUID
    station_code: str
    station_name: str
    place: UUID | None
    kind: SensorKind
    unit: str
    speed: float
    watch: float | None


@dataclass(frozen=True, slots=True)
class StreamBook:
    """m streams sorted by id. limits: LIMITS records, shape (m,). ladders: Rule or None, length m."""

    ids: np.ndarray
    streams: list[Stream]
    by_topic: dict[str, int]
    limits: Records
    ladders: list[Rule | None]
    version: tuple[int, datetime | None]


def version() -> tuple[int, datetime | None]:
    facts = Datastream.objects.all_worlds(WHY).aggregate(n=Count("id"), newest=Max("changed_at"))
    return facts["n"], facts["newest"]


def read() -> StreamBook:
    """Also gives every stream its row of current values, which the hot path locks and updates."""
    now = version()
    known = kinds()
    rows = (
        Datastream.objects.all_worlds(WHY)
        .filter(is_active=True, kind__in=known)
        .select_related("station")
        .order_by("id")
    )
    streams: list[Stream] = []
    limits: list[tuple[float | int, ...]] = []
    ladders: list[Rule | None] = []
    topics: dict[str, int] = {}
    for row in rows:
        kind = known[row.kind]
        try:
            ladder = rules.ladder_of(row.ladder)
            limit = rules.limit_of(kind, row.period_s, row.limits, ladder)
        except (Invalid, TypeError) as wrong:  # a bad setting of one stream must not stop the others' readings
            log.error("sensing.stream.settings_wrong", topic=row.topic, error=str(wrong))
            ladder, limit = None, rules.limit_of(kind, row.period_s)
        topics[row.topic] = len(streams)
        station = row.station
        streams.append(
            Stream(
                row.id,
                row.world_id,
                station.id,
                station.code,
                station.name,
                station.place_id,
                kind,
                row.unit,
                row.speed,
                ladder.watch if ladder else None,
            )
        )
        limits.append(limit.row(row.speed))
        ladders.append(Rule.of(ladder, row.speed) if ladder else None)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sensing_currentvalue (datastream_id, flags, detail, level, watched, memory_version) "
            "SELECT d.id, 0, 0, 0, false, 0 FROM sensing_datastream d ON CONFLICT DO NOTHING"
        )
    return StreamBook(
        np.array([stream.id for stream in streams], np.int64), streams, topics, np.array(limits, LIMITS), ladders, now
    )
