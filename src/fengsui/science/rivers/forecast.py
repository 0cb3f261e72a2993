"""A gauge's level some hours ahead: fitted once, then fed reading by reading.

forecaster = Forecaster.fit(station, histories)
said = forecaster.step(time_s, level, inputs)      # Forecast, or None before the second reading
said.crossing((2.4, 2.8))                          # when and how probably each line is reached
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fengsui.science.rivers import features, fit, kalman, members, mix
from fengsui.science.rivers.members import Learned, Seen, Usual
from fengsui.science.rivers.station import Grid, History, Station, Values, gridded, powered


@dataclass(frozen=True, slots=True)
class Crossing:
    """`probability` that the level reaches `line` by the last lead; `lead_s`: when the median does, None if not."""

    line: float
    probability: float
    by_lead: Values
    lead_s: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Issued at `time_s` for `time_s + lead_s` (leads,). `now`: last known level, `age_s` old. Baselines beside it.

    `errors`: past signed errors at this scale, width and kind of water, one array a lead.
    """

    time_s: float
    now: float
    age_s: float
    lead_s: Values
    median: Values
    low: Values
    high: Values
    stays: Values
    trend: Values
    errors: tuple[Values, ...] = field(repr=False)

    def crossing(self, lines: Sequence[float]) -> tuple[Crossing, ...]:
        """For each line: how probably the level stands at or above it at each lead, and when the median gets there."""
        found = []
        for line in lines:
            by = np.array([_share(m, seen, line) for m, seen in zip(self.median, self.errors, strict=True)])
            most = float(np.nanmax(by)) if np.isfinite(by).any() else np.nan
            found.append(Crossing(line, 1.0 if self.now >= line else most, by, self._when(line)))
        return tuple(found)

    def _when(self, line: float) -> float | None:
        if self.now >= line:
            return 0.0
        before, at = self.now, 0.0
        for lead, level in zip(self.lead_s, self.median, strict=True):
            if level >= line:
                return float(at + (lead - at) * (line - before) / (level - before))
            if np.isfinite(level):
                before, at = level, lead
        return None


def _share(median: float, errors: Values, line: float) -> float:
    return float(np.mean(median + errors >= line)) if len(errors) and np.isfinite(median) else np.nan


@dataclass(frozen=True, slots=True)
class Past:
    """All forecasts over a history on its `grid`: `median`, `low`, `high` (rows, leads), `members` (rows, leads,
    members), `kind` (rows, leads), `above` (rows, leads, lines): probability of standing at or above a line."""

    grid: Grid
    median: Values
    low: Values
    high: Values
    members: Values
    kind: npt.NDArray[np.int64]
    above: Values


class Forecaster:
    """`station`, what was learned (`learned`, `reports`, a lead each), and one stream's state."""

    def __init__(self, station: Station, usual: Usual, learned: Sequence[tuple[Learned, mix.Mix, fit.Report]]) -> None:
        self.station, self.usual = station, usual
        self.learned = tuple(each[0] for each in learned)
        self.mixes = [each[1] for each in learned]
        self.reports = tuple(each[2] for each in learned)
        self._settings = np.array(sorted({each.setting for each in self.learned}))
        self._begin()

    def _begin(self) -> None:
        keep = self.station.memory + features.GAP_STEPS + 1
        self._y = np.full(keep, np.nan)
        self._x = np.full((keep, len(self.station.inputs)), np.nan)
        self._kalman = np.zeros((keep, 2, len(kalman.SETTINGS)))
        self._state = kalman.fresh(len(self._settings))
        self._channels = (self.station.level, *self.station.inputs)
        self._same = np.zeros(len(self._channels), np.int64)
        self._told = np.full(len(self._channels), np.nan)
        self._start_s, self._slot = np.nan, -1
        for each in self.mixes:
            each.begin()

    @classmethod
    def fit(cls, station: Station, histories: Sequence[History], *, learned: bool = True) -> Forecaster:
        """Seconds for years of hours; see the README. Raises OutOfRange without any reading.

        `learned=False`: persistence, trend and Kalman alone, for a gauge that has to learn from another river's floods:
        what a regression learns of one river misleads on the next.
        """
        usual, seen = fit.past(station, histories)
        return cls(station, usual, [fit.learn(station, usual, seen, lead, learned=learned) for lead in station.leads])

    def fresh(self) -> Forecaster:
        """The same knowledge for another stream, or the same one from its beginning."""
        return Forecaster(
            self.station, self.usual,
            [(a, copy.deepcopy(b), c) for a, b, c in zip(self.learned, self.mixes, self.reports, strict=True)],
        )  # fmt: skip

    def step(self, time_s: float, level: float, inputs: Sequence[float] | Values = ()) -> Forecast | None:
        """Take a reading (NaN or None for what is not known) and forecast; None as long as no level was ever known.

        A reading for a time of the grid that has passed is not used, and None comes back: late ones change nothing.
        """
        values = np.array([level, *inputs], np.float64)
        if len(values) != len(self._channels):
            raise ValueError(f"{len(self._channels) - 1} inputs are declared, {len(values) - 1} given")
        if self._slot < 0:
            self._start_s = time_s
        slot = round((time_s - self._start_s) / self.station.step_s)
        if slot <= self._slot:
            return None
        if self._slot >= 0 and slot - self._slot > 10 * len(self._y):
            self._begin()
            self._start_s, slot = time_s, 0
        for _ in range(slot - self._slot - 1):
            self._advance(np.full(len(values), np.nan))
        said = self._advance(values)
        self._slot = slot
        return said

    def _advance(self, values: Values) -> Forecast | None:
        self._take(values)
        station, now = self.station, self._y[-1]
        what = Seen(self._y, features.bridged(self._y), members.held_inputs(station, self._x), self._kalman)
        rows = np.array([len(self._y) - 1])
        out, both = np.empty((len(self.learned), 3)), np.empty((len(self.learned), 2))
        errors: list[Values] = []
        for k, (made, mixed) in enumerate(zip(self.learned, self.mixes, strict=True)):
            said = members.predict(station, self.usual, made, what, rows)
            kind = int(members.kinds(station, made, what, rows, said)[0])
            s = float(members.pace(station, what.y, members.told(what.raw, rows), made.lead)[0])
            out[k] = mixed.step(now, said[0], s, kind, station.resolution / 2)
            both[k] = said[0, :2]
            kept, scale = mixed.last()
            errors.append(mixed.errors(kept, scale) if kept >= 0 else np.empty(0))
        self._slot += 1
        last, age = members.stays(self._y, rows)
        if not np.isfinite(last[0]):
            return None
        leads = np.array(station.leads) * station.step_s
        return Forecast(
            self._start_s + self._slot * station.step_s, float(last[0]), float(age[0]) * station.step_s, leads,
            out[:, 0], out[:, 1], out[:, 2], both[:, 0], both[:, 1], tuple(errors),
        )  # fmt: skip

    def _take(self, values: Values) -> None:
        """Into the buffers, blanks for what is none; the level into the Kalman filter."""
        self._same = np.where(values == self._told, self._same + 1, 1)
        self._told = values
        good = [
            bool(each.ends[0] <= v < each.ends[1] and (not each.stuck or same <= each.stuck))
            for each, v, same in zip(self._channels, values, self._same, strict=True)
        ]
        values = np.where(good, values, np.nan)
        self._y[:-1], self._x[:-1] = self._y[1:], self._x[1:]
        self._y[-1] = values[0]
        self._x[-1] = powered(self.station, values[1:])
        kalman.step(self._state, kalman.SETTINGS[self._settings], self._y[-1])
        self._kalman[-1][:, self._settings] = self._state.five[:2] if self._state.begun else np.nan

    def over(self, history: History, lines: Sequence[float] = ()) -> Past:
        """What `step` would say for each step of a history, made at once; this stream is not moved."""
        station, grid = self.station, gridded(self.station, history)
        what = members.seen(station, grid, kalman.SETTINGS)
        rows, n, leads = np.arange(len(grid.y)), len(grid.y), len(self.learned)
        said = np.empty((n, leads, len(members.NAMES)))
        out, kind, above = np.empty((n, leads, 3)), np.empty((n, leads), np.int64), np.empty((n, leads, len(lines)))
        for k, (made, mixed) in enumerate(zip(self.learned, self.mixes, strict=True)):
            said[:, k] = members.predict(station, self.usual, made, what, rows)
            kind[:, k] = members.kinds(station, made, what, rows, said[:, k])
            s = members.pace(station, what.y, members.told(what.raw, rows), made.lead)
            own = copy.deepcopy(mixed)
            own.begin()
            own.at = 0
            out[:, k], above[:, k] = own.run(
                what.raw, said[:, k], s, kind[:, k], station.resolution / 2, np.asarray(lines, np.float64)
            )
        return Past(grid, out[..., 0], out[..., 1], out[..., 2], said, kind, above)
