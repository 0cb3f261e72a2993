"""Responses, closures, drafting a report with what command knows, and filing an incident."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router
from pydantic import Field

from fengsui.apps.command import actions, queries, room
from fengsui.apps.command.models import Closure, Response
from fengsui.apps.incidents import reports
from fengsui.apps.incidents.rules import STAGES
from fengsui.apps.incidents.shown import IncidentOut, ReportOut, incident_out, report_out
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Among, Body, Moment, Nothing, Out, Page, Reason
from fengsui.kernel.levels import Level

router = Router()
READ = scope("responses:read", _("看应急响应和封控"))
WRITE = scope("responses:write", _("提请、批准、调级、终止响应，归档事件"))
ROADS = scope("roads:write", _("封控道路、恢复通行"))
DRAFT = scope("incidents:draft", _("拟信息报送"))

LevelCode = Literal["blue", "yellow", "orange", "red"]
Note = Annotated[str, Field(title=_("口头批准"), max_length=200)]


class Proposal(Body):
    level: Annotated[LevelCode, Field(title=_("响应级别"))]
    matter: Annotated[str, Field(title=_("响应事项"), min_length=1, max_length=200)]
    expected_hours: Annotated[float, Field(title=_("预计期限（小时）"), ge=0.5, le=720, allow_inf_nan=False)]
    measures: Annotated[str, Field(title=_("应急处置措施"), min_length=1, max_length=4000)]
    also: Annotated[list[UUID], Field(title=_("一并纳入"), max_length=50)] = []
    activate: Annotated[bool, Field(title=_("当场批准启动"))] = False
    approval_note: Note = ""


class Activation(Body):
    approval_note: Note = ""


class Change(Reason):
    level: Annotated[LevelCode, Field(title=_("响应级别"))]
    approval_note: Note = ""


class Widening(Body):
    incident: Annotated[UUID, Field(title=_("纳入的事件"))]


class ClosureNote(Body):
    note: Annotated[str, Field(title=_("放行说明"), min_length=1, max_length=300)]


class DraftOf(Body):
    stage: Annotated[str, Among.of(STAGES), Field(title=_("阶段"))]


class ResponseOut(Out):
    id: UUID
    incident: UUID
    plan: str
    level: str
    status: str
    matter: str
    expected_hours: float
    measures: str
    proposed_at: Moment
    activated_at: Moment | None
    ended_at: Moment | None
    reason: str


class ClosureOut(Out):
    id: UUID
    kind: str
    name: str
    incident: UUID | None
    reason: str
    since: Moment
    until: Moment | None
    line: list[list[float]]


def _response(row: Response) -> ResponseOut:
    return ResponseOut(
        id=row.pk, incident=row.incident_id, plan=row.plan.code, level=row.level, status=row.status, matter=row.matter,
        expected_hours=row.expected_hours, measures=row.measures, proposed_at=row.proposed_at,
        activated_at=row.activated_at, ended_at=row.ended_at, reason=row.reason,
    )  # fmt: skip


def _closure(row: Closure) -> ClosureOut:
    line = [[round(x, 6), round(y, 6)] for x, y in row.line.coords]
    return ClosureOut(
        id=row.pk, kind=row.kind, name=row.name, incident=row.incident_id, reason=row.reason, since=row.since,
        until=row.until, line=line,
    )  # fmt: skip


def _found(request: HttpRequest, response_id: UUID) -> ResponseOut:
    row = Response.objects.in_world(by_of(request).world).select_related("plan").get(pk=response_id)
    return _response(row)


@reads(
    router,
    "/incidents/{uuid:incident_id}/responses",
    scope=READ,
    summary=_("事件的应急响应"),
    response=Page[ResponseOut],
)
def responses(request: HttpRequest, incident_id: UUID) -> Page[ResponseOut]:
    by = by_of(request)
    policy.require(by, "command.view")
    rows = queries.get_incident(incident_id, by).responses.select_related("plan").order_by("-proposed_at", "id")
    return Page[ResponseOut](items=[_response(row) for row in rows])


@writes(
    router,
    "/incidents/{uuid:incident_id}/responses",
    scope=WRITE,
    summary=_("提请响应"),
    response=ResponseOut,
    status=201,
    page="command:response-start",
)
def start(request: HttpRequest, incident_id: UUID, body: Proposal) -> ResponseOut:
    """With `activate` approved in the same call, where the holder's post may."""
    by = by_of(request)
    queries.get_incident(incident_id, by)
    row = actions.propose_response(
        incident_id=incident_id,
        level=Level.of(body.level),
        by=by,
        now=timezone.now(),
        matter=body.matter,
        expected_hours=body.expected_hours,
        measures=body.measures,
        also=body.also,
    )
    if body.activate:
        actions.activate(response_id=row.pk, by=by, now=timezone.now(), approval_note=body.approval_note)
    return _found(request, row.pk)


@writes(
    router,
    "/responses/{uuid:response_id}/activate",
    scope=WRITE,
    summary=_("批准启动"),
    response=ResponseOut,
    page="command:response-act activate",
)
def activate(request: HttpRequest, response_id: UUID, body: Activation) -> ResponseOut:
    """The plan's level comes into force and its tasks are given out."""
    actions.activate(response_id=response_id, by=by_of(request), now=timezone.now(), approval_note=body.approval_note)
    return _found(request, response_id)


@writes(
    router,
    "/responses/{uuid:response_id}/decline",
    scope=WRITE,
    summary=_("不予启动"),
    response=ResponseOut,
    page="command:response-act decline",
)
def decline(request: HttpRequest, response_id: UUID, body: Reason) -> ResponseOut:
    actions.decline_response(response_id=response_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _found(request, response_id)


@writes(
    router,
    "/responses/{uuid:response_id}/change",
    scope=WRITE,
    summary=_("调整响应级别"),
    response=ResponseOut,
    page="command:response-act change",
)
def change(request: HttpRequest, response_id: UUID, body: Change) -> ResponseOut:
    actions.change_level(
        response_id=response_id,
        level=Level.of(body.level),
        by=by_of(request),
        now=timezone.now(),
        reason=body.reason,
        approval_note=body.approval_note,
    )
    return _found(request, response_id)


@writes(
    router,
    "/responses/{uuid:response_id}/widen",
    scope=WRITE,
    summary=_("纳入事件"),
    response=ResponseOut,
    page="command:response-act widen",
)
def widen(request: HttpRequest, response_id: UUID, body: Widening) -> ResponseOut:
    actions.widen(response_id=response_id, incident_id=body.incident, by=by_of(request), now=timezone.now())
    return _found(request, response_id)


@writes(
    router,
    "/responses/{uuid:response_id}/end",
    scope=WRITE,
    summary=_("终止响应"),
    response=ResponseOut,
    page="command:response-act end",
)
def end(request: HttpRequest, response_id: UUID, body: Reason) -> ResponseOut:
    actions.end_response(response_id=response_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _found(request, response_id)


@writes(
    router,
    "/incidents/{uuid:incident_id}/close",
    scope=WRITE,
    summary=_("归档事件"),
    response=IncidentOut,
    page="command:incident-close",
)
def close(request: HttpRequest, incident_id: UUID, body: Nothing) -> IncidentOut:
    """Refused while a task has no result or a report is owed; `facts` say which."""
    by = by_of(request)
    policy.require(by, "command.view")
    queries.get_incident(incident_id, by)
    actions.close_incident(incident_id=incident_id, by=by, now=timezone.now())
    return incident_out(queries.get_incident(incident_id, by))


@writes(
    router,
    "/incidents/{uuid:incident_id}/report-drafts",
    scope=DRAFT,
    summary=_("拟信息报送"),
    response=ReportOut,
    status=201,
    page="command:report-draft",
)
def draft(request: HttpRequest, incident_id: UUID, body: DraftOf) -> ReportOut:
    """Prefilled with what the platform knows; one that waits already is answered as it is."""
    by = by_of(request)
    incident = queries.get_incident(incident_id, by)
    row = incident.reports.filter(stage=body.stage, status__in=reports.UNSENT).first()
    if row is None:
        known = room.known_for_reports(incident)
        row = reports.draft(incident_id=incident_id, stage=body.stage, by=by, now=timezone.now(), more=known)
    return report_out(row)


@reads(router, "/closures", scope=READ, summary=_("现行封控"), response=Page[ClosureOut], page="command:closure-layer")
def closures(request: HttpRequest) -> Page[ClosureOut]:
    """Stretches that no route may use now."""
    policy.require(by_of(request), "command.view")
    rows = queries.closures_now(by_of(request).world).order_by("-since", "id")[:500]
    return Page[ClosureOut](items=[_closure(row) for row in rows])


@writes(
    router,
    "/incidents/{uuid:incident_id}/closures",
    scope=ROADS,
    summary=_("封控道路"),
    response=ClosureOut,
    status=201,
    page="command:road-close",
)
def close_road(request: HttpRequest, incident_id: UUID, body: Reason) -> ClosureOut:
    """Along the point's own line."""
    return _closure(
        actions.close_road(incident_id=incident_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    )


@writes(
    router,
    "/closures/{uuid:closure_id}/reopen",
    scope=ROADS,
    summary=_("恢复通行"),
    response=ClosureOut,
    page="command:road-reopen",
)
def reopen(request: HttpRequest, closure_id: UUID, body: ClosureNote) -> ClosureOut:
    return _closure(actions.reopen_road(closure_id=closure_id, by=by_of(request), now=timezone.now(), note=body.note))
