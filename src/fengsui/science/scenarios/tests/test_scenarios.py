"""What is known by hand of libraries: planes, patterns, who is nearest; leaving out against the long way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RBFInterpolator
from sklearn.neighbors import NearestNeighbors

from fengsui.science.contract import OutOfRange
from fengsui.science.scenarios.asked import BESIDE, MODEL, NO_PHYSICS, OUTSIDE, Library
from fengsui.science.scenarios.nearest import Scale, nearest, spread
from fengsui.science.scenarios.reduced import Error, Miss, Reduced, between, leave_out

RNG = np.random.default_rng(7)


def product(*axes: list[float]) -> np.ndarray:
    return np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1).astype(float)


POINTS = product([20, 50, 80, 110], [60, 120, 180], [0, 1])


def bowl(points: np.ndarray, cells: int = 400) -> np.ndarray:
    """Depths of a bowl that fills: the more rain the wider; pumps lower it. Not linear where water ends."""
    bed = np.linspace(0.0, 1.2, cells)
    level = 0.008 * points[:, 0] + 0.0005 * points[:, 1] - 0.15 * points[:, 2]
    return np.maximum(level[:, None] - bed, 0.0)


@given(
    st.integers(1, 40), st.integers(1, 5), st.integers(1, 6), st.integers(0, 10_000)
)  # fmt: skip
@settings(max_examples=60)
def test_the_nearest_are_those_of_another_library(rows: int, axes: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, asked = rng.normal(size=(rows, axes)) * 10.0 ** rng.integers(-3, 4, axes), rng.normal(size=axes)
    near = nearest(points, asked, count)
    scale = Scale.of(points)
    other = NearestNeighbors(n_neighbors=min(count, rows)).fit(scale(points))
    distance, _ = other.kneighbors(scale(asked)[None])
    assert near.distance == pytest.approx(distance[0])
    assert len(set(near.index.tolist())) == min(count, rows)


def test_what_lies_outside_is_told_by_axis() -> None:
    assert nearest(POINTS, np.array([50.0, 120.0, 1.0]), 1).is_inside
    near = nearest(POINTS, np.array([155.0, 45.0, 0.5]), 3)
    assert near.outside == pytest.approx([0.5, 0.125, 0.0])
    assert POINTS[near.index[0]].tolist() == [110.0, 60.0, 0.0]
    assert not near.is_inside


def test_an_axis_of_one_value_is_no_distance_but_can_be_missed() -> None:
    points = np.c_[POINTS, np.full(len(POINTS), 7.0)]
    assert nearest(points, np.array([50, 120, 1, 7.0]), 1).distance[0] == 0.0
    assert nearest(points, np.array([50, 120, 1, 9.0]), 1).outside[3] == pytest.approx(2.0)


def test_nothing_and_no_numbers_are_refused() -> None:
    with pytest.raises(OutOfRange):
        nearest(np.empty((0, 2)), np.zeros(2), 1)
    with pytest.raises(OutOfRange):
        nearest(POINTS, np.array([50.0, np.nan, 1.0]), 1)
    with pytest.raises(OutOfRange):
        nearest(np.array([[np.inf, 1.0]]), np.zeros(2), 1)


def test_depths_linear_in_the_axes_are_told_exactly() -> None:
    patterns = RNG.random((3, 50))
    depths = 1.0 + Scale.of(POINTS)(POINTS) @ patterns
    fitted = Reduced.fit(POINTS, depths)
    asked = np.array([63.0, 97.0, 0.3])
    assert fitted.at(asked) == pytest.approx(1.0 + Scale.of(POINTS)(asked) @ patterns, abs=1e-9)
    assert len(fitted.patterns) == 3
    # A plane carries on: what is left out at an edge is told exactly, too.
    error = leave_out(POINTS, depths)
    assert error.all.mean_m < 1e-9
    assert error.all.overlap == 1.0
    assert error.is_better


def test_at_a_scenario_it_tells_that_scenario_as_far_as_its_patterns_hold() -> None:
    depths = bowl(POINTS)
    for kept, close in ((1.0, 1e-8), (0.999, 0.05)):
        fitted = Reduced.fit(POINTS, depths, kept)
        told = np.stack([fitted.at(each) for each in POINTS])
        assert np.abs(told - depths).max() < close
        assert fitted.held >= min(kept, 1.0) - 1e-12


def test_patterns_are_those_of_a_singular_value_decomposition() -> None:
    depths = bowl(POINTS) + 0.01 * RNG.random((len(POINTS), 400))
    fitted = Reduced.fit(POINTS, depths, 0.99)
    _, _, right = np.linalg.svd(depths - depths.mean(axis=0), full_matrices=False)
    for ours, other in zip(fitted.patterns, right, strict=False):
        assert abs(ours @ other) == pytest.approx(1.0)


def test_the_error_of_leaving_out_is_that_of_the_long_way() -> None:
    points, depths = POINTS, bowl(POINTS)
    told = []
    for one in range(len(points)):
        others = np.arange(len(points)) != one
        scale = Scale.of(points[others])
        way = RBFInterpolator(scale(points[others]), depths[others], kernel="linear", degree=1)
        told.append(np.maximum(way(scale(points[one : one + 1]))[0], 0.0))
    error = leave_out(points, depths, kept=1.0)
    long_way = Miss.of(np.stack(told), depths)
    assert error.all.mean_m == pytest.approx(long_way.mean_m, rel=1e-6)
    assert error.all.overlap == pytest.approx(long_way.overlap, abs=1e-3)


def test_between_scenarios_a_bowl_is_told_better_than_by_its_nearest_scenario() -> None:
    error = leave_out(POINTS, bowl(POINTS))
    assert error.inside is not None
    assert error.nearest_inside is not None
    assert error.inside.count == 4  # two rains, one duration, both pumps
    assert error.inside.mean_m < 0.4 * error.nearest_inside.mean_m
    assert error.is_better


def test_twins_are_told_better_by_each_other_and_the_nearest_is_taken() -> None:
    """Each scenario was computed twice, almost: nothing beats its twin."""
    points = np.repeat(np.arange(6.0), 2)[:, None] + np.tile([0.0, 0.01], 6)[:, None]
    depths = np.repeat(RNG.random((6, 300)), 2, axis=0)
    assert not leave_out(points, depths).is_better
    result = MODEL.run(Library(points, depths, np.array([2.3])))
    assert BESIDE in result.remarks
    assert (result.values["depth_m"] == depths[result.values["nearest"][0]]).all()


def test_water_is_never_negative_and_beyond_the_library_nothing_is_told() -> None:
    fitted = Reduced.fit(POINTS, bowl(POINTS))
    for asked in RNG.random((20, 3)) * np.ptp(POINTS, axis=0) + POINTS.min(axis=0):
        assert fitted.at(asked).min() >= 0.0
    with pytest.raises(OutOfRange, match=r"asked\[0\]"):
        fitted.at(np.array([150.0, 120.0, 1.0]))
    result = MODEL.run(Library(POINTS, bowl(POINTS), np.array([150.0, 120.0, 1.0])))
    assert OUTSIDE in result.remarks


def test_the_model_tells_who_is_near_what_lies_around_and_how_wrong_it_was() -> None:
    depths = bowl(POINTS)
    result = MODEL.run(Library(POINTS, depths, np.array([60.0, 120.0, 1.0]), count=4))
    values = result.values
    assert NO_PHYSICS in result.remarks
    assert POINTS[values["nearest"][0]].tolist() == [50.0, 120.0, 1.0]
    assert (values["low_m"] <= values["high_m"]).all()
    truly = bowl(np.array([[60.0, 120.0, 1.0]]))[0]
    assert np.abs(values["depth_m"] - truly)[truly > 0.05].mean() < 3 * values["error_m"] + 0.01
    assert values["error_m"] < values["nearest_error_m"]


def test_few_scenarios_and_all_alike() -> None:
    with pytest.raises(OutOfRange, match="scenarios"):
        Reduced.fit(POINTS[:4], bowl(POINTS)[:4])
    with pytest.raises(OutOfRange, match="scenarios"):
        Library(POINTS[:5], bowl(POINTS)[:5], POINTS[0])
    same = np.full((len(POINTS), 30), 0.2)
    assert Reduced.fit(POINTS, same).at(POINTS[3]) == pytest.approx(0.2)
    dry = leave_out(POINTS, np.zeros((len(POINTS), 30)))
    assert dry.all == Miss(0.0, 0.0, 1.0, len(POINTS))
    with pytest.raises(OutOfRange, match="negative"):
        Library(POINTS, -bowl(POINTS), POINTS[0])


def test_inside_and_edges() -> None:
    assert between(POINTS).sum() == 4
    assert not between(product([0, 1], [0, 1])).any()
    assert between(product([0, 1, 2], [5])).tolist() == [False, True, False]


def test_what_stands_on_one_line_needs_no_tail() -> None:
    points = np.c_[np.arange(8.0), np.arange(8.0) * 2]  # rain and its duration rise together
    depths = points[:, :1] * np.ones(20)
    assert Reduced.fit(points, depths).at(np.array([3.5, 7.0])) == pytest.approx(3.5, abs=0.2)


def test_the_spread_is_least_median_and_most() -> None:
    found = spread(np.array([[1.0, 5.0], [2.0, 3.0], [9.0, 4.0]]))
    assert found.low.tolist() == [1.0, 3.0]
    assert found.middle.tolist() == [2.0, 4.0]
    assert found.high.tolist() == [9.0, 5.0]


def test_an_error_without_inside_is_judged_by_all() -> None:
    good, bad = Miss(0.01, 0.1, 0.9, 4), Miss(0.05, 0.2, 0.8, 4)
    assert Error(None, good, None, bad).is_better
    assert not Error(None, bad, None, good).is_better
    assert not Error(bad, good, good, bad).is_better
