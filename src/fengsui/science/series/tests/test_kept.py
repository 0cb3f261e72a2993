"""Streams kept one by one: taking some up and putting them back changes no bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.kernel.errors import Invalid
from fengsui.science.series import kept
from fengsui.science.series.tests.test_watch import FIELDS, T0, S, messy, messy_network
from fengsui.science.series.watch import Watch

IDS = np.array([11, 7, 402, 5], np.int64)
NEAR = [[7, 402, 5], [11, 5], [], [402]]


def fed_in_pieces(readings, rules, cuts):
    """Each piece takes up only the streams it has readings of; the others lie as bytes."""
    lying, seen = {}, []
    for low, high in zip([0, *cuts], [*cuts, len(readings[0])], strict=True):
        part = [column[low:high] for column in readings]
        used, index = np.unique(part[0], return_inverse=True)
        near = [NEAR[i] for i in used]
        boards = {each: lying[each][kept.BOARD_AT : kept.DRIFT_AT] for row in near for each in row if each in lying}
        taken = kept.take_up(IDS[used], rules[used], near, [lying.get(int(each)) for each in IDS[used]], boards)
        if len(part[0]):
            seen.append(taken.watch.feed(index.astype(np.intp), *part[1:]))
        lying |= dict(zip(IDS[used].tolist(), taken.put_back(), strict=True))
    return seen


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 400), max_size=5).map(sorted))
def test_pieces_of_some_streams_give_the_bits_of_the_whole(seed, cuts):
    readings, whole = messy(seed), messy_network(seed)
    rules = whole._rules[:4].copy()
    seen = fed_in_pieces(readings, rules, cuts)
    told = whole.feed(*readings)
    for name in FIELDS:
        mine = np.concatenate([getattr(each, name) for each in seen])
        assert np.array_equal(mine, getattr(told, name), equal_nan=mine.dtype == np.float64), name


def test_a_neighbour_leaves_and_another_comes_and_the_rest_keep_their_weights():
    rng = np.random.default_rng(3)
    rules = messy_network(1)._rules[:3].copy()
    level = np.cumsum(rng.normal(0, 0.05, 300))
    stream = np.tile(np.arange(3), 300).astype(np.intp)
    at = np.repeat(T0 + np.arange(300) * 60 * S, 3)
    value = (level[:, None] + rng.normal(0, 0.01, (300, 3))).ravel()
    ids = np.array([1, 2, 3], np.int64)
    taken = kept.take_up(ids, rules, [[2, 3], [], []], [None] * 3, {})
    taken.watch.feed(stream, at, value, at + S)
    before = taken.put_back()
    again = kept.take_up(ids, rules, [[2, 9], [], []], before, {})
    _states, _board, drift = again.watch.parts()
    assert again.ids.tolist() == [1, 2, 3, 9]
    assert sorted(drift["near"][0].tolist()) == [-1] * 6 + [1, 3]
    place = drift["near"][0].tolist().index(3)
    weights = drift["weight"][0]
    assert weights[1 + place] == 0.0
    assert drift["heard"][0] & (1 << place) == 0
    assert weights[1 + drift["near"][0].tolist().index(1)] > 0.5  # what the one left over explains alone


@pytest.mark.parametrize(("near", "one"), [([[1]], None), ([[2, 2]], None), ([list(range(2, 11))], None), ([[]], b"x")])
def test_wrong_neighbours_and_damaged_bytes_are_refused(near, one):
    rules = messy_network(1)._rules[:1].copy()
    with pytest.raises(Invalid):
        kept.take_up(np.array([1], np.int64), rules, near, [one], {})


def test_a_watch_of_records_is_saved_and_restored_as_any_other():
    readings, rules = messy(5), messy_network(5)._rules[:4].copy()
    taken = kept.take_up(IDS, rules, NEAR, [None] * 4, {})
    first, second = ([column[part] for column in readings] for part in (slice(0, 200), slice(200, None)))
    taken.watch.feed(*first)
    copy = Watch.restore(taken.watch.save())
    assert copy.feed(*second).flags.tolist() == taken.watch.feed(*second).flags.tolist()
