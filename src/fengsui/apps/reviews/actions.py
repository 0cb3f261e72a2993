"""Verbs of a review: open, finish; request and keep its paper."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.people import queries as people
from fengsui.apps.places import queries as places
from fengsui.apps.reviews import events, queries, rules
from fengsui.apps.reviews.models import Paper, Review
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.core.worlds import sign
from fengsui.kernel.actor import Actor


def page(incident_id: UUID) -> str:
    return f"/reviews/{incident_id}/"


def _topics(incident_id: UUID) -> tuple[str, ...]:
    return (f"reviews.incident:{incident_id}",)


@atomic
def open_review(*, incident_id: UUID, by: Actor, now: datetime) -> Review:
    """The response ended: the review is owed (Art. 87). Opened again it stays as it is."""
    incident = incident_queries.lock(incident_id, by)
    policy.require(by, "reviews.finish", incident)
    review, fresh = Review.objects.in_world(by.world).get_or_create(
        incident=incident, defaults={"world_id": by.world, "opened_at": now}
    )
    if not fresh:
        return review
    by = by.in_chain(incident.correlation)
    bureau = places.bureau_of(incident.place.jurisdiction if incident.place else incident.area.jurisdiction)
    leaders = people.by_role("duty_leader", bureau.pk if bureau else None)
    clocks.start(
        rules.AFTER_ACTION.code,
        about=review,
        by=by,
        now=now,
        label=f"{incident.title} 复盘",
        owner_post=leaders[0].post if leaders else None,
        owner_role="duty_leader",
        url=page(incident.pk),
    )
    announce(events.ReviewOpened(review.pk, incident.pk), about=review, by=by, topics=_topics(incident.pk))
    return review


@atomic
def finish(*, incident_id: UUID, by: Actor, now: datetime, assessment: str, lessons: str) -> Review:
    """复盘完成: the judgement beside the facts; its clock closes."""
    review = queries.lock_review(incident_id, by)
    policy.require(by, "reviews.finish", review)
    before = review.status
    review.status = rules.MACHINE.next(before, "finish")
    rules.check_finish(assessment, lessons)
    review.assessment, review.lessons = assessment.strip(), lessons.strip()
    review.finished_by, review.finished_at = by.person, now
    review.save(update_fields=["status", "assessment", "lessons", "finished_by", "finished_at"])
    by = by.in_chain(review.incident.correlation)
    clocks.close(rules.AFTER_ACTION.code, about=review, by=by, now=now, proof={"review": review.pk})
    announce(
        events.ReviewFinished(review.pk, incident_id),
        about=review,
        by=by,
        before={"status": before},
        after={"status": review.status, "assessment": review.assessment, "lessons": review.lessons},
        topics=_topics(incident_id),
    )
    return review


@atomic
def request_paper(*, incident_id: UUID, by: Actor, now: datetime) -> Paper:
    """Ask for a draft; a job makes it, never the request. One that is being made is returned as it is."""
    incident = incident_queries.lock(incident_id, by)
    policy.require(by, "reviews.print", incident)
    waiting = Paper.objects.in_world(by.world).filter(incident=incident, status="waiting", kind="draft").first()
    if waiting is not None:
        return waiting
    paper = Paper.objects.create(world_id=by.world, incident=incident, requested_by=by.person, requested_at=now)
    announce(
        events.PaperRequested(paper.pk, incident.pk),
        about=paper,
        by=by.in_chain(incident.correlation),
        topics=_topics(incident.pk),
    )
    return paper


@atomic
def issue_report(*, incident_id: UUID, by: Actor, now: datetime) -> Paper:
    """印发: the report under its number, frozen when it is made. Issued again it replaces the earlier one.

    The number of one that could not be made is used again, so that none is missing.
    """
    review = queries.lock_review(incident_id, by)
    policy.require(by, "reviews.issue", review)
    rules.check_issue(review.status)
    issued = Paper.objects.in_world(by.world).filter(incident_id=incident_id, kind="issued").defer("pdf")
    waiting = issued.filter(status="waiting").first()
    if waiting is not None:
        return waiting
    used = set(issued.exclude(status="failed").values_list("number", flat=True))
    free = [each.number for each in issued.filter(status="failed") if each.number not in used]
    if free:
        number = free[0]
    else:
        year = timezone.localdate(now).year
        serial = incident_queries.draw_serial(by.world, f"after-action:{year}")
        number = rules.document_number(year, serial, sign(by.world))
    before = issued.filter(status="ready").order_by("-made_at").first()
    paper = Paper.objects.create(
        world_id=by.world,
        incident_id=incident_id,
        kind="issued",
        number=number,
        replaces=before,
        requested_by=by.person,
        requested_at=now,
    )
    announce(
        events.ReportIssued(paper.pk, incident_id, number, before.number if before else ""),
        about=paper,
        by=by.in_chain(review.incident.correlation),
        topics=_topics(incident_id),
    )
    return paper


@atomic
def keep_paper(*, paper_id: UUID, by: Actor, now: datetime, pdf: bytes, pages: int, took_s: float) -> Paper:
    """The made PDF with its hash; frozen from here on. A repeated job changes nothing."""
    paper = queries.lock_paper(paper_id, by)
    policy.require(by, "reviews.print", paper)
    if paper.status != "waiting":
        return paper
    paper.status = rules.PAPER.next(paper.status, "make")
    paper.pdf, paper.sha256, paper.pages = pdf, hashlib.sha256(pdf).hexdigest(), pages
    paper.made_at, paper.took_s = now, took_s
    paper.save(update_fields=["status", "pdf", "sha256", "pages", "made_at", "took_s"])
    announce(
        events.PaperMade(paper.pk, paper.incident_id, paper.sha256, pages),
        about=paper,
        by=by.in_chain(paper.incident.correlation),
        after={"sha256": paper.sha256},
        topics=_topics(paper.incident_id),
    )
    return paper


@atomic
def give_up_paper(*, paper_id: UUID, by: Actor, reason: str) -> Paper:
    """It could not be made, and why; another one may be requested."""
    paper = queries.lock_paper(paper_id, by)
    policy.require(by, "reviews.print", paper)
    if paper.status != "waiting":
        return paper
    paper.status, paper.reason = rules.PAPER.next(paper.status, "fail"), reason[:300]
    paper.save(update_fields=["status", "reason"])
    announce(
        events.PaperFailed(paper.pk, paper.incident_id, paper.reason),
        about=paper,
        by=by.in_chain(paper.incident.correlation),
        topics=_topics(paper.incident_id),
    )
    return paper
