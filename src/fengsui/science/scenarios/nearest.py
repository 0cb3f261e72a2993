"""Which computed scenarios lie nearest to what is asked, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import within

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Near:
    """`index`: scenarios, the nearest first. `distance`: of each, 1 being the whole width of one axis. `outside`: how
    far what is asked lies beyond the library on each axis, in widths of that axis, shape (axes,); 0 inside."""

    index: Places
    distance: Values
    outside: Values

    @property
    def is_inside(self) -> bool:
        return not self.outside.any()


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Axes brought to [0, 1] over what was computed, so that millimetres and shares can be compared. An axis on which
    all scenarios agree counts in its own unit, and 1e-9 of it is no difference."""

    low: Values
    width: Values

    @classmethod
    def of(cls, points: Values) -> Scale:
        """From (scenarios, axes). Raises OutOfRange for none, or for a value that is no number."""
        within("scenarios", len(points), 1, None, why="an empty library knows nothing")
        if not np.isfinite(points).all():
            within("points", np.nan, None, None, why="each scenario stands somewhere on each axis")
        low, high = points.min(axis=0), points.max(axis=0)
        return cls(low, np.where(high > low, high - low, 1.0))

    def __call__(self, points: Values) -> Values:
        return (points - self.low) / self.width


def nearest(points: Values, asked: Values, count: int) -> Near:
    """The `count` scenarios (at most) of (scenarios, axes) nearest to `asked`, shape (axes,); equals by their order.

    A few thousand scenarios are looked through one by one: that takes less than a tree would to be read.
    """
    scale = Scale.of(points)
    at, known = scale(np.asarray(asked, np.float64)), scale(points)
    if not np.isfinite(at).all():
        within("asked", np.nan, None, None, why="what is asked stands somewhere on each axis")
    away = np.sqrt(((known - at) ** 2).sum(axis=1))
    index = np.argsort(away, kind="stable")[:count]
    top = known.max(axis=0)
    outside = np.maximum(np.maximum(at - top, -at), 0.0)
    return Near(index, away[index], np.where(outside > 1e-9, outside, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Of the same quantity in several scenarios, shape of one of them: least, median and most."""

    low: Values
    middle: Values
    high: Values


def spread(values: Values) -> Spread:
    """Over the first axis of (scenarios, ...)."""
    return Spread(values.min(axis=0), np.median(values, axis=0), values.max(axis=0))
