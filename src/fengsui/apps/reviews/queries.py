"""The whole chain of an incident, measured: marks, readings, clocks, deliveries, calls, tasks, orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Min, Q

from fengsui.apps.alerts.models import Bulletin, Call, Delivery
from fengsui.apps.alerts.reasons import said as said_reason
from fengsui.apps.command import queries as command
from fengsui.apps.command import timeline
from fengsui.apps.command.models import Order, Response, Task
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.reviews import rules, spent
from fengsui.apps.reviews.models import Paper, Review
from fengsui.apps.sensing.models import Datastream, Observation
from fengsui.core.models import AuditRow, StoredEvent
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

AFTER_LAST = timedelta(hours=3)
"""Readings are shown until the response ended, at most so long after the last crossing while it goes on."""


@dataclass(frozen=True, slots=True)
class Series:
    """The readings of one stream in this story. Values in the stream's unit."""

    station: str
    unit: str
    first_at: datetime
    first_value: float | None
    peak_at: datetime | None
    peak: float | None
    last_at: datetime | None
    count: int
    flagged: int
    speed: float


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    outlet: str
    bulletin: str
    state: str
    attempts: int
    took_s: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class CallRow:
    name: str
    title: str
    bulletin: str
    called_at: datetime | None
    answered_at: datetime | None
    took_s: float | None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the page and the paper show."""

    incident: Incident
    review: Review | None
    legs: list[rules.Leg]
    series: list[Series]
    clocks: list[spent.Spent]
    sums: rules.Sum
    deliveries: list[DeliveryRow]
    calls: list[CallRow]
    responses: list[Response]
    tasks: list[Task]
    orders: list[Order]
    reports: list[Report]
    lines: list[timeline.Line]
    audit_rows: int
    made_at: datetime


def incident_for(incident_id: UUID, by: Actor) -> Incident:
    """One that the actor's area holds, or to which he was sent. Raises NotFound."""
    return command.get_incident(incident_id, by)


MARKED = [*rules.MARK_OF_EVENT, "command.OrderMoved"]


def story(incident: Incident, now: datetime, *, whole: bool = True) -> Story:
    """Read once, at `now`. whole: with every line of the timeline, which the paper prints and the page does not."""
    chain, world = incident.correlation, incident.world_id
    marked = StoredEvent.objects.filter(correlation=chain, world_id=world, name__in=MARKED)
    events = list(marked.order_by("at", "id"))
    marks = rules.first_marks((each.name, each.at, each.payload) for each in events)
    clocks = spent.clocks_of(incident, now)
    return Story(
        incident=incident,
        review=review_of(incident),
        legs=rules.legs(marks),
        series=_series(events, incident, now),
        clocks=clocks,
        sums=rules.summary([(row.clock.state, row.used.late_s) for row in clocks]),
        deliveries=_deliveries(incident),
        calls=_calls(incident),
        responses=[each for each in [command.response_of(incident)] if each],
        tasks=list(incident.tasks.select_related("owner_post").order_by("assigned_at", "code")),
        orders=list(incident.orders.select_related("deployment").order_by("issued_at")),
        reports=list(incident.reports.filter(sent_at__isnull=False).order_by("sent_at")),
        lines=timeline.of_incident(incident) if whole else [],
        audit_rows=AuditRow.objects.filter(correlation=chain).count(),
        made_at=now,
    )


def _series(events: list[StoredEvent], incident: Incident, now: datetime) -> list[Series]:
    """Per stream that crossed: from the first abnormal reading to the end of the response."""
    first: dict[int, StoredEvent] = {}
    last: dict[int, datetime] = {}
    for event in events:
        if event.name == "sensing.ThresholdCrossed":
            stream = int(event.payload["datastream"])
            first.setdefault(stream, event)
            last[stream] = event.at
    streams = {each.pk: each for each in Datastream.objects.in_world(incident.world_id).filter(pk__in=first)}
    found = []
    for key, event in first.items():
        since = datetime.fromisoformat(event.payload["first_at"])
        until = min(now, incident.ended_at or last[key] + AFTER_LAST)
        rows = Observation.objects.filter(datastream_id=key, at__gte=since, at__lte=until)
        sums = rows.aggregate(
            n=Count("at"),
            bad=Count("at", filter=~Q(flags=0)),
            last=Max("at"),
            first=Min("at"),
            peak=Max("value", filter=Q(flags=0)),
        )
        begun = rows.filter(at=sums["first"]).values_list("value", flat=True).first() if sums["n"] else None
        top = rows.filter(flags=0, value=sums["peak"]).order_by("at").first() if sums["peak"] is not None else None
        speed = streams[key].speed if key in streams else float(event.payload["speed"])
        found.append(
            Series(
                event.payload["station_name"],
                event.payload["unit"],
                since,
                begun,
                top.at if top else None,
                sums["peak"],
                sums["last"],
                sums["n"],
                sums["bad"],
                speed,
            )
        )
    return found


def _bulletins(incident: Incident) -> dict[UUID, Bulletin]:
    if incident.warning_id is None:
        return {}
    rows = Bulletin.objects.in_world(incident.world_id).filter(warning_id=incident.warning_id)
    return {each.pk: each for each in rows.defer("sent_xml").order_by("sequence")}


def _deliveries(incident: Incident) -> list[DeliveryRow]:
    bulletins = _bulletins(incident)
    rows = (
        Delivery.objects.in_world(incident.world_id).filter(bulletin_id__in=bulletins).select_related("outlet", "call")
    )
    return [
        DeliveryRow(
            f"{each.outlet.name}{f'（{each.call.name}）' if each.call else ''}",
            bulletins[each.bulletin_id].number,
            each.get_state_display(),
            each.attempts_made,
            (each.done_at - each.created_at).total_seconds() if each.done_at else None,
            said_reason(each.reason),
        )
        for each in rows.order_by("bulletin__sequence", "outlet_id", "created_at")
    ]


def _calls(incident: Incident) -> list[CallRow]:
    bulletins = _bulletins(incident)
    rows = Call.objects.in_world(incident.world_id).filter(bulletin_id__in=bulletins, called_at__isnull=False)
    return [
        CallRow(
            each.name,
            f"{each.org_name} {each.title}",
            bulletins[each.bulletin_id].number,
            each.called_at,
            each.acknowledged_at,
            (each.acknowledged_at - each.called_at).total_seconds()
            if each.acknowledged_at and each.called_at
            else None,
        )
        for each in rows.order_by("bulletin__sequence", "line", "turn")
    ]


def review_of(incident: Incident) -> Review | None:
    found: Review | None = Review.objects.in_world(incident.world_id).filter(incident=incident).first()
    return found


def lock_review(incident_id: UUID, by: Actor) -> Review:
    found = (
        Review.objects.in_world(by.world)
        .select_for_update(of=("self",))
        .select_related("incident")
        .filter(incident_id=incident_id)
        .first()
    )
    if found is None:
        raise NotFound("reviews.not_found")
    return found


def lock_paper(paper_id: UUID, by: Actor) -> Paper:
    found = (
        Paper.objects.in_world(by.world)
        .select_for_update(of=("self",))
        .select_related("incident")
        .filter(pk=paper_id)
        .first()
    )
    if found is None:
        raise NotFound("reviews.paper.not_found")
    return found


def papers(incident: Incident) -> list[Paper]:
    """Newest first, without their bytes."""
    return list(Paper.objects.in_world(incident.world_id).filter(incident=incident).defer("pdf")[:20])
