"""Rain onto the grid and what seeps away (Horton 1940; Green & Ampt 1911), in one pass over the cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import prange

from fengsui.science.compiling import njit
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
    return _sums(_by_time(h.size, h, catch, kind(fell_m), soil, fade, kind(last_m), kind(more_m), kind(kept)))


def soak_by_depth(
    h: Any, catch: Any, fell_m: float, soil: Any, seeped: Any, conducted_m: float, drawn_m: float
) -> Sums:
    """The same by Green and Ampt. `seeped` (rows, columns) float64: what has seeped so far where the soil is open.

    In the interval the soil conducts `conducted_m` (K dt); `drawn_m` is suction times deficit. Solved for the end of
    the interval, never from its start: at F = 0 the rate has no bound.
    """
    kind = h.dtype.type
    return _sums(_by_depth(h.size, h, catch, kind(fell_m), soil, seeped, float(conducted_m), float(drawn_m), 0.0))


def _sums(rows: Any) -> Sums:
    came, went, top = rows
    return float(came.sum()), float(went.sum()), float(top.max())


def _horton(wet: Any, share: Any, fade: Any, last: Any, more: Any, kept: Any) -> Any:
    """What a wet cell loses, and its fade afterwards."""
    return min(wet, (last + more * fade) * share), fade * kept


def _green_ampt(wet: Any, share: Any, seeped: Any, conducted: Any, drawn: Any, _none: Any) -> Any:
    """What a wet cell loses, and what its soil has taken afterwards."""
    if share <= 0:
        return 0.0, seeped
    # x - s ln((x + s) / (F + s)) = F + K dt; convex, so Newton comes down to it from above.
    x = conducted + np.sqrt(seeped * seeped + 2 * drawn * conducted)
    if drawn > 0 and x > 0:
        for _ in range(NEWTON):
            off = x - seeped - conducted - drawn * np.log((x + drawn) / (seeped + drawn))
            x = x - off * (x + drawn) / x
    taken = min(np.float64(wet), (x - seeped) * share)
    return taken, seeped + taken / share


def _over_cells(law: Callable[..., Any]) -> Callable[..., Any]:
    """The pass over the grid by one law of what a wet cell loses; `state` is what that law keeps of each cell."""
    loses = njit(law, error_model="numpy")

    def cells(h: Any, catch: Any, fell: Any, soil: Any, state: Any, one: Any, two: Any, three: Any) -> Any:
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
                if wet > 0:
                    taken, state[r, c] = loses(wet, soil[r, c], state[r, c], one, two, three)
                    h[r, c] = max(wet - taken, 0)
                    gone += np.float64(wet) - np.float64(h[r, c])
                deepest = max(deepest, h[r, c])
            came[r], went[r], top[r] = put, gone, deepest
        return came, went, top

    return compiled(cells)


_by_time, _by_depth = _over_cells(_horton), _over_cells(_green_ampt)
