"""Who holds which post from when to when. Privileged posts take a second administrator."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.transaction import atomic

from fengsui.apps.people import events, queries, rules
from fengsui.apps.people.actions.accounts import need_reason, only_live
from fengsui.apps.people.actions.own import end_all
from fengsui.apps.people.models import Account, Assignment, Holding, Person, Post
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused


def _lock(post_id: UUID, person_id: UUID) -> tuple[Post, Person]:
    """Both rows, the person too: two posts given at the same moment must see each other."""
    post = Post.objects.select_for_update().filter(pk=post_id).first()
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if post is None or person is None:
        raise NotFound("people.post.not_found")
    return post, person


def _check(post: Post, person: Person, since: datetime, until: datetime | None, now: datetime) -> None:
    rules.check_times(since, until, now)
    if post.retired_at or person.retired_at:
        raise Refused("people.assign.retired", name=post.title if post.retired_at else person.name)
    beside = [
        row
        for row in person.holdings.not_over(since).select_related("post")
        if rules.overlap(since, until, row.since, row.until)
    ]
    if any(row.post_id == post.pk for row in beside):
        raise Refused("people.assign.holds_already")
    rules.check_separate([post.role, *(row.post.role for row in beside)])


@atomic
def assign(
    *,
    post_id: UUID,
    person_id: UUID,
    by: Actor,
    now: datetime,
    reason: str,
    since: datetime | None = None,
    until: datetime | None = None,
    alongside: bool = False,
) -> Holding | Assignment:
    """Give a post from `since` (now) to `until` (open); those who hold it leave then, unless `alongside`.

    A privileged post is only asked for: a second security administrator approves it, on a clock.
    Raises Refused("people.assign.…" | "people.account.own" | "people.approve.asked_already").
    """
    policy.require(by, "people.assign")
    only_live(by)
    post, person = _lock(post_id, person_id)
    since = max(since, now) if since and since > now - rules.LATE else since or now
    rules.check_not_own(by.person, person.pk)
    by = by.because(need_reason(reason))
    _check(post, person, since, until, now)
    if post.role not in settings.FENGSUI_SECOND_FACTOR_ROLES | rules.ADMINS:
        return _place(post, person, since, until, alongside, by, now)
    if post.assignments.filter(person=person, status="asked").exists():
        raise Refused("people.approve.asked_already")
    assert by.person is not None  # a part of the system asks for nobody's rights
    asked = Assignment.objects.create(
        post=post, person=person, since=since, until=until, alongside=alongside, reason=by.reason,
        asked_by_id=by.person, asked_at=now,
    )  # fmt: skip
    announce(events.AssignmentAsked(asked.pk, post.pk, person.pk), about=asked, by=by)
    second = next(
        (each.person for each in queries.by_role("security_admin") if each.person not in (by.person, person.pk)), None
    )
    clocks.start(
        rules.APPROVE.code, about=asked, by=by, now=now, label=f"{post.title}　{person.name}", owner_person=second,
        owner_role="security_admin", url=f"/people/posts/{post.pk}/",
    )  # fmt: skip
    return asked


@atomic
def take_post(*, post_id: UUID, person_id: UUID, by: Actor, now: datetime) -> Holding | Assignment:
    """Hand a post over now: all current holdings end, a new one begins."""
    return assign(post_id=post_id, person_id=person_id, by=by, now=now, reason="交接")


def _place(
    post: Post, person: Person, since: datetime, until: datetime | None, alongside: bool, by: Actor, now: datetime
) -> Holding:
    if not alongside:
        for old in post.holdings.not_over(since).select_for_update():
            if rules.overlap(since, until, old.since, old.until):
                _end(old, post, since, by, now)
    holding = Holding.objects.create(post=post, person=person, since=since, until=until)
    announce(
        events.PostTaken(post.pk, person.pk),
        about=post,
        by=by,
        after={"since": since, "until": until, "role": post.role},
    )
    if since <= now:
        _end_sessions(person.pk, by)  # more rights begin with a login, which asks for what they need
    return holding


def _end(holding: Holding, post: Post, at: datetime, by: Actor, now: datetime) -> None:
    if holding.since >= at:
        holding.delete()  # had not begun: the audit row stays
    else:
        holding.until = at
        holding.save(update_fields=["until"])
    announce(events.PostLeft(post.pk, holding.person_id), about=post, by=by, after={"until": at})
    if at <= now:
        _end_sessions(holding.person_id, by)


def _end_sessions(person: UUID, by: Actor) -> None:
    account = Account.objects.filter(person_id=person).first()
    if account is not None:
        end_all(account, by, "posts")


@atomic
def leave_post(*, holding_id: int, by: Actor, now: datetime, reason: str, at: datetime | None = None) -> Post:
    """A holding ends now or later; one that has not begun is taken back.

    Raises Refused("people.assign.in_arrears" | "…over" | "…last_on_duty" | "people.account.own").
    """
    policy.require(by, "people.assign")
    only_live(by)
    holding = Holding.objects.select_for_update(of=("self",)).select_related("post").filter(pk=holding_id).first()
    if holding is None:
        raise NotFound("people.post.not_found")
    rules.check_not_own(by.person, holding.person_id)
    by = by.because(need_reason(reason))
    at = max(at, now) if at and at > now - rules.LATE else at or now
    rules.check_times(at, None, now)
    if holding.until is not None and holding.until <= at:
        raise Refused("people.assign.over")
    if holding.post.role in rules.ON_DUTY and holding.since <= now:
        others = Holding.objects.at(at).filter(post=holding.post).exclude(pk=holding.pk)
        if not others.exists():
            raise Refused("people.assign.last_on_duty")
    _end(holding, holding.post, at, by, now)
    return holding.post


def _decide(assignment_id: UUID, verb: str, by: Actor, now: datetime, note: str) -> tuple[Assignment, Actor]:
    row = queries.lock_assignment(assignment_id)
    policy.require(by, "people.approve", row)
    only_live(by)
    if verb == "withdraw":
        if by.person != row.asked_by_id:
            raise Refused("people.approve.not_yours")
    else:
        rules.check_second(by.person, row.asked_by_id, row.person_id)
    by = by.because(need_reason(note))
    row.status = rules.ASSIGNMENT.next(row.status, verb)
    row.decided_by_id, row.decided_at, row.note = by.person, now, by.reason
    row.save(update_fields=["status", "decided_by", "decided_at", "note"])
    announce(events.AssignmentDecided(row.pk, row.status), about=row, by=by)
    return row, by


@atomic
def approve(*, assignment_id: UUID, by: Actor, now: datetime, note: str) -> Holding:
    """The second administrator agrees: everything is asked again, since days may lie between."""
    row, by = _decide(assignment_id, "approve", by, now, note)
    post, person = _lock(row.post_id, row.person_id)
    since = max(row.since, now)
    _check(post, person, since, row.until, now)
    holding = _place(post, person, since, row.until, row.alongside, by, now)
    clocks.close(rules.APPROVE.code, about=row, by=by, now=now, proof={"status": row.status, "holding": holding.pk})
    return holding


@atomic
def refuse(*, assignment_id: UUID, by: Actor, now: datetime, note: str) -> Assignment:
    row, by = _decide(assignment_id, "refuse", by, now, note)
    clocks.close(rules.APPROVE.code, about=row, by=by, now=now, proof={"status": row.status, "note": row.note})
    return row


@atomic
def withdraw(*, assignment_id: UUID, by: Actor, now: datetime, note: str) -> Assignment:
    row, by = _decide(assignment_id, "withdraw", by, now, note)
    clocks.cancel(rules.APPROVE.code, about=row, by=by, now=now, reason=row.note)
    return row
