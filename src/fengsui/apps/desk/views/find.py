"""One search: people, places, incidents, pages."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from fengsui.apps.desk import clocks, nav, queries
from fengsui.apps.desk.page import shell
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.models import Holding
from fengsui.apps.sensing.models import Station

LIMIT = 20


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    by, q = actor_of(request), request.GET.get("q", "").strip()[:80]
    found: dict[str, object] = {"q": q}
    if q:
        scope = people.visible_to(by)
        holdings = Holding.objects.filter(until__isnull=True, person__org__in=scope).select_related(
            "person", "post__org"
        )
        matched = Q(person__name__icontains=q) | Q(post__title__icontains=q)
        found["holdings"] = list(holdings.filter(matched).order_by("post__org__path", "post__call_order", "id")[:LIMIT])
        stations = Station.objects.in_world(by.world).filter(Q(name__icontains=q) | Q(code__icontains=q))
        found["stations"] = list(stations.order_by("code")[:LIMIT])
        rows = incidents.visible_to(by).filter(Q(number__icontains=q) | Q(title__icontains=q) | Q(address__icontains=q))
        found["incidents"] = list(rows.order_by("-known_at")[:LIMIT])
        rows_of_clocks = clocks.open_rows(by).filter(label__icontains=q).order_by("due_at", "id")[:LIMIT]
        found["clocks"] = queries.relabelled(clocks.present(rows_of_clocks), by.world)
        found["pages"] = [item for item in nav.items(by, "") if q.lower() in item["label"].lower()]
    return render(request, "desk/find.html", shell(request, **found))
