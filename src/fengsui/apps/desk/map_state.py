"""How much a layer holds and how old it is, in words for the tree."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max

from fengsui.apps.desk import map_items
from fengsui.apps.desk.map_asked import Asked
from fengsui.apps.desk.map_tree import Entry
from fengsui.apps.sensing import queries as sensing
from fengsui.core.maps import points, registry
from fengsui.core.models import LedgerState
from fengsui.core.ui import present
from fengsui.kernel.actor import Actor

MOST = 5_000


def of(layer: Entry, by: Actor, asked: Asked, now: datetime) -> dict[str, Any]:
    """{n, worst, age, state}: state is fresh, late or lost for what is measured, "" for what changes by an act."""
    then = layer.history and asked.at is not None
    if layer.points and not then:
        count, rank = points.summary(registry.point_layer(layer.id, by), by)
        worst = map_items.RANKS[rank] if layer.kind == "stations" else ""
        newest = sensing.tally(by.world, now).newest if layer.kind == "stations" else _changed(layer)
    else:
        found, count = map_items.items(layer, by, Asked(at=asked.at), now, MOST)
        worst = max((each.level for each in found if each.level), key=map_items.RANK.__getitem__, default="")
        newest = _changed(layer) if layer.register else max((each.at for each in found if each.at), default=None)
    moment = asked.at if then and asked.at else now
    if layer.kind == "stations" and not then:
        age = present.age(newest, moment)
        return {"n": count, "worst": worst, "age": age.text, "state": age.state}
    return {"n": count, "worst": worst, "age": present.ago(newest, moment) if newest else "", "state": ""}


def _changed(layer: Entry) -> datetime | None:
    """When a row of its register last changed, in any world that may change it."""
    return LedgerState.objects.filter(register=layer.register).aggregate(at=Max("changed_at"))["at"]
