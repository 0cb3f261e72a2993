"""Plane and sphere arithmetic for positions: WGS 84 degrees, distances in metres. No library, no database.

A point is `(lon, lat)`, a ring a list of points; rings may be closed or open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_MERCATOR_M = 6_378_137.0  # WGS 84 semi-major axis
_GCJ_A = 6_378_245.0  # Krasovsky 1940, as the published transform uses it
_GCJ_EE = 0.00669342162296594323


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance (haversine)."""
    lon1, lat1, lon2, lat2 = map(math.radians, (*a, *b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(h))


def move(point: Point, east_m: float, north_m: float) -> Point:
    """The point so many metres away; exact to centimetres within a few kilometres."""
    lon, lat = point
    dlat = math.degrees(north_m / EARTH_RADIUS_M)
    dlon = math.degrees(east_m / (EARTH_RADIUS_M * math.cos(math.radians(lat))))
    return lon + dlon, lat + dlat


def mercator(point: Point) -> Point:
    """EPSG:4326 -> EPSG:3857 in metres."""
    lon, lat = point
    return _MERCATOR_M * math.radians(lon), _MERCATOR_M * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def opened(ring: Sequence[Point]) -> list[Point]:
    """The ring without its repeated last point."""
    points = [(float(lon), float(lat)) for lon, lat in ring]
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


def closed(ring: Sequence[Point]) -> list[Point]:
    points = opened(ring)
    return [*points, points[0]]


def bounds(ring: Sequence[Point]) -> tuple[float, float, float, float]:
    """West, south, east, north."""
    lons, lats = zip(*ring, strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def inside(point: Point, ring: Sequence[Point]) -> bool:
    """Even-odd rule; a point on the edge may count either way."""
    lon, lat = point
    points = opened(ring)
    found = False
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            found = not found
    return found


def area_km2(ring: Sequence[Point]) -> float:
    """Area on a plane tangent at the mean latitude; within 0.1 % for a district."""
    points = opened(ring)
    lat0 = sum(lat for _, lat in points) / len(points)
    kx = math.radians(1) * EARTH_RADIUS_M * math.cos(math.radians(lat0)) / 1000
    ky = math.radians(1) * EARTH_RADIUS_M / 1000
    return abs(_doubled(points)) / 2 * kx * ky


def centroid(ring: Sequence[Point]) -> Point:
    points = opened(ring)
    doubled = _doubled(points)
    if doubled == 0:
        return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
    x = y = 0.0
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        cross = x1 * y2 - x2 * y1
        x += (x1 + x2) * cross
        y += (y1 + y2) * cross
    return x / (3 * doubled), y / (3 * doubled)


def circle(centre: Point, radius_m: float, corners: int = 32) -> list[Point]:
    """A closed ring around a point, counter-clockwise."""
    turn = [2 * math.pi * step / corners for step in range(corners)]
    return closed([move(centre, radius_m * math.cos(angle), radius_m * math.sin(angle)) for angle in turn])


def clip(ring: Sequence[Point], keep: Point, drop: Point) -> list[Point]:
    """The part of a ring nearer to `keep` than to `drop` (Sutherland-Hodgman against the bisector). May be empty."""
    scale = math.cos(math.radians((keep[1] + drop[1]) / 2))  # makes a degree of longitude as long as one of latitude
    nx, ny = (drop[0] - keep[0]) * scale * scale, drop[1] - keep[1]
    limit = nx * (keep[0] + drop[0]) / 2 + ny * (keep[1] + drop[1]) / 2
    points = opened(ring)
    result: list[Point] = []
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], *points[:1]], strict=True):
        side1, side2 = nx * x1 + ny * y1 - limit, nx * x2 + ny * y2 - limit
        if side1 <= 0:
            result.append((x1, y1))
        if (side1 < 0 < side2) or (side2 < 0 < side1):
            part = side1 / (side1 - side2)
            result.append((x1 + part * (x2 - x1), y1 + part * (y2 - y1)))
    return result


def cells(centres: Sequence[Point], ring: Sequence[Point]) -> list[list[Point]]:
    """Each centre's share of a ring: what is nearer to it than to any other. Closed rings, six decimals.

    Used for schematic areas where no open boundary exists. A concave ring may leave a zero-width bridge in a cell.
    """
    shares = []
    for index, centre in enumerate(centres):
        share = opened(ring)
        for other_index, other in enumerate(centres):
            if other_index != index and share:
                share = clip(share, centre, other)
        rounded = [(round(lon, 6), round(lat, 6)) for lon, lat in share]
        shares.append(closed(rounded) if len(rounded) >= 3 else [])
    return shares


def cap_polygon(ring: Sequence[Point]) -> str:
    """CAP 1.2 `polygon`: "lat,lon lat,lon ..." closed, at least four points."""
    return " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in closed(ring))


def wkt_point(point: Point) -> str:
    return f"POINT({point[0]:.7f} {point[1]:.7f})"


def wkt_polygon(ring: Sequence[Point]) -> str:
    return "POLYGON((" + ", ".join(f"{lon:.7f} {lat:.7f}" for lon, lat in closed(ring)) + "))"


def wkt_line(line: Sequence[Point]) -> str:
    return "LINESTRING(" + ", ".join(f"{lon:.7f} {lat:.7f}" for lon, lat in line) + ")"


def gcj02_from_wgs84(point: Point) -> Point:
    """The offset of Chinese web maps, widely published formula [G]; about 568 m at 123.35 E, 41.80 N."""
    lon, lat = point
    x, y = lon - 105.0, lat - 35.0
    pi = math.pi
    common = (20 * math.sin(6 * pi * x) + 20 * math.sin(2 * pi * x)) * 2 / 3
    dlat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + common
    dlat += (20 * math.sin(pi * y) + 40 * math.sin(pi * y / 3)) * 2 / 3
    dlat += (160 * math.sin(pi * y / 12) + 320 * math.sin(pi * y / 30)) * 2 / 3
    dlon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + common
    dlon += (20 * math.sin(pi * x) + 40 * math.sin(pi * x / 3)) * 2 / 3
    dlon += (150 * math.sin(pi * x / 12) + 300 * math.sin(pi * x / 30)) * 2 / 3
    rad = math.radians(lat)
    m = 1 - _GCJ_EE * math.sin(rad) ** 2
    s = math.sqrt(m)
    return (
        lon + math.degrees(dlon / (_GCJ_A / s * math.cos(rad))),
        lat + math.degrees(dlat / (_GCJ_A * (1 - _GCJ_EE) / (m * s))),
    )


def wgs84_from_gcj02(point: Point) -> Point:
    """Inverse by fixed-point iteration to 1e-9 degrees."""
    lon, lat = point
    for _ in range(30):
        there = gcj02_from_wgs84((lon, lat))
        east, north = there[0] - point[0], there[1] - point[1]
        lon, lat = lon - east, lat - north
        if abs(east) < 1e-9 and abs(north) < 1e-9:
            break
    return lon, lat


def _doubled(points: Sequence[Point]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, [*points[1:], *points[:1]], strict=True))
