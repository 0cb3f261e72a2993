"""Vector tiles straight from PostGIS."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import get_language

from fengsui.core.maps import points
from fengsui.core.maps.registry import Layer, PointLayer
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.actor import Actor

MAX_ZOOM = 22
BUDGET_MS = 4_000
"""A tile that takes longer is given up: the map says so and the list remains."""


def is_tile(z: int, x: int, y: int) -> bool:
    """Whether such a tile exists in the XYZ scheme."""
    return 0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z


def mvt(layer: Layer, z: int, x: int, y: int, by: Actor) -> bytes:
    """One layer of one tile (EPSG:3857, extent 4096); empty where it holds nothing or the zoom is outside."""
    if not layer.min_zoom <= z <= layer.max_zoom:
        return b""
    with transaction.atomic(), connection.cursor() as cursor:
        if isinstance(layer, PointLayer):
            return points.mvt(layer, z, x, y, by, (get_language() or "").startswith("en"), BUDGET_MS)
        cursor.execute(f"SET LOCAL statement_timeout = {BUDGET_MS}")
        cursor.execute(
            "WITH tile AS MATERIALIZED (SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS box) "
            f"SELECT ST_AsMVT(inside, %(name)s, 4096, 'geom') FROM ({layer.sql} LIMIT %(limit)s) inside",
            {"z": z, "x": x, "y": y, "name": layer.name, "world": by.world, "limit": layer.limit},
        )
        return bytes(cursor.fetchone()[0] or b"")


def base(z: int, x: int, y: int) -> bytes | None:
    """The base map's tile from the engine behind the port `basemap`; None where there is none."""
    try:
        engine = port("basemap")
    except PortAbsent:
        return None
    found: bytes | None = engine.tile(z, x, y)
    return found


def has_raster() -> bool:
    """Whether a raster base map of a provider is set."""
    try:
        port("raster")
    except PortAbsent:
        return False
    return True


def raster(name: str, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    """(picture, its type) from the engine behind the port `raster`; None where there is none."""
    try:
        engine = port("raster")
    except PortAbsent:
        return None
    found: tuple[bytes, str] | None = engine.tile(name, z, x, y)
    return found


def roads_named(q: str, most: int) -> list[tuple[str, float, float]]:
    """(name, lon, lat) of roads of the base map whose name holds the words; [] where there is no base map."""
    try:
        engine = port("basemap")
    except PortAbsent:
        return []
    found: list[tuple[str, float, float]] = engine.roads_named(q, most)
    return found


def base_shapes(box: tuple[float, float, float, float], detail: int) -> dict[str, list[tuple[str, int, str]]]:
    """The base map inside a box (EPSG:3857) as SVG paths: {layer: [(class, rank, path)]}; {} where there is none.

    detail: zoom of the tiles that would be drawn on a screen.
    """
    try:
        engine = port("basemap")
    except PortAbsent:
        return {}
    found: dict[str, list[tuple[str, int, str]]] = engine.shapes(box, detail)
    return found


def base_names(box: tuple[float, float, float, float], most: int) -> list[tuple[str, float, float]]:
    """(name, x, y in EPSG:3857) of the larger roads inside a box, one place a name."""
    try:
        engine = port("basemap")
    except PortAbsent:
        return []
    found: list[tuple[str, float, float]] = engine.names(box, most)
    return found
