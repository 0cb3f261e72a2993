"""What makes the illustrative city readable on a map: a river, railways, land use, buildings. Metres on a plane."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from fengsui.engines.roads.city import Cell, Pair, Plane, Street
from fengsui.engines.roads.osm_write import Drawing
from fengsui.science.reach.plane import foot

_RIVER_HALF_M, _RIVER_SLOPE, _RIVER_FREE_M = 65.0, 0.30, 450.0
_SHARE_RAIL_M = 700.0
_LAND = {"residential": 52, "industrial": 24, "commercial": 10, "park": 9, "education": 5}
_TAGS = {
    "residential": {"landuse": "residential"},
    "industrial": {"landuse": "industrial"},
    "commercial": {"landuse": "commercial"},
    "park": {"leisure": "park"},
    "education": {"amenity": "school"},
}
_BUILT = {"residential": (6, 58, 13), "industrial": (2, 85, 38), "commercial": (2, 50, 34), "education": (2, 60, 16)}
"""Kind -> buildings per block, length and width in metres."""


def crosses(edge: tuple[Pair, Pair], line: Sequence[Pair]) -> bool:
    return any(_meet(*edge, a, b) for a, b in pairwise(line))


def _meet(a: Pair, b: Pair, c: Pair, d: Pair) -> bool:
    def side(p: Pair, q: Pair, r: Pair) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def railways(anchors: Sequence[tuple[Pair, bool]], plane: Plane, draw: random.Random) -> list[list[Pair]]:
    """A straight line across the city over each underpass; near ones of the same direction share it."""
    lines: list[list[Pair]] = []
    taken: list[tuple[float, bool]] = []
    for (x, y), north_south in anchors:
        at = y if north_south else x
        if any(same == north_south and abs(at - other) < _SHARE_RAIL_M for other, same in taken):
            taken.append((at, north_south))
            tip = 400.0  # a short spur still lies over this underpass
            lines.append([(x - tip, y), (x + tip, y)] if north_south else [(x, y - tip), (x, y + tip)])
            continue
        taken.append((at, north_south))
        slope = draw.uniform(-0.05, 0.05)
        if north_south:
            lines.append([(0.0, y - slope * x), (x, y), (plane.width, y + slope * (plane.width - x))])
        else:
            lines.append([(x - slope * y, 0.0), (x, y), (x + slope * (plane.height - y), plane.height)])
    return lines


def river(plane: Plane, through: Pair | None, keep_free: Sequence[Pair], draw: random.Random) -> list[Pair]:
    """Middle line from west to east, moved south until it is clear of the anchors."""
    x0, y0 = through or (plane.width / 2, plane.height * 0.34)
    phase = draw.uniform(0, 2 * math.pi)

    def line(shift: float) -> list[Pair]:
        steps = max(8, round(plane.width / 250))
        xs = [plane.width * k / steps for k in range(steps + 1)]
        bend = [
            250 * (math.sin(2 * math.pi * x / 6000 + phase) - math.sin(2 * math.pi * x0 / 6000 + phase)) for x in xs
        ]
        return [(x, y0 - shift + _RIVER_SLOPE * (x - x0) + more) for x, more in zip(xs, bend, strict=True)]

    for shift in range(0, 6000, 200):
        found = line(shift)
        if all(min(foot(place, a, b)[1] for a, b in pairwise(found)) > _RIVER_FREE_M for place in keep_free):
            return found
    return line(6000)


def draw_all(
    drawing: Drawing,
    plane: Plane,
    grid: dict[Cell, Pair],
    columns: list[Street],
    rows: list[Street],
    rails: Sequence[Sequence[Pair]],
    water: Sequence[Pair],
    junctions: set[Cell],
    draw: random.Random,
) -> None:
    for rail in rails:
        drawing.shape((plane.degrees(*place) for place in rail), {"railway": "rail"}, ring=False)
    drawing.shape((plane.degrees(*place) for place in water), {"waterway": "river", "name": "示意河"}, ring=False)
    banks = [(x, y + _RIVER_HALF_M) for x, y in water] + [(x, y - _RIVER_HALF_M) for x, y in reversed(water)]
    drawing.shape((plane.degrees(*place) for place in banks), {"natural": "water", "water": "river"}, ring=True)
    wide = [i for i, column in enumerate(columns) if column.rank < 2]
    high = [j for j, row in enumerate(rows) if row.rank < 2]
    for i1, i2 in pairwise(wide):
        for j1, j2 in pairwise(high):
            kind = draw.choices(list(_LAND), list(_LAND.values()))[0]
            cells = [(i, j) for i in range(i1, i2) for j in range(j1, j2)]
            corners = [grid[i1, j1], grid[i2, j1], grid[i2, j2], grid[i1, j2]]
            present = sum(cell in junctions for cell in cells)
            if present * 2 < len(cells) or _wet(corners, water):
                continue
            drawing.shape((plane.degrees(*place) for place in _shrunk(corners, 14)), _TAGS[kind], ring=True)
            for i, j in cells:
                block = [grid[i, j], grid[i + 1, j], grid[i + 1, j + 1], grid[i, j + 1]]
                _buildings(drawing, plane, block, kind, rails, draw)


def _buildings(
    drawing: Drawing,
    plane: Plane,
    block: Sequence[Pair],
    kind: str,
    rails: Sequence[Sequence[Pair]],
    draw: random.Random,
) -> None:
    """Slabs in rows, as in a workers' quarter or a works yard."""
    if kind not in _BUILT:
        return
    count, long, deep = _BUILT[kind]
    west, east = max(block[0][0], block[3][0]) + 35, min(block[1][0], block[2][0]) - 35
    south, north = max(block[0][1], block[1][1]) + 35, min(block[2][1], block[3][1]) - 35
    for k in range(count):
        length, depth = long * draw.uniform(0.7, 1.2), deep * draw.uniform(0.8, 1.2)
        x = draw.uniform(west, max(west, east - length))
        y = south + (north - south) * (k + 0.3) / count
        ring = [(x, y), (x + length, y), (x + length, y + depth), (x, y + depth)]
        if x + length > east or y + depth > north or any(_near(ring, rail) for rail in rails):
            continue
        drawing.shape((plane.degrees(*place) for place in ring), {"building": "yes"}, ring=True)


def _near(ring: Sequence[Pair], line: Sequence[Pair]) -> bool:
    return any(foot(corner, a, b)[1] < 30 for corner in ring for a, b in pairwise(line))


def _wet(corners: Sequence[Pair], water: Sequence[Pair]) -> bool:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return any(
        min(xs) - 150 < x < max(xs) + 150 and min(ys) - _RIVER_HALF_M < y < max(ys) + _RIVER_HALF_M for x, y in water
    )


def _shrunk(corners: Sequence[Pair], by: float) -> list[Pair]:
    (ax, ay), (bx, by_), (cx, cy), (dx, dy) = corners
    return [(ax + by, ay + by), (bx - by, by_ + by), (cx - by, cy - by), (dx + by, dy - by)]
