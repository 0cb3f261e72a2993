"""Large screens: granted by who sees the wall anyway, opened once by a code, revoked by anybody on duty."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.people import events, screens
from fengsui.apps.people.models import Screen
from fengsui.apps.people.tokens import digest
from fengsui.core import policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound, Refused


@atomic
def grant_screen(*, name: str, layout: str, factor: int, days: int, by: Actor, now: datetime) -> tuple[Screen, str]:
    """A screen of the actor's world and the code that pairs it, shown once. Raises Invalid("people.screen.…")."""
    policy.require(by, "people.screen_grant")
    if not name.strip():
        raise Invalid("people.screen.no_name", field="name")
    for field, value, allowed in (
        ("layout", layout, screens.LAYOUTS), ("factor", factor, screens.FACTORS), ("days", days, screens.DAYS),
    ):  # fmt: skip
        if value not in allowed:
            raise Invalid("people.screen.no_choice", field=field)
    code = screens.fresh_code()
    row = Screen.objects.create(
        world_id=by.world,
        name=name.strip()[:60],
        layout=layout,
        factor=factor,
        code_digest=screens.code_digest(code),
        code_until=now + screens.CODE_FOR,
        granted_by_id=by.person,  # type: ignore[misc]  # the policy lets only persons through
        granted_at=now,
        expires_at=now + timedelta(days=days),
    )
    announce(events.ScreenGranted(row.pk), about=row, by=by, after={"name": row.name, "expires_at": row.expires_at})
    return row, code


@atomic
def open_screen(*, code: str, source: str, correlation: UUID, now: datetime) -> tuple[Screen, str]:
    """The screen and its secret, for the code that was typed there. Raises Refused("people.screen.wrong_code")."""
    rows = Screen.objects.select_for_update().filter(screens.usable(now), code_until__gt=now)
    row = rows.filter(code_digest=screens.code_digest(code)).first()
    if row is None:
        raise Refused("people.screen.wrong_code")
    secret = secrets.token_urlsafe(32)
    row.digest, row.code_digest, row.code_until = digest(secret), "", None
    row.opened_at, row.source = now, source[:45]
    row.save(update_fields=["digest", "code_digest", "code_until", "opened_at", "source"])
    by = Actor(world=row.world_id, system=screens.SYSTEM, source=source, correlation=correlation)
    announce(events.ScreenOpened(row.pk), about=row, by=by)
    return row, secret


@atomic
def revoke_screen(*, screen_id: UUID, by: Actor, now: datetime) -> Screen:
    """From its next look on the screen is refused. Raises NotFound("people.screen.not_found")."""
    row = screens.of_world(by.world).select_for_update(of=("self",)).filter(pk=screen_id).first()
    if row is None or not policy.can(by, "people.screen_see"):
        raise NotFound("people.screen.not_found")
    policy.require(by, "people.screen_revoke", row)
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by_id = now, by.person
        row.save(update_fields=["revoked_at", "revoked_by"])
        announce(events.ScreenRevoked(row.pk), about=row, by=by)
    return row
