"""What a forecast looks at, one row of numbers a step: all differences, so that a model of one size fits another.

The same functions make all rows of a history and the last row of a stream. `level` rows: changes of the level over the
station's lags, how far it stands over its usual height, and at tidal gauges what the level did one and two tides ago
over the coming lead. Input rows: rain of doubling windows, changes of upstream series and how far they stand off.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fengsui.science.rivers.station import Station, Values

Rows = npt.NDArray[np.intp]
GAP_STEPS = 6
"""Gaps of a level up to so many steps are bridged by a line, once both ends are known."""
HOLD_S = 3600.0
"""A silent upstream gauge is taken to stand where it stood for so long."""
RAIN_KNOWN = 0.8
"""Share of a window in which rain must be known; the rest rains as the known part."""
SHORT = 64
"""Steps up to which a window must be known so far; of longer ones, which tell how wet the ground is, any part will do:
five days before the first reading nothing is known."""


def bridged(y: Values) -> Values:
    """A level with short gaps bridged; rows inside a gap make no forecast, so that nothing looks ahead. (n,)."""
    good = np.flatnonzero(np.isfinite(y))
    if len(good) in (0, len(y)):
        return y
    filled = np.interp(np.arange(len(y)), good, y[good], left=np.nan, right=np.nan)
    before = np.searchsorted(good, np.arange(len(y)), side="right") - 1
    width = np.diff(good, append=len(y) + GAP_STEPS + 1)[np.maximum(before, 0)]
    return np.where(np.isfinite(y), y, np.where((width <= GAP_STEPS + 1) & (before >= 0), filled, np.nan))


def held(x: Values, steps: int) -> Values:
    """A series whose blanks keep the last value for so many steps. (n,)."""
    at = np.arange(len(x))
    last = np.maximum.accumulate(np.where(np.isfinite(x), at, -1))
    return np.where((last >= 0) & (at - last <= steps), x[np.maximum(last, 0)], np.nan)


def _back(values: Values, rows: Rows, steps: int) -> Values:
    """values[rows - steps], NaN before the beginning."""
    at = rows - steps
    return np.where(at >= 0, values[np.maximum(at, 0)], np.nan)


def of_level(station: Station, y: Values, usual: float, rows: Rows, lead: int, *, tides: bool) -> Values:
    """(rows, features) from a bridged level. `tides`: with what was one and two tides before the lead's end."""
    now = y[rows]
    columns = [now - _back(y, rows, lag) for lag in station.lags]
    if not station.pooled:
        columns.append(now - usual)
    if tides:
        for back in (station.tide, 2 * station.tide):
            columns.append(_back(y, rows, back - lead) - _back(y, rows, back))
    return np.column_stack(columns)


def of_inputs(station: Station, x: Values, usual: Values, rows: Rows) -> Values:
    """(rows, features) from cleaned inputs (n, channels), of which levels and flows are held already."""
    columns: list[Values] = []
    for k, channel in enumerate(station.inputs):
        values = x[:, k]
        if channel.kind == "rain":
            columns += _rain(values, rows, station.rains)
            continue
        columns += [values[rows] - _back(values, rows, lag) for lag in station.lags[::2]]
        columns.append(values[rows] - usual[k])
    return np.column_stack(columns) if columns else np.empty((len(rows), 0))


def _rain(values: Values, rows: Rows, ends: tuple[int, ...]) -> list[Values]:
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    columns: list[Values] = []
    inner = 0
    for end in ends:
        low, high = np.maximum(rows + 1 - end, 0), np.maximum(rows + 1 - inner, 0)
        had = count[high] - count[low]
        with np.errstate(invalid="ignore", divide="ignore"):
            rain = (total[high] - total[low]) * (end - inner) / had
        columns.append(
            np.where(had >= RAIN_KNOWN * (end - inner), rain, np.nan) if end <= SHORT else np.where(had > 0, rain, 0.0)
        )
        inner = end
    return columns


def scale(y: Values, rows: Rows, steps: int) -> Values:
    """Mean |change| a step over the last `steps` of a bridged level, of what is known of them; NaN where nothing is."""
    change = np.abs(np.diff(y, prepend=np.nan))
    known = np.isfinite(change)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, change, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    low = np.maximum(rows + 1 - steps, 0)
    had = count[rows + 1] - count[low]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((total[rows + 1] - total[low]) / had, np.float64)
