"""Outfalls that lie on a flood's grid: the water above one is its stage; what leaves it stands on its cell, and what
comes back through it is taken from there.

Arrays over mouths; levels in metres above one datum; m3 out of the pipes positive.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fengsui.kernel.errors import Invalid
from fengsui.science.drainage.exchange import RELAXED, G, Values, damped
from fengsui.science.drainage.network import Network
from fengsui.science.drainage.project import Project, section
from fengsui.science.inundation.ground import Ground

CHANNEL_M2, OUTLET_M2 = 10.0, 1.0
"""Section taken for a shape that has no two sizes, and for a link that has no shape: only how soon water may come back
hangs on it."""
BANK_M = 0.15
"""Water on ground that lies above an outfall: from this depth on it is a flood over the ditch as well, below it a
street's puddle [U]: a kerb's height."""
HOLD_M = 0.1
"""A ditch that was full stays so until the water is so far below the sill: each time a stage rises SWMM fills half of
the last pipe with water that nobody gave."""
_LINKS = ("CONDUITS", "PUMPS", "ORIFICES", "WEIRS", "OUTLETS")


@dataclass(frozen=True, slots=True)
class Mouth:
    """An outfall, FREE in the project, that gives onto a cell. `sill_m`: level from which on the cell's water stands
    before it, the cell's bed where None.

    A sill above its bottom: it ends in a ditch that the grid does not have. It falls freely, and what leaves it is
    gone, until the cell's water stands above the sill: then the ditch is full, and all is as at a river.
    """

    node: str
    row: int
    column: int
    sill_m: float | None = None


def mouths(network: Network, ground: Ground, west_m: float, north_m: float) -> tuple[Mouth, ...]:
    """A mouth for each free outfall that lies on the grid, not at its edge nor under a building.

    `west_m`, `north_m`: the grid's corner on the network's plane. At the edge the water level is the edge's doing.
    """
    floor, (rows, columns), found = ground.floor_m(), ground.bed_m.shape, []
    for each in network.outfalls:
        row = int(np.floor((north_m - each.y_m) / ground.cell_m))
        column = int(np.floor((each.x_m - west_m) / ground.cell_m))
        inside = 0 < row < rows - 1 and 0 < column < columns - 1
        if each.stage_m is None and inside and not (ground.built is not None and ground.built[row, column]):
            bed = float(floor[row, column])
            found.append(Mouth(each.code, row, column, bed if bed <= each.invert_m else bed + BANK_M))
    return tuple(found)


def ends(project: Project, node: str) -> tuple[str, float]:
    """The node at the other end of an outfall's pipe, and the most its section can be, m2. Raises Invalid where the
    outfall has a stage of its own, or no pipe."""
    kinds = [words[2].upper() for words in section(project.inp, "OUTFALLS") if words[0] == node and len(words) > 2]
    if kinds != ["FREE"]:
        raise _refused(f"{node} is no outfall of kind FREE: the project has its own level for it")
    for name in _LINKS:
        for link, start, stop, *_ in (words for words in section(project.inp, name) if len(words) > 2):
            if node in (start, stop):
                return (start if stop == node else stop), _widest(project, link)
    raise _refused(f"no pipe leads to {node}")


def gated(project: Project) -> frozenset[str]:
    """Outfalls of kind FREE with a flap gate: SWMM lets nothing in by them, whatever stage they are held at."""
    return frozenset(
        words[0]
        for words in section(project.inp, "OUTFALLS")
        if len(words) > 3 and (words[2].upper(), words[3].upper()) == ("FREE", "YES")
    )


def _refused(why: str) -> Invalid:
    return Invalid("science.case.refused", field="mouths", why=why)


def _widest(project: Project, link: str) -> float:
    for words in section(project.inp, "XSECTIONS"):
        if words[0] == link and len(words) > 2:
            try:
                height, width = float(words[2]), float(words[3]) if len(words) > 3 else 0.0
                barrels = float(words[6]) if len(words) > 6 else 1.0
            except ValueError:  # an irregular section names its table
                return CHANNEL_M2
            return max(height * (width or height) * max(barrels, 1.0), 0.01)
    return OUTLET_M2


@dataclass(slots=True)
class Held:
    """Stages from one interval to the next, and what passed. `cell`: places among the cells that are exchanged with."""

    cell: npt.NDArray[np.intp]
    sill: Values
    invert: Values
    widest: Values
    stage: Values = field(init=False)
    touched: npt.NDArray[np.bool_] = field(init=False)
    over: npt.NDArray[np.bool_] = field(init=False)
    share: Values = field(init=False)
    step: Values = field(init=False)
    fall: Values = field(init=False)
    came: Values = field(init=False)
    """How far each stage stood above the pipe, and m3 that came back of it, in the last interval."""
    passed: Values = field(init=False)
    """m3 of each, onto its cell less back."""
    out: float = 0.0
    back: float = 0.0

    def __post_init__(self) -> None:
        count = len(self.cell)
        self.stage, self.touched, self.over = self.invert.copy(), np.zeros(count, bool), np.zeros(count, bool)
        self.share, self.step, self.passed = np.full(count, RELAXED), np.zeros(count), np.zeros(count)
        self.fall, self.came = np.zeros(count), np.zeros(count)

    def next(self, surface_m: Values, there_m3: Values, head_m: Values, interval_s: float) -> Values:
        """Stages to hold in the interval, NaN of those over which no water ever stood: the project's own.

        `surface_m`, `there_m3`: of the water on each cell, `there_m3` above the sill; `head_m`: at the pipes' other
        ends. A stage goes to the water's level by steps, smaller ones where they swing: what a pipe gives to a small
        cell raises it at once. And it stands above the pipe no more than drives in what there is (`_most`): SWMM asks
        nobody whether there is water before an outfall.
        """
        self.over = surface_m > self.sill - np.where(self.over & (self.sill > self.invert), HOLD_M, 0.0)
        wanted = np.where(self.over, np.maximum(surface_m, self.invert), self.invert)
        step = wanted - self.stage
        self.share = damped(self.share, self.step, step)
        self.step, pipe = step, np.maximum(head_m, self.invert)
        most = self._most(np.maximum(there_m3, 0.0), interval_s)
        self.stage = np.minimum(self.stage + self.share * step, pipe + most)
        self.fall, self.came = np.maximum(self.stage - pipe, 0.0), np.zeros(len(pipe))
        self.touched |= self.over & (surface_m > self.invert)
        return np.where(self.touched, self.stage, np.nan)

    def _most(self, there_m3: Values, interval_s: float) -> Values:
        """The fall that drives no more than `there_m3` in: without friction, or by what the last one drove, which is
        as its root, or as itself where a pipe is rough and long; twice as much at the most."""
        free = (there_m3 / (self.widest * interval_s)) ** 2 / (2 * G)
        more = np.divide(there_m3, self.came, out=np.zeros_like(free), where=self.came > 0)
        return np.maximum(free, self.fall * np.where(more < 1, more**2, np.minimum(more, 2.0)))

    def booked(self, left_m3: Values, back_m3: Values) -> Values:
        """m3 that each cell gets of what left and came back: all, but for what leaves a ditch that is not full."""
        onto = np.where(~self.over & (self.sill > self.invert), 0.0, left_m3)
        self.passed += onto - back_m3
        self.came = self.came + back_m3
        self.out += float(onto.sum())
        self.back += float(back_m3.sum())
        return onto - back_m3
