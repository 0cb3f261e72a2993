"""Weights follow what was missed, and intervals right themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science.rivers import mix, trees
from fengsui.science.rivers.score import warnings


def fresh(lead=1, members=2):
    return mix.fresh(members, lead, np.ones((mix.KINDS, members)), np.ones(members, bool), 0.9)


def test_outcomes_count_only_once_they_are_known():
    one = fresh(lead=3)
    for t in range(3):
        one.step(float(t), np.array([0.0, 1.0]), 1.0, mix.STANDS, 0.0)
        assert one.count.sum() == 0
    one.step(3.0, np.array([0.0, 1.0]), 1.0, mix.STANDS, 0.0)
    assert one.count.tolist() == [1, 0, 0]


def test_weight_goes_to_the_member_that_misses_less():
    one, random = fresh(), np.random.default_rng(0)
    y = np.cumsum(random.normal(0, 5, 600))
    for t in range(599):
        point, _, _ = one.step(y[t], np.array([y[t] + 4.0, y[t + 1]]), 1.0, mix.RISES, 0.0)
    assert point == pytest.approx(y[599], abs=0.1)


def covered(y, kind, lead=1, one=None):
    """Which outcomes lay inside, of a series forecast by what it is on average (0); (n - lead,). A small pace: the
    size of the errors is told by nothing but the errors."""
    n = len(y)
    one = one or fresh(lead)
    out, _ = one.run(y, np.zeros((n, 2)), np.full(n, 1.0), np.broadcast_to(kind, n).astype(np.int64), 0.0)
    return (out[:-lead, 1] <= y[lead:]) & (y[lead:] <= out[:-lead, 2])


@pytest.mark.parametrize(("kind", "want"), [(mix.STANDS, 0.9), (mix.RISES, 1.0 - 0.1 * mix.RISING)])
def test_coverage_comes_back_after_errors_grew(kind, want):
    random = np.random.default_rng(1)
    inside = covered(random.normal(0, 1, 6000) * np.where(np.arange(6000) < 3000, 1.0, 4.0), kind)
    assert np.mean(inside[1000:3000]) == pytest.approx(want, abs=0.015)
    # A little wide as long as the lesson's pool fills with the larger errors, too, and the factor has to go back.
    assert np.mean(inside[3300:]) == pytest.approx(want, abs=0.02)
    assert np.mean(inside[5500:]) == pytest.approx(want, abs=0.02)
    assert np.mean(inside[3000:3300]) > want - 0.2, "no pace told of it: what the widening takes"


@given(
    st.integers(0, 2**32 - 1), st.sampled_from(["normal", "heavy", "skewed"]), st.floats(-2.0, 2.0),
    st.floats(0.0, 1.0), st.integers(1, 8),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_drifting_errors_stay_nine_times_in_ten_inside(seed, law, drift, swing, lead):
    """Their size goes up or down e-fold up to twice and swings beside that, in 8 000 outcomes."""
    random, n = np.random.default_rng(seed), 8000
    draw = {
        "normal": random.normal(0, 1, n), "heavy": random.standard_t(3, n), "skewed": random.gamma(2.0, 1.0, n) - 2.0,
    }[law]  # fmt: skip
    at = np.linspace(0.0, 1.0, n)
    inside = covered(draw * np.exp(drift * at + swing * np.sin(8 * np.pi * at)), mix.STANDS, lead)
    assert np.mean(inside[100:]) == pytest.approx(0.9, abs=0.02)


def test_what_is_missed_on_rises_alone_widens_rises_and_is_covered():
    """Rises miss ten times as much from the middle on, calm water what it always did: a fifth of the steps rise."""
    random, n = np.random.default_rng(5), 6000
    kind = np.where(np.arange(n) % 50 < 10, mix.RISES, mix.STANDS)
    late = np.arange(n) >= n // 2
    outcome = random.normal(0, 1, n) * np.where(late & (kind == mix.RISES), 10.0, 1.0)
    one = fresh()
    inside = covered(np.concatenate([[0.0], outcome]), np.concatenate([kind, [mix.STANDS]]), one=one)
    rises, calm = kind == mix.RISES, kind == mix.STANDS
    assert inside[rises & late].mean() > 0.85, "from the first of them on"
    assert inside[rises & (np.arange(n) > 0.6 * n)].mean() > 0.93
    assert inside[calm & late].mean() == pytest.approx(0.9, abs=0.02)
    assert abs(one.width[mix.STANDS]).max() < 0.5


def test_errors_beyond_any_seen_are_covered_in_the_end():
    """A hundred times the widest of the lesson's, told by no pace."""
    one, random = fresh(), np.random.default_rng(6)
    covered(random.normal(0, 1, 3000), mix.RISES, one=one)
    one.begin()
    inside = covered(random.uniform(200, 400, 600), mix.RISES, one=one)
    assert inside[150:].mean() > 0.9


def test_another_stream_begins_as_a_usual_one():
    one, random = fresh(), np.random.default_rng(7)
    covered(random.normal(0, 1, 2000), mix.STANDS, one=one)
    one.begin()
    before = one.step(0.0, np.zeros(2), 1.0, mix.STANDS, 0.0)
    one.begin()
    covered(random.normal(0, 30, 60), mix.STANDS, one=one)
    wide = one.step(0.0, np.zeros(2), 1.0, mix.STANDS, 0.0)
    one.begin()
    again = one.step(0.0, np.zeros(2), 1.0, mix.STANDS, 0.0)
    assert wide[2] > 3 * before[2]
    assert again[2] < 2 * before[2], "what a stream missed widens it alone, the errors kept little"


def test_past_errors_lie_outside_as_often_as_the_interval_says():
    one, random = fresh(), np.random.default_rng(8)
    covered(random.gamma(2.0, 1.0, 3000) - 2.0, mix.FALLS, one=one)
    point, low, high = one.step(0.3, np.zeros(2), 1.0, mix.FALLS, 0.0)
    errors = point + one.errors(*one.last())
    assert np.mean(errors < low) == pytest.approx(0.05, abs=0.01)
    assert np.mean(errors > high) == pytest.approx(0.05, abs=0.01)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_ordered_errors_are_the_errors_in_order(values, lead):
    one = fresh(lead)
    for value in values:
        one.step(value, np.zeros(2), 1.0, mix.FALLS, 0.0)
    count = int(one.count[mix.FALLS])
    assert count == max(0, len(values) - lead)
    assert one.ordered[mix.FALLS, :count].tolist() == sorted(one.scores[mix.FALLS, :count].tolist())


def test_oldest_error_makes_room_in_a_full_pool():
    one = fresh()
    for t in range(mix.POOL + 500):
        one.step(float(t % 977), np.zeros(2), 1.0, mix.STANDS, 0.0)
    assert one.ordered[0].tolist() == sorted(one.scores[0].tolist())
    assert (np.diff(one.ordered[0]) >= 0).all()


def test_unknown_member_and_unknown_now_are_left_out():
    one = fresh()
    point, _, _ = one.step(np.nan, np.array([np.nan, 3.0]), 1.0, mix.STANDS, 0.0)
    assert point == 3.0
    assert np.isnan(one.step(1.0, np.full(2, np.nan), 1.0, mix.STANDS, 0.0)[0])


def test_trees_learn_a_step_and_a_product_and_answer_for_what_is_missing():
    random = np.random.default_rng(2)
    view = random.uniform(-1, 1, (4000, 4))
    target = np.where(view[:, 0] > 0.2, 1.0, 0.0) + np.sign(view[:, 1]) * np.sign(view[:, 2])
    made = trees.fit(view[:3000], target[:3000], np.ones(3000))
    left = np.abs(made.of(view[3000:]) - target[3000:]).mean()
    assert left < 0.25 * np.abs(target[3000:] - target[:3000].mean()).mean()
    assert np.isfinite(made.of(np.full((1, 4), np.nan))).all()
    assert trees.fit(view[:10], target[:10], np.ones(10)) is None


@pytest.mark.slow
def test_trees_miss_no_more_than_another_librarys():
    ensemble = pytest.importorskip("sklearn.ensemble", reason="the peer is not installed, so trees have none here")
    random = np.random.default_rng(3)
    view = random.normal(0, 1, (4000, 6))
    target = view[:, 0] * view[:, 1] + np.abs(view[:, 2]) + random.standard_t(2, 4000) * 0.3
    peer = ensemble.HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=trees.TREES, learning_rate=trees.RATE, max_depth=trees.DEPTH,
        min_samples_leaf=trees.LEAST, early_stopping=False,
    )  # fmt: skip
    peer.fit(view[:3000], target[:3000])
    ours = trees.fit(view[:3000], target[:3000], np.ones(3000)).of(view[3000:])
    theirs = peer.predict(view[3000:])
    assert np.abs(ours - target[3000:]).mean() < 1.05 * np.abs(theirs - target[3000:]).mean()


def test_crossings_hits_and_false_alarms_are_told_apart():
    y = np.array([0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2.0, 0])
    said = np.zeros(len(y), bool)
    said[[2, 3, 9]] = True
    found = warnings(y, said, 1.0, 3, 60.0)
    assert (found.crossings, found.hits, found.false, found.lead_s) == (2, 1, 1, (120.0,))
    assert warnings(y, y > 1, 1.0, 3, 60.0).hits == 0, "a warning when the line is reached is none"
