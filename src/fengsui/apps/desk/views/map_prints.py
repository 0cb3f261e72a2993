"""The map on paper: asked for, waited for, fetched."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.desk import jobs, map_actions, map_asked, map_tree, queries
from fengsui.apps.desk.models import MapPrint
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

PATIENCE = timedelta(minutes=3)
"""A sheet takes seconds; after this the page says that the jobs stand still."""


@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """The map of the address that is sent with it, on the chosen paper."""
    by, now = actor_of(request), timezone.now()
    asked = map_asked.read(request.POST, now)
    known = {each.id for each in map_tree.entries(by)}
    facts = {
        "layers": [each for each in asked.layers or () if each in known],
        "at": asked.at.isoformat() if asked.at else "",
        "centre": list(asked.centre or queries.centre_of(by)),
        "zoom": asked.zoom or 12.2,
        "within": [list(each) for each in asked.within],
        "language": translation.get_language() or "zh-hans",
    }
    made = map_actions.ask_print(asked=facts, paper=request.POST.get("paper", ""), by=by, now=now)
    jobs.print_map.defer(print_id=str(made.pk))
    return redirect("desk:map-print-show", made.pk)


def _own(print_id: UUID, by: Actor) -> MapPrint:
    """Raises NotFound("desk.print.not_found"): a sheet is its person's."""
    rows = MapPrint.objects.in_world(by.world).filter(pk=print_id, person_id=by.person)
    found: MapPrint | None = rows.defer("pdf").first()
    if found is None:
        raise NotFound("desk.print.not_found")
    return found


@require_GET
def show(request: HttpRequest, print_id: UUID) -> HttpResponse:
    """Waiting, ready or failed; asks itself again while it waits."""
    row = _own(print_id, actor_of(request))
    part = "desk/_map_print_part.html" if request.headers.get("HX-Request") else "desk/map_print.html"
    stuck = row.status == "waiting" and timezone.now() - row.asked_at > PATIENCE
    return render(request, part, shell(request, row=row, stuck=stuck))


@require_GET
def pdf(request: HttpRequest, print_id: UUID) -> HttpResponse:
    by = actor_of(request)
    row = _own(print_id, by)
    if row.status != "ready" or row.pdf is None:
        raise NotFound("desk.print.not_found")
    response = HttpResponse(bytes(row.pdf), content_type="application/pdf")
    name = f"map-{timezone.localtime(row.asked_at):%Y%m%d-%H%M}-{row.paper}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
