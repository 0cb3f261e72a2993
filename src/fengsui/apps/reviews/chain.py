"""The whole story of one correlation id, page by page: every stored event once, in order, with its object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from fengsui.apps.command.timeline import SAID, TASK_TITLED
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Person
from fengsui.apps.reviews import rules, telling
from fengsui.apps.sensing.models import Observation
from fengsui.core.models import StoredEvent

BEFORE, AFTER = 4, 2
"""So many readings are shown up to a crossing and behind it."""
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading beside a crossing; is_it: the one that crossed; flagged: its quality is doubted."""

    at: datetime
    value: float
    flagged: bool
    is_it: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One event. number: its number in the record; page: of the object it is about ('' where it has none)."""

    number: int
    at: datetime
    text: str
    who: str
    org: str
    group: str
    page: str
    subject: str
    unit: str = ""
    readings: list[Reading] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the story can be narrowed to: (code, count) by group, (key, name, count) by organisation."""

    groups: list[tuple[str, int]]
    orgs: list[tuple[str, str, int]]
    total: int
    first: datetime | None
    last: datetime | None


def events_of(incident: Incident, group: str = "", org: str = "") -> QuerySet[StoredEvent]:
    """Events of the incident's chain in order of time, then of the record. org: an organisation's key, or `system`."""
    rows = StoredEvent.objects.filter(correlation=incident.correlation, world_id=incident.world_id)
    if group:
        rows = rows.filter(name__regex=rules.group_pattern(group))
    if org == SYSTEM:
        rows = rows.filter(person_id__isnull=True)
    elif org:
        rows = rows.filter(person_id__in=Person.objects.filter(org_id=_key(org)).values("pk"))
    return rows.order_by("at", "id")


def told_of(incident: Incident) -> QuerySet[StoredEvent]:
    """What boards would tell of it: the story without the starts and ends of clocks."""
    return events_of(incident).filter(name__in=[*SAID, "incidents.Noted"])


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def choices(incident: Incident) -> Choices:
    """Three questions, however long the story is."""
    counted = list(events_of(incident).order_by().values_list("name", "person_id").annotate(n=Count("pk")))
    groups: dict[str, int] = {}
    persons: dict[UUID | None, int] = {}
    for name, person, n in counted:
        groups[rules.group_of(name)] = groups.get(rules.group_of(name), 0) + n
        persons[person] = persons.get(person, 0) + n
    orgs: dict[tuple[str, str], int] = {}
    if None in persons:
        orgs[(SYSTEM, _("系统"))] = persons[None]
    for pk, org, name in Person.objects.filter(pk__in=[each for each in persons if each]).values_list(
        "pk", "org_id", "org__name"
    ):
        orgs[(str(org), name)] = orgs.get((str(org), name), 0) + persons[pk]
    ends = events_of(incident)
    first = ends.values_list("at", flat=True).first()
    last = ends.reverse().values_list("at", flat=True).first()
    return Choices(
        [(code, groups[code]) for code in rules.GROUPS if code in groups],
        sorted(((key, name, n) for (key, name), n in orgs.items()), key=lambda each: (each[0] != SYSTEM, each[1])),
        sum(persons.values()),
        first,
        last,
    )


def present(listed: Sequence[StoredEvent], incident: Incident, room: str) -> list[Row]:
    """Rows as they are shown: four questions for a page of any length."""
    persons = {row.person_id for row in listed if row.person_id}
    persons |= {UUID(row.payload["person_id"]) for row in listed if _is_about_a_person(row)}
    named = Person.objects.filter(pk__in=persons).values_list("pk", "name", "org__name")
    people = {pk: (name, org) for pk, name, org in named}
    titles = {str(pk): title for pk, title in incident.tasks.values_list("pk", "title")}
    readings = _readings([row for row in listed if {"datastream", "at", "first_at"} <= set(row.payload)])
    found = []
    for row in listed:
        text = telling.say(row)
        if row.name in TASK_TITLED and (title := titles.get(str(row.payload.get("task_id")))):
            text = f"{title}　{text}"
        if _is_about_a_person(row):
            text = f"{people.get(UUID(row.payload['person_id']), ('', ''))[0]}　{text}"
        who, org = people.get(row.person_id, ("", "")) if row.person_id else (_("系统"), "")
        found.append(
            Row(
                row.pk,
                row.at,
                text,
                who,
                org,
                rules.group_of(row.name),
                telling.page_of(row, room),
                f"{row.about_type}:{row.about_id}",
                str(row.payload.get("unit", "")),
                readings.get(row.pk, []),
            )
        )
    return found


def _is_about_a_person(row: StoredEvent) -> bool:
    """Calls and answers: whose they are is what a reader asks first."""
    return row.name.startswith("alerts.Person") and _key(str(row.payload.get("person_id"))) is not None


def _readings(crossings: Sequence[StoredEvent]) -> dict[int, list[Reading]]:
    """The readings around each crossing, in one question."""
    if not crossings:
        return {}
    table = Observation._meta.db_table
    wanted: list[Any] = []
    for each in crossings:
        wanted += [each.pk, int(each.payload["datastream"]), each.payload["at"]]
    values = ", ".join(["(%s::bigint, %s::bigint, %s::timestamptz)"] * len(crossings))
    columns = f"SELECT at, value, flags FROM {table} WHERE datastream_id = c.stream"
    sql = (
        f"SELECT c.event, c.moment, o.at, o.value, o.flags FROM (VALUES {values}) c(event, stream, moment) "
        f"CROSS JOIN LATERAL (({columns} AND at <= c.moment ORDER BY at DESC LIMIT {BEFORE}) "
        f"UNION ALL ({columns} AND at > c.moment ORDER BY at LIMIT {AFTER})) o ORDER BY c.event, o.at, o.value"
    )
    found: dict[int, list[Reading]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, wanted)
        for event, moment, at, value, flags in cursor.fetchall():
            found.setdefault(event, []).append(Reading(at, value, bool(flags), at == moment))
    return found
