"""Test 4 of the Environment Agency's report SC120002: water over a flat from a gap in its side, by scheme A.

The ground is described (1 000 x 2 000 m flat, cells of 5 m, n 0.05, 20 m in the middle of the western side, up to
20 m3/s for six hours [V: a code's public page]); the hydrograph is our own, the Agency's files are not here.
"""

from __future__ import annotations

import numpy as np
import pytest

from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.ground import Edge, Ground, Series
from fengsui.science.inundation.run import Run

pytestmark = pytest.mark.slow

ROWS, COLUMNS, CELL_M = 400, 200, 5.0
RISE = Series(np.array([0.0, 3600.0, 14_400.0, 21_600.0]), np.array([0.0, 20.0, 20.0, 0.0]))


def flat(until_s, **more):
    bed = np.zeros((ROWS, COLUMNS))
    ground = Ground(bed, np.full(bed.shape, 0.05), CELL_M)
    gap = Edge("west", "inflow", RISE, ROWS // 2 - 2, ROWS // 2 + 2)
    return Flood(ground, until_s, edges=(gap,), look_s=60.0, **more)


def test_flat_fills_from_its_side_alike_to_both_sides_and_as_far():
    """The first hour of it."""
    run = Run(flat(3600.0, precision="float64"))
    run.advance(3600.0)
    assert run.account.edges == pytest.approx(10.0 * 3600, rel=1e-3), (
        "the hydrograph's, by its value at each step's start"
    )
    assert abs(run.account.missing(run.stored())) < 1e-12
    np.testing.assert_allclose(run.h, run.h[::-1], rtol=0, atol=1e-12)
    rows, columns = np.nonzero(run.h > 0.05)
    east, north = (columns + 1) * CELL_M, abs(rows + 0.5 - ROWS / 2) * CELL_M + CELL_M / 2
    for front in (east.max(), north.max(), np.hypot(east - CELL_M / 2, north - CELL_M / 2).max()):
        assert front == pytest.approx(395.0, abs=5.0), "m, 5 cm deep, in all directions"
    assert run.h[ROWS // 2, [10, 20, 40, 60]] == pytest.approx([0.311, 0.248, 0.177, 0.120], abs=0.002)
