"""The reliability diagram as coordinates: chance told to the right, share that came upwards, large where told often."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from fengsui.science.verify.chance import Reliability

SIDE, LEFT, TOP = 260, 46, 10
LEAST, MOST = 4.0, 11.0
"""Radius of a point of one chance, and of the one with most."""


@dataclass(frozen=True, slots=True)
class Dot:
    """x, y, r and the ends of its band in the drawing; the rest in percent and counts for words and table."""

    x: float
    y: float
    r: float
    y_low: float
    y_high: float
    n: int
    told: float
    came: float
    low: float
    high: float
    first: int
    last: int

    @property
    def is_off(self) -> bool:
        """Outside the band in which nine in ten lie where the chances are right."""
        return not self.low <= self.came <= self.high


def x_of(share: float) -> float:
    return round(LEFT + SIDE * share, 1)


def y_of(share: float) -> float:
    return round(TOP + SIDE * (1.0 - share), 1)


def dots(found: Reliability) -> list[Dot]:
    """One for each tenth with a chance in it, from the left."""
    most = max(each.n for each in found.points)
    return [
        Dot(
            x_of(each.told), y_of(each.came), round(LEAST + (MOST - LEAST) * sqrt(each.n / most), 1),
            y_of(each.low), y_of(each.high), each.n, 100 * each.told, 100 * each.came, 100 * each.low,
            100 * each.high, each.k * 10, each.k * 10 + 10,
        )
        for each in found.points
    ]  # fmt: skip


FRAME = {
    "side": SIDE,
    "left": LEFT,
    "top": TOP,
    "width": LEFT + SIDE + 16,
    "height": TOP + SIDE + 40,
    "ticks": [(percent, x_of(percent / 100), y_of(percent / 100)) for percent in (0, 20, 40, 60, 80, 100)],
}
