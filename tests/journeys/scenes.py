"""What has happened before each task: by readings through the broker, or by the verbs that people press.

They run inside the installation, in a thread without a browser; what they return is text and keys, never rows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.utils import timezone

from fengsui.apps.alerts import actions as alerts
from fengsui.apps.alerts.models import Bulletin, Call, Warning
from fengsui.apps.alerts.rules import IN_FORCE, UNDECIDED
from fengsui.apps.command import actions as command
from fengsui.apps.command.models import TASK_OPEN, UNDER_WAY, Closure, Deployment, Response, Task
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents import queries, reports
from fengsui.apps.incidents.models import OPEN, Incident, Report
from fengsui.apps.incidents.rules import FIELDS
from fengsui.apps.people import actions as rights
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Account, Handover, Person, Post
from fengsui.apps.places.models import WaterloggingPoint
from fengsui.apps.resources.models import Team
from fengsui.apps.reviews import actions as reviewing
from fengsui.apps.reviews.models import Paper, Review
from fengsui.apps.sensing.models import CurrentValue
from fengsui.config.ops.home import Home
from fengsui.config.story.cast import logins
from fengsui.config.wiring import district
from fengsui.core import clocks
from fengsui.core.worlds import LIVE
from fengsui.ingest.replayer import Replayer
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level
from fengsui.kernel.replay import Due, Item

T = TypeVar("T")
WHY = "上一项任务留下的，结束"
PATIENCE_S = 90.0
POINTS = 5
OWED = ("police-core-traffic",) * 3 + ("construction-core-liaison",) * 2
LASTS_S, STEP_S, RISE_S, PEAK_M = 1800, 30, 1200, 0.46


def by(login: str) -> Actor:
    return people.actor_for(Account.objects.get(username=login).person_id, LIVE)


def until(what: str, look: Callable[[], T | None]) -> T:
    """Wait for what the workers do. Raises AssertionError naming it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.2)
    return found


def quiet() -> bool:
    """Whether every reaction to what has happened is through; what is to be tried again later does not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs "
            "WHERE status IN ('todo', 'doing') AND (scheduled_at IS NULL OR scheduled_at <= now())"
        )
        return cursor.fetchone()[0] == 0


def tidy() -> None:
    """End what another task left open, so that each can be done alone, again and in any order."""
    now, leader, chief = timezone.now(), by("leader"), by("commander")
    for task in Task.objects.in_world(LIVE).filter(status__in=TASK_OPEN).order_by("pk"):
        command.waive_task(task_id=task.pk, by=leader, now=now, reason=WHY)
    home = {"arrived": ("leave", "return"), "working": ("leave", "return"), "leaving": ("return",)}
    for row in Deployment.objects.in_world(LIVE).filter(stage__in=UNDER_WAY).order_by("pk"):
        for verb in home.get(row.stage, ("recall",)):
            command.move(order_id=row.order_id, verb=verb, by=leader, now=now, note=WHY)
    for closure in Closure.objects.in_world(LIVE).filter(kind="closed", until__isnull=True).order_by("pk"):
        command.reopen_road(closure_id=closure.pk, by=leader, now=now, note=WHY)
    for response in Response.objects.in_world(LIVE).filter(status__in=["proposed", "active"]).order_by("pk"):
        stop = command.end_response if response.status == "active" else command.decline_response
        stop(response_id=response.pk, by=chief, now=now, reason=WHY)
    for report in Report.objects.in_world(LIVE).filter(status__in=["draft", "review", "signed"]).order_by("pk"):
        if report.status == "signed":
            reports.give_back(report_id=report.pk, by=leader, reason=WHY)
        reports.withdraw(report_id=report.pk, by=by("duty"), reason=WHY)
    for warning in Warning.objects.in_world(LIVE).filter(status__in=IN_FORCE | UNDECIDED).order_by("pk"):
        verb = alerts.lift if warning.status in IN_FORCE else alerts.reject
        verb(warning_id=warning.pk, by=leader, now=now, reason=WHY)
    for row in Incident.objects.in_world(LIVE).filter(status__in=OPEN).order_by("pk"):
        if row.status in ("received", "verified"):
            incidents.dismiss(incident_id=row.pk, by=leader, now=now, reason=WHY)
        else:
            file_away(row.pk)
    for shift in Handover.objects.in_world(LIVE).filter(status="offered"):
        rights.keep_shift(handover_id=shift.pk, by=people.actor_for(shift.outgoing_id, LIVE), now=now)
    until("every reaction to the tidying", quiet)
    for review in Review.objects.in_world(LIVE).filter(status="open").order_by("pk"):
        reviewing.finish(incident_id=review.incident_id, by=leader, now=now, assessment=WHY, lessons=WHY)
    for n in range(len(OWED)):
        clocks.cancel("command.progress", about=_anybody(), slot=f"journey-{n}", by=leader, now=now, reason=WHY)


@dataclass(frozen=True, slots=True)
class Spot:
    """A waterlogging point: key, name, station."""

    pk: UUID
    name: str
    station: str


def spot(index: int) -> Spot:
    """The bureau's own points, whose duty officer and leader are those of the demonstration's first accounts."""
    own = WaterloggingPoint.objects.filter(place__jurisdiction="core").select_related("place")
    row = own.order_by("place__code")[index]
    found = next(each for each in district().points if each.code == row.place.code)
    return Spot(row.place_id, row.place.name, found.station)


def rising_water() -> Spot:
    """Readings of a rising depth sent as the device sends them, until the platform has drafted its warning.

    At the first point that is dry: what an earlier telling let rise has not fallen yet.
    """
    wet = CurrentValue.objects.filter(datastream__kind="water_depth", level__gt=0)
    full = set(wet.values_list("datastream__station__code", flat=True))
    here = next(each for n in range(POINTS) if (each := spot(n)).station not in full)
    now = datetime.now(UTC)
    plan = []
    for at in range(-LASTS_S, 1, STEP_S):
        depth = round(min(PEAK_M, PEAK_M * (at + LASTS_S) / RISE_S), 3)
        plan.append(Due(0.0, now + timedelta(seconds=at), Item(float(at), here.station, depth, "m", float(at))))
    who = logins(district(), Home.here(), (here.station,))
    with Replayer(os.environ["FENGSUI_MQTT_HOST"], int(os.environ["FENGSUI_MQTT_PORT"]), who) as devices:
        sent = devices.play(plan)
    assert sent.acknowledged == len(plan), sent
    drafts = Warning.objects.in_world(LIVE).filter(place_id=here.pk, status="draft", level=Level.RED)
    until(f"a red draft for {here.name}", drafts.first)
    return here


def issued(index: int = 0) -> tuple[Spot, Bulletin]:
    """An orange warning decided by two; the first name of each line is called and silent."""
    here, now = spot(index), timezone.now()
    warning = alerts.draft_by_hand(
        place_id=here.pk, hazard="waterlogging", level=Level.ORANGE, reason="现场看见积水", by=by("duty"), now=now
    )
    alerts.confirm(warning_id=warning.pk, by=by("duty"), now=now)
    bulletin = alerts.issue(warning_id=warning.pk, by=by("leader"), now=now)
    return here, bulletin


def silent(index: int = 1) -> tuple[Spot, UUID, list[UUID]]:
    """Called and not answering; the keys of the bulletin and of the calls."""
    here, bulletin = issued(index)
    called = Call.objects.in_world(LIVE).filter(bulletin=bulletin, state="called").order_by("line")
    return here, bulletin.pk, list(called.values_list("pk", flat=True))


def incident(index: int = 0) -> tuple[Spot, UUID]:
    """The incident that the platform opens from an orange bulletin."""
    here, bulletin = issued(index)
    rows = Incident.objects.in_world(LIVE).filter(warning_id=bulletin.warning_id)
    return here, until("the incident of the bulletin", rows.first).pk


def responding(index: int = 0) -> tuple[Spot, UUID]:
    here, pk = incident(index)
    now = timezone.now()
    response = command.propose_response(
        incident_id=pk, level=Level.ORANGE, by=by("duty"), now=now, matter="内涝", expected_hours=6.0,
        measures="封控、抽排",
    )  # fmt: skip
    command.activate(response_id=response.pk, by=by("commander"), now=now)
    return here, pk


def closed_road(index: int = 0) -> tuple[Spot, UUID]:
    """A response runs, and the road of the point is closed: what goes there has to go round."""
    here, pk = responding(index)
    command.close_road(incident_id=pk, by=by("duty"), now=timezone.now(), reason="桥下积水")
    return here, pk


def pump_task(incident_id: UUID) -> Task:
    rows = Task.objects.in_world(LIVE).filter(incident_id=incident_id).exclude(skill="")
    return next(row for row in rows.order_by("code") if "泵" in row.title)


def under_way(index: int = 0) -> tuple[Spot, UUID]:
    """The first team stands at the point and pumps; it owes word of how it goes. Returns its task."""
    here, pk = responding(index)
    now, task = timezone.now(), pump_task(pk)
    team = Team.objects.get(leader_post__holdings__person__account__username="team")
    order = command.dispatch(task_id=task.pk, team_id=team.pk, by=by("duty"), now=now)
    for verb in ("accept", "depart", "arrive"):
        command.move(order_id=order.pk, verb=verb, by=by("team"), now=now)
    return here, task.pk


def _anybody() -> Person:
    return Person.objects.order_by("pk")[0]


def overdue() -> list[str]:
    """Clocks of several departments that ran out; the labels of the first department's."""
    now, labels = timezone.now(), []
    for n, code in enumerate(OWED):
        post = Post.objects.get(code=code)
        label = f"{post.title} 欠第 {n + 1} 件"
        clocks.start(
            "command.progress", about=_anybody(), slot=f"journey-{n}", by=Actor(world=LIVE, system="journeys"),
            now=now - timedelta(hours=3, minutes=n), label=label, owner_post=post.pk,
        )  # fmt: skip
        labels += [label] if code == OWED[0] else []
    return labels


def finished(index: int = 0) -> tuple[Spot, UUID]:
    """Closed by the book: every report sent, every task with its result, the file shut; the review not written."""
    here, pk = incident(index)
    incidents.respond(incident_id=pk, by=by("duty"))
    warning = Incident.objects.in_world(LIVE).get(pk=pk).warning_id
    alerts.lift(warning_id=warning, by=by("leader"), now=timezone.now(), reason="水退")
    file_away(pk)
    until("the review", lambda: _review(pk))
    return here, pk


def file_away(pk: UUID) -> None:
    """What is still owed of an incident that is handled, and the file is shut."""
    now, duty, leader = timezone.now(), by("duty"), by("leader")
    row = Incident.objects.in_world(LIVE).get(pk=pk)
    sent = set(row.reports.filter(sent_at__isnull=False).values_list("stage", flat=True))
    for stage in [each for each in ("first_phone", "first_written") if each not in sent]:
        _report(pk, stage, duty, leader, now)
    if row.status == "responding":
        incidents.end(incident_id=pk, by=leader, now=now, reason="水退，路面已清")
    if "final" not in sent:
        _report(pk, "final", duty, leader, now)
    for kind in queries.owed_reports(row):
        clocks.cancel(kind, about=row, by=duty, now=now, reason="不再需要")
    command.close_incident(incident_id=pk, by=leader, now=now)


def _review(pk: UUID) -> Review | None:
    return Review.objects.in_world(LIVE).filter(incident_id=pk).first()


def _report(pk: UUID, stage: str, duty: Actor, leader: Actor, now: datetime) -> None:
    row = reports.draft(incident_id=pk, stage=stage, by=duty, now=now)
    if stage != "first_phone":
        said = {code: row.fields.get(code) or "已处置" for code, _label, required in FIELDS[stage] if required}
        reports.edit(report_id=row.pk, by=duty, fields=said)
        reports.submit(report_id=row.pk, by=duty, now=now)
        reports.sign(report_id=row.pk, by=leader, now=now)
    reports.send(report_id=row.pk, by=duty, now=now)


def printed(pk: UUID) -> bool:
    """Whether the frozen report of this incident is a PDF."""
    row = Paper.objects.in_world(LIVE).filter(incident_id=pk, kind="issued", status="ready").first()
    return row is not None and bytes(row.pdf).startswith(b"%PDF")
