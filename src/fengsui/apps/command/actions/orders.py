"""派遣令: frozen when issued; the team's steps are appended beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.gis.geos import LineString, Point
from django.db.transaction import atomic

from fengsui.apps.command import dispatching, events, queries, rules, ways
from fengsui.apps.command.actions.shared import answered, ask_duty, start_task_clocks, topic
from fengsui.apps.command.actions.tasks import accept_task, start_task
from fengsui.apps.command.models import UNDER_WAY, Deployment, Movement, Order, Task
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.people import queries as people
from fengsui.apps.resources.models import Team
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.core.worlds import sign
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused

BEIJING = ZoneInfo("Asia/Shanghai")


def dispatch(*, task_id: UUID, team_id: UUID, by: Actor, now: datetime, note: str = "") -> Order:
    """派力量: the advice and the way are computed first, then the order is written in one transaction.

    Never the same team twice: the team's row is the lock, a constraint stands behind it.
    Raises Refused("command.dispatch.busy") naming who sent it.
    """
    policy.require(by, "command.dispatch")
    suggestion = dispatching.suggest_dispatch(task_id=task_id, by=by)
    option = suggestion.option(team_id)
    if option is None:
        team = Team.objects.filter(pk=team_id).first()
        raise Refused("command.dispatch.unfit", team=team.name if team else str(team_id))
    way = ways.way(option.position, suggestion.to, by.world, ways.vehicle_for(suggestion.task.skill))
    return _issue(suggestion, option, way, by, now, note.strip())


@atomic
def _issue(
    suggestion: dispatching.Suggestion, option: dispatching.Option, way: ways.Way, by: Actor, now: datetime, note: str
) -> Order:
    task = queries.lock_task(suggestion.task.pk, by)
    policy.require(by, "command.dispatch", task)
    if task.status in rules.TASK.final:
        raise Refused("command.dispatch.closed", state=rules.TASK_STATES.term(task.status))
    team = Team.objects.select_for_update(of=("self",)).select_related("org", "leader_post").get(pk=option.team.pk)
    _refuse_busy(team, by)
    if not option.ranked.can_go:
        raise Refused("command.dispatch.unfit", team=team.name, why="、".join(option.against))
    incident = task.incident
    by = by.in_chain(incident.correlation)
    day = now.astimezone(BEIJING).date()
    serial = incident_queries.draw_serial(by.world, f"order:{day:%Y%m%d}")
    leader = next(iter(people.holders([team.leader_post_id]).get(team.leader_post_id, [])), None)
    issuer = people.people_names([by.person]).get(by.person, "") if by.person else by.system
    to_name = incident.place.name if incident.place else incident.address
    order = Order.objects.create(
        world_id=by.world,
        number=sign(by.world) + rules.order_number(day, serial),
        task=task,
        incident=incident,
        team=team,
        team_name=team.name,
        leader_name=leader.name if leader else "",
        leader_post=team.leader_post_id,
        to_name=to_name,
        from_point=team.base,
        to_point=incident.point,
        route=LineString([tuple(each) for each in way.line], srid=4326),
        route_source=way.source,
        seconds=way.seconds,
        distance_m=way.metres,
        assembly_s=team.assembly_min * 60,
        asked=_asked(task, team, to_name, suggestion, note),
        reasons=[{"said": text, "against": against} for text, against in option.reasons],
        alternatives=_alternatives(suggestion, way),
        avoided=list(suggestion.avoided),
        chosen_first=option.ranked.chosen,
        issued_by=by.person,
        issued_by_name=issuer,
        issued_at=now,
    )
    deployment = Deployment.objects.create(world_id=by.world, order=order, team=team, stage_at=now)
    Movement.objects.create(world_id=by.world, order=order, stage="issued", at=now, by_person=by.person, note=note)
    _hand_over(task, team, by, now)
    answered(task, by, now, "dispatch")
    _clock(rules.ACCEPT.code, deployment, by, now)
    announce(
        events.OrderIssued(
            order.pk, incident.pk, task.pk, order.number, team.pk, team.name, round(way.seconds, 1), order.chosen_first
        ),
        about=order,
        by=by,
        after={"asked": order.asked, "reasons": order.reasons, "alternatives": order.alternatives, "route": way.source},
        topics=(*topic(incident.pk), f"command.task:{task.pk}"),
    )
    return order


def _refuse_busy(team: Team, by: Actor) -> None:
    running = (
        Deployment.objects.in_world(by.world).filter(team=team, stage__in=UNDER_WAY).select_related("order").first()
    )
    if running is not None:
        raise Refused(
            "command.dispatch.busy",
            team=team.name,
            order=running.order.number,
            who=running.order.issued_by_name,
        )


def _asked(task: Task, team: Team, to_name: str, suggestion: dispatching.Suggestion, note: str) -> str:
    parts = [f"请{team.name}即赴{to_name}：{task.title.split('：')[-1]}。"]
    if suggestion.need.pump_m3h:
        parts.append(f"现场尚需排水能力 {suggestion.need.pump_m3h:g} m³/h。")
    if avoid := [name for name in suggestion.avoided if name != to_name]:
        parts.append(f"途中避开：{'、'.join(avoid)}。")
    if note:
        parts.append(note)
    return "".join(parts)


def _alternatives(suggestion: dispatching.Suggestion, way: ways.Way) -> list[dict[str, Any]]:
    """Other sets of teams, and other ways of this one: what was known when the order was given."""
    teams = [
        {"kind": "teams", "teams": suggestion.named(each), "last_s": round(each.last_s)}
        for each in suggestion.advice.alternatives
    ]
    return teams + [
        {"kind": "way", "seconds": round(each.seconds), "metres": round(each.metres)} for each in way.others
    ]


def _hand_over(task: Task, team: Team, by: Actor, now: datetime) -> None:
    """The first team sent becomes the owner of a task that waited for one; its clock goes on under its leader."""
    if not task.skill or task.owner_post_id is not None:
        return
    ended = clocks.cancel(rules.DO.code, about=task, by=by, now=now, reason=f"已派{team.name}")
    left = max(60, int((ended[0].due_at - now).total_seconds())) if ended else task.deadline_s
    task.owner_post, task.owner_org = team.leader_post, team.org
    task.save(update_fields=["owner_post", "owner_org"])
    clocks.start(
        rules.DO.code,
        about=task,
        by=by,
        now=now,
        label=task.title,
        owner_post=team.leader_post_id,
        url=f"/tasks/{task.pk}/",
        limit_s=left,
    )


def _take_back(task: Task, deployment: Deployment, by: Actor, now: datetime) -> None:
    """The owning team does not come: another one under way takes the task over, else the duty room owes it again."""
    order = deployment.order
    if not task.skill or task.status in rules.TASK.final or task.owner_post_id != order.leader_post:
        return
    other = (
        Deployment.objects.in_world(by.world)
        .filter(order__task=task, stage__in=UNDER_WAY)
        .exclude(pk=deployment.pk)
        .select_related("team")
        .order_by("stage_at")
        .first()
    )
    ended = clocks.cancel(
        rules.DO.code, about=task, by=by, now=now, reason=f"{order.team_name}{rules.STAGES.zh(deployment.stage)}"
    )
    left = max(60, int((ended[0].due_at - now).total_seconds())) if ended else task.deadline_s
    task.owner_post_id = other.team.leader_post_id if other else None
    task.owner_org_id = other.team.org_id if other else None
    task.save(update_fields=["owner_post", "owner_org"])
    start_task_clocks(task, by, now, limit_s=left)


def _clock(kind: str, deployment: Deployment, by: Actor, now: datetime, limit_s: int | None = None) -> None:
    order = deployment.order
    clocks.start(
        kind,
        about=deployment,
        by=by,
        now=now,
        label=f"{order.team_name} {order.number}",
        owner_post=order.leader_post,
        owner_role="team_leader",
        url=f"/tasks/{order.task_id}/",
        limit_s=limit_s,
    )


@atomic
def move(
    *,
    order_id: UUID,
    verb: str,
    by: Actor,
    now: datetime,
    position: tuple[float, float] | None = None,
    note: str = "",
    made_at: datetime | None = None,
) -> Deployment:
    """接令、出发、到场、作业、撤收、归建 (accept, depart, arrive, work, leave, return), 拒接, 召回: each appended.

    Accepting an order accepts its task, arriving starts it: one press each on the phone.
    """
    found = Order.objects.in_world(by.world).filter(pk=order_id).values_list("task_id", flat=True).first()
    if found is None:
        raise NotFound("command.order.not_found")
    task = queries.lock_task(found, by)  # the task first, then the deployment: the same order as everywhere
    deployment = queries.lock_deployment(order_id, by)
    order = deployment.order
    policy.require(by, "command.recall" if verb == "recall" else "command.move", deployment)
    before, deployment.stage = deployment.stage, rules.MOVEMENT.next(deployment.stage, verb)
    deployment.stage_at = now
    deployment.save(update_fields=["stage", "stage_at"])
    own = by.in_chain(task.incident.correlation)
    Movement.objects.create(
        world_id=by.world,
        order=order,
        stage=deployment.stage,
        at=now,
        made_at=made_at,
        by_person=by.person,
        position=Point(*position) if position else None,
        note=note.strip(),
    )
    _move_clocks(deployment, verb, own, now)
    if verb in ("decline", "recall"):
        _take_back(task, deployment, own, now)
    if verb == "decline" and task.status not in rules.TASK.final:
        ask_duty(task, own, now, f"{order.team_name}拒接")
    if verb == "accept" and task.status == "waiting":
        accept_task(task_id=task.pk, by=by, now=now)
    if verb == "arrive" and task.status in ("accepted", "blocked"):
        start_task(task_id=task.pk, by=by, now=now)
    announce(
        events.OrderMoved(order.pk, order.incident_id, order.number, order.team_name, deployment.stage, now),
        about=order,
        by=own,
        before={"stage": before},
        after={"stage": deployment.stage, "note": note.strip(), **({"made_at": made_at} if made_at else {})},
        topics=(*topic(order.incident_id), f"command.task:{task.pk}"),
    )
    return deployment


def _move_clocks(deployment: Deployment, verb: str, by: Actor, now: datetime) -> None:
    """Each step proves one clock and starts the next."""
    order = deployment.order
    proof = {"order": order.number, "stage": deployment.stage}
    if verb in ("decline", "recall"):
        for kind in (rules.ACCEPT, rules.DEPART, rules.ARRIVE, rules.PROGRESS, rules.RETURN):
            clocks.cancel(kind.code, about=deployment, by=by, now=now, reason=rules.STAGES.zh(deployment.stage))
        return
    closes = {
        "accept": rules.ACCEPT,
        "depart": rules.DEPART,
        "arrive": rules.ARRIVE,
        "leave": rules.PROGRESS,
        "return": rules.RETURN,
    }
    if verb in closes:
        clocks.close(closes[verb].code, about=deployment, by=by, now=now, proof=proof)
    if verb == "accept":
        _clock(rules.DEPART.code, deployment, by, now, max(60, order.assembly_s))
    elif verb == "depart":
        _clock(rules.ARRIVE.code, deployment, by, now, max(60, round(order.seconds * rules.ARRIVE_MARGIN)))
    elif verb == "arrive" and deployment.order.task.status not in rules.TASK.final:
        _clock(rules.PROGRESS.code, deployment, by, now)
    elif verb == "leave":
        _clock(rules.RETURN.code, deployment, by, now)
