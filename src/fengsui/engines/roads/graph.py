"""The own graph: a second engine behind the same port, read from the same PBF. Plain Python, no turn costs.

It is there to check Valhalla against (see tests/contracts/test_router.py) and to answer where pyvalhalla has no wheel.
Cost of an edge: length by one speed per class; a closure removes the segments that it covers.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from fengsui.engines.roads.coverage import covered
from fengsui.engines.roads.csr import CsrGraph
from fengsui.engines.roads.pbf import drivable_roads, is_illustrative, pbf_hash
from fengsui.engines.roads.segments import FREE_FLOW, SPEED_KPH, read
from fengsui.kernel.geo import distance_m
from fengsui.kernel.ports.roads import (
    SNAP_LIMIT_M,
    VEHICLES,
    Closure,
    Coverage,
    Leg,
    Line,
    Network,
    NoPath,
    OffNetwork,
    Point,
    Reach,
    Route,
    Snapped,
)
from fengsui.science.reach.plane import bearing_deg, covers, distance_to_line_m, foot, planar
from fengsui.science.reach.steps import steps, turn_between

Pair = tuple[float, float]

_CELL = 0.004  # degrees: 330 m by 440 m at 42 N


@dataclass(frozen=True, slots=True)
class _Edge:
    """One directed segment between two neighbouring nodes of a way."""

    source: int
    target: int
    metres: float
    seconds: float
    street: str


@dataclass(frozen=True, slots=True)
class _Start:
    """A snapped place: node -> seconds, metres still to go to it (or from it)."""

    place: Snapped
    ends: dict[int, tuple[float, float]]
    edges: dict[tuple[int, int], float]


class GraphRouter:
    """Immutable after loading, so threads share it freely. `world` only keeps the shape of the other engine."""

    def __init__(self, pbf: Path, world: str = "live") -> None:
        self._network = Network(pbf_hash(pbf), pbf.name, is_illustrative(pbf), "graph 1")
        self.world = world
        self._at: dict[int, Pair] = {}
        self._out: dict[int, list[_Edge]] = defaultdict(list)
        self._cells: dict[tuple[int, int], list[_Edge]] = defaultdict(list)
        self._height_m: dict[tuple[int, int], float] = {}
        self._load(pbf)
        self._closed: dict[Line, tuple[frozenset[tuple[int, int]], tuple[str, ...]]] = {}
        self._lock = threading.Lock()
        self._pbf = pbf

    def network(self) -> Network:
        return self._network

    def nearest(self, point: Point) -> Snapped | None:
        start = self._snap(point, frozenset(), outward=True)
        return start.place if start else None

    def streets_closed(self, closures: Sequence[Closure]) -> dict[str, tuple[str, ...]]:
        return {closure.id: self._covered(closure.line)[1] for closure in closures}

    def route(
        self, origin: Point, target: Point, *, vehicle: str, closures: Sequence[Closure] = (), alternatives: int = 2
    ) -> list[Route]:
        """Always one route: this engine knows no alternatives."""
        closed = self._all_closed(closures) | self._too_low(vehicle)
        start, end = self._snap(origin, closed, outward=True), self._snap(target, closed, outward=False)
        for name, point, snapped in (("origin", origin, start), ("target", target, end)):
            if snapped is None and self.nearest(point) is None:
                raise OffNetwork(end=name, lon=point.lon, lat=point.lat)
        if start is None or end is None:
            raise NoPath(world=self.world)
        best, came = self._search(start, closed, wanted=set(end.ends))
        found = self._finish(start, end, best)
        if found is None:
            raise NoPath(world=self.world)
        seconds, metres, node = found
        chain: list[_Edge] = []
        while node is not None and node in came:
            chain.append(came[node])
            node = came[node].source
        chain.reverse()
        line = [(start.place.lon, start.place.lat)]
        line.extend([self._at[chain[0].source], *(self._at[edge.target] for edge in chain)] if chain else [])
        if not chain and node is not None:
            line.append(self._at[node])
        line.append((end.place.lon, end.place.lat))
        legs = self._legs(chain, start, end, line, seconds, metres)
        return [Route(seconds, metres, tuple(line), steps(legs), legs, start.place, end.place, cost=seconds)]

    def matrix(
        self, origins: Sequence[Point], targets: Sequence[Point], *, vehicle: str, closures: Sequence[Closure] = ()
    ) -> list[list[Reach]]:
        closed = self._all_closed(closures) | self._too_low(vehicle)
        ends = [(target, self._snap(target, closed, outward=False)) for target in targets]
        wanted = {node for _, end in ends if end for node in end.ends}
        rows = []
        for origin in origins:
            start = self._snap(origin, closed, outward=True)
            best = self._search(start, closed, wanted)[0] if start else {}
            rows.append([self._reach(origin, start, target, end, best) for target, end in ends])
        return rows

    def coverage(
        self,
        origins: Sequence[Point],
        targets: Sequence[Point],
        *,
        vehicle: str,
        limits_s: Sequence[float],
        closures: Sequence[Closure] = (),
        delays_s: Sequence[float] = (),
    ) -> Coverage:
        """By the arrays of the same file at the same speeds."""
        graph = CsrGraph(read(self._pbf, FREE_FLOW))
        return covered(graph, origins, targets, VEHICLES[vehicle], limits_s, closures, delays_s)

    def _reach(
        self,
        origin: Point,
        start: _Start | None,
        target: Point,
        end: _Start | None,
        best: dict[int, tuple[float, float]],
    ) -> Reach:
        if start is None and self.nearest(origin) is None:
            return Reach(None, None, "origin_off")
        if end is None and self.nearest(target) is None:
            return Reach(None, None, "target_off")
        found = self._finish(start, end, best) if start and end else None
        return Reach(found[0], found[1]) if found else Reach(None, None, "no_path")

    def _finish(
        self, start: _Start, end: _Start, best: dict[int, tuple[float, float]]
    ) -> tuple[float, float, int | None] | None:
        """Seconds, metres, last node (None: both on one segment)."""
        options: list[tuple[float, float, int | None]] = [
            (best[node][0] + seconds, best[node][1] + metres, node)
            for node, (seconds, metres) in end.ends.items()
            if node in best
        ]
        for edge, share in end.edges.items():
            if edge in start.edges and share >= start.edges[edge]:
                whole = next(each for each in self._out[edge[0]] if each.target == edge[1])
                part = share - start.edges[edge]
                options.append((part * whole.seconds, part * whole.metres, None))
        return min(options, key=lambda option: option[0], default=None)

    def _search(
        self, start: _Start, closed: frozenset[tuple[int, int]], wanted: set[int]
    ) -> tuple[dict[int, tuple[float, float]], dict[int, _Edge]]:
        """Dijkstra until all wanted nodes are settled."""
        best = dict(start.ends)
        came: dict[int, _Edge] = {}
        heap = [(seconds, node) for node, (seconds, _) in best.items()]
        heapq.heapify(heap)
        done: set[int] = set()
        missing = set(wanted)
        while heap and missing:
            seconds, node = heapq.heappop(heap)
            if node in done:
                continue
            done.add(node)
            missing.discard(node)
            metres = best[node][1]
            for edge in self._out.get(node, ()):
                total = seconds + edge.seconds
                known = best.get(edge.target)
                if (known is None or total < known[0]) and (edge.source, edge.target) not in closed:
                    best[edge.target] = (total, metres + edge.metres)
                    came[edge.target] = edge
                    heapq.heappush(heap, (total, edge.target))
        return {node: value for node, value in best.items() if node in done}, came

    def _near(self, lon: float, lat: float, reach_deg: float) -> Iterable[_Edge]:
        x0, x1 = math.floor((lon - reach_deg) / _CELL), math.floor((lon + reach_deg) / _CELL)
        y0, y1 = math.floor((lat - reach_deg) / _CELL), math.floor((lat + reach_deg) / _CELL)
        found = {
            (edge.source, edge.target): edge
            for x in range(x0, x1 + 1)
            for y in range(y0, y1 + 1)
            for edge in self._cells.get((x, y), ())
        }
        return found.values()

    def _snap(self, point: Point, closed: frozenset[tuple[int, int]], *, outward: bool) -> _Start | None:
        """The nearest open segment; both its directions when they exist. Searched in growing squares."""
        here = planar([(point.lon, point.lat)], point.lat)[0]
        for reach in (0.002, 0.006, SNAP_LIMIT_M / 111_000 / math.cos(math.radians(point.lat)) + _CELL):
            spots = []
            for edge in self._near(point.lon, point.lat, reach):
                if (edge.source, edge.target) in closed:
                    continue
                a, b = planar([self._at[edge.source], self._at[edge.target]], point.lat)
                share, away = foot(here, a, b)
                spots.append((away, share, edge))
            nearest = min((away for away, _, _ in spots), default=math.inf)
            if nearest <= min(SNAP_LIMIT_M, reach * 80_000):
                return self._start([spot for spot in spots if spot[0] <= nearest + 0.5], outward)
        return None

    def _start(self, spots: list[tuple[float, float, _Edge]], outward: bool) -> _Start:
        away, share, edge = min(spots, key=lambda spot: spot[0])
        (ax, ay), (bx, by) = self._at[edge.source], self._at[edge.target]
        place = Snapped(ax + share * (bx - ax), ay + share * (by - ay), away, edge.street)
        ends: dict[int, tuple[float, float]] = {}
        for _, part, each in spots:
            node, left = (each.target, 1 - part) if outward else (each.source, part)
            cost = (left * each.seconds, left * each.metres)
            if node not in ends or cost < ends[node]:
                ends[node] = cost
        return _Start(place, ends, {(each.source, each.target): part for _, part, each in spots})

    def _all_closed(self, closures: Sequence[Closure]) -> frozenset[tuple[int, int]]:
        return frozenset().union(*(self._covered(closure.line)[0] for closure in closures))

    def _too_low(self, vehicle: str) -> frozenset[tuple[int, int]]:
        tall = VEHICLES[vehicle].height_m
        return frozenset(edge for edge, height in self._height_m.items() if height < tall)

    def _covered(self, line: Line) -> tuple[frozenset[tuple[int, int]], tuple[str, ...]]:
        with self._lock:
            if line not in self._closed:
                self._closed[line] = self._along(line)
            return self._closed[line]

    def _along(self, line: Line) -> tuple[frozenset[tuple[int, int]], tuple[str, ...]]:
        edges = {(edge.source, edge.target): edge for lon, lat in line for edge in self._near(lon, lat, _CELL)}
        for (lon1, lat1), (lon2, lat2) in pairwise(line):
            parts = math.ceil(max(abs(lon2 - lon1), abs(lat2 - lat1)) / _CELL) + 1
            for k in range(parts):
                lon, lat = lon1 + (lon2 - lon1) * k / parts, lat1 + (lat2 - lat1) * k / parts
                edges.update({(edge.source, edge.target): edge for edge in self._near(lon, lat, _CELL)})
        shapes = {key: (self._at[key[0]], self._at[key[1]]) for key in edges}
        if len(line) == 1:
            gaps = {key: distance_to_line_m(line[0], shape) for key, shape in shapes.items()}
            nearest = min(gaps.values(), default=math.inf)
            chosen = [key for key, gap in gaps.items() if gap <= min(nearest + 1.0, 50.0)]
        else:
            chosen = [key for key, shape in shapes.items() if covers(line, shape)]
        return frozenset(chosen), tuple(dict.fromkeys(edges[key].street for key in chosen))

    def _legs(
        self, chain: list[_Edge], start: _Start, end: _Start, line: list[Pair], seconds: float, metres: float
    ) -> tuple[Leg, ...]:
        if not chain:
            first = Leg("start", start.place.street, metres, seconds, bearing_deg(line[0], line[-1]))
            return first, Leg("arrive", end.place.street, 0, 0)
        groups: list[list[_Edge]] = []
        for edge in chain:
            if groups and groups[-1][-1].street == edge.street:
                groups[-1].append(edge)
            else:
                groups.append([edge])
        head, tail = start.ends[chain[0].source], end.ends[chain[-1].target]  # the parts of the first and last segment
        legs = []
        for index, group in enumerate(groups):
            into = bearing_deg(self._at[group[0].source], self._at[group[0].target])
            turn = "start"
            if index:
                last = groups[index - 1][-1]
                turn = turn_between(bearing_deg(self._at[last.source], self._at[last.target]), into)
            ends = [head] * (index == 0) + [tail] * (index == len(groups) - 1)
            driven = sum(e.metres for e in group) + sum(metres for _, metres in ends)
            took = sum(e.seconds for e in group) + sum(seconds for seconds, _ in ends)
            legs.append(Leg(turn, group[0].street, driven, took, into))
        return *legs, Leg("arrive", end.place.street, 0, 0)

    def _load(self, pbf: Path) -> None:
        for road in drivable_roads(pbf):
            kph = SPEED_KPH[road.kind.removesuffix("_link")] * (2 / 3 if road.kind.endswith("_link") else 1)
            if road.kph is not None:
                kph = road.kph * 0.9
            for (a, here), (b, there) in pairwise(road.nodes):
                metres = distance_m(here, there)
                self._at[a], self._at[b] = here, there
                if road.height_m is not None:
                    self._height_m[a, b] = self._height_m[b, a] = road.height_m
                if road.forward:
                    self._add(_Edge(a, b, metres, metres * 3.6 / kph, road.name))
                if road.backward:
                    self._add(_Edge(b, a, metres, metres * 3.6 / kph, road.name))

    def _add(self, edge: _Edge) -> None:
        self._out[edge.source].append(edge)
        (lon1, lat1), (lon2, lat2) = self._at[edge.source], self._at[edge.target]
        for x in range(math.floor(min(lon1, lon2) / _CELL), math.floor(max(lon1, lon2) / _CELL) + 1):
            for y in range(math.floor(min(lat1, lat2) / _CELL), math.floor(max(lat1, lat2) / _CELL) + 1):
                self._cells[x, y].append(edge)
