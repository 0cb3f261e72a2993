"""A flood under way by scheme B: ground, water, looks and account as in scheme A, momentum kept by cell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from fengsui.science.inundation import godunov_fused as fused
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.ground import SIDES
from fengsui.science.inundation.plain import INFLOW, LEVEL, G
from fengsui.science.inundation.run import EDGES, SHALLOWEST_M, TILE, Run
from fengsui.science.inundation.threads import compiled

DRY_M = 1e-4
"""Nothing moves below it. A millimetre, as in scheme A, holds the front of a flood on dry ground back."""
COURANT = 0.45
"""Share of a cell that the fastest wave crosses in a step: above a half, two faces could empty a cell."""


class Godunov(Run):
    """`px`, `py` (rows, columns), m2/s to the east and the south. `qx`, `qy`: the water that crossed the faces."""

    def __init__(self, flood: Flood) -> None:
        super().__init__(flood)
        self.dry = DRY_M
        self.step = fused.step_of(self.kind)
        self.px, self.py = np.zeros_like(self.h), np.zeros_like(self.h)
        self.spare = [np.zeros_like(self.h) for _ in range(3)]
        rows, columns = self.h.shape
        self.room, self.deepest, self.swiftest = fused.room(rows, columns, self.kind)

    def _longest(self) -> float:
        """What comes in through an edge may be faster than anything on the grid."""
        fastest = max(float(self.swiftest.max()), math.sqrt(G * max(self.raised, SHALLOWEST_M)))
        for each in self.flood.edges:
            side, bed = SIDES.index(each.side), self.z[EDGES[each.side]]
            codes, values = self.codes[side, : len(bed)], self.values[side, : len(bed)]
            high = float(np.max(values - bed, where=codes == LEVEL, initial=0.0))
            flow = float(np.max(values, where=codes == INFLOW, initial=0.0))
            fastest = max(fastest, 2 * math.sqrt(G * high), 2 * (G * flow) ** (1 / 3))
        return COURANT * self.dx / fastest

    def _forward(self, dt: float) -> None:
        state = [self.h, self.px, self.py]
        self.step(
            len(self.tiles) * TILE, *state, *self.spare, self.qx, self.qy, self.z, self.n, self.codes, self.values,
            bool(self.flood.walls), self.cx, self.cy, self.tiles, self.room, self.deepest, self.swiftest,
            *map(self.kind, (dt, self.dx, self.dry)), self.flood.order,
        )  # fmt: skip
        (self.h, self.px, self.py), self.spare = self.spare, state

    def _soak(self) -> None:
        """What seeps or is pumped away takes its momentum along; rain brings none."""
        taken = self.flood.horton is not None or self.flood.green_ampt is not None or bool(self.flood.sources)
        before = self.h.copy() if taken else None
        super()._soak()
        if before is not None:
            _calm(self.h.size, self.h, before, self.px, self.py)

    def _lull(self, tile: int) -> None:
        rows, columns = self._place(tile)
        self.spare[0][rows, columns] = self.h[rows, columns]
        for each in (self.px, self.py, *self.spare[1:], self.qx, self.qy):
            each[rows, columns] = 0


def _calmed(h: Any, before: Any, px: Any, py: Any) -> None:
    for r in prange(h.shape[0]):
        for c in range(h.shape[1]):
            if h[r, c] < before[r, c]:
                part = h[r, c] / before[r, c]
                px[r, c] *= part
                py[r, c] *= part


_calm = compiled(_calmed)
