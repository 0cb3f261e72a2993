"""The after-action review of an incident and its papers, for programs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router
from pydantic import Field

from fengsui.apps.reviews import actions, findings, queries
from fengsui.apps.reviews.models import Finding, Paper, Review
from fengsui.apps.reviews.rules import DAYS
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Limit, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Body, Moment, Nothing, Out, Page, Reason
from fengsui.core.web.conditional import answer
from fengsui.kernel.errors import NotFound, Refused

router = Router()
READ = scope("reviews:read", _("看复盘和复盘文书"))
WRITE = scope("reviews:write", _("完成复盘、要求和印发文书、提出和办理整改"))
PDF = "application/pdf"


class Finishing(Body):
    assessment: Annotated[str, Field(title=_("评估"), min_length=1, max_length=4000)]
    lessons: Annotated[str, Field(title=_("教训"), min_length=1, max_length=4000)]


class ReviewOut(Out):
    id: UUID
    incident: UUID
    status: str
    opened_at: Moment
    finished_at: Moment | None
    assessment: str
    lessons: str


class PaperOut(Out):
    id: UUID
    incident: UUID
    status: str
    requested_at: Moment
    made_at: Moment | None
    pages: int | None
    sha256: str


def _review(row: Review) -> ReviewOut:
    return ReviewOut(
        id=row.pk,
        incident=row.incident_id,
        status=row.status,
        opened_at=row.opened_at,
        finished_at=row.finished_at,
        assessment=row.assessment,
        lessons=row.lessons,
    )


def _paper(row: Paper) -> PaperOut:
    return PaperOut(
        id=row.pk,
        incident=row.incident_id,
        status=row.status,
        requested_at=row.requested_at,
        made_at=row.made_at,
        pages=row.pages,
        sha256=row.sha256,
    )


@reads(
    router, "/incidents/{uuid:incident_id}/review", scope=READ, summary=_("一起事件的复盘"), response=ReviewOut,
    page="reviews:review-show",
)  # fmt: skip
def review(request: HttpRequest, incident_id: UUID) -> ReviewOut:
    by = by_of(request)
    policy.require(by, "reviews.view")
    queries.incident_for(incident_id, by)
    row = Review.objects.in_world(by.world).filter(incident_id=incident_id).first()
    if row is None:
        raise NotFound("reviews.not_found")
    return _review(row)


@writes(
    router, "/incidents/{uuid:incident_id}/review/finish", scope=WRITE, summary=_("完成复盘"), response=ReviewOut,
    page="reviews:review-finish",
)  # fmt: skip
def finish(request: HttpRequest, incident_id: UUID, body: Finishing) -> ReviewOut:
    by = by_of(request)
    queries.incident_for(incident_id, by)
    return _review(
        actions.finish(
            incident_id=incident_id, by=by, now=timezone.now(), assessment=body.assessment, lessons=body.lessons
        )
    )


@reads(
    router, "/incidents/{uuid:incident_id}/papers", scope=READ, summary=_("复盘文书"), response=Page[PaperOut],
    page="reviews:paper-list",
)  # fmt: skip
def papers(request: HttpRequest, incident_id: UUID) -> Page[PaperOut]:
    by = by_of(request)
    policy.require(by, "reviews.view")
    queries.incident_for(incident_id, by)
    rows = Paper.objects.in_world(by.world).filter(incident_id=incident_id).defer("pdf").order_by("-requested_at", "id")
    return Page[PaperOut](items=[_paper(row) for row in rows])


@writes(
    router, "/incidents/{uuid:incident_id}/papers", scope=WRITE, summary=_("要求复盘文书"), response=PaperOut,
    status=202, page="reviews:paper-order",
)  # fmt: skip
def order_paper(request: HttpRequest, incident_id: UUID, body: Nothing) -> PaperOut:
    """A job makes it; ask for the list until its status is `ready`."""
    by = by_of(request)
    queries.incident_for(incident_id, by)
    return _paper(actions.request_paper(incident_id=incident_id, by=by, now=timezone.now()))


@reads(
    router, "/papers/{uuid:paper_id}.pdf", scope=READ, summary=_("文书（PDF）"), page="reviews:paper-show",
    openapi_extra={"responses": {200: {"description": "PDF", "content": {PDF: {"schema": {"type": "string"}}}}}},
)  # fmt: skip
def paper(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    by = by_of(request)
    policy.require(by, "reviews.view")
    row = Paper.objects.in_world(by.world).filter(pk=paper_id).first()
    if row is None:
        raise NotFound("reviews.paper.not_found")
    queries.incident_for(row.incident_id, by)
    if row.pdf is None:
        raise Refused("reviews.paper.not_ready")
    return answer(request, f'"{row.sha256}"', row.made_at, bytes(row.pdf), PDF)


@writes(
    router, "/incidents/{uuid:incident_id}/papers/issue", scope=WRITE, summary=_("印发复盘报告"), response=PaperOut,
    status=202, page="reviews:paper-issue",
)  # fmt: skip
def issue_paper(request: HttpRequest, incident_id: UUID, body: Nothing) -> PaperOut:
    """With its number, frozen; a job makes the PDF."""
    by = by_of(request)
    queries.incident_for(incident_id, by)
    return _paper(actions.issue_report(incident_id=incident_id, by=by, now=timezone.now()))


class FindingOut(Out):
    id: UUID
    n: int
    incident: UUID
    incident_title: str
    text: str
    remedy: str
    owner_post: str
    status: str
    due_at: Moment
    raised_at: Moment
    answer: str
    answered_at: Moment | None
    closed_at: Moment | None
    reason: str


class NewFinding(Body):
    text: Annotated[str, Field(title=_("问题"), min_length=1, max_length=500)]
    remedy: Annotated[str, Field(title=_("整改"), min_length=1, max_length=500)]
    owner_post: Annotated[UUID, Field(title=_("责任岗位"))]
    days: Annotated[int, Field(title=_("期限（天）"), ge=DAYS[0], le=DAYS[1])]


class Answer(Body):
    text: Annotated[str, Field(title=_("整改结果"), min_length=1, max_length=4000)]


def _finding(row: Finding) -> FindingOut:
    return FindingOut(
        id=row.pk, n=row.n, incident=row.incident_id, incident_title=row.incident_title, text=row.text,
        remedy=row.remedy, owner_post=row.owner_post.title, status=row.status, due_at=row.due_at,
        raised_at=row.raised_at, answer=row.answer, answered_at=row.answered_at, closed_at=row.closed_at,
        reason=row.reason,
    )  # fmt: skip


def _found(request: HttpRequest, finding_id: UUID) -> Finding:
    """One in the holder's sight. Raises NotFound("reviews.finding.not_found")."""
    by = by_of(request)
    policy.require(by, "reviews.see_findings")
    row = findings.visible_to(by).filter(pk=finding_id).first()
    if row is None:
        raise NotFound("reviews.finding.not_found")
    return row


@reads(router, "/findings", scope=READ, summary=_("整改列表"), response=Page[FindingOut], page="reviews:finding-list")
def remedies(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[FindingOut]:
    """The first due first."""
    by = by_of(request)
    policy.require(by, "reviews.see_findings")
    order = ("due_at", "id")
    rows = findings.visible_to(by).select_related("owner_post").order_by(*order)
    found, after = page_of(rows, order, cursor=cursor, limit=limit)
    return Page[FindingOut](items=[_finding(row) for row in found], next_cursor=after)


@reads(
    router, "/findings/{uuid:finding_id}", scope=READ, summary=_("一项整改"), response=FindingOut,
    page="reviews:finding-show",
)  # fmt: skip
def remedy(request: HttpRequest, finding_id: UUID) -> FindingOut:
    return _finding(_found(request, finding_id))


@writes(
    router, "/incidents/{uuid:incident_id}/findings", scope=WRITE, summary=_("提出整改"), response=FindingOut,
    status=201, page="reviews:finding-new",
)  # fmt: skip
def find(request: HttpRequest, incident_id: UUID, body: NewFinding) -> FindingOut:
    by = by_of(request)
    policy.require(by, "reviews.view")
    incident = queries.incident_for(incident_id, by)
    row = findings.raise_finding(
        incident=incident, text=body.text, remedy=body.remedy, owner_post=body.owner_post, days=body.days,
        by=by.in_chain(incident.correlation), now=timezone.now(),
    )  # fmt: skip
    return _finding(row)


@writes(
    router, "/findings/{uuid:finding_id}/answer", scope=WRITE, summary=_("答复整改"), response=FindingOut,
    page="reviews:finding-act answer",
)  # fmt: skip
def answer_finding(request: HttpRequest, finding_id: UUID, body: Answer) -> FindingOut:
    _found(request, finding_id)
    findings.answer(finding_id=finding_id, text=body.text, by=by_of(request), now=timezone.now())
    return _finding(_found(request, finding_id))


@writes(
    router, "/findings/{uuid:finding_id}/accept", scope=WRITE, summary=_("认可整改"), response=FindingOut,
    page="reviews:finding-act accept",
)  # fmt: skip
def accept_finding(request: HttpRequest, finding_id: UUID, body: Nothing) -> FindingOut:
    _found(request, finding_id)
    findings.accept(finding_id=finding_id, by=by_of(request), now=timezone.now())
    return _finding(_found(request, finding_id))


@writes(
    router, "/findings/{uuid:finding_id}/send-back", scope=WRITE, summary=_("退回整改"), response=FindingOut,
    page="reviews:finding-act send-back",
)  # fmt: skip
def send_back_finding(request: HttpRequest, finding_id: UUID, body: Reason) -> FindingOut:
    _found(request, finding_id)
    findings.send_back(finding_id=finding_id, reason=body.reason, by=by_of(request), now=timezone.now())
    return _finding(_found(request, finding_id))


@writes(
    router, "/findings/{uuid:finding_id}/withdraw", scope=WRITE, summary=_("撤回整改"), response=FindingOut,
    page="reviews:finding-act withdraw",
)  # fmt: skip
def withdraw_finding(request: HttpRequest, finding_id: UUID, body: Reason) -> FindingOut:
    _found(request, finding_id)
    findings.withdraw(finding_id=finding_id, reason=body.reason, by=by_of(request), now=timezone.now())
    return _finding(_found(request, finding_id))
