"""What a flood is asked of: ground, edges, rain, what seeps away. Frozen, in SI units; wrong ones cannot be built.

Row 0 lies in the north, column 0 in the west. A discharge across a face is positive to the east and to the south.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import within

Values = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Side = Literal["west", "east", "north", "south"]
Kind = Literal["normal", "level", "inflow"]
SIDES: tuple[Side, ...] = ("west", "east", "north", "south")


@dataclass(frozen=True, slots=True)
class Series:
    """`values` at `time_s`, straight lines between them, the ends held. Times rise."""

    time_s: Values
    values: Values

    def __post_init__(self) -> None:
        if self.time_s.shape != self.values.shape or self.time_s.ndim != 1 or not len(self.time_s):
            raise ValueError("time_s and values are of one length, at least 1")
        if not (np.isfinite(self.time_s).all() and np.isfinite(self.values).all()):
            raise ValueError("a series holds numbers only")
        if (np.diff(self.time_s) <= 0).any():
            raise ValueError("times of a series rise")

    def at(self, time_s: float) -> float:
        return float(np.interp(time_s, self.time_s, self.values))


def steady(value: float) -> Series:
    return Series(np.zeros(1), np.full(1, float(value)))


@dataclass(frozen=True, slots=True)
class Edge:
    """Faces `start` to `stop` (rows or columns, stop excluded, None the end) of one side that are open.

    `normal`: out of the grid as uniform flow down the slope `series` (m/m). `level`: water stands outside at `series`
    (m, datum of the bed). `inflow`: `series` m3/s through all faces together, shared by h^(5/3).
    """

    side: Side
    kind: Kind
    series: Series
    start: int = 0
    stop: int | None = None

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise ValueError(f"no side {self.side}")
        if self.kind not in ("normal", "level", "inflow"):
            raise ValueError(f"no kind of edge {self.kind}")
        if self.kind != "level":
            within(self.kind, float(self.series.values.min()), 0.0, None, why="water is not drawn in through an edge")


@dataclass(frozen=True, slots=True)
class Horton:
    """What seeps away, m/s, by the time t a cell was wet: f = fc + (f0 - fc) e^(-k t) (Horton 1940)."""

    first_m_s: float
    last_m_s: float
    decay_1_s: float

    def __post_init__(self) -> None:
        within("last_m_s", self.last_m_s, 0.0, 1e-3, unit="m/s", why="faster soil is a hole")
        within("first_m_s", self.first_m_s, self.last_m_s, 1e-3, unit="m/s", why="infiltration falls with time")
        within("decay_1_s", self.decay_1_s, 0.0, 1.0, unit="1/s", why="it is a rate of hours, not of seconds")


@dataclass(frozen=True, slots=True)
class GreenAmpt:
    """What seeps away by what has: f = K (1 + psi dtheta / F), F what has seeped so far (Green & Ampt 1911).

    `conductivity_m_s` K of the wet soil; `suction_m` psi at the wetting front; `deficit` dtheta, pores that hold air.
    """

    conductivity_m_s: float
    suction_m: float
    deficit: float

    def __post_init__(self) -> None:
        within("conductivity_m_s", self.conductivity_m_s, 0.0, 1e-3, unit="m/s", why="faster soil is a hole")
        within("suction_m", self.suction_m, 0.0, 5.0, unit="m", why="no soil draws more")
        within("deficit", self.deficit, 0.0, 0.7, why="no soil holds more air")


@dataclass(frozen=True, slots=True)
class Source:
    """Water put in (negative: taken out) at one cell, m3/s; no more is taken than there is."""

    row: int
    column: int
    series: Series


@dataclass(frozen=True, slots=True)
class Pool:
    """Cells (`where` True, of the shape of the bed) in which water is held at `level_m` (m, datum of the bed):
    a river or a lake that the flood does not draw down. Where the bed lies higher there is none."""

    where: Marks
    level_m: Series

    def __post_init__(self) -> None:
        if self.where.dtype != np.bool_ or not self.where.any():
            raise ValueError("a pool has cells")


@dataclass(frozen=True, slots=True)
class Wall:
    """A straight wall or levee on a line of the grid, its top at `crest_m` (m, datum of the bed); a breach is a crest
    that falls. `along` "column": west of column `at`, rows `start` to `stop` (excluded); "row": north of row `at`."""

    along: Literal["column", "row"]
    at: int
    start: int
    stop: int
    crest_m: Series

    def __post_init__(self) -> None:
        if self.along not in ("column", "row") or self.at < 1 or not 0 <= self.start < self.stop:
            raise ValueError("a wall runs along a column or a row, from one place to a later one, inside of the grid")


@dataclass(frozen=True, slots=True)
class Underpass:
    """Cells whose terrain shows the deck above and not the road below: rows `top` to `bottom`, columns `left` to
    `right` (ends excluded) lie at `bed_m`. A ramp is several of them. Without it the worst place stays dry."""

    top: int
    bottom: int
    left: int
    right: int
    bed_m: float

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom and 0 <= self.left < self.right):
            raise ValueError("an underpass has rows and columns")


@dataclass(frozen=True, slots=True)
class Ground:
    """`bed_m` (rows, columns) metres above a datum; `manning` s/m^(1/3), same shape; `built` True where a building
    stands: no water through it, and its rain runs to the nearest open ground. `underpasses`: district data, lowered."""

    bed_m: Values
    manning: Values
    cell_m: float
    built: Marks | None = None
    underpasses: tuple[Underpass, ...] = ()

    def __post_init__(self) -> None:
        if self.bed_m.ndim != 2 or min(self.bed_m.shape) < 2:
            raise ValueError("the bed has two axes of at least two cells")
        if self.manning.shape != self.bed_m.shape or (self.built is not None and self.built.shape != self.bed_m.shape):
            raise ValueError("bed, roughness and buildings are of one shape")
        within("cell_m", self.cell_m, 0.1, 1000.0, unit="m", why="smaller or larger cells were never tried")
        open_ground = self.bed_m if self.built is None else self.bed_m[~self.built]
        if not open_ground.size or not np.isfinite(open_ground).all():
            raise ValueError("the bed has a height wherever no building stands; fill the holes of the terrain first")
        within("manning", float(self.manning.min()), 0.0, None, unit="s/m^(1/3)", why="friction slows")
        within("manning", float(self.manning.max()), 0.0, 1.0, unit="s/m^(1/3)", why="rougher ground is a wall")
        for each in self.underpasses:
            here = np.s_[each.top : each.bottom, each.left : each.right]
            if each.bottom > self.bed_m.shape[0] or each.right > self.bed_m.shape[1]:
                raise ValueError("an underpass lies outside of the grid")
            if self.built is not None and self.built[here].any():
                raise ValueError("an underpass lies below a building: no water would get in")
            if not (np.isfinite(each.bed_m) and each.bed_m <= float(self.bed_m[here].min())):
                raise ValueError("an underpass lies below the terrain")

    def floor_m(self) -> Values:
        """The bed with its underpasses lowered."""
        floor = self.bed_m.copy()
        for each in self.underpasses:
            floor[each.top : each.bottom, each.left : each.right] = each.bed_m
        return floor
