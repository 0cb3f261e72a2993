"""Warnings, bulletins and calls for programs: the verbs of the bench, the same rules, the same record."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Query, Router
from pydantic import Field

from fengsui.apps.alerts import actions, queries, rules
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.matching import check_match, tagged
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Found, Limit, asked, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Among, Body, Moment, Nothing, Out, Page, Reason
from fengsui.core.web.conditional import answer, etag_of
from fengsui.kernel.levels import Level

router = Router()
READ = scope("warnings:read", _("看预警、公告和叫应"))
DECIDE = scope("warnings:decide", _("拟稿、核定、改稿、退回、不发布、维持"))
ISSUE = scope("warnings:issue", _("签发、解除、撤销预警"))
ANSWER = scope("warnings:acknowledge", _("应答叫应"))
DELIVER = scope("warnings:deliver", _("重发、免除送达，报告屏显"))

LevelCode = Literal["blue", "yellow", "orange", "red"]
FORM = "application/cap+xml"


class WarningOut(Out):
    id: UUID
    place: str
    place_name: str
    area: str
    jurisdiction: str
    hazard: str
    status: str
    level: str
    level_in_force: str
    version: int
    trigger: str
    description: str
    description_en: str
    instruction: str
    instruction_en: str
    drafted_at: Moment
    confirmed_at: Moment | None
    issued_at: Moment | None
    ended_at: Moment | None
    reason: str
    correlation: UUID
    illustrative: bool


class BulletinOut(Out):
    id: UUID
    warning: UUID
    identifier: str
    number: str
    kind: str
    level: str
    hazard: str
    place: str
    place_name: str
    area: str
    headline: str
    headline_en: str
    text: dict[str, dict[str, str]]
    sent_at: Moment
    expires_at: Moment
    sha256: str


class CallOut(Out):
    id: UUID
    bulletin: UUID
    headline: str
    level: str
    line: str
    turn: int
    name: str
    title: str
    org: str
    state: str
    called_at: Moment | None
    acknowledged_at: Moment | None
    note: str


class DeliveryOut(Out):
    id: UUID
    bulletin: UUID
    outlet: str
    state: str
    attempts: int
    next_try_at: Moment | None
    done_at: Moment | None


class Proposal(Body):
    place: Annotated[UUID, Field(title=_("点位"), description="Key of a place, as GET /places gives it")]
    hazard: Annotated[str, Field(title=_("灾种"), max_length=40)]
    level: Annotated[LevelCode, Field(title=_("级别"))]
    reason: Annotated[str, Field(title=_("依据"), min_length=1, max_length=500)]


class Confirmation(Body):
    version: Annotated[int | None, Field(title=_("稿次"), ge=1, le=32767, description="The draft that was read")] = None


class Typed(Body):
    typed: Annotated[
        str,
        Field(title=_("输入级别"), max_length=20, description="The level once more, by its code or its Chinese word"),
    ]


class TypedReason(Typed):
    reason: Annotated[str, Field(title=_("理由"), min_length=1, max_length=500)]


class Revision(Body):
    reason: Annotated[str, Field(title=_("理由"), min_length=1, max_length=500)]
    level: Annotated[LevelCode | None, Field(title=_("级别"))] = None
    description: Annotated[str, Field(title=_("警示"), max_length=2000)] = ""
    description_en: Annotated[str, Field(title=_("警示（英文）"), max_length=2000)] = ""
    instruction: Annotated[str, Field(title=_("措施"), max_length=2000)] = ""
    instruction_en: Annotated[str, Field(title=_("措施（英文）"), max_length=2000)] = ""


class Note(Body):
    note: Annotated[str, Field(title=_("备注"), max_length=300)] = ""


def _warning(row: Warning) -> WarningOut:
    return WarningOut(
        id=row.pk, place=row.place.code, place_name=row.place.name, area=row.place.area_id,
        jurisdiction=row.jurisdiction, hazard=row.hazard, status=row.status, level=Level(row.level).code,
        level_in_force=Level(row.level_in_force).code, version=row.version, trigger=row.trigger,
        description=row.description, description_en=row.description_en, instruction=row.instruction,
        instruction_en=row.instruction_en, drafted_at=row.drafted_at, confirmed_at=row.confirmed_at,
        issued_at=row.issued_at, ended_at=row.ended_at, reason=row.reason, correlation=row.correlation,
        illustrative=row.place.provenance == "illustrative",
    )  # fmt: skip


def _bulletin(row: Bulletin) -> BulletinOut:
    return BulletinOut(
        id=row.pk, warning=row.warning_id, identifier=row.identifier, number=row.number, kind=row.kind,
        level=Level(row.level).code, hazard=row.hazard, place=row.place_code, place_name=row.place_name,
        area=row.area_code, headline=row.headline, headline_en=row.headline_en, text=row.sent_text,
        sent_at=row.sent_at, expires_at=row.expires_at, sha256=row.sha256,
    )  # fmt: skip


def _call(row: Call) -> CallOut:
    return CallOut(
        id=row.pk, bulletin=row.bulletin_id, headline=row.bulletin.headline, level=Level(row.bulletin.level).code,
        line=row.line, turn=row.turn, name=row.name, title=row.title, org=row.org_name, state=row.state,
        called_at=row.called_at, acknowledged_at=row.acknowledged_at, note=row.note,
    )  # fmt: skip


def _delivery(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=row.pk, bulletin=row.bulletin_id, outlet=row.outlet_id, state=row.state, attempts=row.attempts_made,
        next_try_at=row.next_try_at, done_at=row.done_at,
    )  # fmt: skip


def _etag(row: Warning) -> str:
    """Of everything that a person decides about."""
    return etag_of(row.pk, row.version, row.status, row.level, row.level_in_force, row.issued_at, row.ended_at)


def _now(request: HttpRequest, response: HttpResponse, warning_id: UUID) -> WarningOut:
    row = queries.warning(warning_id, by_of(request))
    tagged(response, _etag(row))
    return _warning(row)


def _seen(request: HttpRequest, warning_id: UUID) -> Warning:
    """The warning in this person's sight; If-Match, where it is sent, must name what it is now."""
    row = queries.lock(queries.warning(warning_id, by_of(request)).pk, by_of(request))
    check_match(request, _etag(row), version=row.version, status=row.status)
    return row


@reads(router, "/warnings", scope=READ, summary=_("预警列表"), response=Page[WarningOut], page="alerts:warning-list")
def warnings(
    request: HttpRequest,
    q: Found = "",
    status: Annotated[str, Among.of(rules.STATUSES, "")] = asked("", title=_("状态")),
    level: Annotated[LevelCode | None, Query(title=_("级别"))] = None,
    since: Annotated[Moment | None, Query(title=_("起"))] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[WarningOut]:
    """Newest first; the same rows and filters as the history of the bench."""
    wanted = int(Level.of(level)) if level else 0
    rows = queries.history(by_of(request), text=q.strip(), status=status, level=wanted, since=since)
    order = ("-drafted_at", "id")
    found, after = page_of(rows.order_by(*order), order, cursor=cursor, limit=limit)
    return Page[WarningOut](items=[_warning(row) for row in found], next_cursor=after)


@reads(
    router,
    "/warnings/{uuid:warning_id}",
    scope=READ,
    summary=_("一条预警"),
    response=WarningOut,
    page="alerts:warning-show",
)
def warning(request: HttpRequest, response: HttpResponse, warning_id: UUID) -> WarningOut:
    """Its ETag is what If-Match of the verbs below may name."""
    return _now(request, response, warning_id)


@writes(
    router,
    "/warnings",
    scope=DECIDE,
    summary=_("手工拟预警"),
    response=WarningOut,
    status=201,
    page="alerts:warning-new",
)
def propose(request: HttpRequest, response: HttpResponse, body: Proposal) -> WarningOut:
    row = actions.draft_by_hand(
        place_id=body.place,
        hazard=body.hazard,
        level=Level.of(body.level),
        reason=body.reason,
        by=by_of(request),
        now=timezone.now(),
    )
    response.headers["Location"] = f"/api/v1/warnings/{row.pk}"
    return _now(request, response, row.pk)


@writes(
    router,
    "/warnings/{uuid:warning_id}/confirm",
    scope=DECIDE,
    summary=_("核定"),
    response=WarningOut,
    page="alerts:warning-confirm",
)
def confirm(request: HttpRequest, response: HttpResponse, warning_id: UUID, body: Confirmation) -> WarningOut:
    _seen(request, warning_id)
    actions.confirm(warning_id=warning_id, by=by_of(request), now=timezone.now(), version=body.version)
    return _now(request, response, warning_id)


@writes(
    router,
    "/warnings/{uuid:warning_id}/issue",
    scope=ISSUE,
    summary=_("签发"),
    response=BulletinOut,
    page="alerts:warning-issue",
)
def issue(request: HttpRequest, warning_id: UUID, body: Typed) -> BulletinOut:
    """To the public, in the live world. From orange up a second person, as on the page."""
    rules.check_typed(Level(_seen(request, warning_id).level), body.typed, "issue")
    return _bulletin(actions.issue(warning_id=warning_id, by=by_of(request), now=timezone.now()))


@writes(
    router,
    "/warnings/{uuid:warning_id}/lift",
    scope=ISSUE,
    summary=_("解除"),
    response=BulletinOut,
    page="alerts:warning-lift",
)
def lift(request: HttpRequest, warning_id: UUID, body: Reason) -> BulletinOut:
    _seen(request, warning_id)
    return _bulletin(actions.lift(warning_id=warning_id, reason=body.reason, by=by_of(request), now=timezone.now()))


@writes(
    router,
    "/warnings/{uuid:warning_id}/cancel",
    scope=ISSUE,
    summary=_("撤销误发"),
    response=BulletinOut,
    page="alerts:warning-cancel",
)
def cancel(request: HttpRequest, warning_id: UUID, body: TypedReason) -> BulletinOut:
    rules.check_typed(Level(_seen(request, warning_id).level_in_force), body.typed, "cancel")
    return _bulletin(actions.cancel(warning_id=warning_id, reason=body.reason, by=by_of(request), now=timezone.now()))


@writes(
    router,
    "/warnings/{uuid:warning_id}/reject",
    scope=DECIDE,
    summary=_("不发布"),
    response=WarningOut,
    page="alerts:warning-reject",
)
def reject(request: HttpRequest, response: HttpResponse, warning_id: UUID, body: Reason) -> WarningOut:
    _seen(request, warning_id)
    actions.reject(warning_id=warning_id, reason=body.reason, by=by_of(request), now=timezone.now())
    return _now(request, response, warning_id)


@writes(
    router,
    "/warnings/{uuid:warning_id}/send-back",
    scope=DECIDE,
    summary=_("退回"),
    response=WarningOut,
    page="alerts:warning-send-back",
)
def send_back(request: HttpRequest, response: HttpResponse, warning_id: UUID, body: Reason) -> WarningOut:
    _seen(request, warning_id)
    actions.send_back(warning_id=warning_id, reason=body.reason, by=by_of(request), now=timezone.now())
    return _now(request, response, warning_id)


@writes(
    router,
    "/warnings/{uuid:warning_id}/keep",
    scope=DECIDE,
    summary=_("维持"),
    response=WarningOut,
    page="alerts:warning-keep",
)
def keep(request: HttpRequest, response: HttpResponse, warning_id: UUID, body: Reason) -> WarningOut:
    _seen(request, warning_id)
    actions.keep(warning_id=warning_id, reason=body.reason, by=by_of(request), now=timezone.now())
    return _now(request, response, warning_id)


@writes(
    router,
    "/warnings/{uuid:warning_id}/revise",
    scope=DECIDE,
    summary=_("改级、改稿"),
    response=WarningOut,
    page="alerts:warning-revise",
)
def revise(request: HttpRequest, response: HttpResponse, warning_id: UUID, body: Revision) -> WarningOut:
    _seen(request, warning_id)
    actions.revise(
        warning_id=warning_id,
        reason=body.reason,
        level=Level.of(body.level) if body.level else None,
        texts=body.model_dump(include=set(("description", "description_en", "instruction", "instruction_en"))),
        by=by_of(request),
        now=timezone.now(),
    )
    return _now(request, response, warning_id)


@reads(router, "/bulletins", scope=READ, summary=_("公告列表"), response=Page[BulletinOut])
def bulletins(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[BulletinOut]:
    """What was issued, newest first, as it was sent."""
    order = ("-sent_at", "id")
    rows = queries.bulletins_visible_to(by_of(request)).defer("sent_xml").order_by(*order)
    found, after = page_of(rows, order, cursor=cursor, limit=limit)
    return Page[BulletinOut](items=[_bulletin(row) for row in found], next_cursor=after)


@reads(
    router,
    "/bulletins/{uuid:bulletin_id}",
    scope=READ,
    summary=_("一份公告"),
    response=BulletinOut,
    page="alerts:bulletin-show",
)
def bulletin(request: HttpRequest, bulletin_id: UUID) -> BulletinOut:
    return _bulletin(queries.bulletin(bulletin_id, by_of(request)))


@reads(
    router,
    "/bulletins/{uuid:bulletin_id}/cap.xml",
    scope=READ,
    summary=_("公告的 CAP 1.2 原文"),
    page="alerts:bulletin-xml",
    openapi_extra={"responses": {200: {"description": "CAP 1.2", "content": {FORM: {"schema": {"type": "string"}}}}}},
)
def cap(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    """The issued bytes, untouched."""
    row = queries.bulletin(bulletin_id, by_of(request))
    return answer(request, f'"{row.sha256}"', row.sent_at, bytes(row.sent_xml), FORM)


@reads(
    router, "/bulletins/{uuid:bulletin_id}/deliveries", scope=READ, summary=_("公告的送达"), response=Page[DeliveryOut]
)
def deliveries(request: HttpRequest, bulletin_id: UUID) -> Page[DeliveryOut]:
    """Not for who only reads what was published."""
    row = queries.bulletin(bulletin_id, by_of(request))
    policy.require(by_of(request), "alerts.see", row)
    return Page[DeliveryOut](items=[_delivery(each) for each in queries.deliveries(row)])


@writes(
    router,
    "/bulletins/{uuid:bulletin_id}/seen",
    scope=DELIVER,
    summary=_("报告屏幕已显示"),
    status=204,
    page="alerts:bulletin-seen",
)
def seen(request: HttpRequest, bulletin_id: UUID, body: Nothing) -> None:
    actions.report_seen(bulletin_id=bulletin_id, by=by_of(request), now=timezone.now())


@writes(
    router,
    "/deliveries/{uuid:delivery_id}/retry",
    scope=DELIVER,
    summary=_("重发"),
    response=DeliveryOut,
    page="alerts:delivery-retry",
)
def retry(request: HttpRequest, delivery_id: UUID, body: Nothing) -> DeliveryOut:
    actions.retry(delivery_id=delivery_id, by=by_of(request), now=timezone.now())
    return _delivery(queries.delivery(delivery_id, by_of(request)))


@writes(
    router,
    "/deliveries/{uuid:delivery_id}/waive",
    scope=DELIVER,
    summary=_("免除送达"),
    response=DeliveryOut,
    page="alerts:delivery-waive",
)
def waive(request: HttpRequest, delivery_id: UUID, body: Reason) -> DeliveryOut:
    actions.waive(delivery_id=delivery_id, reason=body.reason, by=by_of(request), now=timezone.now())
    return _delivery(queries.delivery(delivery_id, by_of(request)))


@reads(router, "/calls", scope=READ, summary=_("等我应答的叫应"), response=Page[CallOut])
def calls(request: HttpRequest) -> Page[CallOut]:
    """What the token's person owes an answer to, the oldest first."""
    return Page[CallOut](items=[_call(row) for row in queries.open_calls(by_of(request))[:200]])


@reads(router, "/calls/{uuid:call_id}", scope=READ, summary=_("一次叫应"), response=CallOut, page="alerts:call-show")
def call(request: HttpRequest, call_id: UUID) -> CallOut:
    return _call(queries.call(call_id, by_of(request)))


@writes(
    router,
    "/calls/{uuid:call_id}/acknowledge",
    scope=ANSWER,
    summary=_("应答"),
    response=CallOut,
    page="alerts:call-acknowledge",
)
def acknowledge(request: HttpRequest, call_id: UUID, body: Note) -> CallOut:
    """One's own call; or, from the desk with a note, what somebody answered by telephone."""
    actions.acknowledge(call_id=call_id, by=by_of(request), now=timezone.now(), note=body.note)
    return _call(queries.call(call_id, by_of(request)))


@writes(
    router,
    "/calls/{uuid:call_id}/pass",
    scope=ANSWER,
    summary=_("未接，叫下一人"),
    response=CallOut,
    page="alerts:call-pass",
)
def pass_on(request: HttpRequest, call_id: UUID) -> CallOut:
    """From the desk: rang and not reached. Answers the call that was passed."""
    actions.not_reached(call_id=call_id, by=by_of(request), now=timezone.now())
    return _call(queries.call(call_id, by_of(request)))
