"""What a flood is asked of: ground and all water that comes and goes, for how long, how exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fengsui.science.contract import within
from fengsui.science.inundation.ground import Edge, GreenAmpt, Ground, Horton, Pool, Source, Values, Wall
from fengsui.science.inundation.town import Buildings, Road

Precision = Literal["float32", "float64"]
PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
Scheme = Literal["inertial", "godunov"]
SCHEMES: tuple[Scheme, ...] = ("inertial", "godunov")


@dataclass(frozen=True, slots=True)
class Rain:
    """`depth_m` of each interval between `edges_s` (one more); evenly within an interval, everywhere alike."""

    edges_s: Values
    depth_m: Values

    def __post_init__(self) -> None:
        if self.edges_s.shape != (len(self.depth_m) + 1,) or (np.diff(self.edges_s) <= 0).any():
            raise ValueError("edges_s rise and are one more than depth_m")
        within("depth_m", float(self.depth_m.min()), 0.0, 1.0, unit="m", why="rain falls")

    def between(self, start_s: float, stop_s: float) -> float:
        total = np.concatenate([[0.0], np.cumsum(self.depth_m)])
        return float(np.diff(np.interp([start_s, stop_s], self.edges_s, total))[0])


@dataclass(frozen=True, slots=True)
class Flood:
    """`depth_m`: water at the start (rows, columns). `pervious`: share of each cell that lets water in, all where None.

    `points`: (row, column) whose depth is kept at each look; `debris` 0.5 on fields, 1 in streets [G]. `scheme`:
    "inertial" (A) for districts and slow water, "godunov" (B) for breaches, steep and fast water, some times as dear;
    `order` 1 or 2 is B's. `roads` and `buildings`: whose cut and whose water at the wall are told.
    """

    ground: Ground
    until_s: float
    rain: Rain | None = None
    edges: tuple[Edge, ...] = ()
    sources: tuple[Source, ...] = ()
    walls: tuple[Wall, ...] = ()
    pools: tuple[Pool, ...] = ()
    horton: Horton | None = None
    green_ampt: GreenAmpt | None = None
    pervious: Values | None = None
    depth_m: Values | None = None
    points: tuple[tuple[int, int], ...] = ()
    look_s: float = 10.0
    debris: float = 0.5
    precision: Precision = "float32"
    roads: tuple[Road, ...] = ()
    buildings: Buildings | None = None
    scheme: Scheme = "inertial"
    order: int = 2

    def __post_init__(self) -> None:
        within("until_s", self.until_s, 1.0, 30 * 86_400.0, unit="s", why="longer floods are a river's")
        within("look_s", self.look_s, 1.0, 3600.0, unit="s", why="what happens between two looks is not seen")
        if self.precision not in PRECISIONS:
            raise ValueError(f"no precision {self.precision}")
        if self.scheme not in SCHEMES or self.order not in (1, 2):
            raise ValueError(f"no scheme {self.scheme} of order {self.order}")
        rows, columns = self.ground.bed_m.shape
        if self.horton is not None and self.green_ampt is not None:
            raise ValueError("water seeps away by Horton or by Green and Ampt, not by both")
        for each in (self.pervious, self.depth_m):
            if each is not None and (each.shape != (rows, columns) or not np.isfinite(each).all()):
                raise ValueError("depth and pervious share are numbers of the shape of the bed")
        if self.depth_m is not None:
            within("depth_m", float(self.depth_m.min()), 0.0, None, unit="m", why="no water is the least there is")
        if self.pervious is not None:
            within("pervious", float(self.pervious.min()), 0.0, 1.0, why="it is a share")
            within("pervious", float(self.pervious.max()), 0.0, 1.0, why="it is a share")
        if self.buildings is not None and self.buildings.ids.shape != (rows, columns):
            raise ValueError("the buildings' numbers are of the shape of the bed")
        for pool in self.pools:
            if pool.where.shape != (rows, columns):
                raise ValueError("a pool is of the shape of the bed")
        for wall in self.walls:
            across, length = (columns, rows) if wall.along == "column" else (rows, columns)
            if wall.at >= across or wall.stop > length:
                raise ValueError("a wall lies outside of the grid")
        for row, column in (*self.points, *((each.row, each.column) for each in self.sources)):
            if not (0 <= row < rows and 0 <= column < columns):
                raise ValueError(f"({row}, {column}) lies outside of the grid")
