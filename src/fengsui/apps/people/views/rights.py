"""Posts as the security administrator manages them, and as auditors look at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.people import actions, queries
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.models import Assignment, Holding
from fengsui.apps.people.rules import ADMINS, ASSIGNMENT, ASSIGNMENT_STATES, ROLES
from fengsui.apps.people.views.shared import history, key_of, say_refused, word
from fengsui.core import policy
from fengsui.core.models import Clock
from fengsui.core.ui.moments import asked_moment
from fengsui.kernel.clock import MACHINE as CLOCKS
from fengsui.kernel.errors import FengsuiError, NotFound


@require_GET
def post(request: HttpRequest, post_id: UUID) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.see")
    found = queries.posts_visible_to(by).filter(pk=post_id).first()
    if found is None:
        raise NotFound("people.post.not_found")
    q = request.GET.get("q", "").strip()[:60]
    may = policy.can(by, "people.assign")
    names = queries.persons_visible_to(by).filter(retired_at__isnull=True).exclude(pk=request.me.pk)  # type: ignore[attr-defined]  # set on the request by our middleware
    names = names.filter(name__icontains=q) if q else names.filter(org=found.org)
    asked_for = list(found.assignments.select_related("person", "asked_by", "decided_by")[:20])
    running = Clock.objects.in_world(by.world).filter(
        about_type="people.assignment", about_id__in=[str(row.pk) for row in asked_for], state__in=CLOCKS.open_states
    )
    context: dict[str, Any] = {
        "post": found,
        "role_word": word(ROLES[found.role]),
        "holdings": found.holdings.select_related("person").order_by("-since"),
        "at": timezone.now(),
        "may_assign": may,
        "persons": list(names.order_by("name")[:100]) if may else [],
        "q": q,
        "second": found.role in settings.FENGSUI_SECOND_FACTOR_ROLES | ADMINS,
        "asked": asked_for if may or policy.can(by, "core.audit") else [],
        "clocks": {row.about_id: row for row in running},
        "open_states": ASSIGNMENT.open_states,
        "state_words": {code: word(term) for code, term in ASSIGNMENT_STATES.items()},
        "me": request.me,  # type: ignore[attr-defined]  # set on the request by our middleware
        "history": history("people.post", found.pk) if policy.can(by, "core.audit") else None,
    }
    return render(request, "people/post.html", context)


@require_POST
def assign(request: HttpRequest, post_id: UUID) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.assign")
    try:
        done = actions.assign(
            post_id=post_id,
            person_id=key_of(request, "person"),
            since=asked_moment(request.POST, "since", _("从何时起"), alone=None),
            until=asked_moment(request.POST, "until", _("到何时止"), alone=None),
            alongside=request.POST.get("alongside") == "1",
            reason=request.POST.get("reason", ""),
            by=by,
            now=timezone.now(),
        )
    except FengsuiError as refused:
        say_refused(request, refused)
    else:
        asks = isinstance(done, Assignment)
        messages.success(request, _("已提交，等另一名安全管理员批准") if asks else _("已任职，并已入审计"))
    return redirect("people:post-show", post_id)


@require_POST
def leave(request: HttpRequest, holding: int) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.assign")
    row = Holding.objects.filter(pk=holding).first()
    if row is None:
        raise NotFound("people.post.not_found")
    try:
        actions.leave_post(
            holding_id=holding,
            at=asked_moment(request.POST, "at", _("从何时起"), alone=None),
            reason=request.POST.get("reason", ""),
            by=by,
            now=timezone.now(),
        )
    except FengsuiError as refused:
        say_refused(request, refused)
    else:
        messages.success(request, _("已离任，并已入审计"))
    return redirect("people:post-show", row.post_id)


_DECISIONS: dict[str, Callable[..., object]] = {
    "approve": actions.approve,
    "refuse": actions.refuse,
    "withdraw": actions.withdraw,
}


@require_POST
def decide(request: HttpRequest, assignment_id: UUID, verb: str) -> HttpResponse:
    by = actor_of(request)
    if verb not in _DECISIONS:
        raise Http404
    policy.require(by, "people.approve")
    row = Assignment.objects.filter(pk=assignment_id).first()
    if row is None:
        raise NotFound("people.approve.not_found")
    try:
        _DECISIONS[verb](assignment_id=assignment_id, note=request.POST.get("note", ""), by=by, now=timezone.now())
    except FengsuiError as refused:
        say_refused(request, refused)
    else:
        messages.success(request, _("已办，并已入审计"))
    return redirect("people:post-show", row.post_id)
