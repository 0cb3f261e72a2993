"""Dispatch: who should go and why, the order, and each step of the team."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router
from pydantic import Field

from fengsui.apps.command import actions, dispatching, queries, rules
from fengsui.apps.command.models import Order
from fengsui.apps.incidents import queries as incident_queries
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Among, Body, Moment, Out, Page, Position
from fengsui.kernel.errors import NotFound

router = Router()
READ = scope("orders:read", _("看派遣令和派力量的建议"))
DISPATCH = scope("orders:dispatch", _("派力量、召回"))
MOVE = scope("orders:move", _("队伍接令、出发、到场、撤收、归建"))

Step = Annotated[str, Among.of(sorted({verb for row in rules.MOVEMENT.moves.values() for verb in row} - {"recall"}))]


class Dispatch(Body):
    team: Annotated[UUID, Field(title=_("队伍"))]
    note: Annotated[str, Field(title=_("要求"), max_length=300)] = ""


class Moving(Body):
    position: Annotated[Position | None, Field(title=_("位置"))] = None
    note: Annotated[str, Field(title=_("说明"), max_length=300)] = ""


class OptionOut(Out):
    team: UUID
    name: str
    advised: bool
    can_go: bool
    travel_s: float | None
    distance_m: float | None
    reasons: list[str]


class SuggestionOut(Out):
    task: UUID
    estimated: bool
    avoided: list[str]
    options: list[OptionOut]


class OrderOut(Out):
    id: UUID
    number: str
    task: UUID
    incident: UUID
    team: UUID
    team_name: str
    to: str
    asked: str
    seconds: float
    distance_m: float
    route_source: str
    stage: str
    stage_at: Moment
    issued_at: Moment


def _order(row: Order) -> OrderOut:
    return OrderOut(
        id=row.pk, number=row.number, task=row.task_id, incident=row.incident_id, team=row.team_id,
        team_name=row.team_name, to=row.to_name, asked=row.asked, seconds=round(row.seconds, 1),
        distance_m=round(row.distance_m, 1), route_source=row.route_source, stage=row.deployment.stage,
        stage_at=row.deployment.stage_at, issued_at=row.issued_at,
    )  # fmt: skip


def _found(request: HttpRequest, order_id: UUID) -> Order:
    """One that the holder leads, or of an incident in his sight, as on its page."""
    by = by_of(request)
    policy.require(by, "command.view")
    row = Order.objects.in_world(by.world).select_related("deployment").filter(pk=order_id).first()
    if row is None:
        raise NotFound("command.order.not_found")
    if row.leader_post not in by.posts and not incident_queries.visible_to(by).filter(pk=row.incident_id).exists():
        raise NotFound("command.order.not_found")
    return row


@reads(
    router,
    "/tasks/{uuid:task_id}/suggestion",
    scope=READ,
    summary=_("派力量的建议"),
    response=SuggestionOut,
    page="command:task-dispatch",
)
def suggestion(request: HttpRequest, task_id: UUID) -> SuggestionOut:
    """Teams ranked with the reasons for and against; computed now, over the roads that are open now."""
    by = by_of(request)
    policy.require(by, "command.dispatch", queries.get_task(task_id, by))
    found = dispatching.suggest_dispatch(task_id=task_id, by=by)
    options = [
        OptionOut(
            team=each.team.pk, name=each.team.name, advised=each.ranked.chosen, can_go=each.ranked.can_go,
            travel_s=each.travel_s, distance_m=each.metres, reasons=[text for text, _against in each.reasons],
        )
        for each in found.options
    ]  # fmt: skip
    return SuggestionOut(task=task_id, estimated=found.estimated, avoided=list(found.avoided), options=options)


@reads(router, "/tasks/{uuid:task_id}/orders", scope=READ, summary=_("任务的派遣令"), response=Page[OrderOut])
def orders(request: HttpRequest, task_id: UUID) -> Page[OrderOut]:
    by = by_of(request)
    policy.require(by, "command.view")
    rows = queries.get_task(task_id, by).orders.select_related("deployment").order_by("issued_at", "id")
    return Page[OrderOut](items=[_order(row) for row in rows])


@writes(
    router,
    "/tasks/{uuid:task_id}/orders",
    scope=DISPATCH,
    summary=_("派力量"),
    response=OrderOut,
    status=201,
    page="command:task-dispatch",
)
def dispatch(request: HttpRequest, task_id: UUID, body: Dispatch) -> OrderOut:
    """One team, one order; the same team is never sent twice."""
    by = by_of(request)
    policy.require(by, "command.dispatch", queries.get_task(task_id, by))
    row = actions.dispatch(task_id=task_id, team_id=body.team, by=by, now=timezone.now(), note=body.note)
    return _order(_found(request, row.pk))


@reads(
    router, "/orders/{uuid:order_id}", scope=READ, summary=_("一份派遣令"), response=OrderOut, page="command:order-show"
)
def order(request: HttpRequest, order_id: UUID) -> OrderOut:
    return _order(_found(request, order_id))


@writes(
    router,
    "/orders/{uuid:order_id}/recall",
    scope=DISPATCH,
    summary=_("召回队伍"),
    response=OrderOut,
    page="command:order-act recall",
)
def recall(request: HttpRequest, order_id: UUID, body: Moving) -> OrderOut:
    return _moved(request, order_id, "recall", body)


@writes(
    router,
    "/orders/{uuid:order_id}/{step}",
    scope=MOVE,
    summary=_("队伍的一步"),
    response=OrderOut,
    page="command:order-act *",
)
def move(request: HttpRequest, order_id: UUID, step: Step, body: Moving) -> OrderOut:
    """Each step is appended with its time and, where given, the position."""
    return _moved(request, order_id, step, body)


def _moved(request: HttpRequest, order_id: UUID, verb: str, body: Moving) -> OrderOut:
    _found(request, order_id)
    position = body.position.pair if body.position else None
    actions.move(order_id=order_id, verb=verb, by=by_of(request), now=timezone.now(), position=position, note=body.note)
    return _order(_found(request, order_id))
