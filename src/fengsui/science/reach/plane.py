"""Polylines in metres on a plane tangent near the place; good to 0.1 % within 50 km. Lines are (lon, lat) pairs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from fengsui.kernel.geo import EARTH_RADIUS_M

Pair = tuple[float, float]

TOLERANCE_M = 15.0  # [G] half the width of a main road with the error of drawing on a map
PARALLEL = math.cos(math.radians(35))  # [G] a road that runs along, as against one that crosses
ENOUGH_M = 10.0  # [G] less overlap than this is a junction touched at the end
STEP_M = 4.0


def planar(line: Sequence[Pair], lat0: float) -> list[Pair]:
    """Degrees -> metres east and north of (0, 0) at latitude `lat0`."""
    ky = math.radians(1) * EARTH_RADIUS_M
    kx = ky * math.cos(math.radians(lat0))
    return [(lon * kx, lat * ky) for lon, lat in line]


def length_m(line: Sequence[Pair]) -> float:
    flat = planar(line, line[0][1])
    return sum(math.dist(a, b) for a, b in itertools.pairwise(flat))


def foot(point: Pair, a: Pair, b: Pair) -> tuple[float, float]:
    """(share along a-b from 0 to 1, distance in metres) of the place on the segment nearest to the point. In metres."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    share = 0.0 if square == 0 else max(0.0, min(1.0, ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square))
    return share, math.dist(point, (a[0] + share * dx, a[1] + share * dy))


def distance_to_line_m(point: Pair, line: Sequence[Pair]) -> float:
    """From a position to a polyline, both in degrees."""
    (here,), flat = planar([point], point[1]), planar(line, point[1])
    if len(flat) == 1:
        return math.dist(here, flat[0])
    return min(foot(here, a, b)[1] for a, b in itertools.pairwise(flat))


def resampled(line: Sequence[Pair], step_m: float) -> list[Pair]:
    """The corners of a line and places between them so that no gap is over `step_m`. Degrees."""
    result = [line[0]]
    for a, b in itertools.pairwise(line):
        parts = max(1, math.ceil(length_m([a, b]) / step_m))
        result.extend((a[0] + (b[0] - a[0]) * k / parts, a[1] + (b[1] - a[1]) * k / parts) for k in range(1, parts + 1))
    return result


def _pieces(flat: Sequence[Pair]) -> Iterator[tuple[Pair, float, float, float]]:
    """Middle, length and direction (unit vector) of pieces of at most STEP_M."""
    for a, b in itertools.pairwise(flat):
        whole = math.dist(a, b)
        if whole == 0:
            continue
        parts = max(1, math.ceil(whole / STEP_M))
        ux, uy = (b[0] - a[0]) / whole, (b[1] - a[1]) / whole
        for k in range(parts):
            along = whole * (k + 0.5) / parts
            yield (a[0] + ux * along, a[1] + uy * along), whole / parts, ux, uy


def overlap_m(closure: Sequence[Pair], road: Sequence[Pair], tolerance_m: float = TOLERANCE_M) -> float:
    """Metres of `road` that run along `closure`: near it, parallel to it and not beyond its ends.

    Crossing roads and the continuation of the same street score nothing, so a closure ends where it was drawn.
    """
    lat0 = closure[0][1]
    drawn, flat = planar(closure, lat0), planar(road, lat0)
    segments = [(a, b) for a, b in itertools.pairwise(drawn) if a != b]
    found = 0.0
    for middle, metres, ux, uy in _pieces(flat):
        for index, (a, b) in enumerate(segments):
            share, away = foot(middle, a, b)
            beyond = (share == 0.0 and index == 0) or (share == 1.0 and index == len(segments) - 1)
            if away > tolerance_m or beyond:
                continue
            whole = math.dist(a, b)
            if abs(((b[0] - a[0]) * ux + (b[1] - a[1]) * uy) / whole) >= PARALLEL:
                found += metres
                break
    return found


def covers(closure: Sequence[Pair], road: Sequence[Pair]) -> bool:
    """True when the closure closes this stretch of road between two junctions. Needs two positions or more."""
    if len(closure) < 2 or len(road) < 2:
        return False
    enough = min(ENOUGH_M, 0.5 * length_m(closure), 0.5 * length_m(road))
    found = overlap_m(closure, road)
    return found > 0 and found >= enough


def bearing_deg(a: Pair, b: Pair) -> float:
    """Direction from a to b, clockwise from north, 0 to 360. Degrees in, degrees out."""
    (ax, ay), (bx, by) = planar([a, b], a[1])
    return math.degrees(math.atan2(bx - ax, by - ay)) % 360
