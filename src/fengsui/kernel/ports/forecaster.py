"""Port: what a stream will read next, with an interval. A trend is enough to begin with; models replace it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """One forecast of one stream. Times in int64 microseconds since 1970 UTC, values in the stream's unit.

    at, point, low, high: shape (k,), k future times. coverage: share of outcomes that [low, high] is meant to hold.
    error: mean absolute error of this method over the stream's own recent past at half the horizon, None if it is too
    young; persistence: the same for "it stays as it is", to compare with.
    """

    issued_at: int
    at: npt.NDArray[np.int64]
    point: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    coverage: float
    error: float | None
    persistence: float | None
    method: str


@dataclass(frozen=True, slots=True)
class LineCrossing:
    """When a line will be reached: at (point forecast), earliest and latest (interval); None = not within it."""

    level: int
    line: float
    at: int | None
    earliest: int | None
    latest: int | None


class Forecaster(Protocol):
    """Implementations refuse (return None) rather than guess from too few readings."""

    method: str

    def forecast(
        self, at: npt.NDArray[np.int64], value: npt.NDArray[np.float64], *, horizon_us: int, step_us: int
    ) -> SeriesForecast | None:
        """From trusted readings in order of time, shape (n,). Issued at the time of the last one."""
        ...
