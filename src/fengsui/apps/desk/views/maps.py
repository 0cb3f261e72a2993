"""The whole map and its twin as a list."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.command import queries as command
from fengsui.apps.desk import queries
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.apps.places import queries as places
from fengsui.apps.resources import queries as resources
from fengsui.apps.sensing import queries as sensing
from fengsui.kernel.levels import Level

LISTED = 100
"""So many of a kind on one page; the pages of the kind have them all."""


def _tiles(name: str) -> str:
    return f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt"


def layers() -> list[dict[str, Any]]:
    """What the page draws, bottom to top: few and lively things as GeoJSON, many and quiet ones as tiles."""
    return [
        {
            "id": "shelters",
            "kind": "shelters",
            "label": _("避难场所"),
            "tiles": _tiles("shelters"),
            "source_layer": "shelters",
        },
        {"id": "teams", "kind": "teams", "label": _("队伍"), "tiles": _tiles("teams"), "source_layer": "teams"},
        {"id": "closures", "kind": "closures", "label": _("封控"), "url": reverse("command:closure-layer")},
        {"id": "incidents", "kind": "incidents", "label": _("事件"), "url": reverse("incidents:incident-layer")},
        {"id": "stations", "kind": "stations", "label": _("测站"), "url": reverse("sensing:station-layer")},
        {
            "id": "warnings",
            "kind": "stations",
            "label": _("生效预警"),
            "url": reverse("desk:map-warnings"),
            "on": False,
        },
    ]


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    context = {"layers": layers(), "centre": queries.centre_of(by)}
    return render(request, "desk/map.html", shell(request, "sensing", "incidents", "alerts", "command", **context))


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Everything the map shows, as tables: works without WebGL, by keyboard and by ear."""
    by, now = actor_of(request), timezone.now()
    tally = sensing.tally(by.world, now)
    context = {
        "spots": queries.board(by, now, LISTED),
        "tally": tally,
        "incidents": queries.burning(by),
        "bulletins": list(alerts.in_force(by.world, now)[:100]),
        "closures": list(command.closures_now(by.world)[:200]),
        "shelters": list(places.of_kinds(["shelter"]).select_related("shelter", "area").order_by("code")[:500]),
        "teams": list(resources.teams().order_by("code")[:500]),
        "level_name": lambda number: Level(number).code,
    }
    return render(request, "desk/map_list.html", shell(request, **context))


@require_GET
def warnings(request: HttpRequest) -> JsonResponse:
    """Bulletins in force where their places are."""
    by = actor_of(request)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.warning.place.location.x, row.warning.place.location.y]},
            "properties": {
                "level": Level(row.level).code,
                "name": row.place_name,
                "label": row.number,
                "said": row.headline,
                "url": f"/bulletins/{row.pk}/",
            },
        }
        for row in alerts.in_force(by.world, timezone.now())[:500]
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})
