"""Streams made up to hold the checks against: noise, spikes, rivers of one weather. For tests and the handbook."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fengsui.science.compiling import njit
from fengsui.science.series import fused, marks
from fengsui.science.series.batch import Flags, Values
from fengsui.science.series.quality import Limit
from fengsui.science.series.rule import Rule
from fengsui.science.series.watch import Watch

MINUTE = 60_000_000
T0 = 1_700_000_000_000_000
RULE = Rule(Limit(low=-1e6, high=1e6, resolution=1e-3, gap_s=3600.0))


@njit(error_model="numpy")
def run_length(seed: int, runs: int, shift: float, h: float) -> float:
    """Mean readings until the two-sided CUSUM (k = 0.5) of N(shift, 1) passes h."""
    np.random.seed(seed)
    total = 0
    for _ in range(runs):
        up = down = 0.0
        while up <= h and down <= h:
            up, down = fused.cusum(up, down, np.random.normal() + shift, 0.5)
            total += 1
    return total / runs


def fed(values: Values, *, together: bool = True, silent: tuple[int, int] | None = None) -> Flags:
    """Flags and marks, shape (count, streams), of a reading a minute. together: all are neighbours, at most nine.
    silent: (stream, row from which it says nothing more)."""
    count, streams = values.shape
    watch = Watch()
    near = [[j for j in range(streams) if j != i] for i in range(streams)] if together else []
    watch.add_many([RULE] * streams, near)
    stream = np.tile(np.arange(streams), count)
    at = np.repeat(T0 + np.arange(count) * MINUTE, streams)
    spoke = np.ones(count * streams, np.bool_)
    if silent:
        spoke[(stream == silent[0]) & (np.arange(count * streams) // streams >= silent[1])] = False
    flags = np.zeros(count * streams, np.int16)
    flags[spoke] = watch.feed(stream[spoke], at[spoke], values.ravel()[spoke], at[spoke]).flags
    return flags.reshape(count, streams)


def spikes(streams: int = 200, count: int = 2000) -> tuple[float, float]:
    """Share of spikes of six sigma found (one reading in a hundred), and share of clean readings called a spike."""
    rng = np.random.default_rng(11)
    value = rng.normal(0.0, 0.05, (count, streams))
    hit = np.zeros((count, streams), np.bool_)
    hit[100::50] = rng.random(hit[100::50].shape) < 0.5
    dirty = value + np.where(hit, rng.choice([-0.3, 0.3], hit.shape), 0.0)
    clean, found = ((fed(each, together=False) & marks.SPIKE)[100:] != 0 for each in (value, dirty))
    return float(found[hit[100:]].mean()), float(clean.mean())


def rivers(count: int, *, seed: int = 1, streams: int = 9) -> npt.NDArray[np.float64]:
    """(count, streams): one weather of some 0.14 m that each sees in its measure, and 0.02 m of its own noise."""
    rng = np.random.default_rng(seed)
    weather, now = np.empty(count), 0.0
    for i, step in enumerate(rng.normal(0, 0.02, count)):
        weather[i] = now = 0.99 * now + step
    return np.asarray(weather[:, None] * rng.uniform(0.5, 1.5, streams) + rng.normal(0, 0.02, (count, streams)))


def drifting(count: int = 4000, start: int = 3000, which: int = 4) -> npt.NDArray[np.float64]:
    """`rivers`, one of which drifts by a hundredth of the noise a reading."""
    values = rivers(count)
    values[start:, which] += np.arange(count - start) * 0.0002
    return values


def flood(count: int = 3000, start: int = 2500) -> npt.NDArray[np.float64]:
    """`rivers`, and 3 m of water for four hours, in proportions that are not the weather's."""
    values = rivers(count)
    wave = np.interp(np.arange(count - start), [0, 60, 120, 240], [0, 3.0, 3.0, 0.0])
    values[start:] += wave[:, None] * np.linspace(0.8, 1.2, values.shape[1])
    return values
