"""The shift passes on: everything open on one page, what matters in words, one press to take over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.desk import clocks, queries
from fengsui.apps.desk.page import shell
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.people import actions
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.rules import HANDOVER_STATES
from fengsui.apps.places.queries import place_word
from fengsui.core import policy, wording
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, NotFound

SHOWN = 60
PAGE = 30


def open_now(by: Actor) -> dict[str, Any]:
    """Every open clock, warning and incident that the post looks after; counted whole, listed up to `SHOWN`."""
    rows = clocks.open_rows(by)
    warnings, found = alerts.queue(by.world), incidents.open_incidents(by)
    return {
        "clocks": queries.relabelled(clocks.present(rows.order_by("due_at", "id")[:SHOWN]), by.world),
        "clock_count": rows.count(),
        "warnings": [(row, place_word(row.place)) for row in warnings[:SHOWN]],
        "warning_count": warnings.count(),
        "incidents": list(found.order_by("known_at")[:SHOWN]),
        "incident_count": found.count(),
    }


def _facts(now: dict[str, Any]) -> dict[str, Any]:
    """What is kept with the handover: labels as they stood, so that nobody asks later what was said to be open."""
    return {
        "clocks": [[row.verb, row.label, row.owner_text, row.due_at] for row in now["clocks"]],
        "clock_count": now["clock_count"],
        "warnings": [name for _row, name in now["warnings"]],
        "warning_count": now["warning_count"],
        "incidents": [f"{row.number} {row.title}" for row in now["incidents"]],
        "incident_count": now["incident_count"],
    }


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.hand_over")
    duty = people.on_duty(by.world)
    mine = [(post, [h for h in held if h.person != by.person]) for post, _last, held in duty if post.pk in by.posts]
    context = shell(
        request,
        "people",
        duty=duty,
        mine=mine,
        page=Paginator(people.handovers_visible_to(by), PAGE).get_page(request.GET.get("page")),
        state_words={code: clocks.word(term) for code, term in HANDOVER_STATES.items()},
        **open_now(by),
    )
    return render(request, "desk/handover.html", context)


@require_GET
def show(request: HttpRequest, handover_id: UUID) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.hand_over")
    row = people.handovers_visible_to(by).filter(pk=handover_id).first()
    if row is None:
        raise NotFound("people.handover.not_found")
    may = row.status == "offered" and policy.can(by, "people.hand_over", row.post)
    context = shell(
        request,
        f"people.handover:{row.pk}",
        row=row,
        state_word=clocks.word(HANDOVER_STATES[row.status]),
        may_take=may and by.person != row.outgoing_id and row.incoming_id in (None, by.person),
        may_keep=may and by.person == row.outgoing_id,
        **open_now(by),
    )
    return render(request, "desk/handover_one.html", context)


def _pressed(request: HttpRequest, where: tuple[Any, ...], done: str, act: Callable[[], Any]) -> HttpResponse:
    try:
        made = act()
    except FengsuiError as refused:
        if refused.status in (403, 404):
            raise
        said = wording.say(refused)
        messages.error(request, said.line)
        return redirect(*where)
    messages.success(request, done)
    return redirect("desk:handover-show", made.pk)


@require_POST
def offer(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "people.hand_over")
    try:
        post, incoming = UUID(request.POST.get("post", "")), request.POST.get("incoming", "")
        named = UUID(incoming) if incoming else None
    except ValueError:
        raise NotFound("people.post.not_found") from None
    return _pressed(
        request,
        ("desk:handover-list",),
        _("已交班；有人接班之前仍由你负责"),
        lambda: actions.offer_shift(
            post_id=post, incoming_id=named, note=request.POST.get("note", ""), facts=_facts(open_now(by)), by=by,
            now=timezone.now(),
        ),
    )  # fmt: skip


_VERBS: dict[str, Callable[..., Any]] = {"take": actions.take_shift, "keep": actions.keep_shift}


@require_POST
def act(request: HttpRequest, handover_id: UUID, verb: str) -> HttpResponse:
    by = actor_of(request)
    if verb not in _VERBS:
        raise Http404
    policy.require(by, "people.hand_over")
    done = _("已接班，从现在起由你负责") if verb == "take" else _("已撤回，仍由你负责")
    where = ("desk:handover-show", handover_id)
    return _pressed(request, where, done, lambda: _VERBS[verb](handover_id=handover_id, by=by, now=timezone.now()))
