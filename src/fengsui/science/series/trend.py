"""Damped robust trend: the forecaster that every better one has to beat.

Slope: Theil-Sen (Theil 1950, Sen 1968) over the last readings. Forecast: level + slope * lead * damping, the damping
that did best on the stream's own recent past among {0.6, 0.8, 1.0}. Interval: quantiles of |error| / scale of the
same back-test, scale growing with the lead, as in split conformal prediction; never narrower than the resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.kernel.ports.forecaster import LineCrossing, SeriesForecast
from fengsui.science.verify.chance import chance_of

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

DAMPINGS = (0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Trend:
    """points: readings a slope is taken from. origins: past moments the method is tried on. floor: least half-width."""

    points: int = 6
    origins: int = 40
    coverage: float = 0.9
    floor: float = 0.01
    method: str = "trend"

    def forecast(self, at: Times, value: Values, *, horizon_us: int, step_us: int) -> SeriesForecast | None:
        """Issued at the last reading, `at` in order of time, both (n,).

        None with fewer than four readings or where all are of one moment.
        """
        n = len(at)
        if n < 4 or at[-1] <= at[0]:
            return None
        leads = np.arange(step_us, horizon_us + 1, step_us, dtype=np.int64)
        slope = _slope(at[-self.points :], value[-self.points :])
        tried = self._try(at, value, leads)
        damping = tried[0] if tried else 0.8
        error, persistence = (tried[2], tried[3]) if tried else (None, None)
        point = value[-1] + slope * damping * leads
        if tried:
            width = tried[1]
        else:  # too young to have been wrong: the scatter about its own line, growing with the lead
            rest = value - (value[-1] + slope * (at - at[-1]))
            spread = max(float(np.max(np.abs(rest[-self.points :]))), self.floor)
            width = np.asarray(spread + abs(slope) * leads * 0.5, np.float64)
        half = np.maximum(np.maximum.accumulate(width), self.floor)
        return SeriesForecast(
            int(at[-1]),
            at[-1] + leads,
            point,
            point - half,
            point + half,
            self.coverage,
            error,
            persistence,
            self.method,
        )

    def _try(self, at: Times, value: Values, leads: Times) -> tuple[float, Values, float, float] | None:
        """Back-test at past origins whose outcome is known. Returns damping, half-width by lead, error, persistence."""
        n = len(at)
        origins = [i for i in range(max(3, n - self.origins), n) if at[i] + leads[0] <= at[-1]]
        if len(origins) < 8:
            return None
        outcome = np.full((len(origins), len(leads)), np.nan)
        slopes = np.empty(len(origins))
        for row, i in enumerate(origins):
            low = max(0, i + 1 - self.points)
            slopes[row] = _slope(at[low : i + 1], value[low : i + 1])
            when = at[i] + leads
            known = when <= at[-1]
            outcome[row, known] = np.interp(when[known].astype(float), at.astype(float), value)
        level = value[origins][:, None]
        missed = {d: np.abs(level + slopes[:, None] * d * leads - outcome) for d in DAMPINGS}
        damping = min(DAMPINGS, key=lambda d: float(np.nanmean(missed[d])))
        miss = missed[damping]
        half = len(leads) // 2
        width = np.full(len(leads), np.nan)
        for column in range(len(leads)):
            got = miss[~np.isnan(miss[:, column]), column]
            if len(got) >= 8:
                rank = min(1.0, np.ceil((len(got) + 1) * self.coverage) / len(got))
                width[column] = np.quantile(got, rank, method="higher")
        if np.isnan(width[0]):
            return None
        # Leads whose outcome is not yet known: the last known width grows in proportion to the lead.
        last = int(np.flatnonzero(~np.isnan(width))[-1])
        width[last + 1 :] = width[last] * leads[last + 1 :] / leads[last]
        at_half = min(half, last)
        stays = np.abs(level - outcome)
        return damping, width, float(np.nanmean(miss[:, at_half])), float(np.nanmean(stays[:, at_half]))


def _slope(at: Times, value: Values) -> float:
    """Median of the slopes of all pairs, units per microsecond; 0 where all times are equal."""
    i, j = np.triu_indices(len(at), 1)
    dt = (at[j] - at[i]).astype(float)
    apart = dt > 0
    return float(np.median((value[j] - value[i])[apart] / dt[apart])) if apart.any() else 0.0


def line_crossings(forecast: SeriesForecast, now_value: float, lines: dict[int, float]) -> list[LineCrossing]:
    """Of each line above the present value: when it will be reached, by point and interval, and the chance of it.

    lines: level -> value, in the order in which the forecast was asked for their chances.
    """
    found = []
    for k, (level, line) in enumerate(lines.items()):
        if now_value >= line:
            continue
        times = [
            _first(forecast.issued_at, now_value, forecast.at, path, line)
            for path in (forecast.point, forecast.high, forecast.low)
        ]
        found.append(LineCrossing(level, line, times[0], times[1], times[2], _chance(forecast, k, line)))
    return sorted(found, key=lambda each: each.level)


def _chance(forecast: SeriesForecast, k: int, line: float) -> float:
    stated = forecast.above[:, k] if forecast.above is not None else np.empty(0)
    if np.isfinite(stated).any():
        return float(np.nanmax(stated))
    return chance_of(forecast.point, forecast.low, forecast.high, forecast.coverage, line)


def _first(start: int, value: float, at: Times, path: Values, line: float) -> int | None:
    """First time the path reaches the line, linear between its points; None where it does not."""
    reached = np.flatnonzero(path >= line)
    if not len(reached):
        return None
    k = int(reached[0])
    t0, v0 = (start, value) if k == 0 else (int(at[k - 1]), float(path[k - 1]))
    v1 = float(path[k])
    share = 1.0 if v1 <= v0 else max(0.0, (line - v0) / (v1 - v0))
    return int(t0 + share * (int(at[k]) - t0))
