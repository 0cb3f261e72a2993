"""An area that was drawn on the map, as an address holds it: `lon,lat;lon,lat;lon,lat`."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.gis.geos import Polygon

from fengsui.kernel.geo import Point, closed

CORNERS = 60


def points(parts: Sequence[str]) -> list[Point]:
    """What can be read as `lon,lat` on the earth; the rest is left out."""
    found = []
    for part in parts:
        try:
            lon, lat = (float(each) for each in part.split(","))
        except ValueError:
            continue
        if -180 <= lon <= 180 and -85 <= lat <= 85:
            found.append((lon, lat))
    return found


def corners(text: str) -> tuple[Point, ...]:
    """At least three corners of an area whose sides do not cross, or none: a bow tie has no inside."""
    found = points(text.split(";")[: CORNERS + 1])
    if len(found) < 3:
        return ()
    shape = polygon(found)
    return tuple(found) if shape.valid and shape.area > 0 else ()


def polygon(ring: Sequence[Point]) -> Polygon:
    """EPSG:4326."""
    return Polygon(closed(ring), srid=4326)
