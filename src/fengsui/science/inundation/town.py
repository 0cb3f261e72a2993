"""What stands in the way of a flood: roads that are cut, buildings it reaches and the people in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import within
from fengsui.science.inundation.ground import Values

VEHICLES = {"car": 0.25, "lorry": 0.5}
"""Depth (m) from which on a road is cut for a kind of vehicle, levels whose arrival is kept: a small car stalls or
floats at a quarter to a third of a metre, a fire engine passes half a metre at a walk. General knowledge [G]; where
water runs fast less is enough, and the hazard rating says so."""
REACHED_M = 0.15
"""Depth at a building's wall that counts as reached: a usual step at the door. [G]"""


@dataclass(frozen=True, slots=True)
class Road:
    """A line over the grid by its corners, in cells from the north-west one: (0.5, 0.5) is the first cell's middle."""

    name: str
    rows: Values
    columns: Values

    def __post_init__(self) -> None:
        if self.rows.shape != self.columns.shape or self.rows.ndim != 1 or len(self.rows) < 2:
            raise ValueError(f"road {self.name}: rows and columns are of one length, at least 2")
        if not (np.isfinite(self.rows).all() and np.isfinite(self.columns).all()):
            raise ValueError(f"road {self.name}: its corners are numbers")

    def cells(self, shape: tuple[int, int]) -> npt.NDArray[np.intp]:
        """Flat places of the cells it runs over, each once; what lies outside of the grid is left out."""
        steps = np.hypot(np.diff(self.rows), np.diff(self.columns))
        along = np.concatenate([[0.0], np.cumsum(steps)])
        at = np.linspace(0.0, along[-1], max(2, int(np.ceil(along[-1] * 8)) + 1))  # eight looks a cell
        places = [np.floor(np.interp(at, along, each)).astype(np.intp) for each in (self.rows, self.columns)]
        inside = (places[0] >= 0) & (places[0] < shape[0]) & (places[1] >= 0) & (places[1] < shape[1])
        return np.unique(places[0][inside] * shape[1] + places[1][inside])


@dataclass(frozen=True, slots=True)
class Buildings:
    """`ids` (rows, columns): number of the building on each cell from 1 on, 0 where none is. `people` in each."""

    ids: Values
    people: Values

    def __post_init__(self) -> None:
        if not (np.isfinite(self.ids).all() and (self.ids == np.round(self.ids)).all()):
            raise ValueError("a building's number is a whole one")
        within("ids", float(self.ids.min()), 0, None, why="0 is no building")
        within("ids", float(self.ids.max()), 0, len(self.people), why="every building has its people")
        if len(self.people):
            within("people", float(self.people.min()), 0, None, why="they are counted")


def cut(arrival_s: npt.NDArray[np.float32], levels_m: tuple[float, ...], roads: tuple[Road, ...]) -> Values:
    """Seconds until each road is cut somewhere along it, (vehicles, roads); infinite: never.

    `arrival_s` (levels, rows, columns) as the run keeps it.
    """
    shape = arrival_s.shape[1:]
    times = np.full((len(VEHICLES), len(roads)), np.inf)
    for vehicle, limit in enumerate(VEHICLES.values()):
        came = arrival_s[levels_m.index(limit)].ravel()
        for number, road in enumerate(roads):
            times[vehicle, number] = came[road.cells((shape[0], shape[1]))].min(initial=np.inf)
    return times


def walls(depth_m: npt.NDArray[np.float32], buildings: Buildings) -> Values:
    """Deepest water at each building: on its cells and on the four neighbours of each of them, m."""
    ids, count = buildings.ids.astype(np.intp), len(buildings.people)
    deepest = np.zeros(count + 1)
    padded = np.pad(depth_m.astype(np.float64), 1)
    inner = slice(1, -1)
    for rows, columns in ((inner, inner), (slice(None, -2), inner), (slice(2, None), inner), (inner, slice(None, -2)),
                          (inner, slice(2, None))):  # fmt: skip
        np.maximum.at(deepest, ids, padded[rows, columns])
    return deepest[1:]
