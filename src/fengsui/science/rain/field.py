"""A field of rain from gauges: inverse distance and ordinary kriging, weights kept for each set of reporting gauges.

A step in time is then one product of a matrix and a vector. Distances are metres in a plane; the caller projects.
Sources: Shepard 1968 (inverse distance); Cressie 1993, ch. 3 (ordinary kriging, exponential variogram).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay, QhullError, cKDTree

from fengsui.science.contract import OutOfRange, within

Values = npt.NDArray[np.float64]
Points = npt.NDArray[np.float64]
KRIGED_MOST = 400
"""A dense system of more gauges takes seconds; a district has fewer."""
KEPT = 8


@dataclass(frozen=True, slots=True)
class Variogram:
    """gamma(d) = nugget + (sill - nugget) (1 - exp(-3 d / range_m)), 0 at d = 0. 95 % are reached at range_m."""

    range_m: float
    sill: float = 1.0
    nugget: float = 0.0

    def __post_init__(self) -> None:
        within("range_m", self.range_m, 1.0, None, unit="m", why="rain is alike over some distance")
        within("nugget", self.nugget, 0.0, self.sill, why="it is a part of the sill")

    def __call__(self, distance: Values) -> Values:
        rise = self.nugget + (self.sill - self.nugget) * (1.0 - np.exp(-3.0 * distance / self.range_m))
        return np.asarray(np.where(distance > 0, rise, 0.0), np.float64)


@dataclass(frozen=True, slots=True)
class Weights:
    """`matrix`: (cells, gauges). `variance`: of kriging, per cell in the variogram's unit; NaN for inverse distance."""

    matrix: Values
    variance: Values

    def __call__(self, rain: Values) -> Values:
        """Rain at the cells, shape (cells,). Kriging's negative weights may not make negative rain."""
        return np.asarray(np.maximum(self.matrix @ rain, 0.0), np.float64)


@dataclass(frozen=True)
class Field:
    """gauges: (n, 2), cells: (m, 2), metres. `nearest`: gauges that inverse distance looks at."""

    gauges: Points
    cells: Points
    method: Literal["idw", "kriging"] = "idw"
    variogram: Variogram = field(default_factory=lambda: Variogram(20_000.0))
    nearest: int = 8
    power: float = 2.0
    reach_m: float = 5_000.0
    _kept: OrderedDict[bytes, Weights] = field(default_factory=OrderedDict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, points in (("gauges", self.gauges), ("cells", self.cells)):
            if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
                raise ValueError(f"{name}: wanted finite coordinates of shape (n, 2), not {points.shape}")
        if self.method == "kriging":
            why = "a larger dense system takes too long; use the inverse distance"
            within("gauges", len(self.gauges), 1, KRIGED_MOST, why=why)

    def rain(self, values: Values) -> tuple[Values, Weights]:
        """Rain at the cells from values at the gauges, NaN where one is silent. Raises OutOfRange if all are."""
        weights = self.weights(np.isfinite(values))
        return weights(values[np.isfinite(values)]), weights

    def weights(self, reports: npt.NDArray[np.bool_]) -> Weights:
        """Kept for the last few sets of gauges that report, since a gauge seldom falls silent or comes back."""
        key = np.packbits(reports).tobytes()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if not reports.any():
            raise OutOfRange("gauges", 0, low=1, why="no gauge reports: there is no field, not a dry one")
        points = self.gauges[reports]
        matrix, variance = (self._idw if self.method == "idw" else self._kriging)(points)
        made = self._kept[key] = Weights(matrix, variance)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made

    def _idw(self, points: Points) -> tuple[Values, Values]:
        k = min(self.nearest, len(points))
        distance, index = cKDTree(points).query(self.cells, k=k)
        distance, index = distance.reshape(-1, k), index.reshape(-1, k)
        with np.errstate(divide="ignore"):
            weight = 1.0 / distance**self.power
        at = distance[:, :1] == 0.0  # on a gauge: its own value
        weight = np.where(at, distance == 0.0, weight)
        weight /= weight.sum(axis=1, keepdims=True)
        matrix = np.zeros((len(self.cells), len(points)))
        np.put_along_axis(matrix, index, weight, axis=1)
        return matrix, np.full(len(self.cells), np.nan)

    def _kriging(self, points: Points) -> tuple[Values, Values]:
        n = len(points)
        system = np.ones((n + 1, n + 1))
        system[:n, :n] = self.variogram(_distances(points, points))
        system[n, n] = 0.0
        right = np.ones((n + 1, len(self.cells)))
        right[:n] = self.variogram(_distances(points, self.cells))
        try:
            solved = np.linalg.solve(system, right)
        except np.linalg.LinAlgError:  # two gauges at one place
            solved = np.linalg.lstsq(system, right, rcond=None)[0]
        variance = np.maximum(np.einsum("ij,ij->j", solved, right), 0.0)
        return np.ascontiguousarray(solved[:n].T), variance

    def inside(self, reports: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Cells within the reporting gauges' hull or `reach_m` of one, shape (m,); mark the rest."""
        points = self.gauges[reports]
        near = cKDTree(points).query(self.cells)[0] <= self.reach_m
        try:
            hull = Delaunay(points).find_simplex(self.cells) >= 0
        except (QhullError, ValueError):  # fewer than three gauges, or all in a line
            return np.asarray(near, np.bool_)
        return np.asarray(near | hull, np.bool_)


def _distances(left: Points, right: Points) -> Values:
    return np.asarray(np.linalg.norm(left[:, None, :] - right[None, :, :], axis=2), np.float64)


def leave_one_out(gauges: Points, values: Values, **options: object) -> Values:
    """What each gauge would have been told by the others, shape (n,): the error of a field where there is no gauge."""
    told = np.empty(len(values))
    for each in range(len(values)):
        others = np.arange(len(values)) != each
        one = Field(gauges[others], gauges[each : each + 1], **options)  # type: ignore[arg-type]  # a Field's own options
        told[each] = one.rain(values[others])[0][0]
    return told
