"""Sums of errors: numbers done by hand, a public library as peer, and what must hold for any forecasts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error

from fengsui.science.verify.errors import Errors, errors_of, pinball

FLOATS = st.floats(-50, 50)


def scored(told, low, high, came, stays, trend=None, coverage=0.9, rising=None):
    told, low, high, came, stays = (np.asarray(each, float) for each in (told, low, high, came, stays))
    trend = stays if trend is None else np.asarray(trend, float)
    rising = np.zeros(len(told), bool) if rising is None else np.asarray(rising)
    return errors_of(told, low, high, came, stays, trend, np.full(len(told), coverage), rising)


def test_four_forecasts_done_by_hand():
    """Misses 0.1, 0.3 above, 0.2 below, 0; persistence misses 0.2, 0.4, 0.4, 0.2; the second lies outside."""
    made = scored(
        told=[1.1, 1.5, 0.8, 1.2], low=[0.9, 1.3, 0.5, 1.1], high=[1.3, 1.7, 1.1, 1.3], came=[1.0, 1.2, 1.0, 1.2],
        stays=[0.8, 0.8, 0.6, 1.0], trend=[1.0, 1.0, 1.0, 1.0], rising=[True, True, False, False],
    )  # fmt: skip
    assert (made.n, made.missing, made.covered, made.rise_n, made.rise_covered) == (4, 0, 3, 2, 1)
    assert made.mean("abs_error") == pytest.approx(0.15)
    assert made.mean("abs_stays") == pytest.approx(0.3)
    assert made.mean("abs_trend") == pytest.approx(0.1)
    assert made.skill == pytest.approx(0.5)
    assert made.rmse == pytest.approx(np.sqrt((0.01 + 0.09 + 0.04) / 4))
    assert made.mean("width") == pytest.approx(0.4)
    assert made.mean("promised") == pytest.approx(0.9)
    assert made.mean("rise_abs_error") == pytest.approx(0.2)
    assert made.rise_skill == pytest.approx(1 - 0.4 / 0.6)


def test_an_outcome_that_nobody_measured_counts_as_missing_and_nowhere_else():
    one, two = scored([1], [0], [2], [1.5], [1]), scored([1, 9], [0, 0], [2, 9], [1.5, np.nan], [1, 9])
    assert two == one + Errors(missing=1)


def test_pinball_of_both_ends_is_the_interval_score():
    """alpha/2 times the interval score of Gneiting & Raftery 2007, eq. 43: width + 2/alpha times the miss."""
    low, high, came, alpha = np.array([0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0]), np.array([0.5, 1.3, -0.2]), 0.1
    winkler = (high - low) + 2 / alpha * np.array([0.0, 0.3, 0.2])
    assert pinball(low, came, 0.05) + pinball(high, came, 0.95) == pytest.approx(alpha / 2 * winkler)


@given(data=arrays.arrays(float, st.tuples(st.integers(1, 30), st.just(3)), elements=FLOATS))
def test_equals_the_public_library_for_any_values(data):
    told, came, stays = data.T
    made = scored(told, told - 1, told + 2, came, stays)
    assert made.mean("abs_error") == pytest.approx(mean_absolute_error(came, told), abs=1e-9)
    assert made.rmse == pytest.approx(np.sqrt(mean_squared_error(came, told)), abs=1e-9)
    ends = [mean_pinball_loss(came, told - 1, alpha=0.05), mean_pinball_loss(came, told + 2, alpha=0.95)]
    assert made.mean("pinball") == pytest.approx(sum(ends) / 2, abs=1e-9)


@given(data=arrays.arrays(float, st.tuples(st.integers(2, 30), st.just(3)), elements=FLOATS), cut=st.integers(0, 30))
def test_sums_of_parts_are_the_sum_of_all(data, cut):
    told, came, stays = data.T
    parts = [scored(told[k], told[k] - 1, told[k] + 1, came[k], stays[k]) for k in (slice(cut), slice(cut, None))]
    whole, added = scored(told, told - 1, told + 1, came, stays), parts[0] + parts[1]
    assert (added.n, added.covered) == (whole.n, whole.covered)
    assert added.mean("abs_error") == pytest.approx(whole.mean("abs_error"))
    assert added.mean("pinball") == pytest.approx(whole.mean("pinball"))


@given(data=arrays.arrays(float, st.tuples(st.integers(1, 30), st.just(2)), elements=FLOATS))
def test_persistence_has_no_skill_and_truth_has_all(data):
    came, stays = data.T
    if np.abs(came - stays).sum() > 0:
        assert scored(stays, stays, stays, came, stays).skill == pytest.approx(0.0, abs=1e-12)
        assert scored(came, came, came, came, stays).skill == 1.0
    assert scored(came, came, came, came, stays).covered == len(came)


@given(arrays.arrays(float, 9, elements=FLOATS), st.floats(0.01, 0.99))
def test_pinball_is_least_at_its_own_quantile(came, share):
    """The sample quantile of that share loses no more than any other value of the sample."""
    loss = [float(pinball(np.full(9, each), came, share).sum()) for each in np.sort(came)]
    best = np.sort(came)[int(np.ceil(9 * share)) - 1]
    assert float(pinball(np.full(9, best), came, share).sum()) == pytest.approx(min(loss), abs=1e-9)


def test_nothing_scored_has_no_scores():
    assert (Errors().mean("abs_error"), Errors().rmse, Errors().skill, Errors().mean("rise_width")) == (None,) * 4
