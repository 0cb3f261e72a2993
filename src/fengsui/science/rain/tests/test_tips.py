"""A tip is spread over the time in which it was gathered, and none of it is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rain.tips import spread

tips = st.lists(st.integers(0, 20_000), min_size=1, max_size=60).map(sorted)


def test_steady_rain_is_steady_again():
    """0.2 mm every minute: every interval has 0.2, whatever the moments of the tips."""
    at = np.arange(1, 61) * 60.0 - 17.0
    rain = spread(at, np.full(60, 0.2), np.arange(2, 59) * 60.0)
    assert rain == pytest.approx(np.full(56, 0.2))


def test_single_tip_after_silence_is_no_spike():
    rain = spread(np.array([36_000.0]), np.array([0.2]), np.arange(35_100.0, 36_301.0, 300.0))
    assert rain.tolist() == pytest.approx([0.0, 0.1, 0.1, 0.0])


@given(tips, st.integers(10, 900))
def test_nothing_is_lost_and_nothing_negative(moments, step):
    at, amount = np.array(moments, float), np.full(len(moments), 0.2)
    edges = np.arange(-1200.0, 20_000.0 + 2 * step, step)
    rain = spread(at, amount, edges)
    assert (rain >= -1e-12).all()
    assert rain.sum() == pytest.approx(amount.sum(), rel=1e-12)


@given(tips, st.integers(10, 900))
def test_later_edges_sum_the_earlier_ones(moments, step):
    at, amount = np.array(moments, float), np.full(len(moments), 0.2)
    edges = np.arange(-1200.0, 22_000.0, step)
    fine, coarse = spread(at, amount, edges), spread(at, amount, edges[::3])
    whole = len(coarse) * 3
    assert fine[:whole].reshape(-1, 3).sum(axis=1) == pytest.approx(coarse, abs=1e-9)


def test_no_tips_are_no_rain_and_disorder_is_refused():
    none = np.zeros(0)
    assert spread(none, none, np.array([0.0, 60.0, 120.0])).tolist() == [0.0, 0.0]
    with pytest.raises(OutOfRange):
        spread(np.array([2.0, 1.0]), np.array([0.2, 0.2]), np.array([0.0, 60.0]))
    with pytest.raises(OutOfRange):
        spread(np.array([1.0, 2.0]), np.array([0.2, -0.2]), np.array([0.0, 60.0]))
