"""Chances: tables of the normal distribution, a public library as peer, and the identity of the Brier score's parts."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from fengsui.science.verify.chance import chance_of, class_of, classes_of, reliability

CHANCES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def one(point, low, high, line, coverage=0.9):
    return chance_of(np.array([point]), np.array([low]), np.array([high]), coverage, line)


def test_ends_of_a_nine_in_ten_interval_have_a_chance_of_one_in_twenty():
    assert one(1.0, 0.0, 2.0, 1.0) == pytest.approx(0.5)
    assert one(1.0, 0.0, 2.0, 2.0) == pytest.approx(0.05)
    assert one(1.0, 0.0, 2.0, 0.0) == pytest.approx(0.95)
    assert one(1.0, 0.5, 3.0, 3.0) == pytest.approx(0.05)
    assert one(1.0, 0.5, 3.0, 0.5) == pytest.approx(0.95)
    assert one(1.0, 0.0, 2.0, 1.5, 0.5) == pytest.approx(norm.sf(0.5 * norm.ppf(0.75)))


def test_an_interval_without_width_is_certain():
    assert [one(1.0, 1.0, 1.0, line) for line in (0.9, 1.0, 1.1)] == [1.0, 1.0, 0.0]


def test_the_line_at_the_point_has_a_half_where_one_side_is_without_width():
    assert [one(1.0, 0.0, 1.0, line) for line in (0.0, 1.0, 1.1)] == [pytest.approx(0.95), 0.5, 0.0]
    assert [one(1.0, 1.0, 2.0, line) for line in (0.9, 1.0, 2.0)] == [1.0, 0.5, pytest.approx(0.05)]


def test_of_several_moments_the_greatest_chance_counts():
    point = np.array([0.2, 0.6, 0.4])
    assert chance_of(point, point - 0.2, point + 0.2, 0.9, 0.6) == pytest.approx(0.5)
    assert chance_of(point[:1], point[:1] - 0.2, point[:1] + 0.2, 0.9, 0.6) < 0.001
    assert chance_of(point[:0], point[:0], point[:0], 0.9, 0.6) == 0.0


@example(1.0, 1.0, 0.0, 0.0, 1.0)
@given(st.floats(-5, 5), st.floats(0, 3), st.floats(0, 3), st.floats(-5, 5), st.floats(0.01, 3))
def test_a_higher_line_is_never_likelier(point, down, up, line, more):
    assert one(point, point - down, point + up, line + more) <= one(point, point - down, point + up, line) + 1e-12


@given(st.lists(st.floats(0, 2), min_size=1, max_size=12), st.floats(0, 3))
def test_more_moments_never_make_a_line_less_likely(points, line):
    at = np.array(points)
    chances = [chance_of(at[:k], at[:k] - 0.3, at[:k] + 0.5, 0.9, line) for k in range(1, len(at) + 1)]
    assert chances == sorted(chances)


def test_classes_are_tenths_and_certainty_lies_in_the_last():
    assert [class_of(each) for each in (0.0, 0.0999, 0.1, 0.55, 0.9, 1.0)] == [0, 0, 1, 5, 9, 9]


def test_ten_chances_done_by_hand():
    """Five times 0.25 with one event, five times 0.75 with four: base 0.5, each class off by 0.05."""
    found = reliability(classes_of([0.25] * 5 + [0.75] * 5, [1, 0, 0, 0, 0, 1, 1, 1, 1, 0]))
    assert found.brier == pytest.approx((0.75**2 + 4 * 0.25**2 + 4 * 0.25**2 + 0.75**2) / 10)
    assert (found.reliability, found.resolution) == (pytest.approx(0.0025), pytest.approx(0.09))
    assert (found.uncertainty, found.within) == (pytest.approx(0.25), pytest.approx(0.0, abs=1e-15))
    assert found.skill == pytest.approx(1 - 0.1625 / 0.5)
    assert [(each.n, each.told, each.came) for each in found.points] == [(5, 0.25, 0.2), (5, 0.75, 0.8)]


@given(CHANCES)
def test_equals_the_public_library_for_any_chances(given_chances):
    chances, came = np.array([c for c, _ in given_chances]), np.array([e for _, e in given_chances])
    found = reliability(classes_of(chances, came))
    assert found.brier == pytest.approx(brier_score_loss(came, chances, labels=[False, True]), abs=1e-12)
    assert found.never == came.mean()


@given(CHANCES)
def test_parts_of_the_brier_score_add_up_where_a_class_holds_one_chance(given_chances):
    chances = [(int(c * 10) + 0.5) / 10 if c < 1 else 0.95 for c, _ in given_chances]
    found = reliability(classes_of(chances, [e for _, e in given_chances]))
    assert found.within == pytest.approx(0.0, abs=1e-12)
    assert found.resolution <= found.uncertainty + 1e-12


@given(CHANCES, st.integers(0, 60))
def test_sums_of_parts_are_the_sum_of_all(given_chances, cut):
    halves = (given_chances[:cut], given_chances[cut:])
    parts = [classes_of([c for c, _ in some], [e for _, e in some]) for some in halves]
    whole = classes_of([c for c, _ in given_chances], [e for _, e in given_chances])
    for k, each in whole.items():
        found = [part[k] for part in parts if k in part]
        added = found[0] if len(found) == 1 else found[0] + found[1]
        assert (added.n, added.came) == (each.n, each.came)
        assert added.told == pytest.approx(each.told)
        assert added.square == pytest.approx(each.square)


def test_points_lie_where_the_public_library_puts_them():
    random = np.random.default_rng(5)
    chances = random.uniform(0, 1, 4000)
    came = random.uniform(0, 1, 4000) < chances**1.5
    found = reliability(classes_of(chances, came))
    true, told = calibration_curve(came, chances, n_bins=10)
    assert [each.told for each in found.points] == pytest.approx(told.tolist())
    assert [each.came for each in found.points] == pytest.approx(true.tolist())


def test_right_chances_lie_in_their_band_nine_times_in_ten():
    random = np.random.default_rng(11)
    inside = []
    for _ in range(100):
        chances = random.uniform(0, 1, 2000)
        found = reliability(classes_of(chances, random.uniform(0, 1, 2000) < chances))
        inside += [each.low <= each.came <= each.high for each in found.points]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_no_chance_has_no_score():
    assert reliability({}) is None
    assert reliability(classes_of([0.2], [False])).skill is None
