"""The base map's tiles from the SQL function that `load_basemap` made; absent until a network was loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.db.utils import ProgrammingError


@dataclass(frozen=True, slots=True)
class Drawing:
    """roads: (rank, SVG path), the smaller ones first; water: (whether a surface, path); illustrative: not surveyed."""

    roads: list[tuple[int, str]]
    water: list[tuple[bool, str]]
    illustrative: bool


class BaseMap:
    """Behind the port `basemap`."""

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Layers road, water, area, place of one XYZ tile; None where no base map is loaded."""
        try:
            with atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT basemap.tile(%s, %s, %s)", [z, x, y])
                found = cursor.fetchone()[0]
        except ProgrammingError:
            return None
        return bytes(found) if found is not None else None

    def drawing(self, west: float, south: float, east: float, north: float, width: int) -> Drawing:
        """The main roads and the water of a box (EPSG:3857 metres) as SVG paths in pixels, `width` of them across.

        Nothing where no base map is loaded. Kept until another one is: a wall asks twice a minute for the same box.
        """
        try:
            with atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT key, illustrative FROM basemap.build")
                key, illustrative = cursor.fetchone() or ("", True)
        except ProgrammingError:
            return Drawing([], [], True)
        roads, water = _paths(str(key), round(west), round(south), round(east), round(north), width)
        return Drawing(roads, water, illustrative)

    def roads_named(self, q: str, most: int) -> list[tuple[str, float, float]]:
        """(name, lon, lat) on the longest stretch of each road whose name holds the words, larger roads first."""
        return self._rows(
            "SELECT name, ST_X(g), ST_Y(g) FROM (SELECT DISTINCT ON (name) name, rank, "
            "ST_Transform(ST_LineInterpolatePoint(geom, 0.5), 4326) AS g FROM basemap.road "
            "WHERE position(lower(%s) IN lower(name)) > 0 ORDER BY name, ST_Length(geom) DESC) t "
            "ORDER BY rank, name LIMIT %s",
            [q, most],
        )

    def roads_within(
        self, box: tuple[float, float, float, float], rank: int, most: int
    ) -> list[tuple[str, tuple[tuple[float, float], ...]]]:
        """(name, line of (lon, lat)) of roads up to a rank that touch the box (degrees), larger ones first; bridges and
        tunnels are left out: they are not on the ground."""
        rows = self._rows(
            "SELECT name, ST_AsGeoJSON(ST_Transform(geom, 4326), 6) FROM basemap.road "
            "WHERE geom && ST_Transform(ST_MakeEnvelope(%s, %s, %s, %s, 4326), 3857) AND rank <= %s AND NOT bridge "
            "AND NOT tunnel AND class <> 'rail' ORDER BY rank, name, id LIMIT %s",
            [*box, rank, most],
        )
        return [(name, tuple((lon, lat) for lon, lat in json.loads(line)["coordinates"])) for name, line in rows]

    def shapes(self, box: tuple[float, float, float, float], detail: int) -> dict[str, list[tuple[str, int, str]]]:
        """SVG paths (metres of EPSG:3857, y turned) inside a box: {water, road: [(class, rank, path)]}."""
        geom = "geom" if detail >= 12 else "coarse"
        ranks = {"water": detail - 8, "road": min(max(detail - 8, 2), 6)}
        return {
            layer: self._rows(
                f"SELECT class, rank, ST_AsSVG(ST_ClipByBox2D({geom}, b), 1, 0) FROM basemap.{layer}, "
                f"ST_MakeEnvelope(%s, %s, %s, %s, 3857) b WHERE {geom} && b AND rank <= %s "
                f"AND NOT ST_IsEmpty(ST_ClipByBox2D({geom}, b)) ORDER BY rank DESC LIMIT 40000",
                [*box, most],
            )
            for layer, most in ranks.items()
        }

    def names(self, box: tuple[float, float, float, float], most: int) -> list[tuple[str, float, float]]:
        """(name, x, y in EPSG:3857) in the middle of the longest stretch inside a box, larger roads first."""
        return self._rows(
            "SELECT name, ST_X(g), ST_Y(g) FROM (SELECT DISTINCT ON (name) name, rank, "
            "ST_LineInterpolatePoint(geom, 0.5) AS g FROM basemap.road "
            "WHERE geom @ ST_MakeEnvelope(%s, %s, %s, %s, 3857) AND name <> '' AND rank <= 3 "
            "ORDER BY name, ST_Length(geom) DESC) t ORDER BY rank, name LIMIT %s",
            [*box, most],
        )

    def _rows(self, sql: str, values: list[Any]) -> list[Any]:
        """[] where no base map is loaded."""
        try:
            with atomic(), connection.cursor() as cursor:
                cursor.execute(sql, values)
                return list(cursor.fetchall())
        except ProgrammingError:
            return []


# One path a rank; simplified to half a pixel. ST_AsSVG turns the y axis, so the box's north comes to 0.
_SVG = """
WITH box AS (SELECT ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 3857) AS shape)
SELECT {kind}, ST_AsSVG(ST_Scale(ST_Translate(
    ST_SimplifyPreserveTopology(
        ST_Collect(ST_ClipByBox2D(geom, ST_Expand(shape, %(metres)s * 40)::box2d)), %(metres)s / 2),
    -%(west)s, -%(north)s), 1 / %(metres)s, 1 / %(metres)s), 0, 0)
FROM basemap.{table}, box WHERE geom && shape {only} GROUP BY 1 ORDER BY 1 DESC
"""


@lru_cache(maxsize=16)
def _paths(
    key: str, west: int, south: int, east: int, north: int, width: int
) -> tuple[list[tuple[int, str]], list[tuple[bool, str]]]:
    facts = {"west": west, "south": south, "east": east, "north": north, "metres": (east - west) / width}
    with connection.cursor() as cursor:
        cursor.execute(_SVG.format(kind="rank", table="road", only="AND rank < 3"), facts)
        roads = [(int(rank), path) for rank, path in cursor.fetchall() if path]
        cursor.execute(_SVG.format(kind="ST_Dimension(geom) = 2", table="water", only=""), facts)
        water = [(bool(area), path) for area, path in cursor.fetchall() if path]
    return roads, water
