"""Verbs of people: log in with lock-out, reveal a phone, take and leave a post."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db.transaction import atomic

from fengsui.apps.people import events, queries, rules
from fengsui.apps.people.models import Account, Holding, Person, Post
from fengsui.core import policy
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused

_NOBODY = make_password("equal time for unknown accounts")


def log_in(*, username: str, password: str, source: str, now: datetime) -> Account:
    """The account, or Refused("people.login.wrong" | "people.login.locked").

    Unknown accounts cost the same time as wrong passwords, and say the same. The failure is recorded in a
    transaction of its own: a refusal must not roll the count back.
    """
    account, error = _try(username, password, source, now)
    if error:
        raise error
    assert account is not None
    return account


@atomic
def _try(username: str, password: str, source: str, now: datetime) -> tuple[Account | None, Refused | None]:
    account = Account.objects.select_for_update().filter(username=username, is_active=True).first()
    if account is None:
        check_password(password, _NOBODY)
        return None, Refused("people.login.wrong")
    by = Actor(world=LIVE, person=account.person_id, source=source)
    try:
        rules.check_not_locked(account.locked_until, now)
    except Refused as locked:
        return None, locked
    if not account.check_password(password):
        account.failures += 1
        account.locked_until = rules.lock_until(
            account.failures, now, settings.FENGSUI_LOCK_AFTER, settings.FENGSUI_LOCK_S
        )
        account.save(update_fields=["failures", "locked_until"])
        failed = events.AccountLocked if account.locked_until else events.LoginFailed
        announce(failed(account.pk, account.failures), about=account, by=by)
        return None, Refused("people.login.wrong")
    account.failures, account.locked_until, account.last_login = 0, None, now
    account.save(update_fields=["failures", "locked_until", "last_login"])
    announce(events.LoggedIn(account.pk), about=account, by=by)
    return account, None


@atomic
def log_in_demo(*, username: str, source: str, now: datetime) -> Account:
    """Without a password, in a demonstration only. Raises Refused("people.login.wrong") anywhere else."""
    account = Account.objects.select_for_update().filter(username=username, is_active=True).first()
    if not settings.DEMO or account is None:
        raise Refused("people.login.wrong")
    rules.check_not_locked(account.locked_until, now)
    account.last_login = now
    account.save(update_fields=["last_login"])
    by = Actor(world=LIVE, person=account.person_id, source=source, reason="演示：一键登录")
    announce(events.LoggedIn(account.pk), about=account, by=by)
    return account


@atomic
def reveal_phone(*, person_id: UUID, by: Actor, reason: str) -> str:
    """The full number, with who asked and why on record."""
    person = queries.persons_visible_to(by).filter(pk=person_id).first()
    if person is None:
        raise NotFound("people.reveal.not_found")
    policy.require(by, "people.reveal", person)
    if not reason.strip():
        raise Refused("people.reveal.needs_reason")
    announce(events.PhoneRevealed(person.pk), about=person, by=by.because(reason.strip()))
    return person.phone


@atomic
def take_post(*, post_id: UUID, person_id: UUID, by: Actor, now: datetime) -> Holding:
    """Hand a post over: all current holdings end, a new one begins."""
    policy.require(by, "people.assign")
    post = Post.objects.select_for_update().get(pk=post_id)
    person = Person.objects.get(pk=person_id)
    for old in post.holdings.filter(until__isnull=True):
        old.until = now
        old.save(update_fields=["until"])
        announce(events.PostLeft(post.pk, old.person_id), about=post, by=by)
    holding = Holding.objects.create(post=post, person=person, since=now)
    announce(events.PostTaken(post.pk, person.pk), about=post, by=by)
    return holding
