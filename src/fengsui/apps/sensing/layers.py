"""Stations on the map: as vector tiles, and as GeoJSON for small maps."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from fengsui.apps.sensing import boards
from fengsui.core.maps import registry
from fengsui.core.ui.present import LOST_PERIODS

# One point a station: its worst stream. The attributes are those of the kind `stations` in frontend/src/map/layers.ts.
_STATIONS = f"""
SELECT ST_AsMVTGeom(s.location_3857, tile.box, 4096, 64) AS geom, s.code, s.name,
    CASE WHEN d.level = 0 AND d.watched THEN 'watch'
         WHEN d.level = 0 AND (d.age IS NULL OR d.age > {LOST_PERIODS}) THEN 'lost'
         ELSE (ARRAY['none', 'blue', 'yellow', 'orange', 'red'])[d.level + 1] END AS level,
    CASE WHEN d.value IS NULL THEN '' WHEN d.kind = 'water_depth' THEN round(d.value * 100)::text || ' cm'
         ELSE round(d.value::numeric, 2)::text || ' ' || d.unit END AS label,
    '/stations/' || s.code || '/' AS url
FROM tile, sensing_station s JOIN LATERAL (
    SELECT o.kind, o.unit, coalesce(c.level, 0) AS level, coalesce(c.watched, false) AS watched, c.good_value AS value,
        extract(epoch FROM now() - c.good_at)
            / greatest(o.period_s / o.speed, CASE WHEN o.speed > 1 THEN {boards.FLICKER_S} ELSE 0 END) AS age
    FROM sensing_datastream o LEFT JOIN sensing_currentvalue c ON c.datastream_id = o.id
    WHERE o.station_id = s.id AND o.is_active ORDER BY c.level DESC NULLS LAST, o.id LIMIT 1
) d ON true
WHERE s.world_id = %(world)s AND s.location_3857 && tile.box
"""
STATIONS = registry.add(registry.TileLayer("stations", _STATIONS))


def features(world: UUID, now: datetime) -> dict[str, Any]:
    """GeoJSON of a world's stations in one query; a station with several streams shows the worst."""
    found: dict[str, dict[str, Any]] = {}
    for stream in boards.listing(world, now):
        station = stream.station
        if station.code in found:  # the worst came first
            continue
        it = boards.now_of(stream, now)
        found[station.code] = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [station.location.x, station.location.y]},
            "properties": {
                "level": it.mark,
                "name": it.place or station.name,
                "label": f"{it.value} {it.unit}" if it.value else "",
                "url": reverse("sensing:station-show", args=[station.code]),
                "said": it.kind,
                "illustrative": station.provenance == "illustrative",
            },
        }
    return {"type": "FeatureCollection", "features": list(found.values())}
