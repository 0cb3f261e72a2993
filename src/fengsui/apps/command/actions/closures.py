"""封控和放行: by depth, or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.gis.geos import LineString
from django.db.transaction import atomic

from fengsui.apps.command import events, queries, rules
from fengsui.apps.command.actions.shared import topic, why
from fengsui.apps.command.models import Closure
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.incidents.models import Incident
from fengsui.apps.places.models import Place
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, Refused


def _open(
    kind: str,
    place: Place | None,
    incident: Incident | None,
    name: str,
    line: LineString,
    reason: str,
    by: Actor,
    now: datetime,
) -> Closure:
    closure = Closure.objects.create(
        world_id=by.world,
        kind=kind,
        place=place,
        incident=incident,
        name=name,
        line=line,
        reason=reason,
        since=now,
        closed_by=by.person,
    )
    announce(
        events.RoadClosed(closure.pk, place.pk if place else None, kind, name, reason),
        about=closure,
        by=by.in_chain(incident.correlation) if incident else by,
        after={"line": line.wkt, "since": now},
        topics=("command.closures", *(topic(incident.pk) if incident else ())),
    )
    return closure


@atomic
def close_road(
    *,
    incident_id: UUID,
    by: Actor,
    now: datetime,
    reason: str,
    line: Sequence[tuple[float, float]] | None = None,
    name: str = "",
) -> Closure:
    """封控: along the point's own closure line, or a line given as (lon, lat) pairs."""
    incident = incident_queries.lock(incident_id, by)
    policy.require(by, "command.close_road", incident)
    reason = why(reason)
    known = Place.objects.select_related("waterlogging")
    place = known.get(pk=incident.place_id) if incident.place_id else None
    own = getattr(place, "waterlogging", None) if place else None
    if line is None and own is None:
        raise Invalid("command.close_road.no_line", field="line")
    name = name.strip() or (place.name if place else incident.address)
    # The incident's row is locked: a second person closing the same stretch meets this check.
    same = Closure.objects.in_world(by.world).filter(kind="closed", until__isnull=True)
    if line is None and same.filter(place=place).exists():
        raise Refused("command.close_road.already", name=name)
    geometry = own.closure if line is None and own else LineString([tuple(each) for each in line or ()], srid=4326)
    return _open("closed", place if line is None else None, incident, name, geometry, reason, by, now)


@atomic
def reopen_road(*, closure_id: UUID, by: Actor, now: datetime, note: str) -> Closure:
    """放行: by the traffic police or the duty room, with what was seen."""
    closure = queries.lock_closure(closure_id, by)
    policy.require(by, "command.reopen_road", closure)
    note = why(note)
    if closure.until is not None:
        return closure
    return _lift(closure, by, now, note)


def _lift(closure: Closure, by: Actor, now: datetime, note: str) -> Closure:
    closure.until, closure.reopened_by, closure.reopen_note = now, by.person, note
    closure.save(update_fields=["until", "reopened_by", "reopen_note"])
    by = by.in_chain(closure.incident.correlation) if closure.incident else by
    clocks.close(rules.REOPEN.code, about=closure, by=by, now=now, proof={"note": note})
    announce(
        events.RoadReopened(closure.pk, closure.place_id, closure.kind, closure.name, note),
        about=closure,
        by=by,
        before={"until": None},
        after={"until": now},
        topics=("command.closures", *(topic(closure.incident_id) if closure.incident_id else ())),
    )
    return closure


@atomic
def mark_flooded(*, place_id: UUID, by: Actor, now: datetime, reason: str) -> Closure | None:
    """积水阻断: the depth says that nobody gets through; lifted when it falls. None where it is marked already."""
    place = Place.objects.select_for_update(of=("self",)).select_related("waterlogging").get(pk=place_id)
    policy.require(by, "command.close_road")
    rows = Closure.objects.in_world(by.world).filter(kind="flooded", place=place, until__isnull=True)
    if rows.exists() or not hasattr(place, "waterlogging"):
        return None
    incident = Incident.objects.in_world(by.world).filter(
        place=place, status__in=["received", "verified", "responding"]
    )
    return _open("flooded", place, incident.first(), place.name, place.waterlogging.closure, reason, by, now)


@atomic
def lift_flood(*, place_id: UUID, by: Actor, now: datetime, reason: str) -> list[Closure]:
    """The water fell below the line: routes may use the road again unless it is closed by hand."""
    policy.require(by, "command.reopen_road")
    rows = (
        Closure.objects.in_world(by.world)
        .select_for_update()
        .filter(kind="flooded", place_id=place_id, until__isnull=True)
    )
    return [_lift(closure, by, now, reason) for closure in rows]
