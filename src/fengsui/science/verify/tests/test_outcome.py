"""What came: exact where it is known, and nothing where nobody measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.verify.outcome import damped_trend, first_in, is_rising, upcrossings, value_at, was_heard

MINUTE = 60_000_000


def minutes(*values):
    return np.array(values, np.int64) * MINUTE


def test_value_between_readings_is_linear_and_nothing_is_known_in_a_gap_or_outside():
    at, value = minutes(0, 1, 2, 10, 11), np.array([0.0, 1.0, 3.0, 5.0, 6.0])
    wanted = np.array([0, 0.5, 2, 5, 10, 10.25, 11, 12, -1]) * MINUTE
    found = value_at(at, value, wanted.astype(np.int64), 3 * MINUTE)
    assert found == pytest.approx([0.0, 0.5, 3.0, np.nan, 5.0, 5.25, 6.0, np.nan, np.nan], nan_ok=True)
    assert np.isnan(value_at(minutes(), np.array([]), minutes(1), MINUTE)).all()


def test_damped_trend_goes_on_with_four_fifths_of_the_last_two_steps():
    at, value = minutes(0, 1, 2), np.array([9.0, 1.0, 2.0])
    value[0] = 0.5
    assert damped_trend(at, value, minutes(10)) == pytest.approx([2.0 + 0.8 * 10 * 0.75])
    assert damped_trend(at[:2], value[:2], minutes(10)) == pytest.approx([1.0])


def test_rising_is_what_was_known_before_not_what_came():
    at = minutes(*range(41))
    value = np.concatenate([np.zeros(10), np.linspace(0, 1, 16), np.linspace(1, 0, 15)])
    issued = minutes(5, 20, 25, 39)
    assert is_rising(at, value, issued, 15 * MINUTE, 0.01, 3 * MINUTE).tolist() == [False, True, True, False]


def test_line_is_reached_between_readings_and_after_a_gap_at_the_reading():
    at, value = minutes(0, 1, 2, 3, 20), np.array([0.0, 0.5, 1.5, 0.5, 3.0])
    assert upcrossings(at, value, 1.0, 3 * MINUTE).tolist() == [MINUTE + MINUTE // 2, 20 * MINUTE]
    assert upcrossings(at, value, 0.5, 3 * MINUTE).tolist() == [MINUTE]
    assert upcrossings(at, value, 9.0, 3 * MINUTE).tolist() == []


def test_first_in_begins_after_and_holds_the_end():
    found = minutes(2, 5)
    assert [first_in(found, low * MINUTE, high * MINUTE) for low, high in ((0, 1), (0, 2), (2, 4), (2, 9))] == [
        None, 2 * MINUTE, None, 5 * MINUTE,
    ]  # fmt: skip


def test_heard_means_without_a_gap_from_end_to_end():
    at = minutes(0, 1, 2, 10, 11)
    spans = ((0, 2), (0.5, 1.5), (1, 10), (10, 11), (10, 12), (-1, 1))
    heard = [was_heard(at, int(a * MINUTE), int(b * MINUTE), 3 * MINUTE) for a, b in spans]
    assert heard == [True, True, False, True, False, False]


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=40), st.floats(-3, 3))
def test_at_the_moment_of_the_line_the_value_has_just_reached_it(values, line):
    at, value = minutes(*range(len(values))), np.array(values)
    for moment in upcrossings(at, value, line, MINUTE).tolist():
        around = value_at(at, value, np.array([moment]), MINUTE)
        assert around[0] >= line - 1e-9
        k = int(np.searchsorted(at, moment))
        assert value[k - 1] < line <= value[k]
