"""Tipping buckets: a tip is an amount that has been gathered since the last one, not a spike at its moment.

Silence is dry or dead: nothing here fills it with zeros beyond what a tip covers; neighbours and the heartbeat decide.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import within

Values = npt.NDArray[np.float64]
LONGEST_S = 600.0
"""No tip is spread over more: whatever fell before belongs to an earlier shower. [G]"""


def spread(at: Values, amount: Values, edges: Values, *, longest_s: float = LONGEST_S) -> Values:
    """Rain of each interval, the unit of `amount`, shape (len(edges) - 1,).

    at: seconds of the tips, rising, shape (n,). amount: of each tip. edges: seconds, rising. What lies outside of the
    edges is left out; inside nothing is lost. Raises OutOfRange for times that do not rise or an amount below 0.
    """
    if len(at) == 0:
        return np.zeros(len(edges) - 1)
    why = "tips come one after the other"
    within("at", float(np.min(np.diff(at), initial=np.inf)) if len(at) > 1 else 0.0, 0.0, None, unit="s", why=why)
    within("amount", float(np.min(amount)), 0.0, None, why="a bucket cannot take rain away")
    since = np.minimum(np.diff(at, prepend=at[0] - longest_s), longest_s)
    # Two tips at one moment: the second has no time of its own and keeps to the moment.
    start = at - since
    knots = np.empty(2 * len(at))
    knots[0::2], knots[1::2] = start, at
    total = np.empty(2 * len(at))
    total[1::2] = np.cumsum(amount)
    total[0::2] = np.r_[0.0, total[1:-1:2]]
    right = np.searchsorted(knots, edges, side="right")
    left = np.clip(right - 1, 0, None)
    after = np.clip(right, None, len(knots) - 1)
    width = knots[after] - knots[left]
    share = np.divide(edges - knots[left], width, out=np.zeros(len(edges)), where=width > 0)
    gathered = total[left] + np.clip(share, 0.0, 1.0) * (total[after] - total[left])
    gathered[edges < knots[0]] = 0.0
    gathered[edges >= knots[-1]] = total[-1]
    return np.asarray(np.diff(gathered), np.float64)
