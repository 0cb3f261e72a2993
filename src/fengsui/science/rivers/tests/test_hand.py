"""Heights over the stream of a valley are the valley's; pits drain over their spill; a mask stays connected."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rivers import hand

ROWS, COLUMNS = 41, 60
Y, X = np.mgrid[0:ROWS, 0:COLUMNS].astype(float)
VALLEY = 0.5 * np.abs(Y - 20) + 0.01 * X
"""Falls to the middle row and along it to column 0."""


def test_height_in_a_valley_is_the_height_over_its_floor():
    found, drained, stream = hand.heights(VALLEY, 10.0, 40 * 100 * 5)
    assert stream[20, :50].all()
    assert not stream[np.abs(Y - 20) > 1].any()
    inside = X < 50
    np.testing.assert_allclose(found[inside], (0.5 * np.abs(Y - 20))[inside], atol=0.25)
    assert drained[20, 0] > 0.8 * ROWS * COLUMNS * 100.0


def test_pit_drains_over_its_spill():
    bed = VALLEY.copy()
    bed[5:8, 20:23] -= 3.0
    found, _, _ = hand.heights(bed, 10.0, 40 * 100 * 5)
    assert np.isfinite(found[5:8, 20:23]).all()
    assert (found[5:8, 20:23] < found[4, 20:23].min()).all()


def test_known_river_is_where_all_drains_to():
    river = np.zeros(VALLEY.shape, bool)
    river[10, :] = True
    found, _, stream = hand.heights(VALLEY, 10.0, 1e9, river)
    assert (stream == river).all()
    assert found[10].max() == 0.0
    assert found[3, 30] == pytest.approx(3.5, abs=0.01)


def test_mask_holds_only_what_touches_the_stream():
    bed = VALLEY.copy()
    bed[30:33, 30:33] = 0.4  # a hollow behind the slope
    found, _, stream = hand.heights(bed, 10.0, 40 * 100 * 5)
    wet = hand.mask(found, stream, 1.0)
    assert wet[20, :50].all()
    assert not wet[30:33, 30:33].any()
    assert hand.overlap(wet, wet) == 1.0
    assert hand.overlap(wet, ~wet) == 0.0


@given(st.integers(0, 50), st.floats(0.0, 3.0))
@settings(max_examples=25, deadline=None)
def test_every_cell_drains_and_higher_water_covers_more(seed, stage):
    bed = VALLEY + np.random.default_rng(seed).normal(0, 0.3, VALLEY.shape)
    told = hand.MODEL.run(hand.Terrain(bed, 10.0, 20_000.0, stage)).values
    edge = (Y == 0) | (X == 0) | (Y == ROWS - 1) | (X == COLUMNS - 1)
    gone = told["drained_m2"][edge]
    assert gone.sum() >= ROWS * COLUMNS * 100.0 * (1 - 1e-12)
    higher = hand.MODEL.run(hand.Terrain(bed, 10.0, 20_000.0, stage + 0.5)).values
    assert (higher["wet"] | ~told["wet"]).all()


def test_terrain_without_heights_is_refused():
    with pytest.raises(ValueError, match="heights"):
        hand.Terrain(np.full((3, 3), np.nan), 10.0, 1000.0, 1.0)
    with pytest.raises(OutOfRange, match="stage_m"):
        hand.Terrain(VALLEY, 10.0, 1000.0, -1.0)
