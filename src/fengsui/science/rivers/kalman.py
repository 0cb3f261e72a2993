"""Level and rate by a Kalman filter: a damped local linear trend (Harvey 1989; damping: Gardner & McKenzie 1985).

    level' = level + f rate,   rate' = f rate + w,   reading = level + v

A step without a reading predicts and lets the variance grow, so that the first reading after a gap counts for more.
Many settings run beside each other, shape (settings,); the variance of v is 1, only the ratio of w to it matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fengsui.science.compiling import njit
from fengsui.science.rivers.station import Values

RATIOS = (0.003, 0.03, 0.3, 3.0, 30.0)
DAMPINGS = (0.6, 0.75, 0.85, 0.92, 0.96, 0.985)
SETTINGS = np.array([(q, f) for q in RATIOS for f in DAMPINGS])
"""Variance of w over that of v, and damping; which one serves is chosen on floods of the past, lead by lead."""


@dataclass(slots=True)
class State:
    """Of one stream under several settings: five numbers each (level, rate, three of their covariance)."""

    five: Values
    begun: bool = False


def fresh(settings: int) -> State:
    return State(np.zeros((5, settings)))


def step(state: State, settings: Values, reading: float) -> None:
    """On by one step of time; `reading` NaN where there is none."""
    if not state.begun:
        if np.isfinite(reading):
            state.five[:] = np.array([reading, 0.0, 1.0, 0.0, 1.0])[:, None]
            state.begun = True
        return
    _step(state.five, settings, reading)


@njit(error_model="numpy")
def _step(five: Values, settings: Values, reading: float) -> None:
    for s in range(settings.shape[0]):
        q, f = settings[s, 0], settings[s, 1]
        a, b, c = five[2, s], five[3, s], five[4, s]
        level, rate = five[0, s] + f * five[1, s], f * five[1, s]
        a, b, c = a + 2.0 * f * b + f * f * c, f * b + f * f * c, f * f * c + q
        if not np.isnan(reading):
            gain, turn = a / (a + 1.0), b / (a + 1.0)
            miss = reading - level
            level, rate = level + gain * miss, rate + turn * miss
            a, b, c = a * (1.0 - gain), b * (1.0 - gain), c - turn * b
        five[0, s], five[1, s], five[2, s], five[3, s], five[4, s] = level, rate, a, b, c


@njit(error_model="numpy")
def _run(y: Values, settings: Values, five: Values, out: Values) -> None:
    begun = False
    for t in range(len(y)):
        if begun:
            _step(five, settings, y[t])
        elif not np.isnan(y[t]):
            for s in range(settings.shape[0]):
                five[0, s], five[1, s], five[2, s], five[3, s], five[4, s] = y[t], 0.0, 1.0, 0.0, 1.0
            begun = True
        for s in range(settings.shape[0]):
            out[t, 0, s] = five[0, s] if begun else np.nan
            out[t, 1, s] = five[1, s] if begun else np.nan


def run(y: Values, settings: Values) -> Values:
    """Level and rate after each step, (n, 2, settings), the same numbers as `step` gives."""
    out = np.empty((len(y), 2, len(settings)))
    _run(np.ascontiguousarray(y), settings, np.zeros((5, len(settings))), out)
    return out


def reach(settings: Values, lead: int) -> Values:
    """How many rates a level moves over `lead` steps, (settings,): f + f^2 + ... + f^lead."""
    f = settings[:, 1]
    return np.asarray(f * (1.0 - f**lead) / (1.0 - f), np.float64)
