"""The arrays of the own graph: directed segments between neighbouring nodes of the roads in an extract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from fengsui.engines.roads.pbf import DRIVABLE, drivable_roads
from fengsui.kernel.geo import EARTH_RADIUS_M

FILE = "graph.npz"
CLASSES = tuple(sorted(DRIVABLE))
TAGGED = "tagged"
"""The speed of a segment with a tagged maximum is this share of it, whatever its class."""
CROSSING = "crossing"
"""Seconds lost where a segment ends at a junction."""

SPEED_KPH = {
    "motorway": 90, "trunk": 75, "primary": 60, "secondary": 50, "tertiary": 40, "unclassified": 32, "residential": 28,
    "living_street": 12, "service": 18,
}  # fmt: skip
"""Free flow in a town [G]; links two thirds of it. A tagged maximum is driven at nine tenths."""

FREE_FLOW: Mapping[str, float] = {
    **{kind: SPEED_KPH[kind.removesuffix("_link")] * (2 / 3 if kind.endswith("_link") else 1.0) for kind in CLASSES},
    TAGGED: 0.9,
    CROSSING: 0.0,
}
"""Where a fit starts and what an unused class keeps: km/h by class, share of a tagged maximum, seconds a junction."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Segments:
    """n nodes, m directed segments sorted by (source, target), each pair of nodes once: the rows of a sparse matrix.

    lon, lat (n,) degrees; source, target (m,) node numbers; metres (m,) > 0; kind (m,) number in CLASSES;
    kph (m,) tagged maximum, nan without; height_m (m,) clear height, inf without; seconds (m,) of free travel.
    """

    lon: Floats
    lat: Floats
    source: Ints
    target: Ints
    metres: Floats
    kind: Ints
    kph: Floats
    height_m: Floats
    seconds: Floats

    def save(self, home: Path) -> None:
        np.savez(home / FILE, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def load(cls, home: Path) -> Segments:
        with np.load(home / FILE) as stored:
            return cls(**{each.name: stored[each.name] for each in fields(cls)})

    def at_paces(self, paces: Mapping[str, float]) -> Floats:
        """(m,) seconds at km/h by class (CLASSES), the share TAGGED of a tagged maximum, and CROSSING seconds."""
        by_class = np.array([paces[kind] for kind in CLASSES])[self.kind]
        kph = np.where(np.isnan(self.kph), by_class, self.kph * paces[TAGGED])
        return self.metres * 3.6 / kph + paces[CROSSING] * self.junction()[self.target]

    def indptr(self) -> Ints:
        """(n + 1,) where the segments of each node begin."""
        return np.searchsorted(self.source, np.arange(len(self.lon) + 1))

    def sparse(self, seconds: Floats) -> csr_array:
        """(n, n) weights `seconds` (m,) from row to column."""
        return csr_array((seconds, self.target, self.indptr()), shape=(len(self.lon), len(self.lon)))

    def largest(self) -> Flags:
        """(n,) True for the nodes of the largest part in which every node reaches every other."""
        _, part = connected_components(self.sparse(self.metres), connection="strong")
        return np.asarray(part == np.bincount(part).argmax())

    def junction(self) -> Flags:
        """(n,) True where three or more neighbours meet."""
        low, high = np.minimum(self.source, self.target), np.maximum(self.source, self.target)
        pairs = np.unique(low * len(self.lon) + high)
        ends = np.concatenate([pairs // len(self.lon), pairs % len(self.lon)])
        return np.bincount(ends, minlength=len(self.lon)) >= 3


def read(pbf: Path, paces: Mapping[str, float]) -> Segments:
    """All drivable segments of an extract; of two between the same nodes the faster stays. m is 0 without roads."""
    number: dict[int, int] = {}
    places: list[tuple[float, float]] = []
    rows: list[tuple[int, int, int, float, float]] = []
    for road in drivable_roads(pbf):
        facts = (CLASSES.index(road.kind), road.kph or np.nan, np.inf if road.height_m is None else road.height_m)
        chain = []
        for node, place in road.nodes:
            if node not in number:
                number[node] = len(places)
                places.append(place)
            chain.append(number[node])
        for a, b in pairwise(chain):
            if a != b:
                rows += [(a, b, *facts)] if road.forward else []
                rows += [(b, a, *facts)] if road.backward else []
    table = np.array(rows, dtype=float).reshape(-1, 5)
    lon, lat = np.array(places, dtype=float).reshape(-1, 2).T
    source, target, kind = (table[:, n].astype(np.int64) for n in range(3))
    metres = np.maximum(_metres(lon, lat, source, target), 0.01)  # two nodes on one spot are still two nodes
    drawn = Segments(lon, lat, source, target, metres, kind, table[:, 3], table[:, 4], np.zeros(len(table)))
    seconds = drawn.at_paces(paces)
    order = np.lexsort((seconds, target, source))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(source[order]) != 0) | (np.diff(target[order]) != 0)
    kept = order[first]
    return Segments(
        lon,
        lat,
        source[kept],
        target[kept],
        metres[kept],
        kind[kept],
        table[kept, 3],
        table[kept, 4],
        seconds[kept],
    )


def _metres(lon: Floats, lat: Floats, a: Ints, b: Ints) -> Floats:
    """Great-circle distances (haversine), as `kernel.geo.distance_m`."""
    x, y = np.radians(lon), np.radians(lat)
    h = np.sin((y[b] - y[a]) / 2) ** 2 + np.cos(y[a]) * np.cos(y[b]) * np.sin((x[b] - x[a]) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(h)))
