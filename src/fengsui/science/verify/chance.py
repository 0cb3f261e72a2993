"""Chances that a line is reached: what an interval forecast implies, and how often such chances came true.

Brier score (Brier 1950), its parts (Murphy 1973; Stephenson et al. 2008 for what classes hide) and the points of the
reliability diagram, from sums per class of chances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

CLASSES = 10


def chance_of(point: Values, low: Values, high: Values, coverage: float, line: float) -> float:
    """The chance that the line is reached at one of the forecast's moments, as its interval implies.

    Rule [U]: at each moment the value is normal about the point, its spread above and below such that [low, high]
    holds `coverage` of it evenly; of the moments the greatest chance counts, which is the least that the chance of
    "at any of them" can be (Frechet). An interval without width gives 0 or 1, and the line at a point that has a width
    on one side at least a half. All of shape (k,).
    """
    if not len(point):
        return 0.0
    z = NormalDist().inv_cdf((1.0 + coverage) / 2.0)
    above, below = high - point, point - low
    spread = np.where(line > point, above, np.where(line < point, below, np.maximum(above, below))) / z
    return max(_above(float(line - at), float(s)) for at, s in zip(point, spread, strict=True))


def _above(away: float, spread: float) -> float:
    if spread <= 0:
        return 1.0 if away <= 0 else 0.0
    return 0.5 * erfc(away / (spread * sqrt(2.0)))


@dataclass(frozen=True, slots=True)
class Class:
    """Chances told within one tenth: how many, their sum, how often the event came, sum of (chance - came)^2."""

    n: int = 0
    told: float = 0.0
    came: int = 0
    square: float = 0.0

    def __add__(self, other: Class) -> Class:
        return Class(self.n + other.n, self.told + other.told, self.came + other.came, self.square + other.square)


def class_of(chance: float) -> int:
    """0 for [0, 0.1) .. 9 for [0.9, 1]."""
    return min(int(chance * CLASSES), CLASSES - 1)


def classes_of(chances: npt.ArrayLike, came: npt.ArrayLike) -> dict[int, Class]:
    """Sums of each class that is not empty; both of shape (n,)."""
    found: dict[int, Class] = {}
    for chance, event in zip(np.asarray(chances, float).tolist(), np.asarray(came, bool).tolist(), strict=True):
        k = class_of(chance)
        found[k] = found.get(k, Class()) + Class(1, chance, int(event), (chance - event) ** 2)
    return found


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the reliability diagram: n chances of mean `told` after which the event came in a share of `came`.

    low, high: where 9 in 10 such shares would lie if the chances were right, by the normal approximation.
    """

    k: int
    n: int
    told: float
    came: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """brier = reliability - resolution + uncertainty + within.

    brier: mean square of chance - event; 0 is perfect. reliability: how far chances lie from what came (0 good);
    resolution: how well they tell cases apart (large good); uncertainty: of the event itself, the Brier score of
    always saying its mean frequency; within: what the classes hide. never: the Brier score of persistence, which never
    sees a line reached.
    """

    n: int
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    never: float
    points: tuple[Point, ...]

    @property
    def within(self) -> float:
        return self.brier - (self.reliability - self.resolution + self.uncertainty)

    @property
    def skill(self) -> float | None:
        """1 - Brier / Brier of persistence; None where the event never came."""
        return 1.0 - self.brier / self.never if self.never else None


def reliability(classes: Mapping[int, Class]) -> Reliability | None:
    """None without a single chance."""
    n = sum(each.n for each in classes.values())
    if not n:
        return None
    base = sum(each.came for each in classes.values()) / n
    points = tuple(_point(k, each) for k, each in sorted(classes.items()) if each.n)
    return Reliability(
        n,
        sum(each.square for each in classes.values()) / n,
        sum(each.n * (each.told - each.came) ** 2 for each in points) / n,
        sum(each.n * (each.came - base) ** 2 for each in points) / n,
        base * (1.0 - base),
        base,
        points,
    )


def _point(k: int, each: Class) -> Point:
    told = each.told / each.n
    half = NormalDist().inv_cdf(0.95) * sqrt(told * (1.0 - told) / each.n)
    return Point(k, each.n, told, each.came / each.n, max(0.0, told - half), min(1.0, told + half))
