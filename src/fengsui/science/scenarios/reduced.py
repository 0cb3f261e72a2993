"""An answer between computed scenarios: few patterns of depth (POD), their weights interpolated over the axes.

Depth fields are written as a mean and the leading patterns of what is left (Sirovich 1987, snapshots); the weight of
each pattern is interpolated between the scenarios by radial basis functions with a linear tail (Hardy 1971, here with
the distance itself, which does not overshoot between few points as smoother ones do). Water that came out negative
is none.

It is no physics: what it may be trusted with is measured, each scenario being left out in its turn and told from the
others, and an answer is given with that error or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator

from fengsui.science.contract import within
from fengsui.science.scenarios.nearest import Scale, nearest

Values = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
KEPT = 0.9999
"""Share of the variance that the patterns kept hold [ours]."""
WET_M, DEEP_M = 0.05, 0.25
"""From where a cell counts as wet, and from where as cut: the map's and the roads' lines."""
LEAST = 5
"""Scenarios below which nothing is left out and nothing told."""


@dataclass(frozen=True, slots=True)
class Miss:
    """How far answers lay from what had been computed and was left out. Depths in metres over the cells that are wet in
    either; `overlap`: critical success index of cells deeper than DEEP_M. `count`: scenarios left out."""

    mean_m: float
    worst_m: float
    overlap: float
    count: int

    @classmethod
    def of(cls, told: Values, was: Values) -> Miss:
        """Both (scenarios, cells); `worst_m` is the 99th percentile, one cell at a water's edge being no error."""
        wet = (told >= WET_M) | (was >= WET_M)
        away = np.abs(told - was)[wet]
        deep, truly = told >= DEEP_M, was >= DEEP_M
        either = int((deep | truly).sum())
        return cls(
            float(away.mean()) if away.size else 0.0,
            float(np.quantile(away, 0.99)) if away.size else 0.0,
            int((deep & truly).sum()) / either if either else 1.0,
            len(told),
        )


@dataclass(frozen=True, slots=True)
class Error:
    """By leaving out: scenarios between the others (`inside`, None where there are none: on each axis of more than two
    values they stand at none of its ends), all of them (`all`), and the same told by the nearest scenario alone."""

    inside: Miss | None
    all: Miss
    nearest_inside: Miss | None
    nearest_all: Miss

    @property
    def is_better(self) -> bool:
        """Than taking the nearest scenario, where the library is meant to be asked: between its scenarios."""
        ours, plain = (self.inside, self.nearest_inside) if self.inside else (self.all, self.nearest_all)
        return plain is not None and ours.mean_m < plain.mean_m and ours.overlap >= plain.overlap


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """`points` (scenarios, axes); `mean` (cells,), `patterns` (patterns, cells), `weights` (scenarios, patterns)."""

    points: Values
    mean: Values
    patterns: Values
    weights: Values
    held: float
    """Share of the variance that the patterns hold."""

    @classmethod
    def fit(cls, points: Values, depths: Values, kept: float = KEPT) -> Reduced:
        """From depths in metres, shape (scenarios, cells). Raises OutOfRange for fewer than LEAST scenarios."""
        within("scenarios", len(points), LEAST, None, why="an answer between scenarios needs some around it")
        mean = depths.mean(axis=0)
        rest = depths - mean
        # Scenarios are far fewer than cells: their products among each other hold the same patterns.
        value, vector = np.linalg.eigh(rest @ rest.T)
        value, vector = np.maximum(value[::-1], 0.0), vector[:, ::-1]
        total = value.sum()
        if total <= 0.0:
            return cls(points, mean, np.zeros((0, len(mean))), np.zeros((len(points), 0)), 1.0)
        count = int(np.searchsorted(np.cumsum(value) / total, kept) + 1)
        count = min(count, int((value > total * 1e-12).sum()))
        length = np.sqrt(value[:count])
        patterns = (vector[:, :count] / length).T @ rest
        return cls(points, mean, patterns, vector[:, :count] * length, float(value[:count].sum() / total))

    def at(self, asked: Values) -> Values:
        """Depths in metres, shape (cells,). Raises OutOfRange beyond the scenarios on any axis."""
        near = nearest(self.points, asked, 1)
        for axis, beyond in enumerate(near.outside):
            if beyond:
                low, high = float(self.points[:, axis].min()), float(self.points[:, axis].max())
                within(
                    f"asked[{axis}]", float(np.asarray(asked)[axis]), low, high,
                    why="between scenarios only: beyond them nothing was computed",
                )  # fmt: skip
        return self._told(np.asarray(asked, np.float64)[None])[0]

    def _told(self, asked: Values) -> Values:
        """(asked, cells)."""
        if not len(self.patterns):
            return np.broadcast_to(self.mean, (len(asked), len(self.mean))).copy()
        weights = interpolated(self.points, self.weights, asked)
        return np.asarray(np.maximum(self.mean + weights @ self.patterns, 0.0))


def interpolated(points: Values, values: Values, asked: Values) -> Values:
    """(asked, n) from values (scenarios, n) at (scenarios, axes). Axes on which the scenarios agree are left out."""
    scale = Scale.of(points)
    varies = np.ptp(points, axis=0) > 0
    known, wanted = scale(points)[:, varies], scale(asked)[:, varies]
    if not varies.any():
        return np.broadcast_to(values.mean(axis=0), (len(wanted), values.shape[1])).copy()
    # A linear tail needs more points than axes, not all of them on one plane.
    tail = np.linalg.matrix_rank(np.c_[np.ones(len(known)), known]) == known.shape[1] + 1
    return np.asarray(RBFInterpolator(known, values, kernel="linear", degree=1 if tail else 0)(wanted))


def between(points: Values) -> Marks:
    """Scenarios with others on both sides, on each axis that has more than two values."""
    inside = np.ones(len(points), bool)
    for axis in points.T:
        if len(np.unique(axis)) > 2:
            inside &= (axis > axis.min()) & (axis < axis.max())
    return inside if (np.array([len(np.unique(axis)) for axis in points.T]) > 2).any() else np.zeros(len(points), bool)


def leave_out(points: Values, depths: Values, kept: float = KEPT) -> Error:
    """Each scenario told from the others. Raises OutOfRange as `Reduced.fit`, one more being needed."""
    within("scenarios", len(points), LEAST + 1, None, why="one is left out, and an answer needs some around it")
    told, plain = np.empty_like(depths), np.empty_like(depths)
    for one in range(len(points)):
        others = np.arange(len(points)) != one
        told[one] = Reduced.fit(points[others], depths[others], kept)._told(points[one : one + 1])[0]
        plain[one] = depths[others][nearest(points[others], points[one], 1).index[0]]
    inside = between(points)
    some = bool(inside.any())
    return Error(
        Miss.of(told[inside], depths[inside]) if some else None,
        Miss.of(told, depths),
        Miss.of(plain[inside], depths[inside]) if some else None,
        Miss.of(plain, depths),
    )
