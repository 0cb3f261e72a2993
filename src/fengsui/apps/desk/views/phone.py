"""What only the phone has: my settings and my queue, 报情 from the field; and what calls until it is acknowledged."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from fengsui.apps.command.rules import TASK_STATES
from fengsui.apps.desk import clocks, queries
from fengsui.apps.desk.page import shell
from fengsui.apps.desk.rules import DECISIONS, NEW_TO_ME
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy
from fengsui.core.ui.present import near_s
from fengsui.core.web.installed import kept_by_phone

SHOWN = 8


@require_GET
@kept_by_phone
def show(request: HttpRequest) -> HttpResponse:
    """我: theme, sound, language, how to install; the queue stands on every page of the phone."""
    return render(request, "desk/phone.html", shell(request))


@require_GET
@kept_by_phone
def report(request: HttpRequest) -> HttpResponse:
    """报情: on a task of mine, or a line on an incident of my area. Both work without network."""
    by = actor_of(request)
    found = incidents.open_incidents(by).select_related("area").order_by("-known_at")[:SHOWN]
    context = shell(
        request,
        "command",
        "incidents",
        tasks=[task for task in queries.my_tasks(by) if task.status in ("accepted", "doing")],
        states=TASK_STATES,
        word=clocks.word,
        incidents=[each for each in found if policy.can(by, "incidents.note", each)],
        may_open=policy.can(by, "incidents.open"),
    )
    return render(request, "desk/phone_report.html", context)


@require_GET
@never_cache
def alarm(request: HttpRequest) -> JsonResponse:
    """What is owed by me now, as far as it may have to call: verbs and times, no names, no places."""
    by = actor_of(request)
    owed: list[dict[str, Any]] = [
        {
            "key": str(row.id),
            "verb": row.verb,
            "url": row.page,
            "due": row.due_at.isoformat(),
            "near_s": near_s(row.kind, row.limit_s),
            "fresh": row.kind in DECISIONS or row.kind in NEW_TO_ME,
        }
        for row in queries.my_open(by)
        if row.state == "running"
    ]
    return JsonResponse({"owed": owed})
