"""Ports: what a stream will read next, with an interval; and a gauge's past made into knowledge of what comes.

A trend is enough to begin with. A gauge that has lived through floods is learned from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """One forecast of one stream. Times in int64 microseconds since 1970 UTC, values in the stream's unit.

    at, point, low, high: shape (k,), k future times. coverage: share of outcomes that [low, high] is meant to hold.
    error: mean absolute error of this method over the stream's own recent past at half the horizon, None if it is too
    young; persistence: the same for "it stays as it is", to compare with. above: shape (k, lines), the stated chance
    of standing at or above each line that was asked for; None: this method states none but that of its interval.
    total: of rain, the sum over all k times: point, low, high.
    """

    issued_at: int
    at: npt.NDArray[np.int64]
    point: Values
    low: Values
    high: Values
    coverage: float
    error: float | None
    persistence: float | None
    method: str
    above: Values | None = None
    total: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class LineCrossing:
    """When a line will be reached: at (point forecast), earliest and latest (interval); None = not within it.

    chance: the greatest chance, at any of the forecast's times, of standing at or above it.
    """

    level: int
    line: float
    at: int | None
    earliest: int | None
    latest: int | None
    chance: float


@dataclass(frozen=True, slots=True)
class Lived:
    """What a gauge and its neighbours read, on a grid of `step_s` whose last time is `until` (microseconds).

    own: shape (n,); beside: shape (n, neighbours); NaN where nothing was read. Rain is the sum over a step.
    """

    until: int
    step_s: float
    own: Values
    beside: Values


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be learned. leads_s: whole steps. flood: the level from which water is a flood. resolution: of the
    gauge. kinds: of the neighbours, in the order of `Lived.beside`."""

    leads_s: tuple[float, ...]
    flood: float
    resolution: float
    kinds: tuple[Literal["rain", "level"], ...] = ()
    coverage: float = 0.9


@dataclass(frozen=True, slots=True)
class AtLead:
    """How a lesson did on floods that were held back from it, mean absolute errors in the stream's unit.

    best: of the member that missed least. members: codes of those that take part. missed: the error of each that was
    tried, also of those that were left out for missing more than the trend.
    """

    lead_s: float
    stays: float
    trend: float
    best: float
    members: tuple[str, ...]
    missed: dict[str, float] = field(default_factory=dict)


HEAD = 512
"""Bytes of a lesson's state that tell its version: all lessons are asked for it each night, none is read whole."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """state: what was learned, for `Learner.forecast` alone to read. flood_steps: steps of floods in the past."""

    state: bytes = field(repr=False)
    flood_steps: int
    leads: tuple[AtLead, ...]


class Learner(Protocol):
    """What is learned from a gauge's past; the asker keeps it."""

    method: str

    def learn(self, lived: Lived, wanted: Wanted) -> Lesson | None:
        """None where the past holds too little flood to learn from."""
        ...

    def knows(self, head: bytes) -> bool:
        """Whether a state that begins with these HEAD bytes is of the version that `forecast` reads."""
        ...

    def steps(self, state: bytes) -> int:
        """How many steps of the recent past `forecast` needs. Raises LessonLost."""
        ...

    def forecast(self, state: bytes, lived: Lived, lines: Sequence[float]) -> SeriesForecast | None:
        """Issued at `lived.until`, from what was read last. None where nothing was. Raises LessonLost."""
        ...


@dataclass(frozen=True, slots=True)
class RainLesson:
    """state: what was learned of a district's rain, for `Nowcaster.forecast` alone to read. wet: steps with rain, or a
    pause in it, that it was learned from. kept: mean share of the present rain that is still there after each lead."""

    state: bytes = field(repr=False)
    wet: int
    kept: tuple[float, ...]


class Nowcaster(Protocol):
    """Rain of the next hour at a gauge, by what the district's gauges lived through. Rain is the sum over a step, NaN
    where a gauge was silent: that is dry or dead, and nothing is said of it."""

    method: str

    def learn(self, rain: Values, leads: int, pause: int) -> RainLesson | None:
        """rain: shape (steps, gauges). pause: steps after the last wet one in which a forecast is still made. None
        where the past is too short or too dry."""
        ...

    def forecast(
        self, state: bytes, rain: Values, until: int, step_s: float, lines: Sequence[float]
    ) -> SeriesForecast | None:
        """Issued at `until`, the end of the last of one gauge's steps, shape (steps,), for as many leads as were
        learned. None where it does not rain or nobody knows. Raises LessonLost."""
        ...


class LessonLost(Exception):
    """What was kept cannot be read any more, or by this version: it has to be learned again."""
