"""The base map's tiles from the SQL function that `load_basemap` made; absent until a network was loaded."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.db.utils import ProgrammingError


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

    def roads_named(self, q: str, most: int) -> list[tuple[str, float, float]]:
        """(name, lon, lat) on the longest stretch of each road whose name holds the words, larger roads first."""
        return self._rows(
            "SELECT name, ST_X(g), ST_Y(g) FROM (SELECT DISTINCT ON (name) name, rank, "
            "ST_Transform(ST_LineInterpolatePoint(geom, 0.5), 4326) AS g FROM basemap.road "
            "WHERE position(lower(%s) IN lower(name)) > 0 ORDER BY name, ST_Length(geom) DESC) t "
            "ORDER BY rank, name LIMIT %s",
            [q, most],
        )

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
