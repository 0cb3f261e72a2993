"""A made-up road network of an illustrative district, written as OpenStreetMap: the same path is used as for real data.
Seeded, strongly connected, marked on every way and in the file's header. It copies no map.

A bent grid of main, secondary and side streets. Low places given as anchors get a straight street through them without
junctions for 230 m either way; underpasses lie under a railway. Side streets end at railways and the river, so that a
closed underpass costs a real detour.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from fengsui.engines.roads import cityscape
from fengsui.engines.roads.city import Anchor, Cell, City, Pair, Plane, Street
from fengsui.engines.roads.osm_write import Drawing
from fengsui.engines.roads.street_names import named, street_names
from fengsui.kernel.geo import inside
from fengsui.science.reach.plane import foot

DEFAULT_BBOX = (123.25, 41.70, 123.42, 41.84)
RECIPE = 1
"""Raise when the same request must give another city."""

_SPACING_M, _JITTER_M, _MIN_GAP_M = 330.0, 45.0, 150.0
_CLEAR_M = 230.0  # no junction so near to an anchor: its closure is one stretch
_DENSE_M = 3500.0
_MISSING = 0.07
_ONEWAY = 0.25
_CLASSES = {0: ("primary", 60, 6), 1: ("secondary", 50, 4), 2: ("residential", 30, 2)}
_TRUNK, _TERTIARY = ("trunk", 70, 8), ("tertiary", 40, 2)


def generate(
    target: Path,
    anchors: Sequence[Anchor],
    *,
    bbox: tuple[float, float, float, float] = DEFAULT_BBOX,
    seed: int = 1,
    outline: Sequence[Pair] | None = None,
    river_at: Pair | None = None,
) -> City:
    """Write the city to `target` (.osm.pbf). Same arguments, same bytes. `outline`: keep streets within 500 m of it."""
    draw = random.Random(seed)
    plane = Plane(bbox)
    places = [(anchor, plane.metres(anchor.lon, anchor.lat)) for anchor in anchors]
    columns = _streets(plane.width, [at[0] for anchor, at in places if anchor.north_south], True, draw)
    rows = _streets(plane.height, [at[1] for anchor, at in places if not anchor.north_south], False, draw)
    _dress(columns, rows, draw)
    grid = {
        (i, j): (column.at + column.offset(row.at), row.at + row.offset(column.at))
        for i, column in enumerate(columns)
        for j, row in enumerate(rows)
    }
    rails = cityscape.railways(
        [(at, anchor.north_south) for anchor, at in places if anchor.form != "road"], plane, draw
    )
    river = cityscape.river(plane, plane.metres(*river_at) if river_at else None, [at for _, at in places], draw)
    edges = _edges(grid, columns, rows, places, rails, river, draw)
    if outline:
        ring = [plane.metres(*corner) for corner in outline]
        edges = {key: kind for key, kind in edges.items() if all(_kept(grid[end], ring) for end in key)}
    whole = len(edges)
    edges = _connected(edges, columns, rows)
    drawing = Drawing()
    ids = {cell: drawing.node(*plane.degrees(*grid[cell])) for cell in sorted({end for key in edges for end in key})}
    lows = _low_spots(drawing, places, columns, rows, plane)
    _write_streets(drawing, edges, ids, columns, rows, lows)
    cityscape.draw_all(drawing, plane, grid, columns, rows, rails, river, set(ids), draw)
    drawing.write(target)
    metres = sum(math.dist(grid[a], grid[b]) for a, b in edges)
    return City(len(ids), len(edges), len(columns) + len(rows), metres / 1000, whole - len(edges))


def _streets(extent: float, pins: Sequence[float], north_south: bool, draw: random.Random) -> list[Street]:
    lines = []
    at, index = 60.0, 0
    while at < extent - 40:
        lines.append(Street(at, (0, 2, 1, 2)[index % 4], north_south))
        at += _SPACING_M + draw.uniform(-_JITTER_M, _JITTER_M)
        index += 1
    for pin in pins:
        same = next((line for line in lines if line.pinned and abs(line.at - pin) < 1.0), None)
        free = [line for line in lines if not line.pinned]
        if same or not free:
            continue
        nearest = min(free, key=lambda line: abs(line.at - pin))
        nearest.at, nearest.pinned, nearest.rank = pin, True, min(nearest.rank, 1)
    pinned = [line.at for line in lines if line.pinned]
    kept = [line for line in lines if line.pinned or all(abs(line.at - pin) >= _MIN_GAP_M for pin in pinned)]
    return sorted(kept, key=lambda line: line.at)


def _dress(columns: list[Street], rows: list[Street], draw: random.Random) -> None:
    """Names, classes, directions and bends."""
    roots = iter(street_names(draw))
    for lines in (columns, rows):
        main = [line for line in lines if line.rank == 0 and not line.pinned]
        trunk = main[len(main) // 2] if main else None
        for index, line in enumerate(lines):
            line.name = named(next(roots), line.north_south, line.rank)
            kind, kph, lanes = _TRUNK if line is trunk else _CLASSES[line.rank]
            if line.rank == 2 and index % 4 == 1:
                kind, kph, lanes = _TERTIARY
            if kind == "residential" and draw.random() < _ONEWAY:
                line.oneway = 1 if index % 2 else -1
            line.tags = {"highway": kind, "name": line.name, "maxspeed": str(kph), "lanes": str(lanes)}
            if line.oneway:
                line.tags["oneway"] = "yes"
            if not line.pinned:
                line.wave = (draw.uniform(10, 55), draw.uniform(3500, 7000), draw.uniform(0, 2 * math.pi))


def _edges(
    grid: dict[Cell, Pair],
    columns: list[Street],
    rows: list[Street],
    places: Sequence[tuple[Anchor, Pair]],
    rails: Sequence[Sequence[Pair]],
    river: Sequence[Pair],
    draw: random.Random,
) -> dict[tuple[Cell, Cell], str]:
    """Edge -> "" or "bridge". A side street ends where a railway or the river would be crossed."""
    found = {}
    for (i, j), here in grid.items():
        for other, street in (((i + 1, j), rows[j]), ((i, j + 1), columns[i])):
            missing, sparse = draw.random(), draw.random()
            if other not in grid:
                continue
            there = grid[other]
            if any(_blocks(anchor, at, street, (here, there)) for anchor, at in places):
                continue
            middle = ((here[0] + there[0]) / 2, (here[1] + there[1]) / 2)
            near = min((math.dist(middle, at) for _, at in places), default=0.0)
            if street.rank == 2 and (missing < _MISSING or (near > _DENSE_M and sparse < 0.45)):
                continue
            crossed = cityscape.crosses((here, there), river) or any(
                cityscape.crosses((here, there), rail) for rail in rails
            )
            if crossed and street.rank == 2:
                continue
            found[(i, j), other] = "bridge" if crossed else ""
    return found


def _blocks(anchor: Anchor, at: Pair, street: Street, ends: tuple[Pair, Pair]) -> bool:
    """A street that would join or cross the anchor's street too near to it."""
    if street.north_south == anchor.north_south:
        return False
    return any(
        abs(end[0 if anchor.north_south else 1] - at[0 if anchor.north_south else 1]) < 1.0
        and abs(end[1 if anchor.north_south else 0] - at[1 if anchor.north_south else 0]) < _CLEAR_M
        for end in ends
    )


def _kept(place: Pair, ring: Sequence[Pair]) -> bool:
    if inside(place, ring):
        return True
    return any(foot(place, a, b)[1] <= 500 for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))


def _ways_of(
    key: tuple[Cell, Cell], columns: list[Street], rows: list[Street]
) -> tuple[Street, Iterable[tuple[Cell, Cell]]]:
    a, b = key
    street = rows[a[1]] if a[1] == b[1] else columns[a[0]]
    ways = {0: ((a, b), (b, a)), 1: ((a, b),), -1: ((b, a),)}[street.oneway]
    return street, ways


def _connected(
    edges: dict[tuple[Cell, Cell], str], columns: list[Street], rows: list[Street]
) -> dict[tuple[Cell, Cell], str]:
    """The part in which every junction can reach every other, one-way streets respected."""
    out: dict[Cell, list[Cell]] = defaultdict(list)
    into: dict[Cell, list[Cell]] = defaultdict(list)
    for key in edges:
        for a, b in _ways_of(key, columns, rows)[1]:
            out[a].append(b)
            into[b].append(a)
    middle = (len(columns) / 2, len(rows) / 2)
    for root in sorted(out, key=lambda cell: (math.dist(cell, middle), cell)):
        core = _reached(root, out) & _reached(root, into)
        if len(core) > len(out) / 2:
            return {key: kind for key, kind in edges.items() if key[0] in core and key[1] in core}
    raise ValueError("no connected city can be made of this request")


def _reached(root: Cell, out: dict[Cell, list[Cell]]) -> set[Cell]:
    seen, todo = {root}, [root]
    while todo:
        for other in out.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


@dataclass(frozen=True, slots=True)
class _Low:
    """The lowered part of a street: three nodes and its tags, put in where the street passes."""

    street: Street
    along: float
    nodes: tuple[int, ...]
    tags: dict[str, str]


def _low_spots(
    drawing: Drawing, places: Sequence[tuple[Anchor, Pair]], columns: list[Street], rows: list[Street], plane: Plane
) -> list[_Low]:
    lows = []
    for anchor, (x, y) in places:
        lines = columns if anchor.north_south else rows
        street = min(lines, key=lambda line: abs(line.at - (x if anchor.north_south else y)))
        shifts = [(0.0, step) if anchor.north_south else (step, 0.0) for step in (-40.0, 0.0, 40.0)]
        nodes = tuple(drawing.node(*plane.degrees(x + dx, y + dy)) for dx, dy in shifts)
        tags = {"description": anchor.name, "fengsui:low": "yes"}
        if anchor.form != "road":
            tags |= {"tunnel": "yes", "layer": "-1"}
        if anchor.clearance_m:
            tags["maxheight"] = str(anchor.clearance_m)
        lows.append(_Low(street, y if anchor.north_south else x, nodes, tags))
    return lows


def _write_streets(
    drawing: Drawing,
    edges: dict[tuple[Cell, Cell], str],
    ids: dict[Cell, int],
    columns: list[Street],
    rows: list[Street],
    lows: Sequence[_Low],
) -> None:
    """One way per unbroken run of equal tags along each street."""
    for street, cells in [
        *((column, [(i, j) for j in range(len(rows))]) for i, column in enumerate(columns)),
        *((row, [(i, j) for i in range(len(columns))]) for j, row in enumerate(rows)),
    ]:
        run: list[int] = []
        tags: dict[str, str] = {}
        for a, b in pairwise(cells):
            kind = edges.get((a, b))
            parts = [] if kind is None else _parts(street, a, b, kind, ids, lows, columns, rows)
            for nodes, more in parts:
                if run and run[-1] == nodes[0] and tags == more:
                    run.extend(nodes[1:])
                    continue
                _flush(drawing, street, run, tags)
                run, tags = list(nodes), more
            if not parts:
                _flush(drawing, street, run, tags)
                run = []
        _flush(drawing, street, run, tags)


def _parts(
    street: Street,
    a: Cell,
    b: Cell,
    kind: str,
    ids: dict[Cell, int],
    lows: Sequence[_Low],
    columns: list[Street],
    rows: list[Street],
) -> list[tuple[tuple[int, ...], dict[str, str]]]:
    first, last = (rows[a[1]].at, rows[b[1]].at) if street.north_south else (columns[a[0]].at, columns[b[0]].at)
    here = sorted((low for low in lows if low.street is street and first < low.along < last), key=lambda low: low.along)
    if not here:
        return [((ids[a], ids[b]), {"bridge": "yes", "layer": "1"} if kind else {})]
    parts: list[tuple[tuple[int, ...], dict[str, str]]] = []
    node = ids[a]
    for low in here:
        parts += [((node, low.nodes[0]), {}), (low.nodes, low.tags)]
        node = low.nodes[-1]
    return [*parts, ((node, ids[b]), {})]


def _flush(drawing: Drawing, street: Street, run: list[int], tags: dict[str, str]) -> None:
    if len(run) >= 2:
        drawing.way(run[::-1] if street.oneway < 0 else run, {**street.tags, **tags})
