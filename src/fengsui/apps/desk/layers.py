"""Layers of the whole map as vector tiles: what there may be ten thousands of. Events and warnings, few and lively,
reach the map as GeoJSON from their own apps, where the browser clusters them."""

from __future__ import annotations

from fengsui.core.maps.registry import TileLayer, add

TEAMS = add(
    TileLayer(
        "teams",
        "SELECT ST_AsMVTGeom(t.base_3857, tile.box, 4096, 64) AS geom, t.code, t.name, "
        "CASE WHEN %(z)s >= 13 THEN t.name ELSE '' END AS label, '队' AS mark, t.readiness = 'ready' AS reported, "
        "t.people || ' 人，集结 ' || t.assembly_min || ' 分' AS said "
        "FROM tile, resources_team t WHERE t.base_3857 && tile.box AND t.retired_at IS NULL",
        fresh_s=60,
    )
)
SHELTERS = add(
    TileLayer(
        "shelters",
        "SELECT ST_AsMVTGeom(p.location_3857, tile.box, 4096, 64) AS geom, p.code, p.name, "
        "'可容 ' || h.capacity || ' 人' AS label FROM tile, places_place p JOIN places_shelter h ON h.place_id = p.id "
        "WHERE p.location_3857 && tile.box AND p.retired_at IS NULL",
        fresh_s=3600,
    )
)
POINTS = add(
    TileLayer(
        "points",
        "SELECT ST_AsMVTGeom(p.location_3857, tile.box, 4096, 64) AS geom, p.code, p.name, p.kind "
        "FROM tile, places_place p WHERE p.location_3857 && tile.box AND p.retired_at IS NULL",
        fresh_s=3600,
    )
)
