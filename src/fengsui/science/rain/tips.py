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


def heard(at: Values, amount: Values, edges: Values, *, gap_s: float, period_s: float = 0.0) -> Values:
    """Rain of each interval, the unit of `amount`, shape (len(edges) - 1,); NaN where it is not wholly known.

    at: seconds of readings, rising; amount: what fell since the reading before, NaN where that is not believed. Each is
    spread over the time since then. After a silence longer than `gap_s` nobody knows what time a reading speaks of, or
    whether it was dry. period_s: a reading within a quarter of this of a moment that lies whole periods before the last
    edge is of that moment, so that a clock which jitters makes no trace of a shower in the step before it.
    """
    if period_s > 0:
        nearest = edges[-1] + np.rint((at - edges[-1]) / period_s) * period_s
        at = np.where(np.abs(at - nearest) < 0.25 * period_s, nearest, at)
    if len(at) < 2:
        return np.full(len(edges) - 1, np.nan)
    since = np.diff(at)
    known = (since <= gap_s) & np.isfinite(amount[1:])
    fell = np.interp(edges, at, np.r_[0.0, np.cumsum(np.where(known, amount[1:], 0.0))])
    covered = np.interp(edges, at, np.r_[0.0, np.cumsum(np.where(known, since, 0.0))])
    whole = np.diff(covered) >= 0.999 * np.diff(edges)
    return np.asarray(np.where(whole, np.diff(fell), np.nan), np.float64)
