"""What came: the value at a moment, the moment of a line, what could have been said without a model.

Times are int64 microseconds since 1970 UTC, oldest first; values float64 in the stream's unit. A silence longer than
`gap_us` is a gap: nothing is interpolated across it, and what happened in it is not known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

DAMPING = 0.8
"""Share of the last slope that the damped trend believes, as in the notes on water, section 8 [V: measured there]."""


def value_at(at: Times, value: Values, wanted: Times, gap_us: int) -> Values:
    """The value at each wanted moment, shape of `wanted`: linear between the readings around it; NaN in a gap, before
    the first reading and after the last one."""
    if not len(at):
        return np.full(len(wanted), np.nan)
    right = np.searchsorted(at, wanted)
    inside = right < len(at)
    right = np.minimum(right, len(at) - 1)
    left = np.where(at[right] == wanted, right, right - 1)
    known = inside & (left >= 0)
    left = np.maximum(left, 0)
    apart = at[right] - at[left]
    share = (wanted - at[left]) / np.maximum(apart, 1)
    found = value[left] + share * (value[right] - value[left])
    return np.where(known & (apart <= gap_us), found, np.nan)


def damped_trend(at: Times, value: Values, lead_us: Times) -> Values:
    """0.8 L times the mean of the last two steps on top of the last value, shape of `lead_us`.

    at, value: what was known when the forecast was issued. With fewer than three readings no slope is known: the last
    value stays.
    """
    if len(at) < 3 or at[-1] <= at[-3]:
        return np.full(len(lead_us), value[-1])
    slope = (value[-1] - value[-3]) / (at[-1] - at[-3])
    return np.asarray(value[-1] + DAMPING * slope * lead_us, np.float64)


def is_rising(
    at: Times, value: Values, issued: Times, over_us: int, least: float, gap_us: int
) -> npt.NDArray[np.bool_]:
    """Whether the value had risen by more than `least` in the `over_us` before each moment of issue.

    Known when the forecast was made. A rising limb chosen by what came afterwards would praise whoever always cries
    flood (Lerch et al. 2017, "Forecaster's dilemma", doi 10.1214/16-STS588).
    """
    rise = value_at(at, value, issued, gap_us) - value_at(at, value, issued - over_us, gap_us)
    return np.asarray(np.nan_to_num(rise, nan=0.0) > least)


def upcrossings(at: Times, value: Values, line: float, gap_us: int) -> Times:
    """Moments at which the value came to the line from below: linear between the two readings; the later reading's own
    moment where they lie further apart than a gap."""
    i = np.flatnonzero((value[:-1] < line) & (value[1:] >= line))
    rise, apart = value[i + 1] - value[i], at[i + 1] - at[i]
    share = np.where(apart > gap_us, 1.0, (line - value[i]) / rise)
    return np.asarray(at[i] + np.ceil(share * apart).astype(np.int64), np.int64)


def first_in(moments: Times, after: int, until: int) -> int | None:
    """The first of sorted moments in (after, until]; None where there is none."""
    k = int(np.searchsorted(moments, after, side="right"))
    return int(moments[k]) if k < len(moments) and moments[k] <= until else None


def was_heard(at: Times, low: int, high: int, gap_us: int) -> bool:
    """Whether readings cover [low, high] without a gap, both ends included."""
    first, last = int(np.searchsorted(at, low, side="right")) - 1, int(np.searchsorted(at, high))
    if first < 0 or last >= len(at):
        return False
    return bool(np.all(np.diff(at[first : last + 1]) <= gap_us))
