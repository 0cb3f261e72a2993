"""The inbox of clocks, the shift's handover, failed jobs and the self-test, for programs."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Query, Router
from pydantic import Field

from fengsui.apps.desk import clocks as desk
from fengsui.apps.people import actions as people_actions
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Handover
from fengsui.core import failed_jobs, policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Limit, asked, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Among, Body, Moment, Nothing, Out, Page, Reason
from fengsui.kernel.clock import MACHINE, STATES

router = Router()
READ = scope("clocks:read", _("看时限"))
WRITE = scope("clocks:write", _("暂停、恢复时限"))
SHIFTS = scope("shifts:write", _("看交接班，接班、撤回"))
JOBS = scope("jobs:write", _("重做、作废没有做成的作业"))


class ClockOut(Out):
    id: UUID
    kind: str
    verb: str
    label: str
    state: str
    owner: str
    started_at: Moment
    due_at: Moment
    closed_at: Moment | None
    limit_s: int
    default: str
    source: str
    basis: str
    about_type: str
    about_id: str
    correlation: UUID


class HandoverOut(Out):
    id: UUID
    post: str
    outgoing: str
    incoming: str | None
    note: str
    status: str
    offered_at: Moment
    ended_at: Moment | None


class JobOut(Out):
    job: int


class Pausing(Body):
    reason: Annotated[str, Field(title=_("理由"), min_length=1, max_length=300)]


def _clock(row: desk.Row) -> ClockOut:
    return ClockOut(
        id=row.id, kind=row.kind, verb=row.verb, label=row.label, state=row.state, owner=row.owner_text,
        started_at=row.started_at, due_at=row.due_at, closed_at=row.closed_at, limit_s=row.limit_s,
        default=row.default, source=row.source, basis=row.basis, about_type=row.about_type, about_id=row.about_id,
        correlation=row.correlation,
    )  # fmt: skip


def _found(request: HttpRequest, clock_id: UUID) -> ClockOut:
    clock = desk.get(clock_id, by_of(request))
    return _clock(desk.present([clock])[0])


@reads(router, "/clocks", scope=READ, summary=_("时限列表"), response=Page[ClockOut], page="desk:clock-list")
def listing(
    request: HttpRequest,
    view: Annotated[Literal["mine", "org", "all"], Query(title=_("谁的"))] = "mine",
    state: Annotated[str, Among.of(STATES, "open", "any")] = asked("open", title=_("状态")),
    late: Annotated[bool, Query(title=_("只看超时"))] = False,
    kind: Annotated[str, Query(title=_("种类"), max_length=60)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ClockOut]:
    """The first due first: what is mine, my organisation's, or all in the holder's sight."""
    by = by_of(request)
    rows = desk.visible(by)
    if view == "mine":
        rows = rows.filter(desk.mine(by))
    elif view == "org":
        rows = rows.filter(desk.of_organisations(by))
    if kind:
        rows = rows.filter(kind=kind)
    if state != "any":
        rows = rows.filter(state__in=MACHINE.open_states if state == "open" else [state])
    if late:
        rows = rows.filter(due_at__lt=timezone.now(), state__in=MACHINE.open_states)
    order = ("due_at", "id")
    found, after = page_of(rows.order_by(*order), order, cursor=cursor, limit=limit)
    return Page[ClockOut](items=[_clock(row) for row in desk.present(found)], next_cursor=after)


@reads(router, "/clocks/{uuid:clock_id}", scope=READ, summary=_("一个时限"), response=ClockOut, page="desk:clock-show")
def clock(request: HttpRequest, clock_id: UUID) -> ClockOut:
    return _found(request, clock_id)


@writes(
    router,
    "/clocks/{uuid:clock_id}/pause",
    scope=WRITE,
    summary=_("暂停时限"),
    response=ClockOut,
    page="desk:clock-pause",
)
def pause(request: HttpRequest, clock_id: UUID, body: Pausing) -> ClockOut:
    desk.pause(clock_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _found(request, clock_id)


@writes(
    router,
    "/clocks/{uuid:clock_id}/resume",
    scope=WRITE,
    summary=_("恢复时限"),
    response=ClockOut,
    page="desk:clock-resume",
)
def resume(request: HttpRequest, clock_id: UUID, body: Nothing) -> ClockOut:
    desk.resume(clock_id, by=by_of(request), now=timezone.now())
    return _found(request, clock_id)


def _handover(row: Handover) -> HandoverOut:
    return HandoverOut(
        id=row.pk, post=row.post.code, outgoing=row.outgoing.name, incoming=row.incoming.name if row.incoming else None,
        note=row.note, status=row.status, offered_at=row.offered_at, ended_at=row.ended_at,
    )  # fmt: skip


@reads(
    router, "/handovers", scope=SHIFTS, summary=_("交接班列表"), response=Page[HandoverOut], page="desk:handover-list"
)
def handovers(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[HandoverOut]:
    by = by_of(request)
    policy.require(by, "people.hand_over")
    order = ("-offered_at", "id")
    found, after = page_of(people.handovers_visible_to(by).order_by(*order), order, cursor=cursor, limit=limit)
    return Page[HandoverOut](items=[_handover(row) for row in found], next_cursor=after)


@writes(
    router,
    "/handovers/{uuid:handover_id}/take",
    scope=SHIFTS,
    summary=_("接班"),
    response=HandoverOut,
    page="desk:handover-act take",
)
def take(request: HttpRequest, handover_id: UUID, body: Nothing) -> HandoverOut:
    policy.require(by_of(request), "people.hand_over")
    row = people_actions.take_shift(handover_id=handover_id, by=by_of(request), now=timezone.now())
    return _handover(people.handovers_visible_to(by_of(request)).get(pk=row.pk))


@writes(
    router,
    "/handovers/{uuid:handover_id}/keep",
    scope=SHIFTS,
    summary=_("撤回交班"),
    response=HandoverOut,
    page="desk:handover-act keep",
)
def keep(request: HttpRequest, handover_id: UUID, body: Nothing) -> HandoverOut:
    policy.require(by_of(request), "people.hand_over")
    row = people_actions.keep_shift(handover_id=handover_id, by=by_of(request), now=timezone.now())
    return _handover(people.handovers_visible_to(by_of(request)).get(pk=row.pk))


@writes(
    router, "/jobs/{uuid:job_clock_id}/retry", scope=JOBS, summary=_("重做作业"), response=JobOut, page="desk:job-retry"
)
def retry(request: HttpRequest, job_clock_id: UUID, body: Nothing) -> JobOut:
    return JobOut(job=failed_jobs.retry(clock_id=job_clock_id, by=by_of(request), now=timezone.now()))


@writes(
    router,
    "/jobs/{uuid:job_clock_id}/write-off",
    scope=JOBS,
    summary=_("作废作业"),
    response=JobOut,
    page="desk:job-write-off",
)
def write_off(request: HttpRequest, job_clock_id: UUID, body: Reason) -> JobOut:
    number = failed_jobs.write_off(clock_id=job_clock_id, reason=body.reason, by=by_of(request), now=timezone.now())
    return JobOut(job=number)
