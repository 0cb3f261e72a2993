"""The duty desk, or the phone page of who works in the field; each panel is its own fragment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fengsui.apps.alerts.rules import STATUSES
from fengsui.apps.command.rules import TASK_STATES
from fengsui.apps.desk import acts, clocks, nav, queries, telling
from fengsui.apps.desk.page import shell
from fengsui.apps.desk.rules import works_by_phone
from fengsui.apps.incidents.rules import GRADES
from fengsui.apps.people.edge import actor_of
from fengsui.apps.sensing import queries as sensing
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

Facts = dict[str, Any]


def _act(by: Actor, now: datetime) -> Facts:
    act, waiting = acts.next_act(by, queries.my_open(by), now), queries.waiting(by)
    if act and waiting and not act.clock.is_decision and act.clock.due_at > now + timedelta(hours=1):
        act = None  # what somebody waits for now comes before what is due some day
    return {"act": act, "statuses": STATUSES, "waiting": waiting}


def _burning(by: Actor, now: datetime) -> Facts:
    tally = sensing.tally(by.world, now)
    shown = queries.with_curves(queries.board(by, now, queries.SHOWN), now)
    incidents = queries.burning(by)
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


def _mine(by: Actor, now: datetime) -> Facts:
    rows, waiting = queries.my_open(by), queries.waiting(by)
    return {
        "rows": rows[:9],
        "waiting": waiting,
        "count": len(rows) + len(waiting),
        "ahead": queries.next_hour(by, now),
        "closed": queries.closed_today(by, now),
    }


def _overdue(by: Actor, now: datetime) -> Facts:
    rows, count = queries.overdue(by, now)
    return {"rows": rows, "count": count}


def _recent(by: Actor, now: datetime) -> Facts:
    return {"told": telling.recent(by)}


def _situation(by: Actor, now: datetime) -> Facts:
    facts = queries.situation(by, now)
    response = facts["response"]
    facts["roman"] = Level.of(response.level).roman if response else ""
    return facts


def _field(by: Actor, now: datetime) -> Facts:
    rows = queries.my_open(by)
    return {
        "rows": rows,
        "calls": queries.my_calls(by),
        "tasks": queries.my_tasks(by),
        "states": TASK_STATES,
        "first": next((row for row in rows if row.state == "running"), None),
        "word": clocks.word,
    }


PARTS: dict[str, Callable[[Actor, datetime], Facts]] = {
    "act": _act,
    "burning": _burning,
    "mine": _mine,
    "overdue": _overdue,
    "recent": _recent,
    "situation": _situation,
    "field": _field,
}


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """First screen after login. Each panel is rendered once here and refreshed by its own address."""
    by, now = actor_of(request), timezone.now()
    if works_by_phone(by.roles):
        return render(request, "desk/field.html", shell(request, "alerts", "command", p=_field(by, now)))
    parts = ("act", "burning", "mine", "overdue", "recent", "situation")
    context = {name: PARTS[name](by, now) for name in parts}
    return render(request, "desk/home.html", shell(request, "alerts", "incidents", "command", "sensing", **context))


@require_GET
def part(request: HttpRequest, name: str) -> HttpResponse:
    by = actor_of(request)
    if name not in PARTS:
        raise Http404
    return render(request, f"desk/_{name}_part.html", {"p": PARTS[name](by, timezone.now()), "by": by})


@require_GET
def nav_part(request: HttpRequest) -> HttpResponse:
    """The navigation again, with today's counts, as the page that asks stands in it."""
    by = actor_of(request)
    here = "/" + request.headers.get("HX-Current-URL", "/").partition("//")[2].partition("/")[2]
    return render(request, "desk/_nav_part.html", {"listed": nav.items(by, here.partition("?")[0])})
