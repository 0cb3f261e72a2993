"""Large screens: granting with a code that is shown once, pairing at the screen, revoking."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fengsui.apps.people import actions, screens
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.views.shared import say_refused
from fengsui.core import policy, wording
from fengsui.kernel.errors import FengsuiError, Invalid, Refused


def _choices() -> dict[str, Any]:
    return {
        "layouts": [("wide", "3840×1080"), ("single", "1920×1080")],
        "factors": screens.FACTORS,
        "days": screens.DAYS,
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


@never_cache
@require_http_methods(["GET", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """All screens of this world, and the form for another one; a pairing code is on the answer to its press alone."""
    by, now = actor_of(request), timezone.now()
    policy.require(by, "people.screen_see")
    said, made, code = None, None, ""
    if request.method == "POST":
        asked = request.POST
        try:
            made, code = actions.grant_screen(
                name=asked.get("name", ""), layout=asked.get("layout", ""), factor=_number(asked.get("factor", "")),
                days=_number(asked.get("days", "")), by=by, now=now,
            )  # fmt: skip
        except Invalid as wrong:
            said = wording.say(wrong)
    rows = [
        {"row": row, "usable": row.revoked_at is None and row.expires_at > now}
        for row in screens.of_world(by.world)[:100]
    ]
    context = {
        "rows": rows,
        "said": said,
        "made": made,
        "code": " ".join((code[:5], code[5:])) if code else "",
        "asked": request.POST,
        "opening": request.build_absolute_uri(screens.OPENING),
        "may_grant": policy.can(by, "people.screen_grant"),
        "may_revoke": policy.can(by, "people.screen_revoke"),
        **_choices(),
    }
    return render(request, "people/screens.html", context, status=422 if said else 200)


@require_POST
def revoke(request: HttpRequest, screen_id: UUID) -> HttpResponse:
    try:
        row = actions.revoke_screen(screen_id=screen_id, by=actor_of(request), now=timezone.now())
    except Refused as refused:
        say_refused(request, refused)
    else:
        messages.success(request, _("%(name)s 已撤销：它下一次取数就被拒绝，画面随即清空") % {"name": row.name})
    return redirect("people:screen-list")


@never_cache
@require_http_methods(["GET", "POST"])
def opening(request: HttpRequest) -> HttpResponse:
    """At the screen itself, without login: the code is typed here once."""
    said = None
    if request.method == "POST":
        try:
            row, secret = actions.open_screen(
                code=request.POST.get("code", ""),
                source=request.META.get("REMOTE_ADDR", ""),
                correlation=request.correlation,  # type: ignore[attr-defined]  # set on the request by our middleware
                now=timezone.now(),
            )
        except FengsuiError as wrong:
            said = wording.say(wrong)
        else:
            answer = redirect(screens.PATH)
            answer.set_cookie(
                screens.COOKIE, secret, expires=row.expires_at, path=screens.PATH, httponly=True, samesite="Lax",
                secure=request.is_secure(),
            )  # fmt: skip
            return answer
    return render(request, "people/screen_open.html", {"said": said}, status=422 if said else 200)
