"""The inbox of clocks, and one clock with its rule, ladder, firings and pauses."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.desk import clocks as desk
from fengsui.apps.desk import queries
from fengsui.apps.desk.page import shell
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.core import clocks, policy, wording
from fengsui.core.models import Clock, ClockRuleRow, StoredEvent
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE, STATES
from fengsui.kernel.errors import FengsuiError, Refused

ORDERS = {
    "due": ("due_at", "id"),
    "-due": ("-due_at", "id"),
    "started": ("-started_at", "id"),
    "kind": ("kind", "due_at"),
}
PAGE = 50
EXPORT_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the address; unknown values fall back, so that an old bookmark still opens."""

    view: str
    kind: str
    state: str
    late: bool
    q: str
    order: str
    org: str

    @classmethod
    def of(cls, asked: QueryDict, by: Actor) -> Wanted:
        view = asked.get("view", "")
        default = "mine"
        state = asked.get("state", "open")
        return cls(
            view if view in ("mine", "org", "all") else default,
            asked.get("kind", "")[:60],
            state if state in (*STATES, "open", "any") else "open",
            asked.get("late") == "1",
            asked.get("q", "").strip()[:80],
            asked.get("order", "") if asked.get("order") in ORDERS else "due",
            asked.get("org", "")[:40],
        )


def _rows(by: Actor, wanted: Wanted) -> QuerySet[Clock]:
    rows = desk.visible(by)
    if wanted.view == "mine":
        rows = rows.filter(desk.mine(by))
    elif wanted.view == "org":
        rows = rows.filter(desk.of_organisations(by))
    if wanted.org:
        rows = rows.filter(desk.owed_in(wanted.org))
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.state == "open":
        rows = rows.filter(state__in=MACHINE.open_states)
    elif wanted.state != "any":
        rows = rows.filter(state=wanted.state)
    if wanted.late:
        rows = rows.filter(due_at__lt=timezone.now(), state__in=MACHINE.open_states)
    if wanted.q:
        from fengsui.apps.people.models import Holding, Person

        named = Person.objects.filter(name__icontains=wanted.q).values("pk")
        held = Holding.objects.filter(
            Q(person__name__icontains=wanted.q) | Q(post__title__icontains=wanted.q), until__isnull=True
        ).values("post_id")
        rows = rows.filter(Q(label__icontains=wanted.q) | Q(owner_person__in=named) | Q(owner_post__in=held))
    return rows.order_by(*ORDERS[wanted.order])


def _counts(by: Actor) -> dict[str, int]:
    open_rows = desk.open_rows(by)
    return {
        "mine": open_rows.filter(desk.mine(by)).count(),
        "org": open_rows.filter(desk.of_organisations(by)).count(),
        "all": open_rows.count(),
        "late": open_rows.filter(due_at__lt=timezone.now()).count(),
    }


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    wanted = Wanted.of(request.GET, by)
    page = Paginator(_rows(by, wanted), PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    kinds = sorted(ClockRuleRow.objects.values_list("kind", flat=True))
    context = {
        "page": page,
        "rows": queries.relabelled(desk.present(page.object_list), by.world),
        "wanted": wanted,
        "query": kept.urlencode(),
        "counts": _counts(by),
        "orgs": desk.owing(by),
        "kinds": [(kind, desk.verb_of(kind)) for kind in kinds],
        "states": [("open", _("未办结")), *((code, desk.word(STATES[code])) for code in STATES), ("any", _("全部"))],
        "district_wide": bool(by.roles & DISTRICT_ROLES),
    }
    part = request.headers.get("HX-Request") and request.GET.get("part")
    return render(request, "desk/_clocks_part.html" if part else "desk/clocks.html", shell(request, **context))


@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The same rows as the list, as CSV that a spreadsheet opens; marked as illustrative."""
    by = actor_of(request)
    rows = queries.relabelled(desk.present(_rows(by, Wanted.of(request.GET, by))[:EXPORT_LIMIT]), by.world)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="clocks.csv"'
    response.write("\ufeff")
    out = csv.writer(response)
    out.writerow([_("示意数据：人名、号码、设施位置为生成"), _("世界"), str(request.world)])  # type: ignore[attr-defined]  # set on the request by our middleware
    out.writerow(
        [
            _("应办"),
            _("事由"),
            _("责任"),
            _("状态"),
            _("开始"),
            _("到时"),
            _("办结"),
            _("限秒"),
            _("依据"),
            _("依据性质"),
        ]
    )
    for row in rows:
        ended = timezone.localtime(row.closed_at).isoformat() if row.closed_at else ""
        out.writerow(
            [
                *(_safe(row.verb), _safe(row.label), _safe(row.owner_text), desk.word(STATES[row.state])),
                *(timezone.localtime(row.started_at).isoformat(), timezone.localtime(row.due_at).isoformat(), ended),
                *(row.limit_s, _safe(row.source), row.basis),
            ]
        )
    return response


def _safe(text: str) -> str:
    """A cell that a spreadsheet must not run as a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text[:1] else text


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
    clock = desk.get(clock_id, by)
    policy.require(by, "core.pause_clock", clock)
    chained = by.in_chain(clock.correlation)
    try:
        if verb == "pause":
            reason = request.POST.get("reason", "")[:300]
            clocks.pause(clock_id, by=chained.because(reason), now=timezone.now(), reason=reason)
        else:
            clocks.resume(clock_id, by=chained, now=timezone.now())
    except (Refused, FengsuiError) as refused:
        if refused.status in (403, 404):
            raise
        said = wording.say(refused)
        messages.error(request, f"{said.what}。{said.todo}")
    return HttpResponseRedirect(reverse("desk:clock-show", args=[clock_id]))


@require_POST
def pause(request: HttpRequest, clock_id: UUID) -> HttpResponse:
    return _pressed(request, clock_id, "pause")


@require_POST
def resume(request: HttpRequest, clock_id: UUID) -> HttpResponse:
    return _pressed(request, clock_id, "resume")
