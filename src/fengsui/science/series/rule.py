"""How one stream is watched: what its kind of sensor may do, and how far from its past is far.

Everything is in the stream's unit, in seconds of real time and in multiples of its own scatter. Flat is normal for a
dry gauge and not for a thermometer, so there is one rule for each kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fengsui.science.contract import within
from fengsui.science.series.quality import LIMITS, Limit

WINDOW_MOST = 15
NEAR_MOST = 8

RULE = np.dtype(
    [
        *LIMITS.descr,
        ("step", "<f8"), ("window", "<i8"), ("warm", "<i8"), ("spike", "<f8"), ("share", "<f8"),
        ("pull", "<f8"), ("pull_scale", "<f8"), ("clip", "<f8"), ("norm", "<f8"), ("away", "<f8"), ("reseed", "<i8"),
        ("k", "<f8"), ("h", "<f8"), ("most", "<f8"),
        ("fresh", "<i8"), ("forget", "<f8"), ("drift_warm", "<i8"), ("drift_k", "<f8"), ("drift_h", "<f8"),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Multiples are of the stream's own robust scatter. Figures without a source are ours, chosen on noise [G].

    limit: range, rate, gap, late, future, ancient, stuck; its `resolution` is the floor of every scatter and above 0.
    step: largest jump between two good readings, whatever the time between; None = no rule; told as `rate`.
    window: readings of the Hampel window (7 to 15). warm: readings before anything is judged by the past.
    spike: multiple beyond which a reading is out, against the window's median and against the slow mean both.
    share: part of the window's own scatter (1.4826 MAD) that counts in place of the slow one where it is larger.
    pull, pull_scale: weight of a reading in the slow mean and in its scatter. clip: Huber's bound (multiples).
    away: multiple beyond which a reading is away from the slow mean; after `reseed` of them on one side the mean is
    set anew. k, h: reference and bound of the CUSUM over innovations, each clipped at `most`: no single reading alarms.
    fresh_s: how old a neighbour's reading may be. forget: forgetting factor of the recursive least squares.
    drift_warm, drift_k, drift_h: the same for the CUSUM over what the neighbours do not explain.
    """

    limit: Limit
    step: float | None = None
    window: int = 15
    warm: int = 60
    spike: float = 3.3
    share: float = 0.5
    pull: float = 0.05
    pull_scale: float = 0.01
    clip: float = 3.0
    away: float = 4.0
    reseed: int = 5
    k: float = 0.5
    h: float = 10.0
    most: float = 4.0
    fresh_s: float = 1800.0
    forget: float = 0.9995
    drift_warm: int = 200
    drift_k: float = 0.5
    drift_h: float = 15.0

    def __post_init__(self) -> None:
        within("resolution", self.limit.resolution, 1e-12, None, why="it is the floor of every scatter")
        within("window", self.window, 7, WINDOW_MOST, why="shorter ones break at two spikes, longer ones lag a flood")
        within("warm", self.warm, self.window, None, why="a scatter needs a past")
        if self.step is not None:
            within("step", self.step, 0.0, None, why="a jump has no sign")
        for name in ("pull", "pull_scale"):
            within(name, getattr(self, name), 1e-6, 1.0, why="it is a weight")
        for name in ("spike", "clip", "away", "h", "most", "drift_h"):
            within(name, getattr(self, name), 0.5, None, why="noise alone reaches half of its own scatter")
        for name in ("k", "drift_k", "share"):
            within(name, getattr(self, name), 0.0, None, why="a multiple is not negative")
        within("reseed", self.reseed, 2, None, why="one reading away is a spike, not a level")
        within("fresh_s", self.fresh_s, 0.0, None, unit="s", why="an age is not negative")
        within("forget", self.forget, 0.9, 1.0, why="it remembers 1 / (1 - forget) readings")
        within("drift_warm", self.drift_warm, NEAR_MOST + 2, None, why="so many weights want so many readings")

    def row(self, speed: float = 1.0) -> tuple[float | int, ...]:
        """One record of RULE; `speed` > 1 squeezes durations for a replay, as Limit.row does."""
        return (
            *self.limit.row(speed), math.inf if self.step is None else self.step, self.window, self.warm, self.spike,
            self.share, self.pull, self.pull_scale, self.clip, norm(self.clip), self.away, self.reseed, self.k, self.h,
            self.most, max(1, int(self.fresh_s * 1e6 / speed)), self.forget, self.drift_warm, self.drift_k,
            self.drift_h,
        )  # fmt: skip


def norm(clip: float) -> float:
    """What makes the mean of min(z, clip)^2 over the normal distribution 1: the scatter is then its sigma."""
    tail = math.erfc(clip / math.sqrt(2.0))
    density = math.exp(-clip * clip / 2.0) / math.sqrt(2.0 * math.pi)
    return 1.0 / (1.0 - tail - 2.0 * clip * density + clip * clip * tail)
