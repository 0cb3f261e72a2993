"""What the ready teams reach in five, ten and fifteen minutes, with the roads as they are closed now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark
from django.views.decorators.http import require_GET

from fengsui.apps.command import reach
from fengsui.apps.incidents.page import shell, word
from fengsui.apps.people.edge import actor_of
from fengsui.apps.places.rules import PLACE_KINDS
from fengsui.apps.resources.rules import SKILLS
from fengsui.core import policy

NAMES = {reach.JUNCTIONS: mark("道路交叉口"), reach.STREETS: mark("街道中心")}


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "command.view")
    asked = request.GET.get("skill", "")
    skill = asked if asked in SKILLS else ""
    assembly = request.GET.get("assembly") != "0"
    kinds = {
        **{code: word(PLACE_KINDS, code) for code in reach.SHOWN},
        **{code: _(name) for code, name in NAMES.items()},
    }
    context = shell(
        request,
        "command.closures",
        "command",
        found=reach.reached(by, skill=skill, assembly=assembly),
        limits=reach.LIMITS_MIN,
        kinds=kinds,
        skills=[(code, word(SKILLS, code)) for code in SKILLS],
        skill=skill,
        assembly=assembly,
        here=request.get_full_path(),
    )
    part = "command/_reach_part.html" if request.headers.get("HX-Request") else "command/reach.html"
    return render(request, part, context)
