"""The whole map: its page, what its layers hold, its twin as a list."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.desk import map_actions, map_asked, map_find, map_items, map_state, map_tree, queries
from fengsui.apps.desk.map_asked import Asked
from fengsui.apps.desk.map_tree import DOMAINS, Entry
from fengsui.apps.desk.models import MapChoice
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.core.maps import points, tiles
from fengsui.core.maps.registry import point_layer
from fengsui.core.ui import moments
from fengsui.kernel.actor import Actor

LISTED = 100
"""So many of a layer on the list; its own page or register has them all."""
DRAWN = 2_000
DRAWN_LAST = ("names", "places", "closures", "ahead", "incidents", "stations", "warnings")
"""Kinds bottom to top: what has a level lies above what only stands there."""
GEO = "application/geo+json"


def _on(each: Entry, asked: Asked, kept: MapChoice | None) -> bool:
    """The link decides, then what the person kept, then what is usual."""
    if asked.layers is not None:
        return each.id in asked.layers
    return each.id in kept.layers if kept else each.on


def _kept(by: Actor) -> MapChoice | None:
    return MapChoice.objects.filter(person_id=by.person).first() if by.person else None


def _layers(by: Actor, asked: Asked) -> list[dict[str, Any]]:
    """What the page draws, bottom to top."""
    kept = _kept(by)
    found = []
    for each in map_tree.entries(by):
        facts = {
            "id": each.id, "kind": each.kind, "label": str(each.label), "domain": each.domain,
            "topics": list(each.topics), "on": _on(each, asked, kept), "history": each.history,
            "code": each.symbol[0], "mark": each.symbol[1],
        }  # fmt: skip
        if each.points:
            facts["tiles"] = f"/tiles/{each.id}/{{z}}/{{x}}/{{y}}.mvt"
            facts["source_layer"] = each.id
            facts["single"] = points.single(point_layer(each.id, by))
        if not each.points or each.history:
            facts["url"] = reverse("desk:map-layer", args=[each.id])
        found.append(facts)
    return sorted(found, key=lambda each: DRAWN_LAST.index(each["kind"]))


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    by, now = actor_of(request), timezone.now()
    asked = map_asked.read(request.GET, now)
    context = {
        "layers": _layers(by, asked),
        "domains": {code: str(word) for code, word in DOMAINS.items()},
        "centre": asked.centre or queries.centre_of(by),
        "zoom": asked.zoom or 12.2,
        "asked": asked,
        "topics": " ".join(map_tree.topics(by)),
        "raster": tiles.has_raster(),
        "zone": settings.TIME_ZONE,
        "at_text": _minute(asked.at) if asked.at else "",
        "before": -round((now - asked.at).total_seconds() / 60) if asked.at else 0,
    }
    return render(request, "desk/map.html", shell(request, *map_tree.topics(by), **context))


@require_GET
def state(request: HttpRequest) -> JsonResponse:
    """How many each layer holds, the worst of them, and how old its newest fact is."""
    by, now = actor_of(request), timezone.now()
    asked = map_asked.read(request.GET, now)
    return JsonResponse({"layers": {each.id: map_state.of(each, by, asked, now) for each in map_tree.entries(by)}})


@require_GET
def layer(request: HttpRequest, name: str) -> JsonResponse:
    """A layer as GeoJSON: the lively ones, and any with a history at a past moment."""
    by, now = actor_of(request), timezone.now()
    asked = map_asked.read(request.GET, now)
    found, count = map_items.items(map_tree.entry(name, by), by, asked, now, DRAWN)
    features = [each.feature() for each in found]
    body = {"type": "FeatureCollection", "features": features, "left_off": count - len(found)}
    return JsonResponse(body, content_type=GEO)


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Everything the map shows, as tables: works without WebGL, by keyboard and by ear. The same address asks both."""
    by, now = actor_of(request), timezone.now()
    moments.asked_moment(request.GET, "at", _("时刻"))  # the map opens an old link at now; who typed it here is told
    asked = map_asked.read(request.GET, now)
    kept = _kept(by)
    sections: list[dict[str, Any]] = []
    for each in map_tree.entries(by):
        on = _on(each, asked, kept)
        found, count = map_items.items(each, by, asked, now, LISTED) if on else ([], 0)
        link = map_find.register_link(each, asked) if not asked.at else ""
        sections.append({"entry": each, "on": on, "items": found, "count": count, "link": link})
    context = {
        "asked": asked,
        "sections": sections,
        "domains": [
            (code, word, [each for each in sections if each["entry"].domain == code]) for code, word in DOMAINS.items()
        ],
        "at_value": _minute(asked.at) if asked.at else "",
        "earliest": _minute(now - map_asked.HISTORY),
        "latest": _minute(now),
    }
    return render(request, "desk/map_list.html", shell(request, *map_tree.topics(by), **context))


def _minute(at: datetime) -> str:
    return moments.written(at)


@require_GET
def find(request: HttpRequest) -> JsonResponse:
    """Places, stations, incidents, streets, roads and coordinates by what was typed."""
    by = actor_of(request)
    found = map_find.by_words(by, map_asked.read(request.GET, timezone.now()).q)
    return JsonResponse({"found": [each.feature() for each in found]})


@require_GET
def select(request: HttpRequest) -> JsonResponse:
    """How many of each shown layer lie in the drawn area, each with the list that holds exactly them."""
    by, now = actor_of(request), timezone.now()
    asked = map_asked.read(request.GET, now)
    found = []
    for each in map_tree.entries(by):
        if asked.within and (asked.layers is None or each.id in asked.layers):
            _items, count = map_items.items(each, by, asked, now, 0)
            url = map_find.register_link(each, asked) if not asked.at else ""
            url = url or f"{reverse('desk:map-list')}?{asked.query(layers=each.id, c='', z='')}"
            found.append({"id": each.id, "label": str(each.label), "count": count, "url": url})
    return JsonResponse({"layers": found, "empty": _("先画出范围") if not asked.within else ""})


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the layers that are on, for this person."""
    by = actor_of(request)
    known = {each.id for each in map_tree.entries(by)}
    wanted = [each for each in request.POST.get("layers", "").split(",") if each in known]
    map_actions.remember_layers(layers=wanted, by=by, now=timezone.now())
    return HttpResponse(status=204)
