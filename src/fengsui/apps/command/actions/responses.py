"""启动、调级、终止响应 (突发事件应对法 Art. 71, 72, 86)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.transaction import atomic

from fengsui.apps.command import events, queries, rules
from fengsui.apps.command import policy as local
from fengsui.apps.command.actions.shared import start_task_clocks, topic, why
from fengsui.apps.command.actions.tasks import finish_by_report, waive_task
from fengsui.apps.command.models import Closure, Response, Scope, Task
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.rules import MACHINE, page
from fengsui.apps.people.models import Post
from fengsui.apps.plans import queries as plans
from fengsui.apps.plans.rules import TaskSpec, expand, level_body
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused
from fengsui.kernel.levels import Level


@atomic
def propose_response(
    *,
    incident_id: UUID,
    level: Level,
    by: Actor,
    now: datetime,
    matter: str,
    expected_hours: float,
    measures: str,
    also: Sequence[UUID] = (),
) -> Response:
    """提请启动: for the incident and `also` further ones of the same hazard; the approver's clock starts."""
    incident = incident_queries.lock(incident_id, by)
    policy.require(by, "command.propose", incident)
    rules.check_level(level)
    rules.check_start_record(matter, expected_hours, measures)
    plan = plans.in_force(incident.hazard)
    if plan is None:
        raise Refused("command.response.no_plan")
    _refuse_double([incident, *_others(incident, also, by)])
    if incident.status != "responding":
        MACHINE.next(incident.status, "respond")  # an unverified report starts nothing
    points = queries.points_of(incident_queries.open_of_hazard(incident.hazard, by))
    approver = Post.objects.filter(code=level_body(plan.body, level)["approver"], retired_at__isnull=True).first()
    by = by.in_chain(incident.correlation)
    response = Response.objects.create(
        world_id=by.world,
        incident=incident,
        plan=plan,
        level=level.code,
        matter=matter.strip(),
        expected_hours=expected_hours,
        measures=measures.strip(),
        suggested=queries.suggested(plan, points).code,
        approver=approver,
        proposed_by=by.person,
        proposed_at=now,
    )
    for each in [incident, *_others(incident, also, by)]:
        Scope.objects.create(world_id=by.world, response=response, incident=each, since=now)
    clocks.start(
        rules.ACTIVATE.code,
        about=response,
        by=by,
        now=now,
        label=f"{incident.title}：{level.roman}级响应",
        owner_post=approver.pk if approver else None,
        owner_role="commander",
        url=page(incident.pk),
    )
    announce(
        events.ResponseProposed(response.pk, incident.pk, level.code, approver.title if approver else ""),
        about=response,
        by=by,
        after={"level": level.code, "matter": matter, "expected_hours": expected_hours, "measures": measures},
        topics=topic(incident.pk),
    )
    return response


def _others(incident: Incident, also: Sequence[UUID], by: Actor) -> list[Incident]:
    rows = incident_queries.open_of_hazard(incident.hazard, by).filter(pk__in=set(also) - {incident.pk})
    return list(rows.filter(status="verified"))


def _refuse_double(wanted: Iterable[Incident]) -> None:
    for each in wanted:
        running = queries.response_of(each)
        if running is not None and running.status in ("proposed", "active"):
            raise Refused("command.response.already", title=each.title)


@atomic
def activate(*, response_id: UUID, by: Actor, now: datetime, approval_note: str = "") -> Response:
    """批准启动: the plan expands to tasks with owners and clocks. Who is not the approver names the oral approval."""
    response = queries.lock_response(response_id, by)
    policy.require(by, "command.activate", response)
    if not by.system and not local.holds_approval(by, response, response.level_now) and not approval_note.strip():
        title = response.approver.title if response.approver else ""
        raise Refused("command.response.needs_approval", approver=title)
    before = response.status
    response.status = rules.RESPONSE.next(before, "activate")
    response.activated_by, response.activated_at, response.approval_note = by.person, now, approval_note.strip()
    response.save(update_fields=["status", "activated_by", "activated_at", "approval_note"])
    by = by.in_chain(response.incident.correlation)
    clocks.close(rules.ACTIVATE.code, about=response, by=by, now=now, proof={"response": response.pk})
    covered = queries.covered(response)
    for incident in covered:
        incidents.respond(incident_id=incident.pk, by=by)
    made = _assign(response, covered, by, now)
    announce(
        events.ResponseActivated(
            response.pk, response.incident_id, response.level, response.matter, response.expected_hours, len(made)
        ),
        about=response,
        by=by,
        before={"status": before},
        after={
            "status": response.status,
            "measures": response.measures,
            "approval": response.approval_note,
            "plan": f"{response.plan.code} {response.plan.version}",
            "incidents": [each.number for each in covered],
        },
        topics=topic(response.incident_id),
    )
    return response


def _assign(response: Response, covered: Sequence[Incident], by: Actor, now: datetime) -> list[Task]:
    """Tasks that the level asks for and that do not exist yet."""
    by_id = {each.pk: each for each in covered}
    specs = expand(response.plan.body, response.level_now, queries.points_of(covered))
    there = set(response.tasks.filter(~Q(status="waived")).values_list("code", "incident_id"))
    made = []
    for spec in specs:
        incident = by_id[spec.point] if spec.point else response.incident
        if (spec.code, incident.pk) not in there:
            made.append(_make(spec, response, incident, by, now))
    return made


def _make(spec: TaskSpec, response: Response, incident: Incident, by: Actor, now: datetime) -> Task:
    post, org = queries.owner(spec)
    task = Task.objects.create(
        world_id=by.world,
        response=response,
        incident=incident,
        code=spec.code,
        group=spec.group,
        title=spec.title,
        title_en=spec.title_en,
        role=spec.role,
        owner_post=post,
        owner_org=org,
        skill=spec.skill,
        deadline_s=spec.deadline_s,
        clock_kind=spec.clock,
        evidence=list(spec.evidence),
        resources=dict(spec.resources),
        after=list(spec.after),
        assigned_at=now,
    )
    own = by.in_chain(incident.correlation)
    start_task_clocks(task, own, now)
    announce(
        events.TaskAssigned(
            task.pk, incident.pk, task.code, task.title, post.pk if post else None, spec.role, spec.deadline_s
        ),
        about=task,
        by=own,
        after={"owner": post.code if post else "", "org": org.code if org else "", "skill": spec.skill},
        topics=topic(incident.pk),
    )
    if task.clock_kind:
        _prove_by_earlier_report(task, own, now)
    return task


def _prove_by_earlier_report(task: Task, by: Actor, now: datetime) -> None:
    """What was reported before the plan began is the proof of its task all the same."""
    stages = [stage for stage, kinds in rules.TASK_CLOCKS_OF_STAGE.items() if task.clock_kind in kinds]
    sent = Report.objects.in_world(by.world).filter(
        incident_id=task.incident_id, stage__in=stages, sent_at__isnull=False
    )
    if first := sent.order_by("sent_at").first():
        finish_by_report(incident_id=task.incident_id, clock_kind=task.clock_kind, by=by, now=now, title=first.title)


@atomic
def decline_response(*, response_id: UUID, by: Actor, now: datetime, reason: str) -> Response:
    """不予启动, with the reason."""
    response = queries.lock_response(response_id, by)
    policy.require(by, "command.activate", response)
    reason = why(reason)
    before = response.status
    response.status, response.reason = rules.RESPONSE.next(before, "decline"), reason
    response.ended_by, response.ended_at = by.person, now
    response.save(update_fields=["status", "reason", "ended_by", "ended_at"])
    by = by.in_chain(response.incident.correlation)
    clocks.close(rules.ACTIVATE.code, about=response, by=by, now=now, proof={"declined": reason})
    announce(
        events.ResponseDeclined(response.pk, response.incident_id, reason),
        about=response,
        by=by.because(reason),
        before={"status": before},
        after={"status": response.status},
        topics=topic(response.incident_id),
    )
    return response


@atomic
def change_level(
    *, response_id: UUID, level: Level, by: Actor, now: datetime, reason: str, approval_note: str = ""
) -> Response:
    """调级: up adds the tasks of the higher level, down waives those that nobody has taken up."""
    response = queries.lock_response(response_id, by)
    policy.require(by, "command.activate", response)
    reason = why(reason)
    rules.check_change(response.level_now, level)
    if not by.system and not local.holds_approval(by, response, level) and not approval_note.strip():
        raise Refused(
            "command.response.needs_approval", approver=level_body(response.plan.body, level)["approver_basis"]["note"]
        )
    rules.RESPONSE.next(response.status, "change")
    before, response.level = response.level, level.code
    response.save(update_fields=["level"])
    by = by.in_chain(response.incident.correlation)
    covered = queries.covered(response)
    made = _assign(response, covered, by, now)
    wanted = {
        (spec.code, spec.point or response.incident_id)
        for spec in expand(response.plan.body, level, queries.points_of(covered))
    }
    gone = rules.dropped([task.facts() for task in response.tasks.all()], wanted)
    for task_id in gone:
        waive_task(task_id=task_id, by=by, now=now, reason=f"调为{level.roman}级，不再需要")
    announce(
        events.ResponseChanged(response.pk, response.incident_id, before, level.code, reason),
        about=response,
        by=by.because(reason),
        before={"level": before},
        after={"level": level.code, "added": len(made), "waived": len(gone), "approval": approval_note.strip()},
        topics=topic(response.incident_id),
    )
    return response


@atomic
def widen(*, response_id: UUID, incident_id: UUID, by: Actor, now: datetime) -> Response:
    """纳入: one more verified incident of the same hazard comes under the response, with its tasks."""
    response = queries.lock_response(response_id, by)
    policy.require(by, "command.propose", response)
    rules.RESPONSE.next(response.status, "change")
    incident = incident_queries.lock(incident_id, by)
    _refuse_double([incident])
    Scope.objects.create(world_id=by.world, response=response, incident=incident, since=now)
    incidents.respond(incident_id=incident.pk, by=by)
    _assign(response, queries.covered(response), by, now)
    announce(
        events.ResponseWidened(response.pk, incident.pk),
        about=response,
        by=by.in_chain(response.incident.correlation),
        after={"incident": incident.number},
        topics=(*topic(response.incident_id), *topic(incident.pk)),
    )
    return response


@atomic
def end_response(*, response_id: UUID, by: Actor, now: datetime, reason: str) -> Response:
    """响应终止: an explicit act; roads still closed by hand get their clock to be reopened."""
    response = queries.lock_response(response_id, by)
    policy.require(by, "command.end", response)
    reason = why(reason)
    before = response.status
    response.status, response.reason = rules.RESPONSE.next(before, "end"), reason
    response.ended_by, response.ended_at = by.person, now
    response.save(update_fields=["status", "reason", "ended_by", "ended_at"])
    by = by.in_chain(response.incident.correlation)
    for incident in queries.covered(response):
        if incident.status == "responding":
            incidents.end(incident_id=incident.pk, by=by, now=now, reason=reason)
        for closure in Closure.objects.in_world(by.world).filter(incident=incident, until__isnull=True, kind="closed"):
            clocks.start(
                rules.REOPEN.code,
                about=closure,
                by=by.in_chain(incident.correlation),
                now=now,
                label=f"{closure.name} 恢复通行",
                owner_role="liaison",
                url=page(incident.pk),
            )
    announce(
        events.ResponseEnded(response.pk, response.incident_id, reason),
        about=response,
        by=by.because(reason),
        before={"status": before},
        after={"status": response.status},
        topics=topic(response.incident_id),
    )
    return response
