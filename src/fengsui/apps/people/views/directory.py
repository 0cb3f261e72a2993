"""Organisations as a tree with their posts and who held them on a day; persons in scope."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.people import queries
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.models import Holding, Person, Post
from fengsui.apps.people.rules import ORG_KINDS, ROLES, mask_phone
from fengsui.apps.people.views.shared import EXPORT_LIMIT, asked, history, paged, table, word
from fengsui.core import policy
from fengsui.core.ui.moments import asked_day
from fengsui.kernel.errors import NotFound

PERSON_ORDERS = {"name": ("name", "id"), "org": ("org__path", "name", "id")}
POST_ORDERS = {
    "org": ("org__path", "call_order", "code"),
    "title": ("title", "code"),
    "role": ("role", "org__path", "code"),
}


def _day(request: HttpRequest) -> tuple[datetime, str]:
    """The end of the day asked about; now where none was. Raises Invalid("core.moment.…")."""
    day = asked_day(request.GET, "on", _("在哪一天"))
    if day is None or day == timezone.localdate():
        return timezone.now(), ""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59))), day.isoformat()


@require_GET
def organisations(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.see")
    at, on = _day(request)
    kind, q = asked(request, "kind", ORG_KINDS), request.GET.get("q", "").strip()[:80]
    held = Holding.objects.at(at).select_related("person").order_by("since", "id")
    posts = Post.objects.filter(retired_at__isnull=True).order_by("call_order", "code")
    posts = posts.prefetch_related(Prefetch("holdings", held, to_attr="held"))
    rows = queries.visible_to(by).filter(retired_at__isnull=True)
    rows = rows.order_by("path").prefetch_related(Prefetch("posts", posts, to_attr="listed"))
    if kind:
        rows = rows.filter(kind=kind)
    if q:
        rows = rows.filter(
            Q(name__icontains=q) | Q(code__iexact=q) | Q(posts__title__icontains=q)
            | Q(posts__holdings__in=Holding.objects.at(at).filter(person__name__icontains=q))
        ).distinct()  # fmt: skip
    page, query = paged(request, rows)
    for row in page.object_list:
        row.depth = min(row.path.count("/"), 4)
    context = {
        "page": page,
        "query": query,
        "kinds": [(code, word(term)) for code, term in ORG_KINDS.items()],
        "kind_words": {code: word(term) for code, term in ORG_KINDS.items()},
        "role_words": {code: word(term) for code, term in ROLES.items()},
        "wanted": {"kind": kind, "q": q, "on": on},
        "at": at,
    }
    return render(request, "people/organisations.html", context)


def _persons(request: HttpRequest) -> QuerySet[Person]:
    rows = queries.persons_visible_to(actor_of(request)).filter(retired_at__isnull=True)
    q = request.GET.get("q", "").strip()[:80]
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(org__name__icontains=q) | Q(holdings__post__title__icontains=q))
    if request.GET.get("free") == "1":
        rows = rows.exclude(holdings__in=Holding.objects.now())
    held = Holding.objects.now().select_related("post").order_by("post__call_order", "id")
    order = PERSON_ORDERS[asked(request, "order", PERSON_ORDERS, "org")]
    return rows.distinct().order_by(*order).prefetch_related(Prefetch("holdings", held, to_attr="held"))


@require_GET
def persons(request: HttpRequest) -> HttpResponse:
    policy.require(actor_of(request), "people.see")
    page, query = paged(request, _persons(request))
    context = {
        "page": page,
        "query": query,
        "wanted": {
            "q": request.GET.get("q", "")[:80],
            "free": request.GET.get("free") == "1",
            "order": asked(request, "order", PERSON_ORDERS, "org"),
        },
        "may_reveal": bool(page.object_list) and policy.can(actor_of(request), "people.reveal", page.object_list[0]),
    }
    return render(request, "people/persons.html", context)


@require_GET
def persons_export(request: HttpRequest) -> HttpResponse:
    """Numbers stay masked in a file, too: a file travels."""
    policy.require(actor_of(request), "people.see")
    rows = _persons(request)[:EXPORT_LIMIT]
    head = [_("姓名"), _("单位"), _("现任岗位"), _("电话"), _("数据性质")]
    return table(
        "persons",
        head,
        (
            (p.name, p.org.name, "、".join(h.post.title for h in p.held), mask_phone(p.phone), p.provenance)  # type: ignore[attr-defined]  # filled by our prefetch under this name
            for p in rows
        ),
    )


@require_GET
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.see")
    found = queries.persons_visible_to(by).filter(pk=person_id).first()
    if found is None:
        raise NotFound("people.person.not_found")
    now = timezone.now()
    context: dict[str, Any] = {
        "person": found,
        "holdings": found.holdings.select_related("post__org").order_by("-since"),
        "at": now,
        "may_reveal": policy.can(by, "people.reveal", found),
        "account": queries.accounts_visible_to(by).filter(person=found).first(),
        "sees_accounts": policy.can(by, "people.see_accounts"),
        "may_open": policy.can(by, "people.account") and by.person != found.pk,
        "history": history("people.person", found.pk) if policy.can(by, "core.audit") else None,
    }
    return render(request, "people/person.html", context)


def _posts(request: HttpRequest) -> QuerySet[Post]:
    rows = queries.posts_visible_to(actor_of(request)).filter(retired_at__isnull=True)
    q, role = request.GET.get("q", "").strip()[:80], asked(request, "role", ROLES)
    if q:
        named = Holding.objects.now().filter(person__name__icontains=q)
        rows = rows.filter(Q(title__icontains=q) | Q(org__name__icontains=q) | Q(holdings__in=named)).distinct()
    if role:
        rows = rows.filter(role=role)
    if request.GET.get("vacant") == "1":
        rows = rows.exclude(holdings__in=Holding.objects.now())
    held = Holding.objects.not_over(timezone.now()).select_related("person").order_by("since", "id")
    return rows.order_by(*POST_ORDERS[asked(request, "order", POST_ORDERS, "org")]).prefetch_related(
        Prefetch("holdings", held, to_attr="held")
    )


@require_GET
def posts(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.see")
    page, query = paged(request, _posts(request))
    posts = queries.posts_visible_to(by).filter(retired_at__isnull=True)
    vacant = posts.exclude(holdings__in=Holding.objects.now()).count()
    context = {
        "page": page,
        "query": query,
        "at": timezone.now(),
        "vacant": vacant,
        "roles": [(code, word(term)) for code, term in ROLES.items()],
        "role_words": {code: word(term) for code, term in ROLES.items()},
        "privileged": settings.FENGSUI_SECOND_FACTOR_ROLES,
        "wanted": {
            "q": request.GET.get("q", "")[:80],
            "role": asked(request, "role", ROLES),
            "vacant": request.GET.get("vacant") == "1",
            "order": asked(request, "order", POST_ORDERS, "org"),
        },
    }
    return render(request, "people/posts.html", context)


@require_GET
def posts_export(request: HttpRequest) -> HttpResponse:
    policy.require(actor_of(request), "people.see")
    now, rows = timezone.now(), _posts(request)[:EXPORT_LIMIT]
    head = [_("代码"), _("岗位"), _("单位"), _("角色"), _("现任"), _("已定接任")]
    return table(
        "posts",
        head,
        (
            (
                *(post.code, post.title, post.org.name, word(ROLES[post.role])),
                "、".join(h.person.name for h in post.held if h.since <= now) or _("空缺"),  # type: ignore[attr-defined]  # filled by our prefetch under this name
                "、".join(f"{h.person.name} {h.since:%Y-%m-%d}" for h in post.held if h.since > now),  # type: ignore[attr-defined]  # filled by our prefetch under this name
            )
            for post in rows
        ),
    )
