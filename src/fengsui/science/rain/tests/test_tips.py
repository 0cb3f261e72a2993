"""A tip is spread over the time in which it was gathered, and none of it is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rain.tips import heard, spread

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


def test_silence_is_not_dry():
    """Every minute, an hour of silence, every minute again: the steps of the silence and of its end are not known."""
    at = np.r_[np.arange(0, 1201, 60.0), np.arange(4800, 6001, 60.0)]
    rain = heard(at, np.full(len(at), 0.1), np.arange(0.0, 6001.0, 300.0), gap_s=180.0)
    assert rain[:4] == pytest.approx([0.5] * 4)
    assert np.isnan(rain[4:16]).all()
    assert rain[16:] == pytest.approx([0.5] * 4)


def test_refused_reading_leaves_its_step_unknown_and_no_other():
    at, amount = np.arange(0, 3601, 900.0), np.array([0.0, 1.0, np.nan, 2.0, 3.0])
    rain = heard(at, amount, at, gap_s=2700.0)
    assert np.isnan(rain[1])
    assert rain[[0, 2, 3]].tolist() == [1.0, 2.0, 3.0]


def test_clock_that_jitters_loses_no_rain_and_invents_none():
    rng = np.random.default_rng(4)
    at = np.r_[0.0, np.arange(1, 40) * 300.0 + rng.uniform(-20, 20, 39), 12_000.0]
    amount = np.r_[0.0, np.full(40, 0.5)]
    rain = heard(at, amount, np.arange(0.0, 12_001.0, 300.0), gap_s=900.0)
    assert rain.sum() == pytest.approx(20.0)
    assert rain == pytest.approx(np.full(40, 0.5), abs=0.08)
    shower = np.where(np.arange(41) == 20, 3.0, 0.0)
    traced, exact = (heard(at, shower, np.arange(0.0, 12_001.0, 300.0), gap_s=900.0, period_s=p) for p in (0.0, 300.0))
    assert np.count_nonzero(traced) > 1, "the shower leaves a trace in the step before or after"
    assert np.flatnonzero(exact).tolist() == [19]


def test_nothing_heard_nothing_known():
    assert np.isnan(heard(np.array([10.0]), np.array([1.0]), np.array([0.0, 10.0, 20.0]), gap_s=60.0)).all()
