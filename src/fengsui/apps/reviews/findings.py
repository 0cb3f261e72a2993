"""Verbs of a finding: raise, answer, accept, send back, withdraw. All of them happen in the live world.

A finding of an exercise is a duty in the real one: it is raised when the exercise is over, and its clock runs live.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, QuerySet
from django.db.transaction import atomic

from fengsui.apps.incidents.models import Incident
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Holding, Post
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.apps.places import queries as places
from fengsui.apps.reviews import events, rules
from fengsui.apps.reviews.models import Finding
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE, is_over
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound, Refused

DAY_S = 86_400


def visible_to(by: Actor) -> QuerySet[Finding]:
    """All for the district's roles; else those that a post of one's own owes."""
    rows: QuerySet[Finding] = Finding.objects.in_world(by.world)
    rows = rows.select_related("owner_post", "owner_org", "about_world")
    return rows if by.system or by.roles & DISTRICT_ROLES else rows.filter(owner_post__in=by.posts)


def of_incident(incident_id: UUID) -> list[Finding]:
    """In the order they were raised, those withdrawn too."""
    rows = Finding.objects.in_world(LIVE).filter(incident_id=incident_id)
    return list(rows.select_related("owner_post", "owner_org", "about_world").order_by("n"))


def posts_to_choose() -> list[Post]:
    """Posts that somebody holds: an owner who is nobody would never answer."""
    held = Holding.objects.filter(until__isnull=True).values("post")
    return list(Post.objects.filter(pk__in=held).select_related("org").order_by("org__path", "call_order", "code"))


def lock(finding_id: UUID, by: Actor) -> Finding:
    rows = visible_to(by).select_for_update(of=("self",))
    found: Finding | None = rows.filter(pk=finding_id).first()
    if found is None:
        raise NotFound("reviews.finding.not_found")
    return found


def page(finding_id: UUID) -> str:
    return f"/reviews/findings/{finding_id}/"


def _topics(finding: Finding) -> tuple[str, ...]:
    return ("reviews.findings", f"reviews.incident:{finding.incident_id}")


@atomic
def raise_finding(
    *, incident: Incident, text: str, remedy: str, owner_post: UUID | None, days: int | None, by: Actor, now: datetime
) -> Finding:
    """提出整改: one thing, one owner, one clock. `by` acts in the live world. Raises Invalid, Refused.

    Refused("reviews.finding.exercise_runs") for an exercise that is not over: from inside one nothing reaches out.
    """
    policy.require(by, "reviews.find")
    if by.world != LIVE or (incident.world_id != LIVE and not is_over(incident.world_id)):
        raise Refused("reviews.finding.exercise_runs")
    rules.check_finding(text, remedy, days)
    post = Post.objects.select_related("org").filter(pk=owner_post).first() if owner_post else None
    if post is None or days is None:
        raise Invalid("reviews.finding.no_owner", field="owner_post")
    Incident.objects.in_world(incident.world_id).select_for_update(no_key=True).get(
        pk=incident.pk
    )  # one number at a time
    last = Finding.objects.in_world(LIVE).filter(incident_id=incident.pk).aggregate(last=Max("n"))["last"]
    place = incident.place
    finding = Finding.objects.create(
        world_id=LIVE,
        n=(last or 0) + 1,
        about_world_id=incident.world_id,
        incident_id=incident.pk,
        incident_number=incident.number,
        incident_title=incident.title,
        jurisdiction=(place.jurisdiction if place else "") or incident.area.jurisdiction,
        correlation=incident.correlation,
        text=text.strip(),
        remedy=remedy.strip(),
        owner_post=post,
        owner_org=post.org,
        days=days,
        due_at=now + timedelta(days=days),
        raised_by=by.person,
        raised_at=now,
    )
    _start(finding, by, now, days * DAY_S)
    announce(
        events.FindingRaised(finding.pk, incident.pk, finding.n, finding.text, post.pk, finding.due_at),
        about=finding,
        by=by,
        topics=_topics(finding),
    )
    return finding


def _start(finding: Finding, by: Actor, now: datetime, limit_s: int) -> None:
    clocks.start(
        rules.REMEDY.code,
        about=finding,
        by=by,
        now=now,
        label=f"整改：{finding.text}",
        owner_post=finding.owner_post_id,
        owner_role=finding.owner_post.role,
        url=page(finding.pk),
        limit_s=limit_s,
    )


@atomic
def answer(*, finding_id: UUID, text: str, by: Actor, now: datetime) -> Finding:
    """答复: what was done. The owner's clock closes; the leader's to accept it begins."""
    finding = lock(finding_id, by)
    policy.require(by, "reviews.answer", finding)
    before = finding.status
    finding.status = rules.FINDING.next(before, "answer")
    finding.answer = rules.check_said(text, "reviews.finding.no_answer")
    finding.answered_by, finding.answered_at = by.person, now
    finding.save(update_fields=["status", "answer", "answered_by", "answered_at"])
    clocks.close(rules.REMEDY.code, about=finding, by=by, now=now, proof={"answer": finding.answer})
    bureau = places.bureau_of(finding.jurisdiction)
    leaders = people.by_role("duty_leader", bureau.pk if bureau else None)
    clocks.start(
        rules.ACCEPT.code,
        about=finding,
        by=by,
        now=now,
        label=f"认可整改：{finding.text}",
        owner_post=leaders[0].post if leaders else None,
        owner_role="duty_leader",
        url=page(finding.pk),
    )
    announce(
        events.FindingAnswered(finding.pk, finding.incident_id, finding.answer),
        about=finding,
        by=by,
        before={"status": before},
        after={"status": finding.status, "answer": finding.answer},
        topics=_topics(finding),
    )
    return finding


@atomic
def accept(*, finding_id: UUID, by: Actor, now: datetime) -> Finding:
    """认可: the loop is closed."""
    finding = lock(finding_id, by)
    policy.require(by, "reviews.accept", finding)
    before = finding.status
    finding.status = rules.FINDING.next(before, "accept")
    finding.closed_by, finding.closed_at = by.person, now
    finding.save(update_fields=["status", "closed_by", "closed_at"])
    clocks.close(rules.ACCEPT.code, about=finding, by=by, now=now, proof={"accepted": True})
    announce(
        events.FindingAccepted(finding.pk, finding.incident_id),
        about=finding,
        by=by,
        before={"status": before},
        after={"status": finding.status},
        topics=_topics(finding),
    )
    return finding


@atomic
def send_back(*, finding_id: UUID, reason: str, by: Actor, now: datetime) -> Finding:
    """退回: the answer does not do; the owner's clock runs again with its whole limit."""
    finding = lock(finding_id, by)
    policy.require(by, "reviews.accept", finding)
    before = finding.status
    finding.status = rules.FINDING.next(before, "send_back")
    finding.reason = rules.check_said(reason, "reviews.finding.no_reason")[:300]
    finding.due_at = now + timedelta(days=finding.days)
    finding.save(update_fields=["status", "reason", "due_at"])
    clocks.close(rules.ACCEPT.code, about=finding, by=by, now=now, proof={"sent_back": finding.reason})
    _start(finding, by, now, finding.days * DAY_S)
    announce(
        events.FindingSentBack(finding.pk, finding.incident_id, finding.reason),
        about=finding,
        by=by.because(finding.reason),
        before={"status": before, "answer": finding.answer},
        after={"status": finding.status},
        topics=_topics(finding),
    )
    return finding


@atomic
def withdraw(*, finding_id: UUID, reason: str, by: Actor, now: datetime) -> Finding:
    """撤回: it is no longer owed, and why."""
    finding = lock(finding_id, by)
    policy.require(by, "reviews.find", finding)
    before = finding.status
    finding.status = rules.FINDING.next(before, "withdraw")
    finding.reason = rules.check_said(reason, "reviews.finding.no_reason")[:300]
    finding.closed_by, finding.closed_at = by.person, now
    finding.save(update_fields=["status", "reason", "closed_by", "closed_at"])
    clocks.cancel(rules.REMEDY.code, about=finding, by=by, now=now, reason=finding.reason)
    announce(
        events.FindingWithdrawn(finding.pk, finding.incident_id, finding.reason),
        about=finding,
        by=by.because(finding.reason),
        before={"status": before},
        after={"status": finding.status},
        topics=_topics(finding),
    )
    return finding
