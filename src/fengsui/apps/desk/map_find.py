"""Finding something on the map, and the list that a selected area opens."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from fengsui.apps.desk import map_tree
from fengsui.apps.desk.map_asked import Asked
from fengsui.apps.desk.map_items import RANKS, Item
from fengsui.apps.desk.map_tree import Entry
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.incidents.rules import page
from fengsui.apps.places import queries as places
from fengsui.apps.sensing import boards
from fengsui.core import policy
from fengsui.core.ledger.register import registers
from fengsui.core.maps import points, registry, tiles
from fengsui.kernel.actor import Actor
from fengsui.kernel.geo import Point, wgs84_from_gcj02

EACH = 6
_POSITION = re.compile(r"(?i)^(gcj|gcj-?02|高德|腾讯)?[\s:：]*(-?\d{1,3}\.\d{2,})[\s,，]+(-?\d{1,2}\.\d{2,})$")


def position_of(text: str) -> tuple[Point, bool] | None:
    """`123.35, 41.80` -> its point; with GCJ-02 before it, the position of a Chinese web map is moved to WGS 84."""
    found = _POSITION.match(text.strip())
    if not found:
        return None
    point = float(found[2]), float(found[3])
    return (wgs84_from_gcj02(point), True) if found[1] else (point, False)


def by_words(by: Actor, q: str) -> list[Item]:
    """A few of each kind, the closest name first within a kind."""
    if not q:
        return []
    if place := position_of(q):
        (lon, lat), moved = place
        said = _("GCJ-02 已换算为 WGS 84") if moved else _("按 WGS 84（CGCS2000）坐标")
        return [Item(f"{lon:.5f}, {lat:.5f}", {"type": "Point", "coordinates": [lon, lat]}, said=said)]
    english, found = boards.english(), []
    for layer in (each for each in map_tree.entries(by) if each.points):
        declared = registry.point_layer(layer.id, by)
        rows = points.found(declared, by, q=q).order_by("-rank", "name")
        for code, ref, zh, en, rank, where in rows.values_list("code", "ref", "name", "name_en", "rank", "where")[
            :EACH
        ]:
            url = declared.url % (code if declared.url_by == "code" else ref) if declared.url else ""
            level = RANKS[rank] if layer.kind == "stations" else ""
            found.append(Item(en if english and en else zh, _at(where), url, level, code, str(layer.label)))
    if policy.can(by, "incidents.view"):
        matched = Q(number__icontains=q) | Q(title__icontains=q) | Q(address__icontains=q)
        for incident in incidents.open_incidents(by).filter(matched).order_by("-known_at")[:EACH]:
            found.append(
                Item(incident.title, _at(incident.point), page(incident.pk), incident.level, incident.number, _("事件"))
            )
    for area in places.streets().filter(Q(name__icontains=q) | Q(name_en__icontains=q)).order_by("code")[:EACH]:
        found.append(Item(places.place_word(area), _at(area.centre), said=_("街道")))
    for name, lon, lat in tiles.roads_named(q, EACH):
        found.append(Item(name, {"type": "Point", "coordinates": [lon, lat]}, said=_("道路")))
    return found


def _at(where: object) -> dict[str, object]:
    return {"type": "Point", "coordinates": [round(where.x, 6), round(where.y, 6)]}  # type: ignore[attr-defined]  # a GEOS point


def register_link(layer: Entry, asked: Asked) -> str:
    """The layer's own sheet, filtered to the area and words; "" where it has none."""
    if not layer.register or layer.register not in registers():
        return ""
    facts = {"within": asked.within_text, "q": asked.q}
    query = urlencode({name: value for name, value in facts.items() if value}, safe=",;")
    return f"{reverse('ledger:register-show', args=[layer.register])}{'?' if query else ''}{query}"
