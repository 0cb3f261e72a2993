"""Two worlds over the shipped district: the verbs that the same people press in both, in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from fengsui.apps.alerts import actions as alerts
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.apps.command import actions as command
from fengsui.apps.command.models import Closure, Deployment, Order, Response, Task
from fengsui.apps.command.rules import MOVEMENT
from fengsui.apps.desk import clocks as desk
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents import intake, reports
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.resources.models import Team
from fengsui.catalog.channels.fake import Fake
from fengsui.core import record
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, NotFound
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import Address, Parcel, Receipt

REASON = "两个世界的合同测试"
ACTORS = ("duty", "leader", "commander", "traffic", "team")


class Door(Fake):
    """A channel's last step: remembers the parcels that would have left the house."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.parcels: list[Parcel] = []

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        self.parcels.append(parcel)
        return super().send(parcel, address)


@dataclass
class Play:
    """Two worlds over one district. `last`: events up to here have had their reactions."""

    drill: UUID
    points: list[UUID]
    actors: dict[tuple[str, UUID], Actor]
    doors: dict[str, Door]
    last: int = 0

    def by(self, name: str, world: UUID) -> Actor:
        return self.actors[name, world]

    def react(self) -> None:
        """Run the reactions to all new events, and the deliveries, as the job workers do."""
        while fresh := list(StoredEvent.objects.filter(id__gt=self.last).order_by("id")):
            for stored in fresh:
                self.last = stored.pk
                for handler, reaction in record.handlers_of(stored.name).items():
                    by = Actor(world=stored.world_id, system=handler, correlation=stored.correlation)
                    with allowed():
                        reaction(record.rebuild(stored), by)
        for row in Delivery.objects.all_worlds("the worker serves every world").filter(state="pending"):
            alerts.deliver(delivery_id=row.pk, now=timezone.now())


class allowed:
    """A refusal is an answer; its changes are undone."""

    def __enter__(self) -> None:
        self.point = transaction.atomic()
        self.point.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.point.__exit__(kind, error, trace)
        return kind is not None and issubclass(kind, FengsuiError)


def rows(model: Any, world: UUID, **wanted: Any) -> list[Any]:
    return list(model.objects.in_world(world).filter(**wanted).order_by("pk"))


def pick(found: list[Any], n: int) -> Any:
    """One of them, or a refusal where there is none."""
    if not found:
        raise NotFound("test.nothing")
    return found[n % len(found)]


def draft(p: Play, w: UUID, n: int) -> None:
    level = (Level.YELLOW, Level.ORANGE, Level.RED)[n % 3]
    place = p.points[n % len(p.points)]
    alerts.draft_by_hand(
        place_id=place, hazard="waterlogging", level=level, reason=REASON, by=p.by("duty", w), now=timezone.now()
    )


def _issue(p: Play, w: UUID, n: int) -> None:
    warning = pick(rows(Warning, w, status__in=["draft", "confirmed"]), n)
    if warning.status == "draft":
        alerts.confirm(warning_id=warning.pk, by=p.by("duty", w), now=timezone.now())
    alerts.issue(warning_id=warning.pk, by=p.by("leader", w), now=timezone.now())


def _end_warning(p: Play, w: UUID, n: int) -> None:
    warning = pick(rows(Warning, w), n)
    verb = (alerts.lift, alerts.reject, alerts.cancel, alerts.keep)[n % 4]
    verb(warning_id=warning.pk, reason=REASON, by=p.by("leader", w), now=timezone.now())


def _answer(p: Play, w: UUID, n: int) -> None:
    call = pick(rows(Call, w, state="called"), n)
    alerts.acknowledge(call_id=call.pk, by=p.by("duty", w), now=timezone.now(), note=REASON)


def _pass_on(p: Play, w: UUID, n: int) -> None:
    call = pick(rows(Call, w, state="called"), n)
    by = Actor(world=w, system="clock")
    alerts.pass_on(bulletin_id=call.bulletin_id, person_id=call.person_id, by=by, now=timezone.now())


def _open(p: Play, w: UUID, n: int) -> None:
    bulletin = pick(rows(Bulletin, w), n)
    intake.open_from_bulletin(bulletin_id=bulletin.pk, by=p.by("duty", w), now=timezone.now())


def _respond(p: Play, w: UUID, n: int) -> None:
    incident = pick(rows(Incident, w), n)
    made = command.propose_response(
        incident_id=incident.pk,
        level=Level.ORANGE,
        by=p.by("duty", w),
        now=timezone.now(),
        matter="内涝",
        expected_hours=6.0,
        measures=REASON,
    )
    command.activate(response_id=made.pk, by=p.by("commander", w), now=timezone.now(), approval_note=REASON)


def _dispatch(p: Play, w: UUID, n: int) -> None:
    task = pick([each for each in rows(Task, w, status__in=["waiting", "accepted"]) if each.skill], n)
    team = pick(list(Team.objects.order_by("pk")), n)
    command.dispatch(task_id=task.pk, team_id=team.pk, by=p.by("duty", w), now=timezone.now())


def _move(p: Play, w: UUID, n: int) -> None:
    out = pick(rows(Deployment, w), n)
    verbs = MOVEMENT.verbs(out.stage)
    command.move(order_id=out.order_id, verb=pick(verbs, n), by=p.by("duty", w), now=timezone.now())


def _task(p: Play, w: UUID, n: int) -> None:
    task = pick(rows(Task, w), n)
    command.waive_task(task_id=task.pk, by=p.by("leader", w), now=timezone.now(), reason=REASON)


def _report(p: Play, w: UUID, n: int) -> None:
    incident = pick(rows(Incident, w), n)
    found = rows(Report, w, incident=incident, status="draft")
    drafted = (
        found[0]
        if found
        else reports.draft(incident_id=incident.pk, stage="first_phone", by=p.by("duty", w), now=timezone.now())
    )
    reports.edit(report_id=drafted.pk, by=p.by("duty", w), fields={"said": REASON})
    reports.send(report_id=drafted.pk, by=p.by("duty", w), now=timezone.now())


def _road(p: Play, w: UUID, n: int) -> None:
    if closed := rows(Closure, w, until__isnull=True)[: n % 2]:
        command.reopen_road(closure_id=closed[0].pk, by=p.by("traffic", w), now=timezone.now(), note=REASON)
    elif n % 3:
        by = Actor(world=w, system="command.handlers")
        command.mark_flooded(place_id=p.points[n % len(p.points)], by=by, now=timezone.now(), reason=REASON)
    else:
        incident = pick(rows(Incident, w), n)
        command.close_road(incident_id=incident.pk, by=p.by("duty", w), now=timezone.now(), reason=REASON)


def _end_response(p: Play, w: UUID, n: int) -> None:
    response = pick(rows(Response, w, status="active"), n)
    command.end_response(response_id=response.pk, by=p.by("commander", w), now=timezone.now(), reason=REASON)


def _trespass(p: Play, w: UUID, n: int) -> None:
    """With a row of the other world in hand: as if a page of it had stayed open."""
    other = p.drill if w == LIVE else LIVE
    model = (Warning, Incident, Task, Order, Closure, Call, Report, Response, Clock)[n % 9]
    row = pick(rows(model, other), n)
    by, now = p.by("leader", w), timezone.now()
    tries: dict[type[Model], Callable[[], Any]] = {
        Warning: lambda: alerts.confirm(warning_id=row.pk, by=by, now=now),
        Incident: lambda: incidents.verify(incident_id=row.pk, by=by, now=now),
        Task: lambda: command.waive_task(task_id=row.pk, by=by, now=now, reason=REASON),
        Order: lambda: command.move(order_id=row.pk, verb="accept", by=by, now=now),
        Closure: lambda: command.reopen_road(closure_id=row.pk, by=by, now=now, note=REASON),
        Call: lambda: alerts.acknowledge(call_id=row.pk, by=by, now=now, note=REASON),
        Report: lambda: reports.sign(report_id=row.pk, by=by, now=now),
        Response: lambda: command.end_response(response_id=row.pk, by=by, now=now, reason=REASON),
        Clock: lambda: desk.get(row.pk, by),
    }
    with pytest.raises(NotFound), transaction.atomic():
        tries[model]()


VERBS: dict[str, Callable[[Play, UUID, int], None]] = {
    "draft": draft,
    "issue": _issue,
    "end_warning": _end_warning,
    "answer": _answer,
    "pass_on": _pass_on,
    "open": _open,
    "respond": _respond,
    "dispatch": _dispatch,
    "move": _move,
    "task": _task,
    "report": _report,
    "road": _road,
    "end_response": _end_response,
    "trespass": _trespass,
}
OPENING = ("draft", "issue", "respond", "dispatch", "report", "road")


def perform(p: Play, presses: list[tuple[str, bool, int]]) -> None:
    """The opening in both worlds, so that there is something to leak; then what was drawn."""
    for verb in OPENING:
        for world in (LIVE, p.drill):
            with allowed():
                VERBS[verb](p, world, 1)
            p.react()
    for verb, in_drill, n in presses:
        with allowed():
            VERBS[verb](p, p.drill if in_drill else LIVE, n)
        p.react()
