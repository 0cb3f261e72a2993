"""The inbox of clocks, and one clock with its rule, ladder, firings and pauses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.desk import clocks as desk
from fengsui.apps.desk import queries
from fengsui.apps.desk.lists import CLOCKS
from fengsui.apps.desk.page import shell
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, wording
from fengsui.core.ledger.views.listed import as_csv, part_of, shown
from fengsui.core.models import Clock, ClockRuleRow, StoredEvent
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import STATES
from fengsui.kernel.errors import FengsuiError, Refused


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    context = shell(request, **shown(request, CLOCKS, by))
    if part_of(request):
        return render(request, "ledger/_worklist_part.html", context)
    return render(request, "desk/clocks.html", context | {"counts": _counts(by)})


def _counts(by: Actor) -> dict[str, int]:
    """Open ones of each view that the list offers; the last one's are overdue."""
    open_rows = desk.open_rows(by)
    found = open_rows.order_by().aggregate(
        mine=Count("pk", filter=desk.mine(by)),
        org=Count("pk", filter=desk.of_organisations(by)),
        every=Count("pk"),
        late=Count("pk", filter=Q(due_at__lt=timezone.now())),
    )
    return {each.query: found[name] for each, name in zip(CLOCKS.views, ("mine", "org", "every", "late"), strict=True)}


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Where the file was before every list had one."""
    return as_csv(request, CLOCKS.code)


@require_GET
def show(request: HttpRequest, clock_id: UUID) -> HttpResponse:
    by = actor_of(request)
    clock = desk.get(clock_id, by)
    return render(request, "desk/clock.html", shell(request, f"core.clock:{clock.pk}", **_facts(clock, by)))


def _facts(clock: Clock, by: Actor) -> dict[str, Any]:
    (row,) = queries.relabelled(desk.present(desk.visible(by).filter(pk=clock.pk)), by.world)
    firings = {each.rung: each for each in clock.firings.order_by("at")}
    rule = ClockRuleRow.objects.filter(pk=clock.kind).first()
    ladder = [
        {
            "who": desk.role_word(rung["to_role"]),
            "at": clock.due_at + timedelta(seconds=rung["after_s"]),
            "after_s": rung["after_s"],
            "fired": firings.get(index),
        }
        for index, rung in enumerate(clock.ladder)
    ]
    pauses = list(clock.pauses.order_by("started_at"))
    closers = {clock.closed_by, *(each.by_person for each in pauses)} - {None}
    events = StoredEvent.objects.filter(about_type="core.clock", about_id=str(clock.pk)).order_by("id")
    return {
        "clock": clock,
        "row": row,
        "rule": rule,
        "ladder": ladder,
        "defaulted": firings.get(-1),
        "pauses": pauses,
        "names": people.people_names(closers),  # type: ignore[arg-type]  # None was filtered out
        "events": events.count(),
        "state_word": desk.word(STATES[clock.state]),
        "may_pause": clock.state == "running" and policy.can(by, "core.pause_clock", clock),
        "may_resume": clock.state == "paused" and policy.can(by, "core.pause_clock", clock),
        "may_chain": policy.can(by, "desk.chain"),
        "may_audit": policy.can(by, "core.audit"),
    }


def _pressed(request: HttpRequest, clock_id: UUID, verb: str) -> HttpResponse:
    by = actor_of(request)
    try:
        if verb == "pause":
            desk.pause(clock_id, by=by, now=timezone.now(), reason=request.POST.get("reason", "")[:300])
        else:
            desk.resume(clock_id, by=by, now=timezone.now())
    except (Refused, FengsuiError) as refused:
        if refused.status in (403, 404):
            raise
        said = wording.say(refused)
        messages.error(request, said.line)
    return HttpResponseRedirect(reverse("desk:clock-show", args=[clock_id]))


@require_POST
def pause(request: HttpRequest, clock_id: UUID) -> HttpResponse:
    return _pressed(request, clock_id, "pause")


@require_POST
def resume(request: HttpRequest, clock_id: UUID) -> HttpResponse:
    return _pressed(request, clock_id, "resume")
