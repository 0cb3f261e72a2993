"""What the security administrator does with others' accounts. Nobody does it with his own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.transaction import atomic

from fengsui.apps.people import events, queries, rules, secret
from fengsui.apps.people.actions.own import end_all, set_password
from fengsui.apps.people.models import Account, Person
from fengsui.core import policy
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused


def need_reason(reason: str) -> str:
    """Raises Refused("people.account.needs_reason")."""
    if not reason.strip():
        raise Refused("people.account.needs_reason")
    return reason.strip()[:200]


def only_live(by: Actor) -> None:
    """Accounts and posts are the same in every world: an exercise must not change them."""
    if by.world != LIVE:
        raise Refused("people.account.live_only")


def _theirs(account_id: UUID, by: Actor, reason: str) -> tuple[Account, Actor]:
    account = queries.lock_account(account_id, by)
    policy.require(by, "people.account", account)
    only_live(by)
    rules.check_not_own(by.person, account.person_id)
    return account, by.because(need_reason(reason))


@atomic
def open_account(*, person_id: UUID, username: str, by: Actor, now: datetime, reason: str) -> tuple[Account, str]:
    """A login for a person, and its one-time password. Raises Refused("people.account.exists" | "…taken" | "…own")."""
    policy.require(by, "people.account")
    only_live(by)
    person = Person.objects.select_for_update().filter(pk=person_id, retired_at__isnull=True).first()
    if person is None:
        raise NotFound("people.person.not_found")
    rules.check_not_own(by.person, person.pk)
    by = by.because(need_reason(reason))
    username = username.strip()
    if Account.objects.filter(person=person).exists():
        raise Refused("people.account.exists")
    if Account.objects.filter(username__iexact=username).exists():
        raise Refused("people.account.taken")
    account = Account(username=username, person=person, must_change=True)
    password = secret.one_time_password()
    account.set_password(password)
    account.password_at = now
    try:
        account.full_clean()
    except ValidationError:
        raise Refused("people.account.bad_name") from None
    account.save(force_insert=True)
    announce(events.AccountOpened(account.pk, person.pk), about=account, by=by, after={"username": username})
    return account, password


@atomic
def open_first(*, now: datetime) -> list[tuple[Account, str]]:
    """Accounts of the security administrators, whom nobody can make yet; with their one-time passwords.

    Raises Refused("people.account.not_first") once one of them has ever logged in, Refused("people.account.nobody")
    where nobody holds such a post.
    """
    held = queries.by_role("security_admin")
    if not held:
        raise Refused("people.account.nobody")
    persons = [each.person for each in held]
    if Account.objects.filter(person__in=persons, last_login__isnull=False).exists():
        raise Refused("people.account.not_first")
    by, made = Actor(world=LIVE, system="first_accounts", reason="首次安装"), []
    for n, person in enumerate(persons, 1):
        account = Account.objects.filter(person_id=person).first() or Account(username=f"secadmin{n}", person_id=person)
        password = secret.one_time_password()
        account.set_password(password)
        account.must_change, account.password_at = True, now
        account.save()
        announce(events.AccountOpened(account.pk, person), about=account, by=by)
        made.append((account, password))
    return made


@atomic
def deactivate(*, account_id: UUID, by: Actor, now: datetime, reason: str) -> Account:
    account, by = _theirs(account_id, by, reason)
    if not account.is_active:
        raise Refused("people.account.inactive")
    account.is_active = False
    account.save(update_fields=["is_active"])
    announce(events.AccountDeactivated(account.pk), about=account, by=by)
    end_all(account, by, "deactivated")
    return account


@atomic
def reactivate(*, account_id: UUID, by: Actor, now: datetime, reason: str) -> Account:
    account, by = _theirs(account_id, by, reason)
    if account.is_active:
        raise Refused("people.account.active")
    account.is_active = True
    account.save(update_fields=["is_active"])
    announce(events.AccountReactivated(account.pk), about=account, by=by)
    return account


@atomic
def unlock(*, account_id: UUID, by: Actor, now: datetime, reason: str) -> Account:
    account, by = _theirs(account_id, by, reason)
    if not account.failures and account.locked_until is None:
        raise Refused("people.account.not_locked")
    account.failures, account.locked_until = 0, None
    account.save(update_fields=["failures", "locked_until"])
    announce(events.AccountUnlocked(account.pk), about=account, by=by)
    return account


@atomic
def reset_password(*, account_id: UUID, by: Actor, now: datetime, reason: str) -> tuple[Account, str]:
    """A one-time password, shown once; the next login must change it. A lock stays until it is unlocked or runs out."""
    account, by = _theirs(account_id, by, reason)
    password = secret.one_time_password()
    set_password(account, password, now)
    account.must_change = True
    account.save(update_fields=["password", "password_at", "must_change"])
    announce(events.PasswordReset(account.pk), about=account, by=by)
    end_all(account, by, "password")
    return account, password


@atomic
def reset_factor(*, account_id: UUID, by: Actor, now: datetime, reason: str) -> Account:
    """The telephone is lost: the second factor is set up anew at the next login."""
    account, by = _theirs(account_id, by, reason)
    if account.factor_at is None:
        raise Refused("people.factor.none")
    account.factor_secret, account.factor_at, account.factor_step = "", None, 0
    account.save(update_fields=["factor_secret", "factor_at", "factor_step"])
    account.recovery_codes.all().delete()
    announce(events.FactorReset(account.pk), about=account, by=by)
    end_all(account, by, "factor")
    return account


@atomic
def stop_sessions(*, account_id: UUID, by: Actor, now: datetime, reason: str) -> Account:
    account, by = _theirs(account_id, by, reason)
    if not end_all(account, by, "security_admin"):
        raise Refused("people.session.none")
    return account
