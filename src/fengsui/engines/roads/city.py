"""The parts of an illustrative city: low places, streets of a grid, the plane they are drawn on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from fengsui.kernel.geo import EARTH_RADIUS_M

Pair = tuple[float, float]
Cell = tuple[int, int]
"""Column and row of a junction."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A low place a street must pass through. bearing_deg: of the street, nearer to 0 (north-south) or 90 (east-west).

    form: "underpass" or "culvert" lies under a railway or road, "road" is a low stretch.
    """

    name: str
    lon: float
    lat: float
    bearing_deg: float = 0.0
    form: str = "underpass"
    clearance_m: float | None = None

    @property
    def north_south(self) -> bool:
        return abs(math.cos(math.radians(self.bearing_deg))) > math.sqrt(0.5)


@dataclass(slots=True)
class Street:
    """One line of the grid. at: metres from the west (or south) side; rank 0 main, 1 secondary, 2 side street."""

    at: float
    rank: int
    north_south: bool
    pinned: bool = False
    name: str = ""
    oneway: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    wave: tuple[float, float, float] = (0.0, 5000.0, 0.0)

    def offset(self, along: float) -> float:
        size, length, phase = self.wave
        return size * math.sin(2 * math.pi * along / length + phase)


@dataclass(frozen=True, slots=True)
class City:
    """What was written: counts for the summary and the tests."""

    junctions: int
    edges: int
    streets: int
    kilometres: float
    removed: int


class Plane:
    """Metres east and north of the south-west corner, and back."""

    def __init__(self, bbox: tuple[float, float, float, float]) -> None:
        self.west, self.south, east, north = bbox
        self._ky = math.radians(1) * EARTH_RADIUS_M
        self._kx = self._ky * math.cos(math.radians((self.south + north) / 2))
        self.width, self.height = (east - self.west) * self._kx, (north - self.south) * self._ky

    def metres(self, lon: float, lat: float) -> Pair:
        return (lon - self.west) * self._kx, (lat - self.south) * self._ky

    def degrees(self, x: float, y: float) -> Pair:
        return self.west + x / self._kx, self.south + y / self._ky
