"""A made-up district is the same for the same seed, and has what a flood needs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from fengsui.science.contract import OutOfRange, digest
from fengsui.science.inundation.terrain import district


@pytest.mark.parametrize("cell", [5.0, 10.0])
def test_district_has_a_river_streets_houses_and_an_underpass(cell):
    side = int(1200 / cell)
    made = district(3, side, side, cell)
    ground, floor = made.ground, made.ground.floor_m()
    assert np.isfinite(floor).all()
    assert label(made.river)[1] == 1
    assert made.river[:, 0].any()
    assert made.river[:, -1].any()
    assert 0.05 < ground.built.mean() < 0.5
    assert len(made.buildings.people) > 50
    assert made.buildings.people.sum() > 1000
    assert not (ground.built & made.river).any()
    street = made.streets[1].cells(floor.shape)
    assert not ground.built.ravel()[street].any()
    dip = ground.bed_m.ravel()[street] - floor.ravel()[street]
    assert 6.0 < dip.max() < 7.5  # a dam of four metres, two and a half below the street
    assert (np.diff(floor.ravel()[street]) < 2.0).all()  # it is driven through
    low = street[np.argmin(floor.ravel()[street] - np.linspace(0, -0.003 * 1200, len(street)))]
    assert dip[street == low] > 6.0  # and the place where water stays


def test_same_seed_makes_the_same_district_and_another_seed_another():
    one, two, other = (district(seed, 120, 120, 10.0) for seed in (1, 1, 2))
    assert digest(one) == digest(two) != digest(other)


def test_district_that_is_too_small_is_refused_by_name():
    with pytest.raises(OutOfRange, match="rows"):
        district(1, 50, 200, 10.0)
