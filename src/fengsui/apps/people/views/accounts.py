"""Accounts as the security administrator manages them, and as auditors look at them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.people import actions, queries
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.models import Account, Assignment, Holding
from fengsui.apps.people.views.shared import EXPORT_LIMIT, asked, history, key_of, paged, say_refused, table
from fengsui.core import policy
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, NotFound

ACCOUNT_STATES = ("active", "inactive", "locked", "no_factor", "idle")
ACCOUNT_ORDERS = {
    "username": ("username",),
    "name": ("person__name", "username"),
    "last": ("-last_login", "username"),
    "failures": ("-failures", "username"),
}


def _accounts(request: HttpRequest) -> QuerySet[Account]:
    now = timezone.now()
    rows = queries.accounts_visible_to(actor_of(request))
    q, state = request.GET.get("q", "").strip()[:80], asked(request, "state", ACCOUNT_STATES)
    if q:
        rows = rows.filter(Q(username__icontains=q) | Q(person__name__icontains=q) | Q(person__org__name__icontains=q))
    privileged = Holding.objects.now().filter(post__role__in=settings.FENGSUI_SECOND_FACTOR_ROLES)
    if state == "active":
        rows = rows.filter(is_active=True)
    elif state == "inactive":
        rows = rows.filter(is_active=False)
    elif state == "locked":
        rows = rows.filter(locked_until__gt=now)
    elif state == "no_factor":
        rows = rows.filter(factor_at__isnull=True, person__holdings__in=privileged)
    elif state == "idle":
        rows = rows.exclude(person__holdings__in=Holding.objects.now())
    held = Holding.objects.now().select_related("post").order_by("post__call_order", "id")
    return (
        rows.annotate(open_sessions=Count("sessions", filter=Q(sessions__expire_date__gt=now), distinct=True))
        .order_by(*ACCOUNT_ORDERS[asked(request, "order", ACCOUNT_ORDERS, "username")])
        .prefetch_related(Prefetch("person__holdings", held, to_attr="held"))
    )


def _state(account: Account, now: datetime) -> str:
    if not account.is_active:
        return _("停用")
    if account.locked_until and account.locked_until > now:
        return _("锁定")
    return _("须改密码") if account.must_change else _("启用")


def _factor(account: Account) -> str:
    if account.factor_at is not None:
        return _("已启用")
    needed = any(h.post.role in settings.FENGSUI_SECOND_FACTOR_ROLES for h in account.person.held)  # type: ignore[attr-defined]  # filled by our prefetch under this name
    return _("应启用，未启用") if needed else "—"


@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.see_accounts")
    page, query = paged(request, _accounts(request))
    now = timezone.now()
    waiting = Assignment.objects.filter(status="asked").select_related("post", "person", "asked_by")
    context = {
        "page": page,
        "query": query,
        "rows": [(row, _state(row, now), _factor(row)) for row in page.object_list],
        "waiting": list(waiting.order_by("asked_at")[:20]),
        "states": [
            ("active", _("启用")),
            ("inactive", _("停用")),
            ("locked", _("锁定")),
            ("no_factor", _("应启用第二因素而未启用")),
            ("idle", _("没有岗位")),
        ],
        "wanted": {
            "q": request.GET.get("q", "")[:80],
            "state": asked(request, "state", ACCOUNT_STATES),
            "order": asked(request, "order", ACCOUNT_ORDERS, "username"),
        },
    }
    return render(request, "people/accounts.html", context)


@require_GET
def accounts_export(request: HttpRequest) -> HttpResponse:
    policy.require(actor_of(request), "people.see_accounts")
    now = timezone.now()
    head = [
        _("账号"),
        _("姓名"),
        _("单位"),
        _("岗位"),
        _("状态"),
        _("连续失败"),
        _("上次登录"),
        _("登录处数"),
        _("第二因素"),
    ]
    return table(
        "accounts",
        head,
        (
            (
                *(row.username, row.person.name, row.person.org.name),
                "、".join(h.post.title for h in row.person.held),  # type: ignore[attr-defined]  # filled by our prefetch under this name
                *(_state(row, now), row.failures),
                timezone.localtime(row.last_login).isoformat(timespec="seconds") if row.last_login else "",
                *(row.open_sessions, _factor(row)),  # type: ignore[attr-defined]  # annotated by the query
            )
            for row in _accounts(request)[:EXPORT_LIMIT]
        ),
    )


@never_cache
@require_GET
def account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    policy.require(actor_of(request), "people.see_accounts")
    return _account_page(request, account_id)


def _account_page(request: HttpRequest, account_id: UUID, password: str = "") -> HttpResponse:
    by, now = actor_of(request), timezone.now()
    found = queries.accounts_visible_to(by).filter(pk=account_id).first()
    if found is None:
        raise NotFound("people.account.not_found")
    found.person.held = list(  # type: ignore[attr-defined]  # filled by our prefetch under this name
        Holding.objects.now().filter(person=found.person).select_related("post__org")
    )
    context = {
        "account": found,
        "state": _state(found, now),
        "factor": _factor(found),
        "locked": bool(found.locked_until and found.locked_until > now),
        "sessions": found.sessions.filter(expire_date__gt=now).order_by("-seen_at"),
        "may": policy.can(by, "people.account", found) and by.person != found.person_id,
        "own": by.person == found.person_id,
        "password": password,
        "history": history("people.account", found.pk) if policy.can(by, "core.audit") else None,
    }
    return render(request, "people/account.html", context)


_VERBS: dict[str, Callable[..., object]] = {
    "deactivate": actions.deactivate,
    "reactivate": actions.reactivate,
    "unlock": actions.unlock,
    "reset-factor": actions.reset_factor,
    "reset-password": actions.reset_password,
    "stop-sessions": actions.stop_sessions,
}


@never_cache
@require_POST
def account_act(request: HttpRequest, account_id: UUID, verb: str) -> HttpResponse:
    by = actor_of(request)
    if verb not in _VERBS:
        raise Http404
    policy.require(by, "people.account")
    try:
        done = _VERBS[verb](account_id=account_id, reason=request.POST.get("reason", ""), by=by, now=timezone.now())
    except FengsuiError as refused:
        say_refused(request, refused)
        return redirect("people:account-show", account_id)
    if isinstance(done, tuple):
        # The only answer in which the password ever stands: not stored, not logged, not in an address.
        return _account_page(request, account_id, password=done[1])
    messages.success(request, _("已办，并已入审计"))
    return redirect("people:account-show", account_id)


@never_cache
@require_POST
def account_open(request: HttpRequest) -> HttpResponse:
    by: Actor = actor_of(request)
    policy.require(by, "people.account")
    try:
        person = key_of(request, "person")
        made, password = actions.open_account(
            person_id=person,
            username=request.POST.get("username", ""),
            reason=request.POST.get("reason", ""),
            by=by,
            now=timezone.now(),
        )
    except FengsuiError as refused:
        say_refused(request, refused)
        return redirect("people:account-list")
    return _account_page(request, made.pk, password=password)
