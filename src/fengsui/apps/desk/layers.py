"""Layers of the whole map with any number of points. Where they come from: `core.models.maps`, triggers of each app."""

from __future__ import annotations

from collections.abc import Callable

from fengsui.apps.places import queries as places
from fengsui.core import policy
from fengsui.core.maps.registry import PointLayer, add
from fengsui.kernel.actor import Actor


def _of_register(verb: str) -> Callable[[Actor], bool]:
    return lambda by: policy.can(by, f"{verb}.view")


TEAMS = add(
    PointLayer(
        "team",
        scope=places.areas_of,
        may=_of_register("resources.teams"),
        detail=", t.readiness = 'ready' AS ready, t.people || ' 人，集结 ' || t.assembly_min || ' 分' AS label",
        joins="LEFT JOIN resources_team t ON t.id = p.ref",
        url="/registers/teams/rows/%s/",
        url_by="ref",
    )
)
SHELTERS = add(
    PointLayer(
        "shelter",
        scope=places.areas_of,
        may=_of_register("places.shelters"),
        detail=", '可容 ' || h.capacity || ' 人' AS label",
        joins="LEFT JOIN places_shelter h ON h.place_id = p.ref",
        url="/registers/shelters/rows/%s/",
        url_by="ref",
    )
)
DEPOTS = add(
    PointLayer(
        "depot",
        scope=places.areas_of,
        may=_of_register("resources.depots"),
        url="/registers/depots/rows/%s/",
        url_by="ref",
    )
)
POINTS = add(
    PointLayer(
        "waterlogging_point",
        scope=places.areas_of,
        may=_of_register("places.waterlogging-points"),
        url="/registers/waterlogging-points/rows/%s/",
        url_by="ref",
    )
)
CHECKPOINTS = add(
    PointLayer(
        "checkpoint",
        scope=places.areas_of,
        may=_of_register("places.checkpoints"),
        url="/registers/checkpoints/rows/%s/",
        url_by="ref",
    )
)
