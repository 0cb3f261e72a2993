"""Vector tiles straight from PostGIS."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from fengsui.core.maps.registry import TileLayer
from fengsui.core.ports import PortAbsent, port

MAX_ZOOM = 22
BUDGET_MS = 4_000
"""A tile that takes longer is given up: the map says so and the list remains."""


def is_tile(z: int, x: int, y: int) -> bool:
    """Whether such a tile exists in the XYZ scheme."""
    return 0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z


def mvt(layer: TileLayer, z: int, x: int, y: int, world: UUID) -> bytes:
    """One layer of one tile (EPSG:3857, extent 4096); empty where it holds nothing or the zoom is outside."""
    if not layer.min_zoom <= z <= layer.max_zoom:
        return b""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {BUDGET_MS}")
        cursor.execute(
            "WITH tile AS MATERIALIZED (SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS box) "
            f"SELECT ST_AsMVT(inside, %(name)s, 4096, 'geom') FROM ({layer.sql} LIMIT %(limit)s) inside",
            {"z": z, "x": x, "y": y, "name": layer.name, "world": world, "limit": layer.limit},
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
