"""Incidents and their reports for programs. What belongs to the response (room, tasks) is in command's part."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Query, Router
from pydantic import Field

from fengsui.apps.incidents import actions, intake, queries, reports, rules
from fengsui.apps.incidents.forms import IntakeForm
from fengsui.apps.incidents.models import OPEN, Incident, LogEntry
from fengsui.apps.incidents.shown import IncidentOut, ReportOut, incident_out, report_out
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.matching import check_match, tagged
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Found, Limit, asked, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Among, Body, Moment, Nothing, Out, Page, Reason
from fengsui.core.web.conditional import etag_of
from fengsui.kernel.errors import Invalid

router = Router()
READ = scope("incidents:read", _("看事件和信息报送"))
WRITE = scope("incidents:write", _("接报、核实、误报、并案、定级、终止、恢复、记一笔"))
REPORT = scope("incidents:report", _("信息报送：改稿、报审、签发、报送、作废、更正"))

Grade = Annotated[str, Among.of(rules.GRADES)]
Count = Annotated[int, Field(ge=0, le=100_000)]


class Counts(Body):
    trapped: Annotated[Count, Field(title=_("被困"))] = 0
    injured: Annotated[Count, Field(title=_("受伤"))] = 0
    missing: Annotated[Count, Field(title=_("失踪"))] = 0
    deaths: Annotated[Count, Field(title=_("死亡"))] = 0
    loss_yuan: Annotated[
        Decimal, Field(title=_("直接损失（元）"), ge=0, le=10**13, decimal_places=2, allow_inf_nan=False)
    ] = Decimal(0)


class Intake(Counts):
    source: Annotated[str, Field(title=_("信息来源"), max_length=16)]
    type_code: Annotated[str, Field(title=_("类型"), max_length=5)]
    place: Annotated[UUID | None, Field(title=_("点位"))] = None
    address: Annotated[str, Field(title=_("地点"), max_length=200)] = ""
    area: Annotated[str, Field(title=_("街道（镇）"), max_length=12, description="Code of a subdistrict")] = ""
    known_at: Annotated[Moment, Field(title=_("接报时间"), description="Statutory clocks run from here")]
    occurred_at: Annotated[Moment | None, Field(title=_("事发时间"))] = None
    summary: Annotated[str, Field(title=_("发生了什么"), min_length=1, max_length=2000)]
    informant: Annotated[str, Field(title=_("报告人"), max_length=60)] = ""
    informant_phone: Annotated[str, Field(title=_("报告人电话"), max_length=20)] = ""
    sensitive: Annotated[bool, Field(title=_("敏感"))] = False


class Grading(Counts):
    grade: Annotated[Grade, Field(title=_("初判级别"))]
    sensitive: Annotated[bool, Field(title=_("敏感"))] = False
    reason: Annotated[str, Field(title=_("依据"), min_length=1, max_length=300)]


class Verification(Body):
    note: Annotated[str, Field(title=_("备注"), max_length=300)] = ""


class Merge(Reason):
    into: Annotated[UUID, Field(title=_("并入的事件"))]


class LogLine(Body):
    text: Annotated[str, Field(title=_("内容"), min_length=1, max_length=2000)]
    at: Annotated[Moment | None, Field(title=_("发生时间"))] = None


class Draft(Body):
    fields: Annotated[
        dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=4000)]],
        Field(title=_("内容"), max_length=40),
    ] = {}
    receiver: Annotated[str, Field(title=_("主送"), min_length=1, max_length=120)]


class Receipt(Body):
    receipt: Annotated[str, Field(title=_("回执"), min_length=1, max_length=200)]


class NoteOut(Out):
    id: UUID
    at: Moment
    text: str


def _etag(row: Incident) -> str:
    counts = (row.trapped, row.injured, row.missing, row.deaths, row.loss_yuan)
    return etag_of(row.pk, row.status, row.grade, row.level, row.sensitive, *counts)


def _now(request: HttpRequest, response: HttpResponse, incident_id: UUID) -> IncidentOut:
    row = queries.get(incident_id, by_of(request))
    tagged(response, _etag(row))
    return incident_out(row)


def _seen(request: HttpRequest, incident_id: UUID) -> None:
    queries.get(incident_id, by_of(request))
    row = queries.lock(incident_id, by_of(request))
    check_match(request, _etag(row), status=row.status)


@reads(
    router, "/incidents", scope=READ, summary=_("事件列表"), response=Page[IncidentOut], page="incidents:incident-list"
)
def incidents(
    request: HttpRequest,
    q: Found = "",
    status: Annotated[str, Among.of(rules.STATES, "open", "all")] = asked("open", title=_("状态")),
    level: Annotated[Literal["none", "blue", "yellow", "orange", "red"] | None, Query(title=_("现地等级"))] = None,
    area: Annotated[str, Query(title=_("区域"), max_length=12)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[IncidentOut]:
    """The newest known first; open ones unless asked otherwise."""
    by = by_of(request)
    policy.require(by, "incidents.view")
    rows = queries.visible_to(by)
    if status != "all":
        rows = rows.filter(status__in=OPEN if status == "open" else [status])
    if level:
        rows = rows.filter(level=level)
    if area:
        rows = rows.filter(area__code__startswith=area)
    if q.strip():
        rows = rows.filter(Q(number__icontains=q) | Q(title__icontains=q) | Q(address__icontains=q))
    order = ("-known_at", "number", "id")
    found, after = page_of(rows.order_by(*order), order, cursor=cursor, limit=limit)
    return Page[IncidentOut](items=[incident_out(row) for row in found], next_cursor=after)


@reads(
    router,
    "/incidents/{uuid:incident_id}",
    scope=READ,
    summary=_("一起事件"),
    response=IncidentOut,
    page="command:room-show",
)
def incident(request: HttpRequest, response: HttpResponse, incident_id: UUID) -> IncidentOut:
    policy.require(by_of(request), "incidents.view")
    return _now(request, response, incident_id)


@writes(
    router,
    "/incidents",
    scope=WRITE,
    summary=_("接报"),
    response=IncidentOut,
    status=201,
    page="incidents:incident-new",
)
def receive(request: HttpRequest, response: HttpResponse, body: Intake) -> IncidentOut:
    """The same form as the page's, so the same words for the same mistake."""
    by, now = by_of(request), timezone.now()
    policy.require(by, "incidents.open")
    sent = body.model_dump()
    sent |= {
        name: timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")
        for name in ("known_at", "occurred_at")
        if (at := sent[name])
    }
    form = IntakeForm({name: value for name, value in sent.items() if value is not None})
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Invalid("incidents.open.form", field=field, why=errors[0])
    # The form's fields go to the minute; a program's moments stay exact.
    facts = form.facts(now) | {"known_at": min(body.known_at, now), "occurred_at": body.occurred_at}
    row = actions.open_incident(by=by, now=now, **facts)
    response.headers["Location"] = f"/api/v1/incidents/{row.pk}"
    return _now(request, response, row.pk)


@writes(
    router,
    "/bulletins/{uuid:bulletin_id}/incident",
    scope=WRITE,
    summary=_("由公告立案"),
    response=IncidentOut,
    status=201,
    page="incidents:incident-open",
)
def from_bulletin(request: HttpRequest, bulletin_id: UUID, body: Nothing) -> IncidentOut:
    row = intake.open_from_bulletin(bulletin_id=bulletin_id, by=by_of(request), now=timezone.now())
    return incident_out(queries.get(row.pk, by_of(request)))


@writes(
    router,
    "/incidents/{uuid:incident_id}/verify",
    scope=WRITE,
    summary=_("核实"),
    response=IncidentOut,
    page="incidents:incident-act verify",
)
def verify(request: HttpRequest, response: HttpResponse, incident_id: UUID, body: Verification) -> IncidentOut:
    _seen(request, incident_id)
    actions.verify(incident_id=incident_id, by=by_of(request), now=timezone.now(), note=body.note)
    return _now(request, response, incident_id)


@writes(
    router,
    "/incidents/{uuid:incident_id}/dismiss",
    scope=WRITE,
    summary=_("误报"),
    response=IncidentOut,
    page="incidents:incident-act dismiss",
)
def dismiss(request: HttpRequest, response: HttpResponse, incident_id: UUID, body: Reason) -> IncidentOut:
    _seen(request, incident_id)
    actions.dismiss(incident_id=incident_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _now(request, response, incident_id)


@writes(
    router,
    "/incidents/{uuid:incident_id}/merge",
    scope=WRITE,
    summary=_("并案"),
    response=IncidentOut,
    page="incidents:incident-act merge",
)
def merge(request: HttpRequest, response: HttpResponse, incident_id: UUID, body: Merge) -> IncidentOut:
    queries.get(incident_id, by_of(request))
    actions.merge(incident_id=incident_id, into_id=body.into, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _now(request, response, incident_id)


@writes(
    router,
    "/incidents/{uuid:incident_id}/end",
    scope=WRITE,
    summary=_("终止响应"),
    response=IncidentOut,
    page="incidents:incident-act end",
)
def end(request: HttpRequest, response: HttpResponse, incident_id: UUID, body: Reason) -> IncidentOut:
    _seen(request, incident_id)
    actions.end(incident_id=incident_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _now(request, response, incident_id)


@writes(
    router,
    "/incidents/{uuid:incident_id}/resume",
    scope=WRITE,
    summary=_("恢复响应"),
    response=IncidentOut,
    page="incidents:incident-act resume",
)
def resume(request: HttpRequest, response: HttpResponse, incident_id: UUID, body: Reason) -> IncidentOut:
    _seen(request, incident_id)
    actions.resume(incident_id=incident_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _now(request, response, incident_id)


@writes(
    router,
    "/incidents/{uuid:incident_id}/grade",
    scope=WRITE,
    summary=_("定级"),
    response=IncidentOut,
    page="incidents:incident-grade",
)
def grade(request: HttpRequest, response: HttpResponse, incident_id: UUID, body: Grading) -> IncidentOut:
    """The counts are the whole present state, not an addition; If-Match keeps one from overwriting another's."""
    _seen(request, incident_id)
    counts = body.model_dump(include=set(Counts.model_fields))
    actions.grade(
        incident_id=incident_id,
        by=by_of(request),
        counts=counts,
        to=body.grade,
        sensitive=body.sensitive,
        reason=body.reason,
    )
    return _now(request, response, incident_id)


@writes(
    router,
    "/incidents/{uuid:incident_id}/notes",
    scope=WRITE,
    summary=_("记一笔"),
    response=NoteOut,
    status=201,
    page="incidents:incident-act note",
)
def note(request: HttpRequest, incident_id: UUID, body: LogLine) -> NoteOut:
    by = by_of(request)
    row: LogEntry = actions.note(incident_id=incident_id, by=by, now=timezone.now(), text=body.text, at=body.at)
    return NoteOut(id=row.pk, at=row.at, text=row.text)


@reads(
    router, "/incidents/{uuid:incident_id}/reports", scope=READ, summary=_("事件的信息报送"), response=Page[ReportOut]
)
def reports_of(request: HttpRequest, incident_id: UUID) -> Page[ReportOut]:
    policy.require(by_of(request), "incidents.view")
    rows = queries.get(incident_id, by_of(request)).reports.order_by("drafted_at", "id")
    return Page[ReportOut](items=[report_out(row) for row in rows])


@reads(
    router,
    "/reports/{uuid:report_id}",
    scope=READ,
    summary=_("一份报送"),
    response=ReportOut,
    page="incidents:report-show",
)
def report(request: HttpRequest, report_id: UUID) -> ReportOut:
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}",
    scope=REPORT,
    method="PATCH",
    summary=_("改稿"),
    response=ReportOut,
    page="incidents:report-act edit",
)
def edit(request: HttpRequest, report_id: UUID, body: Draft) -> ReportOut:
    """Fields left out stay as they are."""
    held = queries.get_report(report_id, by_of(request))
    reports.edit(report_id=report_id, by=by_of(request), fields={**held.fields, **body.fields}, receiver=body.receiver)
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}/submit",
    scope=REPORT,
    summary=_("报审"),
    response=ReportOut,
    page="incidents:report-act submit",
)
def submit(request: HttpRequest, report_id: UUID, body: Nothing) -> ReportOut:
    queries.get_report(report_id, by_of(request))
    reports.submit(report_id=report_id, by=by_of(request), now=timezone.now())
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}/sign",
    scope=REPORT,
    summary=_("审核签发"),
    response=ReportOut,
    page="incidents:report-act sign",
)
def sign(request: HttpRequest, report_id: UUID, body: Nothing) -> ReportOut:
    queries.get_report(report_id, by_of(request))
    reports.sign(report_id=report_id, by=by_of(request), now=timezone.now())
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}/give-back",
    scope=REPORT,
    summary=_("退回修改"),
    response=ReportOut,
    page="incidents:report-act give_back",
)
def give_back(request: HttpRequest, report_id: UUID, body: Reason) -> ReportOut:
    queries.get_report(report_id, by_of(request))
    reports.give_back(report_id=report_id, by=by_of(request), reason=body.reason)
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}/send",
    scope=REPORT,
    summary=_("报送"),
    response=ReportOut,
    page="incidents:report-act send",
)
def send(request: HttpRequest, report_id: UUID, body: Nothing) -> ReportOut:
    queries.get_report(report_id, by_of(request))
    reports.send(report_id=report_id, by=by_of(request), now=timezone.now())
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}/confirm",
    scope=REPORT,
    summary=_("登记回执"),
    response=ReportOut,
    page="incidents:report-act confirm",
)
def confirm(request: HttpRequest, report_id: UUID, body: Receipt) -> ReportOut:
    queries.get_report(report_id, by_of(request))
    reports.confirm(report_id=report_id, by=by_of(request), now=timezone.now(), receipt=body.receipt)
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}/withdraw",
    scope=REPORT,
    summary=_("作废"),
    response=ReportOut,
    page="incidents:report-act withdraw",
)
def withdraw(request: HttpRequest, report_id: UUID, body: Reason) -> ReportOut:
    queries.get_report(report_id, by_of(request))
    reports.withdraw(report_id=report_id, by=by_of(request), reason=body.reason)
    return report_out(queries.get_report(report_id, by_of(request)))


@writes(
    router,
    "/reports/{uuid:report_id}/correct",
    scope=REPORT,
    summary=_("更正"),
    response=ReportOut,
    status=201,
    page="incidents:report-act correct",
)
def correct(request: HttpRequest, report_id: UUID, body: Nothing) -> ReportOut:
    """A new version beside the sent one."""
    queries.get_report(report_id, by_of(request))
    row = reports.correct(report_id=report_id, by=by_of(request), now=timezone.now())
    return report_out(queries.get_report(row.pk, by_of(request)))
