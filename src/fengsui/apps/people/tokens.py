"""Tokens of programs: how they look, what of them is kept, and whom one stands for at this moment."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from fengsui.apps.people import queries
from fengsui.apps.people.models import Account, Token
from fengsui.core.api.bearer import Bearer, Unauthorised
from fengsui.core.worlds import LIVE, is_inside, is_over
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused

BEGIN = "fst_"
WORLD = "X-Fengsui-World"
WINDOW_S = 60


def fresh() -> str:
    """256 random bits behind a prefix by which leaked ones are found."""
    return BEGIN + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """The secret is long and random, so one SHA-256 keeps it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def usable(now: datetime) -> Q:
    """Neither revoked nor over."""
    return Q(revoked_at__isnull=True, expires_at__gt=now)


def of_account(account: Account, now: datetime) -> QuerySet[Token]:
    """One's own, those in use first, newest first; what ended long ago is left to the record."""
    return (
        account.tokens.filter(
            Q(expires_at__gt=now - timedelta(days=30))
            & (Q(revoked_at__isnull=True) | Q(revoked_at__gt=now - timedelta(days=30)))
        )
        .select_related("post__org", "use", "revoked_by")
        .order_by(F("revoked_at").asc(nulls_first=True), "-made_at", "-pk")
    )


def all_visible_to(by: Actor) -> QuerySet[Token]:
    """Those who administer or audit accounts see all tokens (never their secrets); nobody else."""
    rows = Token.objects.select_related("post__org", "use", "account__person__org", "revoked_by")
    return rows.filter(account__in=queries.accounts_visible_to(by)).order_by("-made_at", "-pk")


def holder(secret: str, request: HttpRequest) -> Bearer:
    """Whom the token stands for now: less than at its making where he may do less, never more.

    Raises Unauthorised("core.api.unknown_token" | "people.token.account_closed" | "people.token.post_over" |
    "people.token.needs_factor"), Refused("core.api.world").
    """
    now = timezone.now()
    found = Token.objects.select_related("account").filter(usable(now), digest=digest(secret)).first()
    if found is None:
        raise Unauthorised("core.api.unknown_token")
    account = found.account
    if not account.is_active or account.must_change or (account.locked_until and account.locked_until > now):
        raise Unauthorised("people.token.account_closed")
    whole = queries.actor_for(
        account.person_id,
        _world(request, account.person_id),
        source=f"{request.META.get('REMOTE_ADDR', '')} token {found.begins}",
        correlation=request.correlation,  # type: ignore[attr-defined]  # set on the request by our middleware
    )
    by = replace(whole, grants=tuple(grant for grant in whole.grants if grant.post == found.post_id))
    if not by.grants:
        raise Unauthorised("people.token.post_over")
    if by.roles & settings.FENGSUI_SECOND_FACTOR_ROLES and account.factor_at is None and not settings.DEMO:
        raise Unauthorised("people.token.needs_factor")
    used, resets = _count(found.pk)
    return Bearer(found.pk, by, frozenset(found.scopes), used, settings.FENGSUI_API_PER_MINUTE, resets)


def _world(request: HttpRequest, person: UUID) -> UUID:
    """The live world, or the exercise that the call names and its holder has entered."""
    said = request.headers.get(WORLD, "")
    if said in ("", str(LIVE)):
        return LIVE
    try:
        world = UUID(said)
    except ValueError:
        raise Refused("core.api.world") from None
    if is_over(world) or not is_inside(world, person) or not queries.is_world(world):
        raise Refused("core.api.world")
    return world


_COUNT = """
INSERT INTO people_tokenuse AS u (token_id, began_at, used, last_at)
VALUES (%(token)s, clock_timestamp(), 1, clock_timestamp())
ON CONFLICT (token_id) DO UPDATE SET
    used = CASE WHEN u.began_at <= clock_timestamp() - %(window)s * interval '1 second' THEN 1 ELSE u.used + 1 END,
    began_at = CASE WHEN u.began_at <= clock_timestamp() - %(window)s * interval '1 second'
                    THEN clock_timestamp() ELSE u.began_at END,
    last_at = clock_timestamp()
RETURNING used, ceil(extract(epoch FROM began_at + %(window)s * interval '1 second' - clock_timestamp()))
"""


def _count(token: UUID) -> tuple[int, int]:
    """Calls in this minute, this one too, and seconds until the next minute begins: the same for every web process."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"token": token, "window": WINDOW_S})
        used, resets = cursor.fetchone()
    return int(used), max(1, int(resets))


def named(text: str) -> Q:
    """Tokens by their name, account, holder or beginning."""
    return (
        Q(name__icontains=text)
        | Q(account__username__icontains=text)
        | Q(account__person__name__icontains=text)
        | Q(begins__startswith=text[:10])
    )
