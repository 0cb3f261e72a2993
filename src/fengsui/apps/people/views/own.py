"""One's own account: posts, password, second factor, sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.people import actions, secret, tokens
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.forms import CodeForm, PasswordForm
from fengsui.apps.people.models import Account, Holding
from fengsui.apps.people.sessions import idle_s
from fengsui.core import wording
from fengsui.kernel.errors import Refused


def _account(request: HttpRequest) -> Account:
    account: Account = request.user  # type: ignore[assignment]  # the login gate has let only accounts through
    return account


@never_cache
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    account, by = _account(request), actor_of(request)
    context: dict[str, Any] = {
        "account": account,
        "holdings": Holding.objects.not_over(timezone.now()).filter(person=account.person).select_related("post__org"),
        "sessions": account.sessions.filter(expire_date__gt=timezone.now()).order_by("-seen_at"),
        "tokens": account.tokens.filter(tokens.usable(timezone.now())).count(),
        "this": request.session.session_key,
        "needs_factor": bool(by.roles & settings.FENGSUI_SECOND_FACTOR_ROLES),
        "codes_left": account.recovery_codes.filter(used_at__isnull=True).count(),
        "idle_s": idle_s(bool(request.session.get("admin"))),
        "most": settings.FENGSUI_SESSIONS_MAX,
        "longest_s": settings.SESSION_COOKIE_AGE,
    }
    return render(request, "people/me.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    form, said = PasswordForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_password(
                old=form.cleaned_data["old"],
                new=form.cleaned_data["new"],
                by=actor_of(request),
                now=timezone.now(),
                session_key=str(request.session.session_key),
            )
        except Refused as refused:
            said = wording.say(refused)
        except ValidationError as weak:
            form.add_error("new", weak)
        else:
            _stay(request)
            messages.success(request, _("密码已改，其他地方的登录已全部退出"))
            return redirect("people:me")
    context = {"form": form, "said": said, "forced": bool(request.session.get("change"))}
    bad = request.method == "POST"
    return render(request, "people/password.html", context, status=422 if bad else 200)


def _stay(request: HttpRequest) -> None:
    """This session goes on with the new password, under a new key."""
    from django.contrib.auth import update_session_auth_hash

    account = Account.objects.get(pk=_account(request).pk)
    request.session.pop("change", None)
    update_session_auth_hash(request, account)


@never_cache
@require_http_methods(["GET", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """Set up the second factor: QR code and secret, then the proof that the telephone shows the right code."""
    account, by, said = _account(request), actor_of(request), None
    form = CodeForm(request.POST or None)
    if account.factor_at is not None:
        return redirect("people:me")
    if request.method == "POST" and form.is_valid():
        try:
            codes = actions.confirm_factor(
                code=form.cleaned_data["code"], by=by, now=timezone.now(), session_key=str(request.session.session_key)
            )
        except Refused as refused:
            said = wording.say(refused)
        else:
            request.session["factor"] = "code"
            request.session.cycle_key()
            return render(request, "people/recovery.html", {"codes": codes})
    _kept, plain = actions.prepare_factor(by=by)
    english = (get_language() or "").startswith("en")
    uri = secret.address(plain, account.username, "Fengsui" if english else "烽燧")
    context = {
        "form": form,
        "said": said,
        "qr": secret.picture(uri),
        "secret": " ".join(plain[at : at + 4] for at in range(0, len(plain), 4)),
        "uri": uri,
        "needed": bool(by.roles & settings.FENGSUI_SECOND_FACTOR_ROLES),
    }
    return render(request, "people/factor.html", context, status=422 if request.method == "POST" else 200)


@require_POST
def session_end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    actions.end_session(public_id=session_id, by=actor_of(request))
    messages.success(request, _("已退出那个登录"))
    return redirect("people:me")
