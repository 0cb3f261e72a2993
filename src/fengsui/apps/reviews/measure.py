"""Indicators over stored events: of one incident, or of a period. Every figure keeps the records it rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fengsui.apps.incidents.models import Incident
from fengsui.catalog.indicators import Fact, Indicator, Result, indicators, result
from fengsui.core.models import StoredEvent

MOST_STORIES = 2000
"""So many stories are measured at once, the newest; the page says where a period holds more."""


@dataclass(frozen=True, slots=True)
class Figure:
    indicator: Indicator
    result: Result


@dataclass(frozen=True, slots=True)
class Measured:
    """stories: chains looked at; more: the period holds more than were looked at."""

    figures: list[Figure]
    stories: int
    more: bool


def _facts(world: UUID, stories: Collection[UUID], names: Iterable[str]) -> list[Fact]:
    rows = StoredEvent.objects.filter(world_id=world, correlation__in=stories, name__in=set(names))
    listed = rows.order_by("at", "id").values_list("pk", "name", "at", "correlation", "payload")
    return [Fact(number, name, at, str(story), payload) for number, name, at, story, payload in listed]


def of_incident(incident: Incident, entries: Sequence[Indicator] | None = None) -> list[Figure]:
    """All indicators of one story: one question."""
    listed = list(indicators().values()) if entries is None else list(entries)
    facts = _facts(incident.world_id, [incident.correlation], [name for each in listed for name in each.reads])
    return [Figure(each, result(each, facts)) for each in listed]


def of_period(
    world: UUID,
    since: datetime,
    until: datetime,
    hazard: str = "",
    entries: Sequence[Indicator] | None = None,
) -> Measured:
    """Items that began in [since, until), of the stories in which something began then: two questions.

    hazard narrows to the stories of incidents of that hazard.
    """
    listed = list(indicators().values()) if entries is None else list(entries)
    opened = StoredEvent.objects.filter(
        world_id=world, name__in=[each.opens for each in listed], at__gte=since, at__lt=until
    )
    if hazard:
        of_hazard = Incident.objects.in_world(world).filter(hazard=hazard)
        opened = opened.filter(correlation__in=of_hazard.values("correlation"))
    newest = opened.order_by("-at", "-id").values_list("correlation", flat=True)
    stories = list(dict.fromkeys(newest))
    facts = _facts(world, stories[:MOST_STORIES], [name for each in listed for name in each.reads])
    figures = [Figure(each, result(each, facts, since, until)) for each in listed]
    return Measured(figures, min(len(stories), MOST_STORIES), len(stories) > MOST_STORIES)


def events_of(world: UUID, numbers: Collection[int]) -> dict[int, StoredEvent]:
    """The records behind a figure, by their number."""
    return {each.pk: each for each in StoredEvent.objects.filter(world_id=world, pk__in=numbers)}


def incidents_of(world: UUID, stories: Collection[str]) -> dict[str, Incident]:
    """The first incident of each story."""
    found: dict[str, Incident] = {}
    rows = Incident.objects.in_world(world).filter(correlation__in=stories).order_by("opened_at", "pk")
    for each in rows.only("number", "title", "correlation", "world_id"):
        found.setdefault(str(each.correlation), each)
    return found
