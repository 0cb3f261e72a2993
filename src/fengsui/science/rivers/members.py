"""Those who forecast, each alone: the level stays; it goes on, damped; Kalman; regression on the gauge's own past; the
same with what is upstream; boosted trees on what the regression leaves.

All of them give the level at the lead, NaN where they lack what they need. Regressions and trees predict the change:
a flood higher than any before is within what they can say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.science.rivers import features, kalman, linear, mix
from fengsui.science.rivers import trees as boosting
from fengsui.science.rivers.features import Rows
from fengsui.science.rivers.station import Grid, Station, Values

NAMES = ("stays", "trend", "kalman", "own", "wide", "boosted")
STAYS, TREND, KALMAN, OWN, WIDE, BOOSTED = range(6)
DAMPING = 0.8
"""Of the trend that every other member is held against: 0.8 x lead x mean of the last two changes (design notes)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A history as the members see it. `y` bridged, `raw` not; `x` held; `kalman` (n, 2, settings)."""

    raw: Values
    y: Values
    x: Values
    kalman: Values


def seen(station: Station, grid: Grid, settings: Values) -> Seen:
    return Seen(grid.y, features.bridged(grid.y), held_inputs(station, grid.x), kalman.run(grid.y, settings))


def held_inputs(station: Station, x: Values) -> Values:
    """Levels and flows upstream keep their last value for an hour; rain does not."""
    x = x.copy()
    hold = max(2, round(features.HOLD_S / station.step_s))
    for k, channel in enumerate(station.inputs):
        if channel.kind != "rain":
            x[:, k] = features.held(x[:, k], hold)
    return x


def pace(station: Station, y: Values, rows: Rows, lead: int) -> Values:
    """What the stream moves a step: mean |change| over half a lead (three steps at least), and the resolution."""
    moved = features.scale(y, rows, max(3, lead // 2))
    return np.where(np.isfinite(moved), moved, 0.0) + station.resolution


def stays(raw: Values, rows: Rows) -> tuple[Values, Values]:
    """The last known level and how many steps ago that was; (rows,) each."""
    at = np.arange(len(raw))
    last = np.maximum.accumulate(np.where(np.isfinite(raw), at, -1))[rows]
    return np.where(last >= 0, raw[np.maximum(last, 0)], np.nan), (rows - last).astype(np.float64)


def told(raw: Values, rows: Rows) -> Rows:
    """The rows of the last known level: inside of a gap nothing may be taken from the line that later bridges it."""
    at = np.arange(len(raw))
    last = np.maximum.accumulate(np.where(np.isfinite(raw), at, -1))[rows]
    return np.where(last >= 0, last, rows)


def trend(y: Values, rows: Rows, lead: int, last: Values, age: Values) -> Values:
    """Damped: 0.8 x lead x mean of the last two changes; (rows,)."""
    at = rows - age.astype(np.intp)
    slope = (y[at] - np.where(at >= 2, y[np.maximum(at - 2, 0)], np.nan)) / 2.0
    return last + DAMPING * (lead + age) * np.where(np.isfinite(slope), slope, 0.0)


@dataclass(frozen=True, slots=True)
class Learned:
    """One lead's. `setting`: which of the Kalman settings; `still`: changes in an hour and in
    the lead that are none."""

    lead: int
    setting: int
    still: tuple[float, float]
    own: linear.Linear
    wide: linear.Linear | None
    trees: boosting.Trees | None


@dataclass(frozen=True, slots=True)
class Usual:
    """Medians of the past, over which levels are told."""

    level: float
    inputs: Values


def views(station: Station, usual: Usual, what: Seen, rows: Rows, lead: int) -> tuple[Values, Values | None]:
    """Features of the gauge alone, and with tides and inputs; None where the station has neither."""
    own = features.of_level(station, what.y, usual.level, rows, lead, tides=False)
    if not station.inputs and not station.tidal:
        return own, None
    wide = features.of_level(station, what.y, usual.level, rows, lead, tides=station.tidal)
    return own, np.column_stack([wide, features.of_inputs(station, what.x, usual.inputs, rows)])


def tree_view(view: Values, change: Values, s: Values) -> Values:
    """What trees see: everything in units of the pace, so that they know floods of any size; and how it stands now."""
    return np.column_stack([view / s[:, None], change / s, view, np.log(s)])


def predict(station: Station, usual: Usual, made: Learned, what: Seen, rows: Rows) -> Values:
    """(rows, 6) levels at the lead, in the order of NAMES."""
    lead, out = made.lead, np.full((len(rows), len(NAMES)), np.nan)
    last, age = stays(what.raw, rows)
    out[:, STAYS] = last
    out[:, TREND] = trend(what.y, rows, lead, last, age)
    reach = kalman.reach(kalman.SETTINGS[made.setting : made.setting + 1], lead)[0]
    out[:, KALMAN] = what.kalman[rows, 0, made.setting] + reach * what.kalman[rows, 1, made.setting]
    own, wide = views(station, usual, what, rows, lead)
    now = np.where(age == 0, last, np.nan)
    out[:, OWN] = now + made.own.of(own)
    if made.wide is not None and wide is not None:
        out[:, WIDE] = now + made.wide.of(wide)
    if made.trees is not None:
        base, view = (out[:, WIDE], wide) if made.wide is not None and wide is not None else (out[:, OWN], own)
        good = np.isfinite(base)
        if good.any():
            change = base[good] - now[good]
            s = pace(station, what.y, rows[good], lead) + np.abs(change) / lead
            out[good, BOOSTED] = base[good] + made.trees.of(tree_view(view[good], change, s)) * s
    return out


def hour(station: Station) -> int:
    """Steps of an hour, at least two."""
    return max(2, round(3600.0 / station.step_s))


def changed(y: Values, rows: Rows, back: int) -> Values:
    """Change over the last `back` steps, (rows,); NaN where either end is not known."""
    return y[rows] - np.where(rows >= back, y[np.maximum(rows - back, 0)], np.nan)


def kinds(station: Station, made: Learned, what: Seen, rows: Rows, said: Values) -> npt.NDArray[np.int64]:
    """Whether water stands, rises or falls: by the last hour's change and the one the best informed member expects,
    each in units of what a calm level moves."""
    moved = changed(what.y, told(what.raw, rows), hour(station))
    informed = said[:, WIDE] if made.wide is not None else said[:, OWN]
    informed = np.where(np.isfinite(informed), informed, said[:, KALMAN])
    coming = informed - said[:, STAYS]
    calm, far = made.still
    total = np.where(np.isfinite(moved), moved, 0.0) / calm + np.where(np.isfinite(coming), coming, 0.0) / far
    return np.where(total > 1.0, mix.RISES, np.where(total < -1.0, mix.FALLS, mix.STANDS)).astype(np.int64)
