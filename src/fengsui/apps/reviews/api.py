"""The after-action review of an incident and its papers, for programs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router
from pydantic import Field

from fengsui.apps.reviews import actions, queries
from fengsui.apps.reviews.models import Paper, Review
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Body, Moment, Nothing, Out, Page
from fengsui.core.web.conditional import answer
from fengsui.kernel.errors import NotFound, Refused

router = Router()
READ = scope("reviews:read", _("看复盘和复盘文书"))
WRITE = scope("reviews:write", _("完成复盘、要求复盘文书"))
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
