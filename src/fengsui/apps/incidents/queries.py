"""Incidents that an actor may see, and what the platform already knows for their reports."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from fengsui.apps.incidents.models import LIVE_STATES, OPEN, Incident, Report, Series
from fengsui.apps.people import queries as people
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.apps.places import queries as places
from fengsui.core.models import Clock
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE as CLOCKS
from fengsui.kernel.errors import NotFound

TERRITORIAL = ("liaison", "street_officer", "community_officer", "enforcement_officer")
"""Roles with a duty in an area see its incidents; a team's leader and a depot's keeper see those they are sent to."""
FIELD_ROLES = (
    "liaison",
    "street_officer",
    "community_officer",
    "team_leader",
    "depot_keeper",
    "enforcement_officer",
)


def visible_to(by: Actor) -> QuerySet[Incident]:
    """The whole district for its roles and the parts of the system; else incidents inside the areas of one's posts."""
    rows = Incident.objects.in_world(by.world).select_related("place", "area")
    if by.system or by.roles & DISTRICT_ROLES:
        return rows
    return rows.filter(people.in_areas(by, "area__code", TERRITORIAL))


def get(incident_id: UUID, by: Actor) -> Incident:
    """Raises NotFound("incidents.not_found")."""
    found = visible_to(by).filter(pk=incident_id).first()
    if found is None:
        raise NotFound("incidents.not_found")
    return found


def lock(incident_id: UUID, by: Actor) -> Incident:
    """The row locked; scope is checked by the policy of each verb, so that a task's owner can act on it too."""
    found = Incident.objects.in_world(by.world).select_for_update().filter(pk=incident_id).first()
    if found is None:
        raise NotFound("incidents.not_found")
    return found


def open_at(place_id: UUID, hazard: str, by: Actor) -> Incident | None:
    """The one open incident of a place and hazard."""
    rows = Incident.objects.in_world(by.world).filter(place_id=place_id, hazard=hazard, status__in=LIVE_STATES)
    return rows.first()


def open_of_hazard(hazard: str, by: Actor) -> QuerySet[Incident]:
    """All that a response to this hazard could cover."""
    rows = Incident.objects.in_world(by.world).filter(hazard=hazard, status__in=LIVE_STATES)
    return rows.select_related("place__waterlogging", "area").order_by("known_at")


def open_incidents(by: Actor) -> QuerySet[Incident]:
    return visible_to(by).filter(status__in=OPEN)


def lock_report(report_id: UUID, by: Actor) -> Report:
    rows = Report.objects.in_world(by.world).select_for_update(of=("self",)).select_related("incident")
    found = rows.filter(pk=report_id).first()
    if found is None:
        raise NotFound("incidents.report.not_found")
    return found


def draw_serial(world: UUID, code: str) -> int:
    """Next serial of a series; the row's lock makes it gapless per commit order."""
    table = Series._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (world_id, code, last) VALUES (%s, %s, 1) "
            "ON CONFLICT (world_id, code) DO UPDATE SET last = incidents_series.last + 1 RETURNING last",
            [world, code],
        )
        return int(cursor.fetchone()[0])


def duty_post(jurisdiction: str) -> UUID | None:
    """The duty post of the bureau that answers for a jurisdiction; both have one."""
    bureau = places.bureau_of(jurisdiction)
    held = people.by_role("duty_officer", bureau.pk if bureau else None)
    return held[0].post if held else None


def clocks_of(incident: Incident) -> list[Clock]:
    """Statutory clocks of the chain, open ones first by due time."""
    rows = Clock.objects.in_world(incident.world_id).filter(about_type="incidents.incident", about_id=str(incident.pk))
    return sorted(rows, key=lambda clock: (clock.state not in CLOCKS.open_states, clock.due_at))


def owed_reports(incident: Incident) -> list[str]:
    """Kinds of the clocks that still run on the incident: what it owes upward, the first due first."""
    return list(
        Clock.objects.in_world(incident.world_id)
        .filter(about_type="incidents.incident", about_id=str(incident.pk), state__in=CLOCKS.open_states)
        .order_by("due_at")
        .values_list("kind", flat=True)
    )


def open_clocks(incident_ids: list[str], world: UUID) -> list[Clock]:
    """Running clocks of several incidents, the most urgent first."""
    rows = Clock.objects.in_world(world).filter(about_type="incidents.incident", about_id__in=incident_ids)
    return list(rows.filter(state__in=CLOCKS.open_states).order_by("due_at"))


def get_report(report_id: UUID, by: Actor) -> Report:
    """A report of an incident that the actor may see."""
    rows = Report.objects.in_world(by.world).select_related("incident__place", "incident__area")
    found = rows.filter(pk=report_id, incident__in=visible_to(by)).first()
    if found is None:
        raise NotFound("incidents.report.not_found")
    return found


def casualties_text(incident: Incident) -> str:
    counts = [
        (incident.deaths, "死亡"),
        (incident.missing, "失踪"),
        (incident.injured, "受伤"),
        (incident.trapped, "被困"),
    ]
    said = [f"{word}{count}人" for count, word in counts if count]
    return "、".join(said) if said else "暂无人员伤亡、失踪、被困报告"
