"""Map layers of one incident, as GeoJSON that the map draws without knowing the domain."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from fengsui.apps.command import queries, rules
from fengsui.apps.command.models import Closure, Deployment
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.page import word
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound
from fengsui.kernel.levels import LEVELS

Feature = dict[str, Any]


def _collection(features: list[Feature]) -> JsonResponse:
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")


def _feature(kind: str, coordinates: object, **properties: Any) -> Feature:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


@require_GET
def layer(request: HttpRequest, incident_id: UUID, name: str) -> JsonResponse:
    by = actor_of(request)
    policy.require(by, "command.view")
    incident = queries.get_incident(incident_id, by)
    if name not in LAYERS:
        raise NotFound("incidents.not_found")
    return _collection(LAYERS[name](incident, by, request.GET.get("task", "")))


def _place(incident: Incident, by: Actor, task: str) -> list[Feature]:
    at = [incident.point.x, incident.point.y]
    return [_feature("Point", at, level=incident.level, name=incident.title, label=word(LEVELS, incident.level))]


def _closure(closure: Closure) -> Feature:
    said = f"{word(rules.CLOSURE_KINDS, closure.kind)}：{closure.reason}"
    return _feature("LineString", [list(each) for each in closure.line.coords], name=closure.name, said=said)


def _closures(incident: Incident, by: Actor, task: str) -> list[Feature]:
    """All of the world: a route avoids every one of them."""
    return [_closure(each) for each in queries.closures_now(by.world)]


def _under(incident: Incident, by: Actor, task: str) -> list[Deployment]:
    rows = Deployment.objects.in_world(by.world).filter(order__incident=incident).select_related("order")
    try:
        return list(rows.filter(order__task=UUID(task)) if task else rows)
    except ValueError:
        return []


def _routes(incident: Incident, by: Actor, task: str) -> list[Feature]:
    found = []
    for each in _under(incident, by, task):
        if each.order.route is None or each.stage in rules.MOVEMENT.final:
            continue
        style = "done" if each.stage in rules.ON_SITE else "ahead"
        found.append(
            _feature(
                "LineString", [list(pair) for pair in each.order.route.coords], style=style, label=each.order.team_name
            )
        )
    return found


def _teams(incident: Incident, by: Actor, task: str) -> list[Feature]:
    """Where each ordered team last said it was: on site, its last reported position, else its base."""
    found = []
    for each in _under(incident, by, task):
        if each.stage in rules.MOVEMENT.final:
            continue
        order = each.order
        told = order.movements.filter(position__isnull=False).order_by("-at").first()
        at = (
            order.to_point
            if each.stage in rules.ON_SITE
            else told.position
            if told and told.position
            else order.from_point
        )
        found.append(
            _feature(
                "Point",
                [at.x, at.y],
                mark=order.team_name[:1],
                label=f"{order.team_name} {word(rules.STAGES, each.stage)}",
                reported=each.stage in rules.ON_SITE or told is not None,
                url=f"/orders/{order.pk}/",
            )
        )
    return found


LAYERS = {"place": _place, "closures": _closures, "routes": _routes, "teams": _teams}


@require_GET
def closures(request: HttpRequest) -> JsonResponse:
    """Every closed stretch of the world, for the district's map."""
    by = actor_of(request)
    policy.require(by, "command.view")
    return _collection([_closure(each) for each in queries.closures_now(by.world)])
