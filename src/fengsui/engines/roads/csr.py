"""Times between many places over the own graph: SciPy's Dijkstra on the sparse matrix of directed segments.

It knows one-way streets, closures and low bridges, but no turn restrictions and no turn costs; the build measures how
far Valhalla's times lie from its own (`Build.band`). For routes to drive ask Valhalla.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from fengsui.engines.roads.segments import Flags, Floats, Ints, Segments
from fengsui.kernel.geo import EARTH_RADIUS_M
from fengsui.kernel.ports.roads import SNAP_LIMIT_M, Line
from fengsui.science.reach.plane import covers, distance_to_line_m, resampled

_SPACING_M = 40.0  # between the places by which a segment is found
_TIE_M = 0.5  # a street and its other direction are one place
_STRETCH = 1.02  # the tree measures at the middle latitude of the network
_AROUND_M = 100.0
_AT_ONCE = 64  # origins a search: 64 rows of 60 000 nodes are 30 MB
_FIRST_LOOK = 8

Pairs = npt.ArrayLike
"""(k, 2) degrees: lon, lat."""


@dataclass(frozen=True, slots=True)
class Places:
    """k positions on the graph, kept and used again. lonlat (k, 2); away_m (k,), inf: off the network.

    owner, edge, share (j,): the directed segments of each place, sorted by owner, and how far along it lies, 0 to 1.
    """

    lonlat: Floats
    away_m: Floats
    owner: Ints
    edge: Ints
    share: Floats


class CsrGraph:
    """Immutable after loading, so threads share it. `seconds` (m,): other times than the stored ones."""

    def __init__(self, segments: Segments, seconds: Floats | None = None) -> None:
        self.segments = segments
        self.seconds = segments.seconds if seconds is None else seconds
        self.size = len(segments.lon)
        self._indptr = segments.indptr()
        self._ky = np.radians(1) * EARTH_RADIUS_M
        self._kx = self._ky * np.cos(np.radians(np.median(segments.lat)))
        self._tree, self._of, self._streets = self._sampled()
        self._along: dict[Line, Ints] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, home: Path) -> CsrGraph:
        """`home`: a folder that `tiles.build` filled."""
        return cls(Segments.load(home))

    # --- places ----------------------------------------------------------------------------------------------

    def snap(self, lonlat: Pairs, closed: Ints | None = None) -> Places:
        """The nearest open segment of each position within SNAP_LIMIT_M, both directions where they exist."""
        points = np.asarray(lonlat, dtype=float).reshape(-1, 2)
        is_open = np.ones(len(self.segments.source) + 1, dtype=bool)
        is_open[-1] = False  # where a street has no other direction
        if closed is not None:
            is_open[closed] = False
        owner, street = self._candidates(points, is_open[self._streets].any(axis=1))
        share, away = self._foot(points[owner], self._streets[street, 0])
        nearest = np.full(len(points), np.inf)
        begins = np.flatnonzero(np.diff(owner, prepend=-1))
        nearest[owner[begins]] = np.minimum.reduceat(away, begins) if len(begins) else []
        nearest[nearest > SNAP_LIMIT_M] = np.inf
        kept = away <= np.minimum(nearest[owner], SNAP_LIMIT_M) + _TIE_M
        kept &= np.isfinite(nearest[owner])
        owner, street, share = np.repeat(owner[kept], 2), street[kept], share[kept]
        edge, share = self._streets[street].ravel(), np.column_stack([share, 1 - share]).ravel()
        usable = is_open[edge]
        return Places(points, nearest, owner[usable], edge[usable], share[usable])

    def _sampled(self) -> tuple[cKDTree, Ints, Ints]:
        """A tree of places along every street, none over _SPACING_M / 2 away from the next, with the street of each.

        Third: (streets, 2) the numbers of the segments of each street, forth and back; m where there is one direction.
        """
        m = len(self.segments.source)
        low, high = np.sort([self.segments.source, self.segments.target], axis=0)
        _, first, street = np.unique(low * self.size + high, return_index=True, return_inverse=True)
        streets = np.full((len(first), 2), m)
        streets[:, 0] = first
        others = np.setdiff1d(np.arange(m), first)
        streets[street[others], 1] = others
        parts = np.ceil(self.segments.metres[first] / _SPACING_M).astype(np.int64)
        of = np.repeat(np.arange(len(parts)), parts)
        share = (np.arange(len(of)) - np.repeat(np.cumsum(parts) - parts, parts) + 0.5) / parts[of]
        a, b = self.segments.source[first][of], self.segments.target[first][of]
        lon = self.segments.lon[a] + share * (self.segments.lon[b] - self.segments.lon[a])
        lat = self.segments.lat[a] + share * (self.segments.lat[b] - self.segments.lat[a])
        return cKDTree(self._flat(np.column_stack([lon, lat]))), np.append(of, len(streets)), streets

    def _flat(self, lonlat: Floats) -> Floats:
        return lonlat * (self._kx, self._ky)

    def _candidates(self, points: Floats, is_open: Flags) -> tuple[Ints, Ints]:
        """owner, street (j,) sorted by owner: all streets among which the nearest open one of each position must be."""
        is_open = np.append(is_open, False)  # what the tree returns for "no more"
        left, flat, samples = np.arange(len(points)), self._flat(points), len(self._of) - 1
        look, reach, keys = _FIRST_LOOK, SNAP_LIMIT_M * _STRETCH + _SPACING_M, [np.empty(0, dtype=np.int64)]
        while len(left):
            look = min(look, samples)
            away, found = self._tree.query(flat[left], k=range(1, look + 1), distance_upper_bound=reach)
            street = self._of[found]
            usable = is_open[street]
            best = np.where(usable, away, np.inf).min(axis=1)
            bound = np.minimum(best * _STRETCH + _SPACING_M * 0.5 * _STRETCH + 2 * _TIE_M, reach)
            done = (away[:, -1] > bound) | (look == samples)
            rows, columns = np.nonzero(usable & done[:, None] & (away <= bound[:, None]))
            keys.append(left[rows] * len(is_open) + street[rows, columns])
            left, look = left[~done], look * 4
        key = np.sort(np.concatenate(keys))
        key = key[np.diff(key, prepend=-1) != 0]
        return key // len(is_open), key % len(is_open)

    def _foot(self, points: Floats, edge: Ints) -> tuple[Floats, Floats]:
        """share (j,) along the segment, away (j,) metres; as `science.reach.plane.foot`, at each point's latitude."""
        scale = np.column_stack([self._ky * np.cos(np.radians(points[:, 1])), np.full(len(points), self._ky)])
        ends = np.column_stack([self.segments.lon, self.segments.lat])
        a, b = ends[self.segments.source[edge]], ends[self.segments.target[edge]]
        run, gap = (b - a) * scale, (points - a) * scale
        square = (run**2).sum(axis=1)
        share = np.clip((run * gap).sum(axis=1) / np.where(square > 0, square, 1), 0, 1) * (square > 0)
        return share, np.hypot(*(gap - share[:, None] * run).T)

    # --- closures --------------------------------------------------------------------------------------------

    def closed_by(self, lines: Iterable[Line], height_m: float = 0.0) -> Ints:
        """Numbers of the directed segments that closures cover, and those too low for a vehicle."""
        low = np.flatnonzero(self.segments.height_m < height_m)
        return np.unique(np.concatenate([low, *(self._covered(line) for line in lines)]))

    def _covered(self, line: Line) -> Ints:
        with self._lock:
            if line not in self._along:
                self._along[line] = self._find(line)
            return self._along[line]

    def _find(self, line: Line) -> Ints:
        around = self._tree.query_ball_point(self._flat(np.array(resampled(line, _SPACING_M))), _AROUND_M)
        streets = np.unique(self._of[np.concatenate([np.asarray(each, dtype=np.int64) for each in around])])
        edges = self._streets[streets, 0]
        lon, lat = self.segments.lon, self.segments.lat
        shapes = [
            ((lon[a], lat[a]), (lon[b], lat[b]))
            for a, b in zip(self.segments.source[edges], self.segments.target[edges], strict=True)
        ]
        if len(line) == 1:
            gaps = np.array([distance_to_line_m(line[0], shape) for shape in shapes])
            chosen = gaps <= min(gaps.min(initial=np.inf) + 1.0, 50.0)
        else:
            chosen = np.array([covers(line, shape) for shape in shapes], dtype=bool)
        both = self._streets[streets[chosen]].ravel()
        return both[both < len(self.segments.source)]

    # --- questions -------------------------------------------------------------------------------------------

    def reach(
        self,
        origins: Places | Pairs,
        targets: Places | Pairs,
        *,
        limit_s: float = np.inf,
        closed: Ints | None = None,
    ) -> Floats:
        """(n, m) seconds from each origin to each target. inf: no way, off the network or over `limit_s`; never 0.

        closed: numbers of directed segments (`closed_by`) of infinite weight; a place on one is led to the nearest
        open segment. Searched _AT_ONCE origins at a time.
        """
        start, end = self._open(origins, closed), self._open(targets, closed)
        found = np.empty((len(start.lonlat), len(end.lonlat)))
        for first in range(0, len(found), _AT_ONCE):
            rows = np.arange(first, min(first + _AT_ONCE, len(found)))
            found[rows] = self._search(start, end, rows, np.zeros(len(rows)), rows - first, limit_s, closed)
        return found

    def first_there(
        self,
        origins: Places | Pairs,
        targets: Places | Pairs,
        *,
        delays_s: Sequence[float] | Floats | None = None,
        limit_s: float = np.inf,
        closed: Ints | None = None,
    ) -> Floats:
        """(m,) seconds until the first origin is at each target, each starting after its delay. One search in all."""
        start, end = self._open(origins, closed), self._open(targets, closed)
        rows = np.arange(len(start.lonlat))
        delays = np.zeros(len(rows)) if delays_s is None else np.asarray(delays_s, dtype=float)
        return np.asarray(self._search(start, end, rows, delays, rows * 0, limit_s, closed)[0])

    def at_nodes(
        self,
        origins: Places | Pairs,
        *,
        delays_s: Sequence[float] | Floats | None = None,
        closed: Ints | None = None,
    ) -> Floats:
        """(n,) seconds until the first origin is at each node, each starting after its delay; inf: no way."""
        start = self._open(origins, closed)
        rows = np.arange(len(start.lonlat))
        delays = np.zeros(len(rows)) if delays_s is None else np.asarray(delays_s, dtype=float)
        return np.asarray(self._from(start, rows, delays, rows * 0, np.inf, closed)[0][0, : self.size])

    def _open(self, places: Places | Pairs, closed: Ints | None) -> Places:
        """Places on a closed segment are looked for anew; the others stay."""
        known = places if isinstance(places, Places) else self.snap(places)
        if closed is None or not len(closed):
            return known
        moved = np.unique(known.owner[np.isin(known.edge, closed)])
        if not len(moved):
            return known
        anew, stay = self.snap(known.lonlat[moved], closed), ~np.isin(known.owner, moved)
        away = known.away_m.copy()
        away[moved] = anew.away_m
        owner = np.concatenate([known.owner[stay], moved[anew.owner]])
        order = np.argsort(owner, kind="stable")
        edge, share = (
            np.concatenate([old[stay], new])[order] for old, new in ((known.edge, anew.edge), (known.share, anew.share))
        )
        return Places(known.lonlat, away, owner[order], edge, share)

    def _search(
        self,
        start: Places,
        end: Places,
        rows: Ints,
        delays: Floats,
        source: Ints,
        limit_s: float,
        closed: Ints | None,
    ) -> Floats:
        """(sources, targets): each origin of `rows` leaves, after its delay, from the added node of its `source`."""
        best, starts = self._from(start, rows, delays, source, limit_s, closed)
        ends = best[:, self.segments.source[end.edge]] + end.share * self.seconds[end.edge]
        self._same_segment(ends, end, starts)
        found = np.full((len(best), len(end.lonlat)), np.inf)
        owned, begins = np.unique(end.owner, return_index=True)
        if len(owned):
            found[:, owned] = np.minimum.reduceat(ends, begins, axis=1)
        found[found > limit_s] = np.inf
        return found

    def _from(
        self, start: Places, rows: Ints, delays: Floats, source: Ints, limit_s: float, closed: Ints | None
    ) -> tuple[Floats, tuple[Ints, Ints, Floats, Floats]]:
        """(sources, nodes) seconds; and the source, segment, share and delay of each way to start."""
        entries = np.flatnonzero((start.owner >= rows.min(initial=0)) & (start.owner <= rows.max(initial=-1)))
        which = start.owner[entries] - rows.min(initial=0)
        edge, share, count = start.edge[entries], start.share[entries], int(source.max(initial=0)) + 1
        weights = self.seconds
        if closed is not None and len(closed):
            weights = weights.copy()
            weights[closed] = np.inf
        leaving, into = source[which], self.segments.target[edge]
        cost = delays[which] + (1 - share) * self.seconds[edge]
        order = np.lexsort((cost, into, leaving))
        fresh = np.ones(len(order), dtype=bool)  # of two ways into one node only the shorter: columns must be unique
        fresh[1:] = (np.diff(leaving[order]) != 0) | (np.diff(into[order]) != 0)
        order = order[fresh]
        added = np.cumsum(np.bincount(leaving[order], minlength=count))
        graph = csr_array(
            (
                np.append(weights, cost[order]),
                np.append(self.segments.target, into[order]),
                np.append(self._indptr, self._indptr[-1] + added),
            ),
            shape=(self.size + count, self.size + count),
        )
        best = dijkstra(graph, indices=self.size + np.arange(count), limit=limit_s)
        return best, (leaving, edge, share, delays[which])

    def _same_segment(self, ends: Floats, end: Places, start: tuple[Ints, Ints, Floats, Floats]) -> None:
        """Straight along a segment where origin and target lie on it in driving order."""
        order = np.argsort(end.edge, kind="stable")
        edges = end.edge[order]
        left, right = np.searchsorted(edges, start[1], "left"), np.searchsorted(edges, start[1], "right")
        for n in np.flatnonzero(right > left):
            row, edge, share, delay = (each[n] for each in start)
            there = order[left[n] : right[n]]
            there = there[end.share[there] >= share]
            straight = delay + (end.share[there] - share) * self.seconds[edge]
            ends[row, there] = np.minimum(ends[row, there], straight)
