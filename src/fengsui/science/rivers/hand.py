"""Height above the nearest drainage: where a river that stands so high would reach, in a second instead of a run.

Priority-flood (Barnes, Lehman & Mulla 2014) visits cells from the edge inwards, lowest first; the cell from which one
is reached is the one it drains to (D8, pits flow out over their spill). Streams are cells that drain more than an area.
HAND (Nobre et al. 2011) is a cell's height over the stream cell it drains to. A level's mask holds only what is
connected to the stream. It knows no hydraulics: no backwater, no walls thinner than a cell, no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from fengsui.kernel.terms import Term
from fengsui.science.compiling import njit
from fengsui.science.contract import Model, Remark, Var, within
from fengsui.science.rivers.station import Marks, Values

Cells = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Terrain:
    """`bed_m` (rows, columns), NaN outside; cells of `cell_m`. Streams drain `stream_m2` or more; the river stands
    `stage_m` above its bed. `stream`: cells of a river that is known from a map."""

    bed_m: Values
    cell_m: float
    stream_m2: float
    stage_m: float
    stream: Marks | None = None

    def __post_init__(self) -> None:
        within("cell_m", self.cell_m, 0.1, 1000.0, unit="m", why="cells of a terrain model")
        within("stream_m2", self.stream_m2, self.cell_m**2, None, unit="m2", why="a stream drains a cell or more")
        within("stage_m", self.stage_m, 0.0, 100.0, unit="m", why="a river above its bed")
        if self.bed_m.ndim != 2 or not np.isfinite(self.bed_m).any():
            raise ValueError("bed_m is a grid with heights")
        if self.stream is not None and self.stream.shape != self.bed_m.shape:
            raise ValueError("stream has the shape of bed_m")


@njit(error_model="numpy")
def _flood(bed: Values, known: Marks, to: Cells, order: Cells) -> int:
    """For each cell the one it drains to (itself at the edge), and cells in the order of the visit; how many."""
    rows, columns = bed.shape
    seen = np.zeros(bed.shape, np.bool_)
    heap = [(np.float64(0.0), np.int64(0))]
    heap.pop()
    for r in range(rows):
        for c in range(columns):
            if np.isnan(bed[r, c]):
                continue
            edge = known[r, c] or r in (0, rows - 1) or c in (0, columns - 1)
            for dr in range(-1, 2):
                for dc in range(-1, 2):
                    edge = edge or np.isnan(bed[r + dr, c + dc])  # inside, or the edge is known already
            if edge:
                heap.append((bed[r, c], np.int64(r * columns + c)))
                seen[r, c] = True
                to[r, c] = r * columns + c
    heapify(heap)
    done = 0
    while len(heap) > 0:
        level, at = heappop(heap)
        order[done] = at
        done += 1
        r, c = at // columns, at % columns
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                a, b = r + dr, c + dc
                if 0 <= a < rows and 0 <= b < columns and not seen[a, b] and not np.isnan(bed[a, b]):
                    seen[a, b] = True
                    to[a, b] = at
                    heappush(heap, (max(level, bed[a, b]), np.int64(a * columns + b)))
    # A cell may have been reached from beside, and the map's edge from nowhere; where lower neighbours were visited
    # earlier, water takes the steepest way to one of them.
    place = np.full(rows * columns, -1, np.int64)
    for k in range(done):
        place[order[k]] = k
    for k in range(done):
        at = order[k]
        r, c = at // columns, at % columns
        if known[r, c]:
            continue
        best = 0.0
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                a, b = r + dr, c + dc
                if (dr != 0 or dc != 0) and 0 <= a < rows and 0 <= b < columns:
                    near = a * columns + b
                    if 0 <= place[near] < k:
                        drop = (bed[r, c] - bed[a, b]) / np.sqrt(float(dr * dr + dc * dc))
                        if drop > best:
                            best, to[r, c] = drop, near
    return done


@njit(error_model="numpy")
def _drain(
    bed: Values, known: Marks, to: Cells, order: Cells, count: int, least: float, hand: Values, cells: Values
) -> None:
    """Cells drained by each (itself among them), and height over the stream it drains to, NaN without one."""
    flat, target, height, below = bed.ravel(), to.ravel(), hand.ravel(), cells.ravel()
    stream = known.ravel()
    for k in range(count):
        below[order[k]] = 1.0
    for k in range(count - 1, -1, -1):
        at = order[k]
        if target[at] != at:
            below[target[at]] += below[at]
    base = np.full(len(flat), np.nan)
    for k in range(count):
        at = order[k]
        base[at] = flat[at] if stream[at] or below[at] >= least else (base[target[at]] if target[at] != at else np.nan)
        height[at] = max(flat[at] - base[at], 0.0) if base[at] == base[at] else np.nan


def heights(bed: Values, cell_m: float, stream_m2: float, stream: Marks | None = None) -> tuple[Values, Values, Marks]:
    """HAND in m (NaN where no stream is reached), drained area in m2, stream cells; all of the shape of `bed`.

    `stream`: cells of a river that is known (a map's), to which all drain beside those that drain `stream_m2`.
    """
    bed = np.ascontiguousarray(bed, np.float64)
    known = np.zeros(bed.shape, bool) if stream is None else np.ascontiguousarray(stream) & np.isfinite(bed)
    to, order = np.full(bed.shape, -1, np.int64), np.empty(bed.size, np.int64)
    count = _flood(bed, known, to, order)
    hand, cells = np.full(bed.shape, np.nan), np.full(bed.shape, np.nan)
    _drain(bed, known, to, order, count, stream_m2 / cell_m**2, hand, cells)
    with np.errstate(invalid="ignore"):
        return hand, cells * cell_m**2, known | (cells >= stream_m2 / cell_m**2)


def mask(hand: Values, stream: Marks, stage_m: float) -> Marks:
    """Cells under water when streams stand `stage_m` over their bed: lower than that and connected (8 ways) to one."""
    with np.errstate(invalid="ignore"):
        low = np.isfinite(hand) & (hand <= stage_m)
    patches, _ = label(low, np.ones((3, 3)))
    held = np.unique(patches[stream & low])
    return np.isin(patches, held[held > 0])


def overlap(said: Marks, was: Marks) -> float:
    """Critical success index: cells of both over cells of either; NaN where neither has any."""
    either = int((said | was).sum())
    return int((said & was).sum()) / either if either else np.nan


ONLY_HEIGHTS = Remark(
    "hand.heights", "仅按高差推算，未计水力过程、回水与时间", "Heights only: no hydraulics, no backwater, no time", "V"
)


def _compute(asked: Terrain) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    hand, drained, stream = heights(asked.bed_m, asked.cell_m, asked.stream_m2, asked.stream)
    wet = mask(hand, stream, asked.stage_m)
    return {"hand_m": hand, "drained_m2": drained, "wet": wet}, (ONLY_HEIGHTS,)


GRID = ("row", "column")
MODEL = Model(
    code="hand",
    version="1",
    term=Term("hand", "距最近河道高差", "height above the nearest drainage"),
    inputs=Terrain,
    variables=(
        Var("hand_m", "m", GRID, "out", "height over the stream a cell drains to"),
        Var("drained_m2", "m2", GRID, "out", "area that drains through a cell"),
        Var("wet", "1", GRID, "out", "under water at that stage", "bool"),
    ),
    compute=_compute,
    verified=True,
    papers=("Barnes, Lehman & Mulla 2014, Comput. Geosci. 62", "Nobre et al. 2011, J. Hydrol. 404"),
)
