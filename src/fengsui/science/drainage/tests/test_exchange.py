"""What passes at an opening: the paper's three cases, symmetry, and the settling of what swings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.drainage.exchange import FLAT_M, G, Held, Opening, law, pond, shared

A, W = 0.385, 2.199


def flow(surface, head, crest=10.0, area=A, perimeter=W):
    return float(law(*(np.array([each]) for each in (surface, head, crest, area, perimeter)))[0])


@pytest.mark.parametrize(
    ("surface", "head", "expected"),
    [
        (10.2, 9.0, 2 / 3 * 0.54 * W * np.sqrt(2 * G) * 0.2**1.5),  # free weir
        (10.1, 10.05, 0.056 * W * 0.1 * np.sqrt(2 * G * 0.05)),  # drowned, shallower than A / w = 0.175
        (10.3, 10.1, 0.167 * A * np.sqrt(2 * G * 0.2)),  # drowned orifice
        (10.1, 10.6, -0.167 * A * np.sqrt(2 * G * 0.5)),  # up
        (10.0, 10.5, -0.167 * A * np.sqrt(2 * G * 0.5)),  # up onto a dry street
        (9.7, 10.5, -0.167 * A * np.sqrt(2 * G * 0.5)),  # the street lies below the crest: it rises over it first
        (10.0, 9.0, 0.0), (10.0, 10.0, 0.0), (9.5, 9.0, 0.0),
    ],
)  # fmt: skip
def test_flow_is_the_papers(surface, head, expected):
    assert flow(surface, head) == pytest.approx(expected, rel=1e-12)


def test_closed_opening_lets_nothing_through():
    assert flow(10.5, 9.0, area=0.0, perimeter=0.0) == flow(10.5, 12.0, area=0.0, perimeter=0.0) == 0


@given(st.floats(10.2, 15), st.floats(10.2, 15))
def test_deep_water_passes_up_as_it_passes_down(one, other):
    assert flow(one, other) == pytest.approx(-flow(other, one), abs=1e-15)


@given(st.floats(10.2, 12), st.floats(-2 * FLAT_M, 2 * FLAT_M))
def test_flow_grows_with_the_fall_and_has_a_bounded_slope(level, fall):
    more = flow(level + fall + 1e-6, level) - flow(level + fall, level)
    assert 0 < more <= 1e-6 * float(pond(np.array([A]), 1.0)[0]) * 1.001


def test_a_flow_that_turns_passes_through_nought_and_one_that_swings_is_damped():
    held = Held(np.array([0.5, 0.0]))
    assert held.next(np.array([-0.5, 0.0]))[0] == 0
    assert held.next(np.array([-0.5, 0.0]))[0] < 0
    swinging, taken = Held(np.zeros(1)), []
    for n in range(12):
        taken.append(float(swinging.next(np.array([1.0 + (-1) ** n]))[0]))
    assert abs(taken[-1] - taken[-2]) < 0.25 * abs(taken[1] - taken[0])
    assert taken[-1] == pytest.approx(1.0, abs=0.6)


@given(st.lists(st.floats(0, 5), min_size=5, max_size=5), st.lists(st.floats(0, 3), min_size=2, max_size=2))
def test_what_is_shared_is_never_more_than_there_is(flows, most):
    places = np.array([0, 1, 0, 1, 0])
    given_ = shared(np.array(flows), places, np.array(most))
    assert (given_ <= np.array(flows) + 1e-12).all()
    assert (np.bincount(places, given_) <= np.array(most) * (1 + 1e-12) + 1e-300).all()


@pytest.mark.parametrize("wrong", [{"area_m2": 20.0}, {"clogged": 1.2}, {"perimeter_m": 0.0}])
def test_opening_that_is_none_is_refused(wrong):
    with pytest.raises(OutOfRange):
        Opening("J", 0, 0, **wrong)
