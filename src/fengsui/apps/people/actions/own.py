"""What a person does with his own account: password, second factor, sessions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.db.transaction import atomic

from fengsui.apps.people import events, rules, secret
from fengsui.apps.people.actions.entering import count_failure
from fengsui.apps.people.models import Account, PasswordBefore, RecoveryCode, Session
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused


def _own(by: Actor) -> Account:
    rows = Account.objects.select_for_update().filter(is_active=True)
    account = rows.filter(person_id=by.person).first() if by.person else None
    if account is None:
        raise NotFound("people.account.not_found")
    return account


def end_all(account: Account, by: Actor, why: str, *, but: str = "") -> int:
    """End the account's sessions, all but the one with this key; inside the caller's transaction."""
    gone, _each = account.sessions.exclude(session_key=but).delete()
    if gone:
        announce(events.SessionsEnded(account.pk, gone, why), about=account, by=by)
    return gone


def set_password(account: Account, password: str, now: datetime) -> None:
    """Keep the hash that was; the last ones may not come back."""
    if account.password:
        PasswordBefore.objects.create(account=account, password=account.password, at=now)
        kept = account.passwords_before.order_by("-at", "-pk").values("pk")[: settings.FENGSUI_PASSWORDS_KEPT]
        account.passwords_before.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    account.set_password(password)
    account.password_at = now


def change_password(*, old: str, new: str, by: Actor, now: datetime, session_key: str = "") -> None:
    """Every other session ends. Raises Refused("people.password.…" | "people.login.locked"), ValidationError when weak.

    A wrong old password counts like a failed login, in a transaction that the refusal does not roll back: whoever
    finds an open screen may not try passwords there.
    """
    error = _change(old, new, by, now, session_key)
    if error is not None:
        raise error


@atomic
def _change(old: str, new: str, by: Actor, now: datetime, session_key: str) -> Refused | None:
    account = _own(by)
    rules.check_not_locked(account.locked_until, now)
    if not account.check_password(old):
        count_failure(account, by, now, events.LoginFailed)
        return Refused("people.password.old_wrong")
    validate_password(new, account)
    before = account.passwords_before.order_by("-at", "-pk")[: settings.FENGSUI_PASSWORDS_KEPT - 1]
    if any(check_password(new, each) for each in [account.password, *(row.password for row in before)]):
        raise Refused("people.password.used_before", count=settings.FENGSUI_PASSWORDS_KEPT)
    set_password(account, new, now)
    account.must_change = False
    account.save(update_fields=["password", "password_at", "must_change"])
    announce(events.PasswordChanged(account.pk), about=account, by=by)
    end_all(account, by, "password", but=session_key)
    return None


@atomic
def prepare_factor(*, by: Actor) -> tuple[Account, str]:
    """A secret that waits to be confirmed; the same one until it is. Raises Refused("people.factor.already")."""
    account = _own(by)
    if account.factor_at is not None:
        raise Refused("people.factor.already")
    plain = secret.unseal(account.factor_secret) if account.factor_secret else None
    if plain is None:
        plain = secret.fresh()
        account.factor_secret = secret.seal(plain)
        account.save(update_fields=["factor_secret"])
    return account, plain


@atomic
def confirm_factor(*, code: str, by: Actor, now: datetime, session_key: str = "") -> list[str]:
    """The telephone shows the right code: the factor counts from now on. Returns the recovery codes, once.

    Raises Refused("people.factor.wrong_first" | "people.factor.already").
    """
    account, plain = prepare_factor(by=by)
    account = Account.objects.select_for_update().get(pk=account.pk)
    step = secret.step_of(plain, code, now, 0)
    if step is None:
        raise Refused("people.factor.wrong_first")
    account.factor_at, account.factor_step = now, step
    account.save(update_fields=["factor_at", "factor_step"])
    account.recovery_codes.all().delete()
    codes = secret.recovery_codes()
    RecoveryCode.objects.bulk_create(RecoveryCode(account=account, digest=secret.digest(each)) for each in codes)
    announce(events.FactorEnrolled(account.pk), about=account, by=by)
    end_all(account, by, "factor", but=session_key)
    return codes


@atomic
def begin_session(*, account: Account, key: str, by: Actor) -> None:
    """Of more sessions than one account may have, those unused for longest end."""
    Account.objects.select_for_update().get(pk=account.pk)
    others = account.sessions.exclude(session_key=key).order_by("-seen_at", "-began_at")
    surplus = list(others.values_list("pk", flat=True)[max(0, settings.FENGSUI_SESSIONS_MAX - 1) :])
    if surplus:
        Session.objects.filter(pk__in=surplus).delete()
        announce(events.SessionsEnded(account.pk, len(surplus), "too_many"), about=account, by=by)


@atomic
def end_session(*, public_id: UUID, by: Actor) -> None:
    """One of one's own. Raises NotFound("people.session.not_found")."""
    account = _own(by)
    gone, _each = account.sessions.filter(public_id=public_id).delete()
    if not gone:
        raise NotFound("people.session.not_found")
    announce(events.SessionsEnded(account.pk, 1, "own"), about=account, by=by)


@atomic
def log_out(*, by: Actor) -> None:
    account = Account.objects.filter(person_id=by.person).first() if by.person else None
    if account is not None:
        announce(events.LoggedOut(account.pk), about=account, by=by)
