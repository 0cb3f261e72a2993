"""Ways in: password with lock-out, second factor under the same count, the demonstration's door."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db.transaction import atomic

from fengsui.apps.people import events, rules, secret
from fengsui.apps.people.models import Account, UnknownName
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused

_NOBODY = make_password("equal time for unknown accounts")
NAMES_KEPT = timedelta(days=30)
"""How long failed logins under unknown names are remembered."""


def log_in(*, username: str, password: str, source: str, now: datetime) -> Account:
    """The account whose password this is, or Refused("people.login.wrong" | "people.login.locked").

    Unknown accounts cost the same time as wrong passwords, say and lock the same. The failure is recorded in a
    transaction of its own: a refusal must not roll the count back. An account with a second factor is not in yet:
    its count is only forgotten by `second_factor`.
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
        return None, _try_nobody(username, password, now)
    by = Actor(world=LIVE, person=account.person_id, source=source)
    try:
        rules.check_not_locked(account.locked_until, now)
    except Refused as locked:
        return None, locked
    if not account.check_password(password):
        count_failure(account, by, now, events.LoginFailed)
        return None, Refused("people.login.wrong")
    if account.factor_at is None:
        _enter(account, by, now)
    return account, None


def _try_nobody(username: str, password: str, now: datetime) -> Refused:
    """What an account would answer, count and cost: a name that never locks would tell that nobody has it."""
    UnknownName.objects.filter(at__lt=now - NAMES_KEPT).delete()
    digest = secret.name_digest(username)
    UnknownName.objects.get_or_create(digest=digest, defaults={"at": now})
    name = UnknownName.objects.select_for_update().get(digest=digest)
    try:
        rules.check_not_locked(name.locked_until, now)
    except Refused as locked:
        return locked
    check_password(password, _NOBODY)
    name.failures, name.at = name.failures + 1, now
    name.locked_until = rules.lock_until(name.failures, now, settings.FENGSUI_LOCK_AFTER, settings.FENGSUI_LOCK_S)
    name.save(update_fields=["failures", "at", "locked_until"])
    return Refused("people.login.wrong")


def count_failure(
    account: Account, by: Actor, now: datetime, failed: type[events.LoginFailed] | type[events.FactorFailed]
) -> None:
    """One more failed try of password or code, and the lock that follows; inside the caller's transaction."""
    account.failures += 1
    account.locked_until = rules.lock_until(account.failures, now, settings.FENGSUI_LOCK_AFTER, settings.FENGSUI_LOCK_S)
    account.save(update_fields=["failures", "locked_until"])
    kind = events.AccountLocked if account.locked_until else failed
    announce(kind(account.pk, account.failures), about=account, by=by)


def _enter(account: Account, by: Actor, now: datetime) -> None:
    account.failures, account.locked_until, account.last_login = 0, None, now
    account.save(update_fields=["failures", "locked_until", "last_login", "factor_step"])
    announce(events.LoggedIn(account.pk), about=account, by=by)


def second_factor(*, account_id: UUID, code: str, source: str, now: datetime) -> Account:
    """The code of the telephone, or one of the recovery codes, after the password.

    Raises Refused("people.factor.wrong" | "people.factor.broken" | "people.login.locked" | "people.login.wrong").
    """
    account, error = _try_factor(account_id, code, source, now)
    if error:
        raise error
    assert account is not None
    return account


@atomic
def _try_factor(account_id: UUID, code: str, source: str, now: datetime) -> tuple[Account | None, Refused | None]:
    account = Account.objects.select_for_update().filter(pk=account_id, is_active=True).first()
    if account is None or account.factor_at is None:
        return None, Refused("people.login.wrong")
    by = Actor(world=LIVE, person=account.person_id, source=source)
    try:
        rules.check_not_locked(account.locked_until, now)
    except Refused as locked:
        return None, locked
    plain = secret.unseal(account.factor_secret)
    step = secret.step_of(plain, code, now, account.factor_step) if plain else None
    if step is not None:
        account.factor_step = step
    elif not _recover(account, code, by, now):
        count_failure(account, by, now, events.FactorFailed)
        return None, Refused("people.factor.wrong" if plain else "people.factor.broken")
    _enter(account, by, now)
    return account, None


def _recover(account: Account, code: str, by: Actor, now: datetime) -> bool:
    """Each recovery code opens once."""
    used = account.recovery_codes.filter(digest=secret.digest(code), used_at__isnull=True).update(used_at=now)
    if used:
        left = account.recovery_codes.filter(used_at__isnull=True).count()
        announce(events.RecoveryCodeUsed(account.pk, left), about=account, by=by)
    return bool(used)


@atomic
def log_in_demo(*, username: str, source: str, now: datetime) -> Account:
    """Without password or code, in a demonstration only. Raises Refused("people.login.wrong") anywhere else."""
    account = Account.objects.select_for_update().filter(username=username, is_active=True).first()
    if not settings.DEMO or account is None:
        raise Refused("people.login.wrong")
    rules.check_not_locked(account.locked_until, now)
    account.last_login = now
    account.save(update_fields=["last_login"])
    by = Actor(world=LIVE, person=account.person_id, source=source, reason="演示：一键登录")
    announce(events.LoggedIn(account.pk), about=account, by=by)
    return account
