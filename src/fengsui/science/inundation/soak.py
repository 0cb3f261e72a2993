"""Rain onto the grid and what seeps away (Horton 1940), in one pass over the cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from fengsui.science.inundation.threads import compiled

Sums = tuple[float, float, float]


def soak(h: Any, catch: Any, fell_m: float, soil: Any, fade: Any, last_m: float, more_m: float, kept: float) -> Sums:
    """Rain that came and water that went (sum of depths, m, float64), and the deepest cell afterwards.

    All (rows, columns) of one type: `catch` how many cells' rain a cell gets, `soil` its share that lets water in,
    `fade` e^(-k t) of its wet time, multiplied by `kept` where it is wet. In the interval `last_m` seeps in the end,
    and `more_m` more at the beginning.
    """
    kind = h.dtype.type
    came, went, top = _soaked(h.size, h, catch, kind(fell_m), soil, fade, kind(last_m), kind(more_m), kind(kept))
    return float(came.sum()), float(went.sum()), float(top.max())


def _soak(h: Any, catch: Any, fell: Any, soil: Any, fade: Any, last: Any, more: Any, kept: Any) -> Any:
    rows, columns = h.shape
    came, went, top = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    for r in prange(rows):
        put = gone = 0.0
        deepest = h[r, 0]
        for c in range(columns):
            before = h[r, c]
            wet = before + fell * catch[r, c]
            # What the type took of it: asked for and put in differ by rounding, and that is no lost water.
            put += np.float64(wet) - np.float64(before)
            now = wet - min(wet, (last + more * fade[r, c]) * soil[r, c])
            gone += np.float64(wet) - np.float64(now)
            if wet > 0:
                fade[r, c] *= kept
            h[r, c] = now
            deepest = max(deepest, now)
        came[r], went[r], top[r] = put, gone, deepest
    return came, went, top


_soaked = compiled(_soak)
