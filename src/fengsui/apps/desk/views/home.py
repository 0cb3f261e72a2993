"""The duty desk, or the phone page of who works in the field; each panel is its own fragment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from fengsui.apps.alerts.rules import STATUSES
from fengsui.apps.command.rules import TASK_STATES
from fengsui.apps.desk import acts, clocks, domains, firsts, nav, offers, queries, telling
from fengsui.apps.desk.page import shell
from fengsui.apps.desk.panels import Panel
from fengsui.apps.desk.rules import works_by_phone
from fengsui.apps.incidents.rules import GRADES
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.rules import ROLES
from fengsui.apps.sensing import queries as sensing
from fengsui.core.web.installed import kept_by_phone
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

Facts = dict[str, Any]
MOST_COLUMNS = 3


class Asked:
    """Who asks and when, and what several panels of one page need: read at the first use, once for all of them."""

    def __init__(self, by: Actor, now: datetime) -> None:
        self.by, self.now = by, now

    @cached_property
    def rows(self) -> list[clocks.Row]:
        return queries.my_open(self.by)

    @cached_property
    def waiting(self) -> list[queries.Waiting]:
        return queries.waiting(self.by)

    @cached_property
    def tally(self) -> sensing.Tally:
        return sensing.tally(self.by.world, self.now)


def _act(asked: Asked) -> Facts:
    act, waiting = acts.next_act(asked.by, asked.rows, asked.now), asked.waiting
    if act and waiting and not act.clock.is_decision and act.clock.due_at > asked.now + timedelta(hours=1):
        act = None  # what somebody waits for now comes before what is due some day
    return {"act": act, "statuses": STATUSES, "waiting": waiting}


def _burning(asked: Asked) -> Facts:
    tally, now = asked.tally, asked.now
    shown = queries.with_curves(queries.board(asked.by, now, queries.SHOWN), now)
    incidents = queries.burning(asked.by)
    return {
        "spots": shown,
        "more": tally.not_normal - len(shown),
        "normal": tally.stations - tally.not_normal,
        "silent": tally.silent,
        "incidents": incidents[: queries.SHOWN],
        "grades": {row.pk: clocks.word(GRADES[row.grade]) for row in incidents if row.grade in GRADES},
        "all_incidents": len(incidents),
        "all_spots": tally.not_normal,
    }


def _mine(asked: Asked) -> Facts:
    return {
        "rows": asked.rows[:9],
        "waiting": asked.waiting,
        "count": len(asked.rows) + len(asked.waiting),
        "ahead": queries.next_hour(asked.by, asked.now),
        "closed": queries.closed_today(asked.by, asked.now),
    }


def _overdue(asked: Asked) -> Facts:
    rows, count = queries.overdue(asked.by, asked.now)
    return {"rows": rows, "count": count}


def _recent(asked: Asked) -> Facts:
    return {"told": telling.recent(asked.by)}


def _situation(asked: Asked) -> Facts:
    facts = queries.situation(asked.by, asked.now, asked.tally)
    response = facts["response"]
    facts["roman"] = Level.of(response.level).roman if response else ""
    return facts


def _field(asked: Asked) -> Facts:
    rows = asked.rows
    return {
        "rows": rows,
        "calls": queries.my_calls(asked.by),
        "tasks": queries.my_tasks(asked.by),
        "states": TASK_STATES,
        "first": next((row for row in rows if row.state == "running"), None),
        "word": clocks.word,
    }


PARTS: dict[str, Callable[[Asked], Facts]] = {
    "act": _act,
    "burning": _burning,
    "mine": _mine,
    "overdue": _overdue,
    "recent": _recent,
    "situation": _situation,
    "field": _field,
}


def _first(by: Actor, role: str, now: datetime) -> Facts:
    """What a role's first page has of its own: words, first actions, panels."""
    first = firsts.FIRSTS[role]
    made = [(name, make(by, now)) for name, make in first.panels.items()]
    made.sort(key=lambda pair: not pair[1].lines)  # what says something first; what is empty is one row below it
    return {
        "role": clocks.word(ROLES[role]),
        "lead": first.lead,
        "quick": offers.starts(by, *first.starts) if first.starts else [],
        "panels": made,
    }


def _columns(made: Sequence[tuple[str, Panel]], most: int) -> list[list[tuple[str, Panel]]]:
    """Each panel under the shortest column so far, so that none stands empty beside a long one."""
    columns: list[list[tuple[str, Panel]]] = [[] for _n in range(min(most, len(made)))]
    for pair in made:
        min(columns, key=_height).append(pair)
    return columns


def _height(column: Sequence[tuple[str, Panel]]) -> int:
    return sum(1 + len(panel.lines) for _name, panel in column)


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """First screen after login, by role. Each panel is rendered once here and refreshed by its own address."""
    by, now = actor_of(request), timezone.now()
    role, asked = firsts.role_of(by), Asked(by, now)
    own = _first(by, role, now)
    if works_by_phone(by.roles):
        return kept_by_phone(_phone)(request, own)
    if role not in domains.ON_DUTY:
        mine = _mine(asked)
        shown = mine if mine["count"] or mine["ahead"] else None
        columns = _columns(own["panels"], MOST_COLUMNS - bool(shown))
        context = {"act": _act(asked), "mine": shown, "columns": columns, **own}
        topics = {topic for _name, panel in own["panels"] for topic in panel.topics.split()}
        return render(request, "desk/first.html", shell(request, *sorted(topics), **context))
    parts = ("act", "burning", "mine", "overdue", "recent", "situation")
    context = {name: PARTS[name](asked) for name in parts} | {"quick": own["quick"]}
    return render(request, "desk/home.html", shell(request, "alerts", "incidents", "command", "sensing", **context))


def _phone(request: HttpRequest, own: Facts) -> HttpResponse:
    p = _field(Asked(actor_of(request), timezone.now()))
    return render(request, "desk/field.html", shell(request, "alerts", "command", p=p, **own))


@require_GET
def part(request: HttpRequest, name: str) -> HttpResponse:
    """One panel again: of the desk, or of this person's own first page."""
    by, now = actor_of(request), timezone.now()
    own = firsts.FIRSTS[firsts.role_of(by)].panels
    if name in own:
        return render(request, "desk/_panel_part.html", {"p": own[name](by, now), "name": name, "by": by})
    if name not in PARTS:
        raise Http404
    return render(request, f"desk/_{name}_part.html", {"p": PARTS[name](Asked(by, now)), "by": by})


@require_GET
def product(request: HttpRequest) -> HttpResponse:
    """The map of the product: every page that this person may open, by the five domains, with what is open in it."""
    by = actor_of(request)
    found = domains.map_of(by)
    first = next(line for page, line in domains.lines(by, only=lambda page: page.code == "desk"))
    return render(request, "desk/product.html", shell(request, domains=found, first=first, word=clocks.word))


@require_GET
def nav_part(request: HttpRequest) -> HttpResponse:
    """The navigation again, with today's counts, as the page that asks stands in it."""
    by = actor_of(request)
    here = "/" + request.headers.get("HX-Current-URL", "/").partition("//")[2].partition("/")[2]
    path = here.partition("?")[0]
    context = {"listed": nav.items(by, path), "nav_all_here": path == reverse("desk:product-show")}
    return render(request, "desk/_nav_part.html", context)
