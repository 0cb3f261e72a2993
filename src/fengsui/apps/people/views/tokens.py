"""Tokens of programs: one's own under /me/tokens, and all of them as the security administrator sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.people import actions, tokens
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.forms import TokenForm
from fengsui.apps.people.models import Account, Holding, Token
from fengsui.apps.people.views.shared import asked, paged, say_refused
from fengsui.core import policy, wording
from fengsui.core.api.scopes import scopes
from fengsui.kernel.errors import FengsuiError, Invalid, NotFound, Refused

STATES = ("usable", "ended")


def _state(row: Token, now: datetime) -> str:
    if row.revoked_at is not None:
        return _("已撤销")
    return _("在用") if row.expires_at > now else _("已到期")


def _purposes(row: Token) -> str:
    known = scopes()
    return _("、").join(_(known[code]) if code in known else code for code in row.scopes)


def _listed(rows: Any, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "state": _state(row, now),
            "usable": row.revoked_at is None and row.expires_at > now,
            "purposes": _purposes(row),
            "last_at": row.use.last_at if hasattr(row, "use") else None,
        }
        for row in rows
    ]


def _account(request: HttpRequest) -> Account:
    account: Account = request.user  # type: ignore[assignment]  # the login gate has let only accounts through
    return account


@never_cache
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """One's tokens, and the form for another one. What is made is shown once, on the answer to its press."""
    account, by, now = _account(request), actor_of(request), timezone.now()
    held = list(Holding.objects.now().filter(person=account.person).select_related("post__org").order_by("since"))
    purposes = [(code, _(label)) for code, label in scopes().items()]
    form = TokenForm(
        request.POST or None, posts=[h.post for h in held], purposes=purposes, factor=bool(account.factor_at)
    )
    said = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row, secret = actions.make_token(
                name=data["name"],
                post_id=data["post"],
                scopes=data["scopes"],
                days=int(data["days"]),
                code=data.get("code", ""),
                by=by,
                now=now,
            )
        except Invalid as bad:
            words = wording.say(bad)
            form.add_error(bad.field if bad.field in form.fields else None, words.line)
        except Refused as refused:
            said = wording.say(refused)
        else:
            context = {
                "token": row,
                "secret": secret,
                "purposes": _purposes(row),
                "here": request.build_absolute_uri("/"),
            }
            return render(request, "people/token_made.html", context)
    context = {
        "form": form,
        "said": said,
        "tokens": _listed(tokens.of_account(account, now), now),
        "held": held,
        "purposes": purposes,
        "chosen": request.POST.getlist("scopes"),
    }
    return render(request, "people/tokens.html", context, status=422 if request.method == "POST" else 200)


@require_POST
def own_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    actions.revoke_own_token(token_id=token_id, by=actor_of(request), now=timezone.now())
    messages.success(request, _("令牌已撤销：用它的程序从现在起被拒绝"))
    return redirect("people:token-list")


@require_GET
def everyone(request: HttpRequest) -> HttpResponse:
    """All tokens without their secrets, for those who administer or audit accounts."""
    by, now = actor_of(request), timezone.now()
    policy.require(by, "people.see_accounts")
    rows = tokens.all_visible_to(by)
    q, state = request.GET.get("q", "").strip()[:80], asked(request, "state", STATES)
    if q:
        rows = rows.filter(tokens.named(q))
    if state:
        rows = rows.filter(tokens.usable(now)) if state == "usable" else rows.exclude(tokens.usable(now))
    page, query = paged(request, rows)
    context = {
        "page": page,
        "query": query,
        "rows": _listed(page.object_list, now),
        "wanted": {"q": q, "state": state},
        "states": [("usable", _("在用")), ("ended", _("已撤销或到期"))],
        "may": policy.can(by, "people.account"),
    }
    return render(request, "people/all_tokens.html", context)


@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    by = actor_of(request)
    if not policy.can(by, "people.see_accounts"):
        raise NotFound("people.token.not_found")
    try:
        actions.revoke_token(token_id=token_id, reason=request.POST.get("reason", ""), by=by, now=timezone.now())
    except FengsuiError as refused:
        say_refused(request, refused)
    else:
        messages.success(request, _("令牌已撤销：用它的程序从现在起被拒绝"))
    return redirect("people:token-all")
