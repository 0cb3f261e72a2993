"""The large screen of the command hall: a page, and the one fragment that is fetched again and again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from fengsui.apps.desk import wall
from fengsui.apps.people import screens
from fengsui.apps.people.edge import actor_of
from fengsui.core import live, policy
from fengsui.core.ui import assets

TOPICS = ("desk", "core.clocks", "sensing", "forecasts", "alerts", "incidents", "command")


def _look(request: HttpRequest) -> wall.Look:
    """The hall's own setting; who looks from a desk chooses by the address."""
    screen = getattr(request, "screen", None)
    layout, factor = (screen.layout, screen.factor) if screen else ("wide", 100)
    asked = request.GET.get("layout", ""), request.GET.get("factor", "")
    if asked[0] in screens.LAYOUTS:
        layout = asked[0]
    if asked[1].isdigit() and int(asked[1]) in screens.FACTORS:
        factor = int(asked[1])
    return wall.Look(layout, factor)


def _context(request: HttpRequest) -> dict[str, Any]:
    by = actor_of(request)
    if not getattr(request, "screen", None):
        policy.require(by, "desk.wall")
    look, now = _look(request), timezone.now()
    here = timezone.localtime(now)
    days = (_("星期一"), _("星期二"), _("星期三"), _("星期四"), _("星期五"), _("星期六"), _("星期日"))
    return wall.facts(by, now, look) | {
        "day": _("%(m)d 月 %(d)d 日") % {"m": here.month, "d": here.day} + f" {days[here.weekday()]}",
        # A wall stays open for weeks: each look brings a fresh right to listen, and says which build it belongs to.
        "ticket": live.ticket(by.world, TOPICS, by.person),
        "build": ",".join(name for kind in assets.files("wall") for name in kind),
        "screen": getattr(request, "screen", None),
        "query": f"layout={look.layout}&factor={look.factor}",
    }


@never_cache
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/wall.html", _context(request))


@never_cache
@require_GET
def part(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/_wall_part.html", _context(request))
