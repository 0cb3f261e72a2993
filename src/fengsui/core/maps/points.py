"""Points of a layer as tiles: counts per cell while they are many, themselves where a cell holds one, all from zoom 16.

Which cells, what is kept of them and who counts: `core.models.maps` and the migration `map_points`. Measured by
`./fengsui bench tiles`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.gis.db.models.functions import Transform
from django.contrib.gis.geos import Polygon
from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet

from fengsui.core.maps.registry import PointLayer
from fengsui.core.models import EVERY_WORLD, MapPoint
from fengsui.kernel.actor import Actor

LAST_CELLS = 15
"""From the next zoom on every point is drawn by itself."""
FINE = 13
RAW_MOST = 2_000
FOLD_IN_REQUEST = 2_000
FOLD_AT_ONCE = 20_000

_SCOPED = "(%(everywhere)s OR {t}.area LIKE ANY(%(inside)s) OR {t}.area = ANY(%(above)s))"
_ATTRIBUTES = "p.code, {name} AS name, p.rank, {url} AS url"
_CELLS = """
WITH c AS MATERIALIZED (
    SELECT sum(k.n) AS n, max(CASE WHEN k.r6 > 0 THEN 6 WHEN k.r5 > 0 THEN 5 WHEN k.r4 > 0 THEN 4 WHEN k.r3 > 0 THEN 3
            WHEN k.r2 > 0 THEN 2 WHEN k.r1 > 0 THEN 1 ELSE 0 END) AS rank,
        sum(k.sum_x) / (10.0 * sum(k.n)) AS x, sum(k.sum_y) / (10.0 * sum(k.n)) AS y, sum(k.sum_id)::bigint AS id
    FROM core_mapcell k
    WHERE k.layer = %(layer)s AND k.world = %(world)s AND k.z = %(z)s AND k.cx BETWEEN %(cx)s AND %(cx)s + %(side)s - 1
        AND k.cy BETWEEN %(cy)s AND %(cy)s + %(side)s - 1 AND {scoped}
    GROUP BY k.cx, k.cy HAVING sum(k.n) > 0
), tile AS MATERIALIZED (SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS box)
SELECT ST_AsMVT(many, %(layer)s, 4096, 'geom') || coalesce((SELECT ST_AsMVT(one, %(single)s, 4096, 'geom') FROM (
    SELECT ST_AsMVTGeom(p.geom, tile.box, 4096, 64) AS geom, {attributes}
    FROM tile, c JOIN core_mappoint p ON p.id = c.id {joins} WHERE c.n = 1 AND NOT p.gone) one), ''::bytea)
FROM (SELECT ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(c.x, c.y), 3857), tile.box, 4096, 64) AS geom, c.n, c.rank
    FROM c, tile WHERE c.n > 1) many
"""
_RAW = """
WITH tile AS MATERIALIZED (SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS box)
SELECT ST_AsMVT(one, %(single)s, 4096, 'geom') FROM (
    SELECT ST_AsMVTGeom(p.geom, tile.box, 4096, 64) AS geom, {attributes}
    FROM tile, core_mappoint p {joins} WHERE p.geom && tile.box AND p.layer = %(layer)s AND p.world = %(world)s
        AND NOT p.gone AND {scoped} ORDER BY p.rank DESC, p.id LIMIT %(most)s) one
"""


def single(layer: PointLayer) -> str:
    """Name of the tile's part that holds points by themselves, beside the clusters."""
    return f"{layer.name}-one"


def world_of(layer: PointLayer, by: Actor) -> Any:
    return by.world if layer.in_world else EVERY_WORLD


def scope_of(layer: PointLayer, by: Actor) -> dict[str, Any]:
    """SQL parameters of what a person may see of a layer by area: inside his areas, and the street around one."""
    areas = layer.scope(by)
    return {
        "everywhere": areas is None,
        "inside": [f"{area}%" for area in areas or ()],
        "above": sorted({area[:9] for area in areas or ()}),
    }


def scoped(table: str) -> str:
    """The SQL condition that goes with `scope_of`."""
    return _SCOPED.format(t=table)


def fold(most: int = FOLD_AT_ONCE) -> int:
    """Count changed points into their cells; how many. Own transaction or the caller's."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT core_map_fold(%s)", [most])
        return int(cursor.fetchone()[0])


def sql_of(layer: PointLayer, z: int, english: bool = False) -> str:
    """The statement of a tile at a zoom; everything in it is declared in code, values are parameters."""
    url = "''"
    if layer.url:
        before, after = layer.url.replace("'", "''").split("%s")
        url = f"'{before}' || p.{layer.url_by}::text || '{after}'"
    name = "coalesce(nullif(p.name_en, ''), p.name)" if english else "p.name"
    attributes = _ATTRIBUTES.format(name=name, url=url) + layer.detail
    table = "p" if z > LAST_CELLS else "k"
    return (_RAW if z > LAST_CELLS else _CELLS).format(attributes=attributes, joins=layer.joins, scoped=scoped(table))


def mvt(layer: PointLayer, z: int, x: int, y: int, by: Actor, english: bool, budget_ms: int) -> bytes:
    """One layer of one tile, inside a transaction; what changed is counted first, as far as a request has time."""
    side = 16 if z >= FINE else 8
    asked = {
        "z": z, "x": x, "y": y, "layer": layer.name, "single": single(layer), "world": world_of(layer, by),
        "cx": x * side, "cy": y * side, "side": side, "most": RAW_MOST, **scope_of(layer, by),
    }  # fmt: skip
    with connection.cursor() as cursor:
        counts = ", core_map_fold(%s)" if z <= LAST_CELLS else ", %s::int"
        cursor.execute(f"SELECT set_config('statement_timeout', %s, true){counts}", [str(budget_ms), FOLD_IN_REQUEST])
        cursor.execute(sql_of(layer, z, english), asked)
        return bytes(cursor.fetchone()[0] or b"")


def found(layer: PointLayer, by: Actor, within: Polygon | None = None, q: str = "") -> QuerySet[Any]:
    """The rows themselves, with the same rights as the tiles; `where` is their position in EPSG:4326."""
    rows: QuerySet[Any] = MapPoint.objects.filter(layer=layer.name, world=world_of(layer, by), gone=False)
    areas = layer.scope(by)
    if areas is not None:
        inside = Q(pk__in=[])
        for area in areas:
            inside |= Q(area__startswith=area) | Q(area=area[:9])
        rows = rows.filter(inside)
    if within is not None:
        rows = rows.filter(geom__within=within.transform(3857, clone=True))
    for word in q.split():
        rows = rows.filter(Q(name__icontains=word) | Q(name_en__icontains=word) | Q(code__icontains=word))
    return rows.annotate(where=Transform("geom", 4326))


def summary(layer: PointLayer, by: Actor) -> tuple[int, int]:
    """How many points, and the worst rank among them."""
    counted = found(layer, by).aggregate(n=Count("pk"), worst=Max("rank"))
    return counted["n"], counted["worst"] or 0
