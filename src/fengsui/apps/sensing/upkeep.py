"""The readings' months: made ahead, and dropped whole when they were kept as long as the setting says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.transaction import atomic

from fengsui.apps.sensing import events
from fengsui.apps.sensing.models import CourseMark
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE, live_world
from fengsui.kernel.actor import Actor

PREFIX = "sensing_observation_"


@dataclass(frozen=True, slots=True)
class Month:
    """One partition. name: `2026-11`, `other` for what falls into none. rows: estimate; size in bytes with indexes."""

    name: str
    rows: int
    size: int


def months() -> list[Month]:
    """All partitions, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid) FROM pg_inherits i "
            "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'sensing_observation'::regclass ORDER BY 1"
        )
        return [
            Month(name.removeprefix(PREFIX).replace("_", "-"), rows, size) for name, rows, size in cursor.fetchall()
        ]


def over(now: datetime) -> list[str]:
    """Months that were kept long enough, the oldest first; none where readings are kept for ever."""
    kept = settings.FENGSUI_KEEP_READINGS_MONTHS
    if not kept:
        return []
    year, month = divmod(now.year * 12 + now.month - 1 - kept, 12)
    limit = f"{year}-{month + 1:02}"
    return [each.name for each in months() if each.name[0].isdigit() and each.name < limit]


def drop_old(now: datetime) -> list[str]:
    """Drop them, each in a transaction of its own with its record; returns which."""
    gone = over(now)
    for month in gone:
        _drop(month)
    return gone


@atomic
def _drop(month: str) -> None:
    first = f"{month}-01"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sensing_observation WHERE at >= %s::timestamp AT TIME ZONE 'UTC' "
            "AND at < (%s::timestamp + interval '1 month') AT TIME ZONE 'UTC'",
            [first, first],
        )
        (rows,) = cursor.fetchone()
        cursor.execute("SELECT sensing_drop_partition(%s::date)", [first])
    by = Actor(world=LIVE, system="sensing.drop_old_months")
    announce(events.MonthDropped(month, rows), about=live_world(), by=by)


def drop_old_marks(now: datetime) -> int:
    """Marks of the course of readings that are older than FENGSUI_KEEP_MARKS_DAYS; how many."""
    old = now - timedelta(days=settings.FENGSUI_KEEP_MARKS_DAYS)
    rows = CourseMark.objects.filter(at__lt=old)
    return int(rows._raw_delete(rows.db))
