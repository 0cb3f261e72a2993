"""A flood that was put away in a file goes on as if it had not been."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fengsui.science.inundation.flood import run_of
from fengsui.science.inundation.restart import load, save
from fengsui.science.inundation.tests.test_flood import town


@pytest.mark.parametrize("scheme", ["inertial", pytest.param("godunov", marks=pytest.mark.slow)])  # compiled: 20 s
def test_flood_that_is_put_away_and_taken_up_again_gives_the_same_bits(tmp_path, scheme):
    asked = town(8, precision="float64", scheme=scheme)
    whole, half = run_of(asked), run_of(asked)
    whole.advance(600.0)
    half.advance(250.0)
    save(half, tmp_path / "half.npz")
    again = load(asked, tmp_path / "half.npz")
    assert again.time_s == 250.0
    again.advance(600.0)
    for name in ("h", "qx", "qy"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(again, name))
    for each in dataclasses.fields(whole.seen):
        np.testing.assert_array_equal(getattr(whole.seen, each.name), getattr(again.seen, each.name))
    assert whole.account == again.account
    assert whole.point_depth_m == again.point_depth_m


def test_file_of_another_flood_is_refused(tmp_path):
    asked = town(8, precision="float64")
    save(run_of(asked), tmp_path / "a.npz")
    with pytest.raises(ValueError, match="another flood"):
        load(town(9, precision="float64"), tmp_path / "a.npz")
