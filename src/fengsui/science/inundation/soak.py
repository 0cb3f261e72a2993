"""Rain onto the grid and what seeps away (Horton 1940; Green & Ampt 1911), in one pass over the cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from fengsui.science.inundation.threads import compiled

NEWTON = 4
"""Steps that leave less than a millionth of what seeps in the interval."""
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


def soak_by_depth(
    h: Any, catch: Any, fell_m: float, soil: Any, seeped: Any, conducted_m: float, drawn_m: float
) -> Sums:
    """The same by Green and Ampt. `seeped` (rows, columns) float64: what has seeped so far where the soil is open.

    In the interval the soil conducts `conducted_m` (K dt); `drawn_m` is suction times deficit. Solved for the end of
    the interval, never from its start: at F = 0 the rate has no bound.
    """
    kind = h.dtype.type
    came, went, top = _soaked_by_depth(h.size, h, catch, kind(fell_m), soil, seeped, float(conducted_m), float(drawn_m))
    return float(came.sum()), float(went.sum()), float(top.max())


def _by_depth(h: Any, catch: Any, fell: Any, soil: Any, seeped: Any, conducted: Any, drawn: Any) -> Any:
    rows, columns = h.shape
    came, went, top = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    for r in prange(rows):
        put = gone = 0.0
        deepest = h[r, 0]
        for c in range(columns):
            before = h[r, c]
            wet = before + fell * catch[r, c]
            put += np.float64(wet) - np.float64(before)
            now = wet
            if wet > 0 and soil[r, c] > 0:
                old = seeped[r, c]
                # x - s ln((x + s) / (F + s)) = F + K dt; convex, so Newton comes down to it from above.
                x = conducted + np.sqrt(old * old + 2 * drawn * conducted)
                for _ in range(NEWTON):
                    off = x - old - conducted - drawn * np.log((x + drawn) / (old + drawn)) if drawn > 0 else 0.0
                    x = x - off * (x + drawn) / x if x > 0 else x
                taken = min(np.float64(wet), (x - old) * soil[r, c])
                now = max(wet - taken, 0.0)
                seeped[r, c] = old + taken / soil[r, c]
            h[r, c] = now
            gone += np.float64(wet) - np.float64(h[r, c])
            deepest = max(deepest, h[r, c])
        came[r], went[r], top[r] = put, gone, deepest
    return came, went, top


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
_soaked_by_depth = compiled(_by_depth)
