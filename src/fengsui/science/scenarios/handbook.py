"""The handbook's page about scenarios."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.scenarios.nearest import nearest
from fengsui.science.scenarios.reduced import Reduced, leave_out

Values = npt.NDArray[np.float64]
SAYS = """
**A scenario library** (`scenario-library`): floods of one square computed beforehand; the nearest to what is asked, the
range of those around it, and depths between them by few patterns (POD) whose weights are interpolated.

Between scenarios it is no hydraulics: its error is measured by leaving each scenario out and telling it from the
others, and where the nearest scenario alone does as well, nothing is told in between. Beyond the library it refuses.

Alone: `./fengsui science scenario-library --case bowl.json --out out.json`; what was checked in
`src/fengsui/science/scenarios/README.md`.
"""
RAIN, PUMPS = (20.0, 40.0, 60.0, 80.0, 100.0, 120.0), (0.0, 0.5, 1.0)
POINTS = np.array([(rain, pumps) for rain in RAIN for pumps in PUMPS])
BED = np.linspace(0.0, 1.2, 600)


def bowl(points: Values) -> Values:
    """Depths of a bowl that fills with rain (mm) and that pumps (share) lower; (scenarios, cells)."""
    return np.asarray(np.maximum((0.008 * points[:, 0] - 0.15 * points[:, 1])[:, None] - BED, 0.0))


def page() -> Page:
    return Page("scenarios", "Scenarios", SAYS, (*_exact(), *_bowl()), (_between(),))


def _exact() -> tuple[Check, ...]:
    plane = 1.0 + POINTS @ np.array([[0.001, 0.002], [0.3, 0.1]])
    asked = np.array([73.0, 0.2])
    told = Reduced.fit(POINTS, plane).at(asked)
    off = float(np.abs(told - (1.0 + asked @ np.array([[0.001, 0.002], [0.3, 0.1]]))).max())
    return (
        Check("depths linear in the axes, asked between scenarios", "0", off, 0.0, 1e-9, "m"),
        Check("the same: scenarios left out, mean error", "0", leave_out(POINTS, plane).all.mean_m, 0.0, 1e-9, "m"),
        Check("rain asked beyond the library, in widths of that axis", "0.1", _beyond(), 0.1 - 1e-12, 0.1 + 1e-12),
    )


def _beyond() -> float:
    return float(nearest(POINTS, np.array([130.0, 0.5]), 1).outside[0])


def _bowl() -> tuple[Check, ...]:
    error = leave_out(POINTS, bowl(POINTS))
    assert error.inside is not None
    assert error.nearest_inside is not None
    ratio = error.inside.mean_m / error.nearest_inside.mean_m
    return (
        Check("a bowl that fills: mean error between scenarios over that of the nearest", "< 0.4", ratio, 0.0, 0.4),
        Check("the same: overlap deeper than 0.25 m", "> 0.9", error.inside.overlap, 0.9, 1.0),
    )


def _between() -> Plot:
    fitted = Reduced.fit(POINTS, bowl(POINTS))
    rain = np.linspace(20.0, 120.0, 101)
    told = np.array([fitted.at(np.array([each, 0.5]))[0] for each in rain])
    near = np.array([bowl(POINTS)[nearest(POINTS, np.array([each, 0.5]), 1).index[0]][0] for each in rain])
    return Plot(
        "between", "Deepest cell of a bowl by the rain, half of the pumps", "mm", "m",
        (
            line("computed", rain, bowl(np.c_[rain, np.full(101, 0.5)])[:, 0], dashed=True),
            line("between scenarios", rain, told), line("nearest scenario", rain, near),
        ),
    )  # fmt: skip
