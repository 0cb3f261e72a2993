"""How things stood at a past moment, from the record alone: events, readings, bulletins, closures."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from fengsui.apps.alerts.models import Bulletin
from fengsui.apps.command.models import Closure
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.incidents.models import OPEN, Incident
from fengsui.apps.reviews.replay import CROSSED, STATUS_AFTER
from fengsui.apps.sensing.rules import FLICKER_S
from fengsui.core.models import StoredEvent
from fengsui.core.ui.present import LOST_PERIODS
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level
from fengsui.science.series.quality import SUSPECT

STREAMS = 5_000
# A level then: what the first later crossing left, else what stands now. So only the hours since are read.
_STATIONS = f"""
SELECT s.code, s.name, coalesce(p.name_en, ''), ST_X(s.location), ST_Y(s.location), d.kind, d.unit, v.value, v.at,
    coalesce(later.level_from, c.level, 0),
    v.at IS NULL OR extract(epoch FROM %(at)s - v.at)
        > {LOST_PERIODS} * greatest(d.period_s / d.speed, CASE WHEN d.speed > 1 THEN {FLICKER_S} ELSE 0 END)
FROM sensing_datastream d
JOIN sensing_station s ON s.id = d.station_id AND (s.retired_at IS NULL OR s.retired_at > %(at)s)
LEFT JOIN places_place p ON p.id = s.place_id
LEFT JOIN sensing_currentvalue c ON c.datastream_id = d.id
LEFT JOIN LATERAL (
    SELECT o.value, o.at FROM sensing_observation o WHERE o.datastream_id = d.id AND o.at <= %(at)s
        AND o.at > %(at)s - interval '3 days' AND o.received_at <= %(at)s AND o.flags & {SUSPECT} = 0
    ORDER BY o.at DESC LIMIT 1
) v ON true
LEFT JOIN (
    SELECT DISTINCT ON (e.about_id) e.about_id, array_position(%(codes)s, e.payload->>'level_from') - 1 AS level_from
    FROM core_storedevent e WHERE e.name = %(crossed)s AND e.world_id = %(world)s AND e.at > %(at)s
    ORDER BY e.about_id, e.id
) later ON later.about_id = d.id::text
WHERE d.world_id = %(world)s AND d.is_active ORDER BY s.code, d.id LIMIT {STREAMS}
"""


def stations(world: UUID, at: datetime) -> list[tuple[Any, ...]]:
    """(code, name, English name, lon, lat, kind, unit, value, its time, level number, silent) of each stream then."""
    codes = [each.code for each in sorted(Level)]
    with connection.cursor() as cursor:
        cursor.execute(_STATIONS, {"at": at, "world": world, "codes": codes, "crossed": CROSSED})
        return list(cursor.fetchall())


def bulletins(world: UUID, at: datetime) -> list[Bulletin]:
    """The latest of each warning that had been sent, had not expired and had not been lifted, the worst first."""
    rows = Bulletin.objects.in_world(world).filter(sent_at__lte=at).select_related("warning__place").defer("sent_xml")
    latest = rows.order_by("warning_id", "-sequence").distinct("warning_id")
    held = [each for each in latest if each.kind not in ("all_clear", "cancel") and each.expires_at > at]
    return sorted(held, key=lambda each: (-each.level, each.number))


def closures(world: UUID, at: datetime) -> QuerySet[Closure]:
    rows = Closure.objects.in_world(world).filter(since__lte=at)
    return rows.filter(Q(until__isnull=True) | Q(until__gt=at)).select_related("place")


def open_incidents(by: Actor, at: datetime) -> list[tuple[Incident, str, str]]:
    """(incident, status, level) of those that were open then; today's title and place."""
    rows = list(incidents.visible_to(by).filter(opened_at__lte=at).filter(Q(closed_at=None) | Q(closed_at__gt=at)))
    names = [*STATUS_AFTER, "incidents.IncidentRaised"]
    told = StoredEvent.objects.filter(
        name__in=names, about_type="incidents.incident", about_id__in=[str(row.pk) for row in rows], at__lte=at
    )
    then: dict[str, tuple[str, str]] = {}
    for name, about, payload in told.order_by("id").values_list("name", "about_id", "payload"):
        status, level = then.get(about, ("received", "none"))
        level = str(payload.get("level_to") or payload.get("level") or level)
        then[about] = (STATUS_AFTER.get(name, status), level)
    found = [(row, *then.get(str(row.pk), ("received", "none"))) for row in rows]
    return [each for each in found if each[1] in OPEN]
