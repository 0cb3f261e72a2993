"""Large screens: which one asks, and what it may open. A screen is nobody: it reads the wall, and can press nothing."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from fengsui.apps.people.models import Screen
from fengsui.apps.people.tokens import digest
from fengsui.core.worlds import LIVE, is_over
from fengsui.kernel.actor import Actor

COOKIE, PATH, OPENING = "fengsui_wall", "/wall/", "/wall/open/"
SYSTEM = "desk.wall"
READS = (PATH, "/wall/now")
"""The only addresses that a screen opens; tested against every URL."""
SEEN_EVERY = timedelta(seconds=60)
CODE_FOR = timedelta(minutes=15)
LAYOUTS = ("wide", "single")
FACTORS = (50, 60, 75, 90, 100, 125, 150)
DAYS = (7, 30, 90, 365)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def fresh_code() -> str:
    """Ten letters and digits that cannot be mixed up, 49 random bits for a quarter of an hour."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


def code_digest(typed: str) -> str:
    return digest("".join(each for each in typed.upper() if each.isalnum()))


def usable(now: datetime) -> Q:
    return Q(revoked_at__isnull=True, expires_at__gt=now)


def of_world(world: UUID) -> QuerySet[Screen]:
    return Screen.objects.filter(world_id=world).select_related("granted_by", "revoked_by")


def recognised(request: HttpRequest) -> Screen | None:
    """The screen whose secret the request carries, where it only reads, and is neither revoked nor over."""
    secret = request.COOKIES.get(COOKIE, "")
    if not secret or request.method not in ("GET", "HEAD") or request.path not in READS:
        return None
    now = timezone.now()
    row: Screen | None = Screen.objects.filter(usable(now), digest=digest(secret)).first()
    if row is None or (row.world_id != LIVE and is_over(row.world_id)):
        return None
    if row.seen_at is None or now - row.seen_at > SEEN_EVERY:
        Screen.objects.filter(pk=row.pk).update(seen_at=now)
    return row


def actor_of(row: Screen, request: HttpRequest) -> Actor:
    return Actor(
        world=row.world_id,
        system=SYSTEM,
        source=request.META.get("REMOTE_ADDR", ""),
        correlation=request.correlation,  # type: ignore[attr-defined]  # set on the request by our middleware
    )
