"""Regression on what is seen, for the median: ridge under least absolute errors by reweighting (Huber-like floor)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fengsui.science.rivers.station import Values

PASSES = 5


@dataclass(frozen=True, slots=True)
class Linear:
    """target = features @ slope; no constant, so that calm water stays where it is. `slope` (features,)."""

    slope: Values

    def of(self, features: Values) -> Values:
        """(rows,); NaN where a feature is."""
        return np.asarray(features @ self.slope, np.float64)


def fit(features: Values, target: Values, weight: Values, ridge: float, floor: float) -> Linear:
    """`weight` (rows,) of each error; `ridge`: penalty, a share of the rows; errors below `floor` are alike."""
    size = np.sqrt(np.average(features**2, axis=0, weights=weight)) + 1e-12
    scaled = features / size
    slope = np.zeros(features.shape[1])
    eye = np.eye(len(slope)) * ridge
    now = weight / max(float(weight.sum()), 1e-12)
    for _ in range(PASSES):
        w = now / now.sum()
        a = (scaled * w[:, None]).T @ scaled + eye
        slope = np.linalg.solve(a, scaled.T @ (w * target))
        now = weight / np.maximum(np.abs(target - scaled @ slope), floor)
    return Linear(slope / size)
