"""Tokens of programs: made by their holder with a fresh second factor, revoked by him or a security administrator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.transaction import atomic

from fengsui.apps.people import events, rules, secret, tokens
from fengsui.apps.people.actions.entering import count_failure
from fengsui.apps.people.models import Account, Holding, Post, Token
from fengsui.core import policy
from fengsui.core.api.scopes import scopes as known_scopes
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound, Refused


def make_token(
    *, name: str, post_id: UUID | None, scopes: Sequence[str], days: int, code: str, by: Actor, now: datetime
) -> tuple[Token, str]:
    """The token and its secret, which is shown once and kept nowhere.

    Who has a second factor proves it again: whoever finds an open screen must not take a key along. A wrong code
    counts like a failed login, in a transaction that the refusal does not roll back. Raises Invalid and
    Refused("people.token.…" | "people.factor.wrong" | "people.login.locked").
    """
    made, error = _make(name, post_id, scopes, days, code, by, now)
    if error:
        raise error
    assert made is not None
    return made


@atomic
def _make(
    name: str, post_id: UUID | None, scopes: Sequence[str], days: int, code: str, by: Actor, now: datetime
) -> tuple[tuple[Token, str] | None, Refused | None]:
    if by.world != LIVE or by.person is None:
        raise Refused("people.account.live_only")
    account = Account.objects.select_for_update().filter(person_id=by.person, is_active=True).first()
    if account is None:
        raise NotFound("people.account.not_found")
    name, wanted = rules.check_token(name, scopes, days, frozenset(known_scopes()))
    post = Post.objects.filter(pk=post_id).first() if post_id else None
    if post is None or not Holding.objects.at(now).filter(post=post, person_id=by.person).exists():
        raise Invalid("people.token.post", field="post")
    if account.tokens.filter(tokens.usable(now)).count() >= rules.TOKENS_MOST:
        raise Refused("people.token.too_many", most=rules.TOKENS_MOST)
    if refused := _prove(account, post, code, by, now):
        return None, refused
    plain = tokens.fresh()
    row = Token.objects.create(
        account=account,
        post=post,
        name=name,
        scopes=list(wanted),
        digest=tokens.digest(plain),
        begins=plain[:10],
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    event = events.TokenMade(row.pk, account.pk, post.pk, wanted)
    announce(event, about=row, by=by, after={"name": name, "expires_at": row.expires_at})
    return (row, plain), None


def _prove(account: Account, post: Post, code: str, by: Actor, now: datetime) -> Refused | None:
    """The second factor once more, where there is one; a privileged post must have one, except in a demonstration."""
    if account.factor_at is None:
        needed = post.role in settings.FENGSUI_SECOND_FACTOR_ROLES and not settings.DEMO
        return Refused("people.token.needs_factor") if needed else None
    try:
        rules.check_not_locked(account.locked_until, now)
    except Refused as locked:
        return locked
    plain = secret.unseal(account.factor_secret)
    step = secret.step_of(plain, code, now, account.factor_step) if plain else None
    if step is None:
        count_failure(account, by, now, events.FactorFailed)
        return Refused("people.factor.wrong" if plain else "people.factor.broken")
    account.factor_step = step
    account.save(update_fields=["factor_step"])
    return None


@atomic
def revoke_own_token(*, token_id: UUID, by: Actor, now: datetime) -> Token:
    """One of one's own. Raises NotFound("people.token.not_found")."""
    rows = Token.objects.select_for_update(of=("self",)).filter(pk=token_id)
    return _revoke(rows.filter(account__person_id=by.person).first() if by.person else None, "", by, now)


@atomic
def revoke_token(*, token_id: UUID, reason: str, by: Actor, now: datetime) -> Token:
    """By a security administrator, with a reason. Raises Refused("people.account.needs_reason"), NotFound."""
    row = tokens.all_visible_to(by).select_for_update(of=("self",)).filter(pk=token_id).first()
    if row is None:
        raise NotFound("people.token.not_found")
    policy.require(by, "people.account", row)
    if not reason.strip():
        raise Refused("people.account.needs_reason")
    return _revoke(row, reason.strip()[:200], by.because(reason.strip()), now)


def _revoke(row: Token | None, reason: str, by: Actor, now: datetime) -> Token:
    if row is None:
        raise NotFound("people.token.not_found")
    if row.revoked_at is not None:
        return row
    row.revoked_at, row.revoked_by_id, row.reason = now, by.person, reason
    row.save(update_fields=["revoked_at", "revoked_by", "reason"])
    announce(events.TokenRevoked(row.pk, row.account_id), about=row, by=by)
    return row
