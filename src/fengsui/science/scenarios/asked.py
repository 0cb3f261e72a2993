"""The model `scenario-library`: scenarios that were computed, what is asked between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, Remark, Var, within
from fengsui.science.scenarios.nearest import nearest, spread
from fengsui.science.scenarios.reduced import LEAST, Reduced, leave_out

Values = npt.NDArray[np.float64]
MOST = 2_000
"""Scenarios: leaving out costs with the cube of their number."""

NO_PHYSICS = Remark(
    "scenarios.between",
    "由已算情景内插，不是水动力计算；误差为逐个留出所测",
    "Interpolated between computed scenarios, no hydraulics; its error was measured by leaving out",
    "V",
)
BESIDE = Remark(
    "scenarios.not_better",
    "留出检验中内插不优于最近情景，以最近情景为准",
    "Left out, scenarios were not told better than by the nearest one: take that",
    "V",
)
OUTSIDE = Remark(
    "scenarios.outside",
    "所问超出情景库范围，只给最近情景，不内插",
    "Beyond the library: the nearest scenario only, nothing in between",
    "V",
)


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """points (scenarios, axes): what each was computed for. depths (scenarios, cells): metres. asked (axes,).

    count: scenarios that are told as the nearest.
    """

    points: Values
    depths: Values
    asked: Values
    count: int = 5

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.depths.ndim != 2 or len(self.points) != len(self.depths):
            raise ValueError("points (scenarios, axes) and depths (scenarios, cells) of as many scenarios")
        if self.asked.shape != (self.points.shape[1],):
            raise ValueError("asked: one value for each axis")
        within("scenarios", len(self.points), LEAST + 1, MOST, why="few tell nothing, many take long to be left out")
        within("count", self.count, 1, len(self.points), why="no more than there are")
        within("depths", float(self.depths.min()), 0.0, None, unit="m", why="water is not negative")
        within("depths", float(self.depths.max()), None, None, unit="m", why="depths are numbers")


def _compute(asked: Library) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    near = nearest(asked.points, asked.asked, asked.count)
    around = spread(asked.depths[near.index])
    error = leave_out(asked.points, asked.depths)
    told = error.inside or error.all
    plain = error.nearest_inside or error.nearest_all
    remarks: tuple[Remark, ...]
    if not near.is_inside:
        depth, remarks = asked.depths[near.index[0]], (OUTSIDE,)
    elif not error.is_better:
        depth, remarks = asked.depths[near.index[0]], (BESIDE,)
    else:
        depth, remarks = Reduced.fit(asked.points, asked.depths).at(asked.asked), (NO_PHYSICS,)
    values = {
        "nearest": near.index, "distance": near.distance, "depth_m": depth, "low_m": around.low, "high_m": around.high,
        "error_m": told.mean_m, "error_99_m": told.worst_m, "overlap": told.overlap,
        "nearest_error_m": plain.mean_m, "nearest_overlap": plain.overlap,
    }  # fmt: skip
    return values, remarks


MODEL = Model(
    code="scenario-library",
    version="1",
    term=Term("scenario_library", "情景库", "scenario library"),
    inputs=Library,
    variables=(
        Var("nearest", "1", ("near",), "out", "nearest scenarios, the nearest first", "int64"),
        Var("distance", "1", ("near",), "out", "distance of each, in widths of the axes"),
        Var("depth_m", "m", ("cell",), "out", "answer: between scenarios, or the nearest one's"),
        Var("low_m", "m", ("cell",), "out", "least of the nearest scenarios"),
        Var("high_m", "m", ("cell",), "out", "most of the nearest scenarios"),
        Var("error_m", "m", (), "out", "mean error of scenarios left out, cells wet in either"),
        Var("error_99_m", "m", (), "out", "99th percentile of the same"),
        Var("overlap", "1", (), "out", "critical success index of the same, deeper than 0.25 m"),
        Var("nearest_error_m", "m", (), "out", "the same by the nearest scenario alone"),
        Var("nearest_overlap", "1", (), "out", "the same by the nearest scenario alone"),
    ),
    compute=_compute,
    verified=True,
    papers=("Sirovich 1987, Quart. Appl. Math. 45", "Hardy 1971, J. Geophys. Res. 76"),
)
