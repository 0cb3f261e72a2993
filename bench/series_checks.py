"""`./fengsui bench series_checks`: all checks of a reading, streams by the hundred thousand.

ours     `Watch.feed`: first row, Hampel, EWMA, CUSUM, and drift against eight neighbours, on one core
limit    a bare pass over the same arrays: each reading read, its stream's record touched, its results written
river    the nearest to it in river, for the same readings of fewer streams: rolling medians of the value and of its
         distance, exponential mean and variance, Page-Hinkley, and the recursive (Bayesian) linear regression on the
         neighbours, once for the present and once to learn; no first row, no innovations (--with-peers)
gradient the same with river's regression by stochastic gradient, which is less than what is asked for

Readings come round after round, the streams of each round in random order: no record is in the cache that was not just
used. A run counts where every stream has the readings it was sent.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numba import njit

import _peers
import _shared
from fengsui.science.series.quality import Limit
from fengsui.science.series.rule import Rule
from fengsui.science.series.watch import Watch

MINUTE = 60_000_000
RULE = Rule(
    Limit(low=-5.0, high=50.0, rate_per_hour=60.0, gap_s=600.0, stuck_s=86_400.0, resolution=0.001), warm=16,
    drift_warm=16,
)  # fmt: skip


def _touch(stream: Any, at: Any, value: Any, received: Any, states: Any, flags: Any, figures: Any) -> None:
    for r in range(len(at)):
        state = states[stream[r]]
        flags[r] = 1 if at[r] < state.seen_at or received[r] < at[r] else 0
        state.seen_at, state.seen_value = at[r], value[r]
        figures[r, 0], figures[r, 1], figures[r, 2], figures[r, 3] = value[r], value[r], value[r], value[r]


_bare: Any = njit(_touch, error_model="numpy")


class Town:
    """Streams in groups of nine that see the same water, each the neighbour of the other eight."""

    def __init__(self, streams: int) -> None:
        self.streams, self.round, self.rng = streams, 0, np.random.default_rng(1)
        self.watch = Watch()
        groups = np.arange(streams) // 9 * 9
        self.near = [
            [j for j in range(first, min(first + 9, streams)) if j != i] for i, first in enumerate(groups.tolist())
        ]
        self.watch.add_many([RULE] * streams, self.near)
        self.level = np.zeros(streams)

    def readings(self, rounds: int) -> tuple[Any, ...]:
        """stream, at, value, received of so many rounds more, shape (rounds x streams,)."""
        parts = []
        for _ in range(rounds):
            order = self.rng.permutation(self.streams)
            self.level += np.repeat(self.rng.normal(0, 0.01, self.streams // 9 + 1), 9)[: self.streams]
            at = np.full(self.streams, 1_700_000_000_000_000 + self.round * MINUTE)
            value = np.round(self.level + self.rng.normal(0, 0.01, self.streams), 3)[order]
            parts.append((order, at, value, at + 500_000))
            self.round += 1
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))

    def feed(self, readings: tuple[Any, ...]) -> int:
        before = self.watch._states["known"][: self.streams].sum()
        seen = self.watch.feed(*readings)
        done = int(self.watch._states["known"][: self.streams].sum() - before)
        return done if len(seen.flags) == len(readings[0]) else -1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench series_checks")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("--with-peers", action="store_true", help="install river into an environment of its own")
    options = parser.parse_args(arguments)
    _shared.ready()
    few = _many(options.streams // 10, 50, options.rounds, 0.0)
    _many(options.streams, 5, options.rounds, few)
    _beside_river(options.rounds, options.with_peers)
    return 0


def _many(streams: int, each: int, rounds: int, few: float) -> float:
    """Seconds a reading. Everything is warm before: what is measured is what a stream costs for years."""
    town = Town(streams)
    town.feed(town.readings(RULE.warm + RULE.drift_warm + 4))
    sent = [town.readings(each) for _ in range(rounds)]
    waiting = iter(sent)
    count = streams * each
    states, flags, figures = town.watch._states.copy(), np.zeros(count, np.int16), np.zeros((count, 4))
    _bare(*sent[0], states, flags, figures)
    took: list[float] = []

    def ours() -> int:
        began = time.process_time()  # the goal is one core's time, and others have a share of it
        done = town.feed(next(waiting))
        took.append((time.process_time() - began) / count * 1e6)
        return done

    def limit() -> int:
        _bare(*sent[0], states, flags, figures)
        return count

    seconds = _shared.measure(
        "series_checks", f"{streams:,} streams, 8 neighbours each", {"ours": ours, "limit": limit}, count,
        rounds=rounds, unit="readings", exponent=(lambda mine: _shared.growth(few, mine)) if few else None,
    )  # fmt: skip
    if few:
        met = sorted(took)[len(took) // 2] <= 2.0
        _shared.times(
            "series_checks",
            "one reading, CPU of one core",
            {"ours": took},
            unit="us",
            goal="<= 2 us a reading",
            met=met,
        )
        kept, began = town.watch.save(), time.perf_counter()
        Watch.restore(kept)
        print(f"  kept as {len(kept) / streams:,.0f} bytes a stream; restored in {time.perf_counter() - began:.2f} s")
    return seconds


def _beside_river(rounds: int, wanted: bool) -> None:
    town = Town(900)
    town.feed(town.readings(40))
    sent = [town.readings(20) for _ in range(rounds)]
    waiting, count = iter(sent), 900 * 20
    near = np.array([row for row in town.near])
    arrays = {"stream": sent[0][0], "value": sent[0][2], "near": near}
    with (
        _peers.peer("river", ["river"], _RIVER % "BayesianLinearRegression", arrays, wanted=wanted) as river,
        _peers.peer("river", ["river"], _RIVER % "LinearRegression", arrays, wanted=wanted) as gradient,
    ):
        if river is None or gradient is None:
            return
        sides = {"ours": lambda: town.feed(next(waiting)), "river": river, "gradient": gradient}
        _shared.measure(
            "series_checks", "beside river, 900 streams", sides, count, rounds=rounds, unit="readings",
            goal=_shared.Goal(">= 50 x river", "river", 0.02),
        )  # fmt: skip


_RIVER = """
from river import drift, linear_model, stats

class Stream:
    def __init__(self, near):
        self.near = near
        self.median, self.away = stats.RollingQuantile(0.5, 15), stats.RollingQuantile(0.5, 15)
        self.mean, self.var = stats.EWMean(0.05), stats.EWVar(0.01)
        self.shift, self.drift = drift.PageHinkley(), drift.PageHinkley()
        self.model = linear_model.%s()
        self.last = 0.0

    def see(self, value, streams):
        median = self.median.get() or 0.0
        distance = abs(value - median)
        odd = distance > 3 * 1.4826 * (self.away.get() or 0.0)
        self.median.update(value)
        self.away.update(distance)
        z = (value - (self.mean.get() or 0.0)) / (max(self.var.get() or 0.0, 0.0) ** 0.5 or 1.0)
        self.mean.update(value)
        self.var.update(value)
        self.shift.update(z)
        x = {j: streams[j].last for j in self.near}
        self.drift.update(value - self.model.predict_one(x))
        self.model.learn_one(x, value)
        self.last = value
        return odd or abs(z) > 4 or self.shift.drift_detected or self.drift.drift_detected

near = given["near"].tolist()
streams = [Stream(row) for row in near]
readings = list(zip(given["stream"].tolist(), given["value"].tolist()))

def work():
    done = 0
    for i, value in readings:
        streams[i].see(value, streams)
        done += 1
    return done

work()
"""
