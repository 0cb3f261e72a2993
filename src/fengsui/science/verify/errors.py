"""Errors of many forecasts at one lead as sums: they add up, and every score follows from them.

Mean absolute and root mean square error beside those of "it stays as it is" and of the damped trend; coverage, width
and pinball loss of the interval; the same on the rising limb, where a calibrated interval may fail unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import sqrt

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Errors:
    """Sums over forecasts of one lead whose outcome is known; `missing` counts the others.

    stays: "it stays as it is" (persistence); trend: the damped trend. promised: sum of nominal coverages. width: of
    whole intervals, high - low. pinball: mean of the losses of the interval's two ends. rise_*: of those issued while
    the value was rising. Errors are in the stream's unit, squares in its square.
    """

    n: int = 0
    missing: int = 0
    abs_error: float = 0.0
    abs_stays: float = 0.0
    abs_trend: float = 0.0
    sq_error: float = 0.0
    sq_stays: float = 0.0
    promised: float = 0.0
    covered: int = 0
    width: float = 0.0
    pinball: float = 0.0
    rise_n: int = 0
    rise_abs_error: float = 0.0
    rise_abs_stays: float = 0.0
    rise_covered: int = 0
    rise_width: float = 0.0

    def __add__(self, other: Errors) -> Errors:
        return Errors(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Errors)))

    def mean(self, name: str) -> float | None:
        """The sum of that name over its forecasts; None where there is none."""
        n = self.rise_n if name.startswith("rise_") else self.n
        return getattr(self, name) / n if n else None

    @property
    def rmse(self) -> float | None:
        return sqrt(self.sq_error / self.n) if self.n else None

    @property
    def skill(self) -> float | None:
        """1 - MAE / MAE of persistence: 0 no better, 1 perfect, negative worse. None where nothing moved."""
        return 1.0 - self.abs_error / self.abs_stays if self.abs_stays > 0 else None

    @property
    def rise_skill(self) -> float | None:
        return 1.0 - self.rise_abs_error / self.rise_abs_stays if self.rise_abs_stays > 0 else None


def errors_of(
    told: Values,
    low: Values,
    high: Values,
    came: Values,
    stays: Values,
    trend: Values,
    coverage: Values,
    rising: npt.NDArray[np.bool_],
) -> Errors:
    """All of shape (n,), one row a forecast; NaN in `came` is an outcome that nobody measured."""
    known, rising = ~np.isnan(came), rising[~np.isnan(came)]
    told, low, high, came, stays, trend, coverage = (
        each[known] for each in (told, low, high, came, stays, trend, coverage)
    )
    error, rest, inside = np.abs(told - came), np.abs(stays - came), (low <= came) & (came <= high)
    tail = (1.0 - coverage) / 2.0
    losses = (pinball(low, came, tail) + pinball(high, came, 1.0 - tail)) / 2.0
    return Errors(
        n=len(came),
        missing=int((~known).sum()),
        abs_error=float(error.sum()),
        abs_stays=float(rest.sum()),
        abs_trend=float(np.abs(trend - came).sum()),
        sq_error=float((error**2).sum()),
        sq_stays=float((rest**2).sum()),
        promised=float(coverage.sum()),
        covered=int(inside.sum()),
        width=float((high - low).sum()),
        pinball=float(losses.sum()),
        rise_n=int(rising.sum()),
        rise_abs_error=float(error[rising].sum()),
        rise_abs_stays=float(rest[rising].sum()),
        rise_covered=int(inside[rising].sum()),
        rise_width=float((high - low)[rising].sum()),
    )


def pinball(told: Values, came: Values, share: Values | float) -> Values:
    """Loss of a quantile (Koenker & Bassett 1978): a miss above costs `share`, one below 1 - `share`, a unit."""
    return np.asarray(np.maximum(share * (came - told), (share - 1.0) * (came - told)), np.float64)
