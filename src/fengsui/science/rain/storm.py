"""Design storms: Chicago (Keifer & Chu 1957) and alternating block, exact in their totals.

Intensities at the middle of cells would make 3.5 % more rain (5-min steps, r = 0.4, P = 50); the depth of each step is
the difference of the cumulative instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, OutOfRange, Remark, Var, within
from fengsui.science.rain.formula import Formula

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DesignStorm:
    """`return_period_a` years, `duration_min` and `step_min` minutes; `peak`: share of the duration before the peak.

    The peak's place is 0.3 to 0.5 in Chinese practice [G]; it is the district's to say.
    """

    formula: Formula
    return_period_a: float
    duration_min: float
    step_min: float = 5.0
    peak: float = 0.4
    shape: Literal["chicago", "alternating"] = "chicago"

    def __post_init__(self) -> None:
        within("peak", self.peak, 0.0, 1.0, why="it is a share of the duration")
        within("step_min", self.step_min, 0.1, self.duration_min, unit="min", why="a storm has at least one step")
        self.formula.intensity(self.duration_min, self.return_period_a)  # refuses what it was not fitted for
        if abs(self.duration_min / self.step_min - self.steps) > 1e-9:
            raise OutOfRange(
                "step_min", self.step_min, low=0.1, high=self.duration_min, unit="min",
                why="the duration must be a whole number of steps",
            )  # fmt: skip
        if self.shape not in ("chicago", "alternating"):
            raise ValueError(self.shape)

    @property
    def steps(self) -> int:
        return round(self.duration_min / self.step_min)


def _edges(storm: DesignStorm) -> Values:
    return np.asarray(np.arange(storm.steps + 1) * storm.step_min, np.float64)


def chicago(storm: DesignStorm) -> Values:
    """Depth of each step, mm, shape (steps,). Rain in any window split r : 1-r about the peak is H(window)."""
    return np.diff(cumulative(storm, _edges(storm)))


def cumulative(storm: DesignStorm, at: Values) -> Values:
    """Rain since the start at times `at` (min), mm: r H(t_b / r) is still to come before the peak (Keifer & Chu)."""
    r, p, whole = storm.peak, storm.return_period_a, storm.duration_min
    middle = r * whole
    before, after = np.maximum(middle - at, 0.0), np.maximum(at - middle, 0.0)
    depth = storm.formula.depth
    rising = r * (depth(whole, p) - depth(before / r, p)) if r > 0 else np.zeros_like(at)
    falling = (1.0 - r) * depth(after / (1.0 - r), p) if r < 1 else np.zeros_like(at)
    return np.asarray(rising + falling, np.float64)


def alternating(storm: DesignStorm) -> Values:
    """Depth of each step, mm, shape (steps,): the heaviest at the peak, the next ones beside it in turn."""
    total = storm.formula.depth(_edges(storm), storm.return_period_a)
    blocks = np.diff(total)  # falls from the first to the last, H being concave
    middle = min(int(storm.peak * storm.steps), storm.steps - 1)
    return np.asarray(blocks[np.argsort(_order(storm.steps, middle), kind="stable")], np.float64)


def _order(steps: int, middle: int) -> npt.NDArray[np.intp]:
    """Places in the order in which they get a block: the middle, then right and left by turns."""
    places = [middle]
    for away in range(1, steps):
        places += [place for place in (middle + away, middle - away) if 0 <= place < steps]
    return np.asarray(places, np.intp)


def _compute(storm: DesignStorm) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    depth = chicago(storm) if storm.shape == "chicago" else alternating(storm)
    at = np.arange(storm.steps) * storm.step_min * 60.0
    remarks = storm.formula.remarks()
    return {"time_s": at, "depth_mm": depth, "intensity_m_s": depth / 1000.0 / (storm.step_min * 60.0)}, remarks


MODEL = Model(
    code="design-storm",
    version="1",
    term=Term("design-storm", "设计暴雨", "design storm"),
    inputs=DesignStorm,
    variables=(
        Var("time_s", "s", ("step",), "out", "start of each step"),
        Var("depth_mm", "mm", ("step",), "out", "rain in each step"),
        Var("intensity_m_s", "m/s", ("step",), "out", "the same as an intensity"),
    ),
    compute=_compute,
    verified=True,
    papers=("Keifer & Chu 1957, J. Hydraul. Div. ASCE 83(HY4)", "Chow, Maidment & Mays 1988, ch. 14"),
)
