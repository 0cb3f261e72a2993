"""The door: password, second factor, the demonstration's door, logout, language; reveal a phone number."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fengsui.apps.people import actions, queries
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.forms import CodeForm, LoginForm, RevealForm
from fengsui.apps.people.models import Account, Holding
from fengsui.apps.people.rules import ADMINS, ROLES, password_due
from fengsui.core import wording
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"
PENDING = timedelta(minutes=5)
"""How long the page of the code waits after the password."""


def enter(request: HttpRequest, account: Account, factor: str, now: datetime) -> None:
    """Begin the session under a new key. `factor`: how sure it is who came - none, code, demo."""
    login(request, account, backend=BACKEND)
    by = queries.actor_for(account.person_id, LIVE, source=request.META.get("REMOTE_ADDR", ""))
    privileged = by.roles & settings.FENGSUI_SECOND_FACTOR_ROLES
    session = request.session
    session.pop("pending", None)
    session.update(
        {
            "began": now.isoformat(),
            "factor": factor,
            "admin": bool(by.roles & ADMINS),
            "posts": [str(post) for post in by.posts],
            "source": by.source,
            "agent": request.headers.get("User-Agent", ""),
        }
    )
    old = not settings.DEMO and password_due(account.password_at, now, settings.FENGSUI_PASSWORD_DAYS, privileged)
    if factor != "demo" and (account.must_change or old):
        session["change"] = True
    session.save()
    actions.begin_session(account=account, key=str(session.session_key), by=by)


def _next(request: HttpRequest, fallback: str = "/") -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or fallback
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else fallback


@never_cache
@require_http_methods(["GET", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    form, said = LoginForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            account = actions.log_in(
                **form.cleaned_data, source=request.META.get("REMOTE_ADDR", ""), now=timezone.now()
            )
        except Refused as refused:
            said = wording.say(refused)
        else:
            if account.factor_at is not None:
                request.session.cycle_key()
                request.session["pending"] = [str(account.pk), timezone.now().isoformat(), _next(request)]
                return redirect("people:login-code")
            enter(request, account, "none", timezone.now())
            return HttpResponseRedirect(_next(request))
    demo = _demo_accounts() if settings.DEMO else []
    context = {"form": form, "said": said, "next": _next(request), "demo_accounts": demo}
    return render(request, "people/login.html", context, status=200 if said is None else 422)


@never_cache
@require_http_methods(["GET", "POST"])
def code_page(request: HttpRequest) -> HttpResponse:
    """The second question, to somebody who knew the password a moment ago."""
    account_id, asked_at, goal = request.session.get("pending", ("", "", ""))
    now = timezone.now()
    if not account_id or now - datetime.fromisoformat(asked_at) > PENDING:
        request.session.pop("pending", None)
        return redirect("people:login")
    form, said = CodeForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            account = actions.second_factor(
                account_id=UUID(account_id),
                code=form.cleaned_data["code"],
                source=request.META.get("REMOTE_ADDR", ""),
                now=now,
            )
        except Refused as refused:
            said = wording.say(refused)
        else:
            enter(request, account, "code", now)
            return HttpResponseRedirect(goal or "/")
    context = {"form": form, "said": said, "next": goal}
    return render(request, "people/code.html", context, status=200 if said is None else 422)


def _demo_accounts() -> list[dict[str, str]]:
    """Only a demonstration shows its accounts, one click each: by role in the order of a story, who, in which post."""
    accounts = list(Account.objects.filter(is_active=True).select_related("person").order_by("username")[:30])
    held = Holding.objects.now().filter(person__in=[row.person_id for row in accounts])
    posts = {each.person_id: each.post for each in held.select_related("post").order_by("-post__call_order")}
    order = list(ROLES)
    english = (get_language() or "").startswith("en")

    def shown(row: Account) -> dict[str, str]:
        post = posts.get(row.person_id)
        role = ROLES[post.role] if post else None
        word = "" if role is None else role.en.capitalize() if english else role.zh
        title = post.title if post else ""
        return {"username": row.username, "name": row.person.name, "title": title, "role": word or row.username}

    def rank(row: Account) -> int:
        post = posts.get(row.person_id)
        return order.index(post.role) if post else len(order)

    return [shown(row) for row in sorted(accounts, key=rank)]


@require_POST
def login_demo(request: HttpRequest) -> HttpResponse:
    """One click instead of a password. Does not exist outside a demonstration; recorded as a login like any other."""
    if not settings.DEMO:
        raise Http404
    account = actions.log_in_demo(
        username=request.POST.get("username", ""), source=request.META.get("REMOTE_ADDR", ""), now=timezone.now()
    )
    enter(request, account, "demo", timezone.now())
    return HttpResponseRedirect(_next(request))


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        actions.log_out(by=actor_of(request))
    logout(request)
    answer = redirect("people:login")
    # Pages only: what a phone still has to send lies in the browser's storage and is not lost by a logout.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the interface's language; kept in a cookie."""
    response = HttpResponseRedirect(_next(request))
    wanted = request.POST.get("language", "")
    if wanted in dict(settings.LANGUAGES) and check_for_language(wanted):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=365 * 86400,
            samesite="Lax",
            httponly=True,
            secure=request.is_secure(),
        )
    return response


@require_POST
def reveal(request: HttpRequest, person_id: UUID) -> HttpResponse:
    form = RevealForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    phone = actions.reveal_phone(person_id=person_id, by=actor_of(request), reason=reason)
    return render(request, "people/_phone_part.html", {"phone": phone})
