"""`GET /live/state`: what a page that stands open asks about itself. Reading it is no sign that somebody sits there."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from fengsui.core import live
from fengsui.kernel.actor import Actor


def person_key(by: Actor | None) -> str:
    """A person in the browser's own stores: the same each time, saying nothing of who it is. '' for nobody."""
    if by is None or by.person is None:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), b"browser:" + by.person.bytes, hashlib.sha256).hexdigest()[:20]


@never_cache
@require_GET
def state(request: HttpRequest) -> JsonResponse:
    """Whose session this is, in which world, a token for forms, and the page's ticket made fresh.

    Asked with `HX-Request`: somebody without a session gets 401 instead of the login page.
    """
    by: Actor = request.actor  # type: ignore[attr-defined]  # set on the request by our middleware
    ticket = request.headers.get("X-Live-Ticket", "")
    answer = JsonResponse(
        {
            "person": person_key(by),
            "world": str(by.world),
            "csrf": get_token(request),
            "now": timezone.now().isoformat(timespec="milliseconds"),
            "ticket": live.renewed(ticket, by.world, by.person) if ticket else None,
        }
    )
    return answer
