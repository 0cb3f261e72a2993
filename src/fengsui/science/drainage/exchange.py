"""What passes between a street and a sewer at a manhole or an inlet (Rubinato et al. 2017), and how it is held steady.

Arrays over openings; levels in metres above one datum; flows in m3/s, down into the pipes positive.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import within

Values = npt.NDArray[np.float64]
G = 9.80665
C_ORIFICE, C_WEIR, C_SUBMERGED = 0.167, 0.54, 0.056
"""Coefficients of the paper's experiments, as a public implementation gives them [V: design notes]; of one manhole in
a laboratory at 1 : 6, not of Chinese covers and grates."""
FLAT_M = 0.01
"""Below this difference of levels the root is replaced by a line: its slope at nought has no bound."""
RELAXED, LEAST_RELAXED = 0.8, 0.05
LEAST_M3_S = 1e-6
"""SWMM drops inflows below 1e-5 cubic feet a second; what it would drop is not exchanged."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A manhole or inlet at a cell, above (or with its own lead to) a node of the project.

    `area_m2`, `perimeter_m`: of the hole, by default of a manhole of 0.7 m [G]. `clogged`: share of both that is shut.
    `crest_m`: where water begins to go in, the cell's bed where None.
    """

    node: str
    row: int
    column: int
    area_m2: float = 0.385
    perimeter_m: float = 2.199
    clogged: float = 0.0
    crest_m: float | None = None

    def __post_init__(self) -> None:
        within("area_m2", self.area_m2, 1e-4, 10.0, unit="m2", why="it is a manhole or an inlet")
        within("perimeter_m", self.perimeter_m, 0.01, 50.0, unit="m", why="it is a manhole or an inlet")
        within("clogged", self.clogged, 0.0, 1.0, why="it is a share")


def law(surface_m: Values, head_m: Values, crest_m: Values, area_m2: Values, perimeter_m: Values) -> Values:
    """m3/s down. Rubinato et al. 2017, eqs of the free weir, submerged weir and orifice; up by the orifice alone.

    Water on the street above an opening whose pipe stands below the crest falls in over its rim; a pipe that stands
    above it drowns the rim; the shallow drowned case is read as d sqrt(2 g dH) [U: an implementation has d under the
    root].
    """
    depth = np.maximum(surface_m - crest_m, 0.0)
    free = 2 / 3 * C_WEIR * perimeter_m * np.sqrt(2 * G) * depth**1.5
    # Below its crest a street gives no resistance: water rises to the crest first.
    fall = np.maximum(surface_m, crest_m) - head_m
    speed = np.sqrt(2 * G) * _root(fall)
    shallow = depth * perimeter_m < area_m2
    drowned = np.where(shallow & (fall > 0), C_SUBMERGED * perimeter_m * depth, C_ORIFICE * area_m2) * speed
    wide = area_m2 > 0
    return np.where(wide, np.where(head_m < crest_m, free, np.where((fall < 0) | (depth > 0), drowned, 0.0)), 0.0)


def _root(fall: Values) -> Values:
    """Signed root, a straight line below FLAT_M."""
    size = np.abs(fall)
    return np.sign(fall) * np.where(size < FLAT_M, size / np.sqrt(FLAT_M), np.sqrt(size))


def pond(area_m2: Values, interval_s: float) -> Values:
    """m2 that water above a crest needs so that an interval's flow at a small difference of levels about levels it.

    A full pipe answers a flow taken from it with metres of head, at once: without a surface the flows of a chain of
    full pipes swung by 0.8 m3/s from one second to the next, and SWMM's books were off by 6 % [V: measured here].
    """
    return C_ORIFICE * area_m2 * np.sqrt(2 * G / FLAT_M) * interval_s


def damped(share: Values, before: Values, step: Values) -> Values:
    """The share taken of each step: halved where steps change their sign, down to a twentieth, growing again while they
    do not."""
    return np.clip(share * np.where(step * before < 0, 0.5, 1.25), LEAST_RELAXED, RELAXED)


@dataclass(slots=True)
class Held:
    """Flows from one interval to the next, under-relaxed: a full pipe answers a changed flow at once and overshoots.

    A flow passes through nought when it turns.
    """

    flows: Values
    share: Values = field(init=False)
    step: Values = field(init=False)

    def __post_init__(self) -> None:
        self.share, self.step = np.full(len(self.flows), RELAXED), np.zeros(len(self.flows))

    def next(self, wanted: Values) -> Values:
        step = wanted - self.flows
        self.share = damped(self.share, self.step, step)
        flows = self.flows + self.share * step
        flows[flows * self.flows < 0] = 0.0
        flows[np.abs(flows) < LEAST_M3_S] = 0.0
        self.step, self.flows = step, flows
        return flows


def shared(flows: Values, places: npt.NDArray[np.intp], most: Values) -> Values:
    """Flows >= 0 of openings, those of one place together no more than `most` of it (m3/s, by place)."""
    together = np.bincount(places, flows, len(most))
    part = np.divide(most, together, out=np.ones_like(most), where=together > most)
    return flows * part[places]
