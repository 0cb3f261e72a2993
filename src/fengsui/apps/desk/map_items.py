"""What stands on the map, layer by layer: the same rows for the drawing, the list, the counts and the paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.utils import timezone
from django.utils.translation import gettext as _

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.command import queries as command
from fengsui.apps.command.rules import CLOSURE_KINDS
from fengsui.apps.desk import clocks, map_history
from fengsui.apps.desk.map_asked import Asked
from fengsui.apps.desk.map_tree import Entry
from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.incidents.rules import STATES, page
from fengsui.apps.places import queries as places
from fengsui.apps.sensing import boards
from fengsui.catalog.sensors import display, kinds
from fengsui.core.maps import points, registry
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import LEVELS, Level

RANKS = ("none", "watch", "lost", "blue", "yellow", "orange", "red")
"""Worse is later, as frontend/src/map/symbols.ts has it; a lost value never hides behind "normal"."""
RANK = {code: rank for rank, code in enumerate(RANKS)}
AHEAD = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the map. geometry: GeoJSON, EPSG:4326; level: a code of RANKS, "" where the layer has none."""

    name: str
    geometry: dict[str, Any]
    url: str = ""
    level: str = ""
    label: str = ""
    said: str = ""
    mark: str = ""
    at: datetime | None = None

    def feature(self) -> dict[str, Any]:
        facts = {"name": self.name, "url": self.url, "level": self.level or "none", "label": self.label,
                 "said": self.said, "mark": self.mark}  # fmt: skip
        return {"type": "Feature", "geometry": self.geometry, "properties": facts}


def _point(where: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [round(where.x, 6), round(where.y, 6)]}


def _word(terms: Any, code: str) -> str:
    return clocks.word(terms[code]) if code in terms else code


def items(layer: Entry, by: Actor, asked: Asked, now: datetime, limit: int) -> tuple[list[Item], int]:
    """The first `limit` of what a layer shows, the worst first, and how many there are."""
    if layer.points and not (layer.history and asked.at):
        return _kept(layer, by, asked, limit)
    found = [each for each in _LIVELY[layer.id](by, asked.at, now) if _matches(each, asked)]
    return found[:limit], len(found)


def _matches(item: Item, asked: Asked) -> bool:
    if asked.q and asked.q.lower() not in f"{item.name} {item.label} {item.said}".lower():
        return False
    area = asked.area
    return area is None or area.intersects(_shape(item.geometry))


def _shape(geometry: dict[str, Any]) -> GEOSGeometry:
    def words(pairs: Iterable[Any]) -> str:
        return ", ".join(f"{pair[0]} {pair[1]}" for pair in pairs)

    held = geometry["coordinates"]
    text = f"POINT({held[0]} {held[1]})" if geometry["type"] == "Point" else f"LINESTRING({words(held)})"
    return GEOSGeometry(text, srid=4326)


def _kept(layer: Entry, by: Actor, asked: Asked, limit: int) -> tuple[list[Item], int]:
    declared = registry.point_layer(layer.id, by)
    rows = points.found(declared, by, within=asked.area, q=asked.q)
    english, listed = boards.english(), []
    leveled = layer.kind == "stations"
    for code, ref, zh, en, rank, where in rows.order_by("-rank", "code").values_list(
        "code", "ref", "name", "name_en", "rank", "where"
    )[:limit]:
        key = code if declared.url_by == "code" else ref
        listed.append(
            Item(
                name=(en if english and en else zh),
                geometry=_point(where),
                url=declared.url % key if declared.url else "",
                level=RANKS[rank] if leveled else "",
                label=code,
                mark=layer.symbol[1],
            )
        )
    return listed, rows.count()


def _stations(by: Actor, at: datetime | None, now: datetime) -> Iterator[Item]:
    """Only as they stood: today's are points of core.maps."""
    english, words = boards.english(), {code: boards.word(kind.term) for code, kind in kinds().items()}
    best: dict[str, Item] = {}
    for code, zh, en, lon, lat, kind, unit, value, seen, number, silent in map_history.stations(by.world, at or now):
        level = "lost" if silent and not number else Level(number).code
        shown = display(kind, unit)
        item = Item(
            name=en if english and en else zh,
            geometry={"type": "Point", "coordinates": [lon, lat]},
            url=f"/stations/{code}/",
            level=level,
            label=f"{shown.text(value)} {shown.unit}" if value is not None else "",
            said=words.get(kind, kind),
            at=seen,
        )
        if code not in best or RANK[level] > RANK[best[code].level]:
            best[code] = item
    yield from sorted(best.values(), key=lambda each: (-RANK[each.level], each.name))


def _warnings(by: Actor, at: datetime | None, now: datetime) -> Iterator[Item]:
    rows = map_history.bulletins(by.world, at) if at else alerts.in_force(by.world, now)[:500]
    for row in rows:
        yield Item(
            name=row.place_name,
            geometry=_point(row.warning.place.location),
            url=f"/bulletins/{row.pk}/",
            level=Level(row.level).code,
            label=row.number,
            said=row.headline,
            at=row.sent_at,
        )


def _incidents(by: Actor, at: datetime | None, now: datetime) -> Iterator[Item]:
    rows: Any = map_history.open_incidents(by, at) if at else (
        (row, row.status, row.level) for row in incidents.open_incidents(by)[:500]
    )  # fmt: skip
    for row, status, level in sorted(rows, key=lambda each: -RANK.get(each[2], 0)):
        yield Item(
            name=row.title,
            geometry=_point(row.point),
            url=page(row.pk),
            level=level,
            label=row.number,
            said=_word(STATES, status),
            mark=row.type_name[:1],
            at=row.known_at,
        )


def _closures(by: Actor, at: datetime | None, now: datetime) -> Iterator[Item]:
    rows = map_history.closures(by.world, at) if at else command.closures_now(by.world)
    for row in rows.order_by("-since")[:500]:
        yield Item(
            name=row.name,
            geometry={"type": "LineString", "coordinates": [[round(x, 6), round(y, 6)] for x, y in row.line.coords]},
            said=f"{_word(CLOSURE_KINDS, row.kind)}：{row.reason}",
            at=row.since,
        )


def _ahead(by: Actor, at: datetime | None, now: datetime) -> Iterator[Item]:
    """Lines that the newest run of each stream says will be reached within two hours."""
    moment = at or now
    rows = ForecastRun.objects.in_world(by.world).filter(issued_at__lte=moment, issued_at__gt=moment - AHEAD)
    newest = rows.order_by("datastream_id", "-issued_at").distinct("datastream_id")
    found = []
    for run in newest.select_related("datastream__station__place"):
        due = [(run.issued_at + timedelta(seconds=each["in_s"]), each["level"]) for each in run.crossings]
        for when, number in due:
            if moment < when <= moment + AHEAD:
                station, level = run.datastream.station, Level(number).code
                found.append(
                    Item(
                        name=places.place_word(station.place) if station.place else station.name,
                        geometry=_point(station.location),
                        url=f"/stations/{station.code}/",
                        level=level,
                        label=_("约 %(hm)s 到%(level)s线")
                        % {"hm": f"{timezone.localtime(when):%H:%M}", "level": _word(LEVELS, level)},
                        said=_("据 %(hm)s 起报") % {"hm": f"{timezone.localtime(run.issued_at):%H:%M}"},
                        at=run.issued_at,
                    )
                )
    yield from sorted(found, key=lambda each: (-RANK[each.level], each.name))


def _areas(by: Actor, at: datetime | None, now: datetime) -> Iterator[Item]:
    seen = places.areas_visible_to(by).values("pk")
    for row in places.streets().filter(pk__in=seen).order_by("code")[:500]:
        people = _("%(n)s 人") % {"n": f"{row.population:,}".replace(",", " ")} if row.population else ""
        yield Item(places.place_word(row), _point(row.centre), f"/registers/areas/rows/{row.pk}/", label=people)


_LIVELY: dict[str, Any] = {
    "stations": _stations,
    "warnings": _warnings,
    "incidents": _incidents,
    "closures": _closures,
    "ahead": _ahead,
    "areas": _areas,
}
