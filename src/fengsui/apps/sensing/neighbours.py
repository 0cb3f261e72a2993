"""Whom a stream is held against: up to eight of its kind that see the same, the nearest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Count, Max
from scipy.spatial import cKDTree

from fengsui.apps.sensing.models import Course, CourseWorld, Datastream
from fengsui.catalog.sensors import kinds
from fengsui.science.series.rule import NEAR_MOST

EARTH_KM = 6_371.0088
_NEW = """
INSERT INTO sensing_course (datastream_id, taught, near, shift_from, shift_size, shift_alone)
SELECT id, '', '{}', 0, 0, false FROM sensing_datastream WHERE world_id = %s AND kind = ANY(%s)
ON CONFLICT DO NOTHING
"""


def checked_kinds() -> list[str]:
    return [code for code, kind in kinds().items() if kind.checks]


def refresh(world: CourseWorld, now: datetime) -> None:
    """Courses of new streams and the neighbours of all, where a stream changed since or the day did."""
    streams = Datastream.objects.in_world(world.world_id)
    facts = streams.aggregate(n=Count("pk"), newest=Max("changed_at"))
    version = f"{facts['n']} {facts['newest']:%Y-%m-%dT%H:%M:%S.%f} {now:%Y-%m-%d}" if facts["n"] else ""
    if version == world.streams:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NEW, [world.world_id, checked_kinds()])
    wanted = _choose(world.world_id)
    rows = list(Course.objects.filter(datastream__world_id=world.world_id).only("pk", "near"))
    moved = [row for row in rows if row.near != wanted.get(row.pk, [])]
    for row in moved:
        row.near = wanted.get(row.pk, [])
    Course.objects.bulk_update(moved, ["near"], batch_size=2_000)
    world.streams = version
    world.save(update_fields=["streams"])


def _choose(world: UUID) -> dict[int, list[int]]:
    """Neighbours have one kind, one unit and one clock: a gauge that is played back saw another day's water."""
    rows = Datastream.objects.in_world(world).filter(is_active=True, station__retired_at__isnull=True)
    groups: dict[tuple[str, str, float], list[tuple[int, float, float]]] = {}
    for pk, kind, unit, speed, where in rows.values_list("pk", "kind", "unit", "speed", "station__location"):
        groups.setdefault((kind, unit, speed), []).append((pk, where.x, where.y))
    found: dict[int, list[int]] = {}
    for (kind, _unit, _speed), members in groups.items():
        known = kinds().get(kind)
        if known and known.checks and known.checks.near_km and len(members) > 1:
            found |= near(members, known.checks.near_km)
    return found


def near(members: Sequence[tuple[int, float, float]], within_km: float) -> dict[int, list[int]]:
    """Id -> the ids of up to eight others within so many km, by distance and then by id. members: (id, lon, lat)."""
    ids = np.array([each[0] for each in members], np.int64)
    lon, lat = (np.radians([each[k] for each in members]) for k in (1, 2))
    ball = EARTH_KM * np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=1)
    away, index = cKDTree(ball).query(ball, k=min(len(ids), 4 * NEAR_MOST), distance_upper_bound=within_km)
    found = {}
    for i, (far, others) in enumerate(zip(away.tolist(), index.tolist(), strict=True)):
        named = sorted((d, int(ids[j])) for d, j in zip(far, others, strict=True) if j < len(ids) and j != i)
        found[int(ids[i])] = [each for _, each in named[:NEAR_MOST]]
    return found
