"""What a level forecast is made for: one gauge, the series that run ahead of it, and readings that are none.

Nothing here looks ahead: whether a reading counts is decided by it and those before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import within

Values = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Kind = Literal["rain", "level", "flow"]

TIDE_S = 12.4206 * 3600.0
"""Period of the main lunar tide M2."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One series. Readings under `low` or from `cap` on (the end of a rating, a full scale) are blank, not values.

    `stuck`: so many equal readings in a row are believed, later ones not; 0: any number (a calm gauge stands still).
    """

    name: str
    kind: Kind = "level"
    low: float | None = None
    cap: float | None = None
    stuck: int = 0

    @property
    def ends(self) -> tuple[float, float]:
        return -np.inf if self.low is None else self.low, np.inf if self.cap is None else self.cap

    def clean(self, values: Values) -> Values:
        """The values with NaN for those that are none, shape as given, (n,)."""
        low, cap = self.ends
        with np.errstate(invalid="ignore"):
            good = np.isfinite(values) & (values >= low) & (values < cap)
        if self.stuck:
            good &= _run_length(values) <= self.stuck
        return np.where(good, values, np.nan)


def _run_length(values: Values) -> npt.NDArray[np.intp]:
    """How many equal readings in a row each one ends."""
    at = np.arange(len(values))
    begins = np.ones(len(values), bool)
    begins[1:] = values[1:] != values[:-1]
    return at - np.maximum.accumulate(np.where(begins, at, 0)) + 1


@dataclass(frozen=True, slots=True)
class Station:
    """A gauge and its forecast. `step_s`: time grid; `leads`: steps ahead; `flood`: level from which water is a flood.

    `before`, `after`: steps about the time above `flood` that belong to a flood. `resolution`: of the gauge, and the
    least half-width of an interval. `tidal`: what was one and two tides ago is used as well. `pooled`: learned from
    several gauges, whose heights above their zeros say nothing. Levels in any one unit.
    """

    step_s: float
    leads: tuple[int, ...]
    flood: float
    before: int
    after: int
    level: Channel = Channel("level")
    inputs: tuple[Channel, ...] = ()
    resolution: float = 0.01
    tidal: bool = False
    pooled: bool = False
    coverage: float = 0.9

    def __post_init__(self) -> None:
        within("step_s", self.step_s, 1.0, 86_400.0, unit="s", why="floods move within a day")
        within("coverage", self.coverage, 0.5, 0.99, why="intervals outside of it cannot be calibrated on floods")
        within("resolution", self.resolution, 1e-9, None, why="no gauge is exact")
        if not self.leads or any(b <= a for a, b in zip((0, *self.leads), self.leads, strict=False)):
            raise ValueError("leads are whole steps from 1 on and rise")
        if self.level.kind == "rain":
            raise ValueError("what is forecast is a level or a flow")

    @property
    def tide(self) -> int:
        """Steps of a tide."""
        return round(TIDE_S / self.step_s)

    @property
    def lags(self) -> tuple[int, ...]:
        """Steps back at which levels are looked at: up to twice the longest lead, three to a doubling."""
        far = max(12, 2 * self.leads[-1])
        return tuple(sorted({round(2 ** (k / 2.5)) for k in range(40) if 2 ** (k / 2.5) <= far}))

    @property
    def rains(self) -> tuple[int, ...]:
        """Ends (steps back) of the windows over which rain is summed: doubling, up to five days."""
        far = max(2 * self.leads[-1], round(5 * 86_400 / self.step_s))
        return tuple(2**k for k in range(40) if 2**k <= far)

    @property
    def memory(self) -> int:
        """Steps that must be kept to forecast."""
        rain = self.rains[-1] if any(each.kind == "rain" for each in self.inputs) else 0
        return 1 + max(self.lags[-1], rain, 2 * self.tide if self.tidal else 0)


@dataclass(frozen=True, slots=True)
class History:
    """Readings in order of time: `time_s` (n,), `level` (n,), `inputs` (n, channels); NaN is a blank.

    `flood`: where this gauge has another than the station (learning from other gauges).
    """

    time_s: Values
    level: Values
    inputs: Values = field(default_factory=lambda: np.empty((0, 0)))
    flood: float | None = None

    def __post_init__(self) -> None:
        n = len(self.time_s)
        if not self.inputs.size:  # no inputs, however that was said
            object.__setattr__(self, "inputs", np.empty((n, 0)))
        if self.level.shape != (n,) or self.inputs.shape[:1] != (n,) or self.inputs.ndim != 2:
            raise ValueError("time_s and level have n values, inputs n rows")
        if n and (not np.isfinite(self.time_s).all() or (np.diff(self.time_s) < 0).any()):
            raise ValueError("time_s does not fall")


@dataclass(frozen=True, slots=True)
class Grid:
    """A history on the station's time grid, cleaned: `y` (n,), `x` (n, channels)."""

    start_s: float
    y: Values
    x: Values


def gridded(station: Station, history: History) -> Grid:
    """Readings put to their nearest grid time; the last of several counts; what is missing is NaN."""
    if history.inputs.shape[1] != len(station.inputs):
        raise ValueError(f"{len(station.inputs)} inputs are declared, {history.inputs.shape[1]} given")
    start = float(history.time_s[0])
    at = np.rint((history.time_s - start) / station.step_s).astype(np.intp)
    y = np.full(at[-1] + 1, np.nan)
    x = np.full((at[-1] + 1, len(station.inputs)), np.nan)
    y[at], x[at] = history.level, history.inputs
    return Grid(start, station.level.clean(y), cleaned(station, x))


def cleaned(station: Station, x: Values) -> Values:
    """Inputs (n, channels) with blanks, flows as `powered`."""
    each = [channel.clean(x[:, k]) for k, channel in enumerate(station.inputs)]
    return powered(station, np.column_stack(each)) if each else x


def powered(station: Station, x: Values) -> Values:
    """Inputs (..., channels), flows as their power 0.6: in Manning's law a wide river's depth."""
    flow = np.array([each.kind == "flow" for each in station.inputs], bool)
    return np.where(flow, np.sign(x) * np.abs(x) ** 0.6, x)


def floods(y: Values, station: Station, flood: float | None = None) -> Marks:
    """Which steps belong to a flood: those from `before` the first to `after` the last step at or above `flood`."""
    with np.errstate(invalid="ignore"):
        above = (y >= (station.flood if flood is None else flood)).astype(np.int64)
    n = len(y)
    total = np.concatenate([[0], np.cumsum(above)])
    at = np.arange(n)
    return total[np.minimum(at + station.before + 1, n)] > total[np.maximum(at - station.after, 0)]
