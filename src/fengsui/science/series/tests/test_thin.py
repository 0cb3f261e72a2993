"""Whatever the readings: extremes, ends and gaps survive, nothing is invented, and there are never too many points."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science.series.quality import GAP, RATE, SUSPECT
from fengsui.science.series.thin import Piece, condense, join, piece, thin

MINUTE = 60_000_000
GAP_US = 3 * MINUTE
DAY = 1440


@st.composite
def windows(draw):
    """Readings by the minute with holes, ties, spikes and refused ones, in a window that may be wider."""
    n = draw(st.integers(0, 6000))
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    minute = np.flatnonzero(chance.random(n) < draw(st.sampled_from([0.05, 0.5, 0.98, 1.0])))
    value = np.round(chance.normal(0, 1, len(minute)), draw(st.integers(0, 3)))
    flags = np.where(chance.random(len(minute)) < draw(st.sampled_from([0.0, 0.02, 1.0])), RATE, GAP).astype(np.int16)
    low = -draw(st.integers(0, 500)) * MINUTE
    high = (n + draw(st.integers(1, 500))) * MINUTE
    return minute.astype(np.int64) * MINUTE, value, flags, low, high


def trusted(of: Piece):
    ok = (of.flags & SUSPECT) == 0
    return of.at[ok], of.value[ok]


def assert_kept(whole: Piece, found, most: int) -> None:
    at, value = trusted(whole)
    kept_at, kept_value = trusted(found.piece)
    assert len(found.piece.at) <= most
    assert np.all(np.diff(found.piece.at) >= 0)
    stored = set(zip(whole.at.tolist(), whole.value.tolist(), strict=True))
    assert set(zip(found.piece.at.tolist(), found.piece.value.tolist(), strict=True)) <= stored, "nothing is invented"
    assert (len(at) == 0) == (len(kept_at) == 0)
    if len(at):
        assert (kept_at[0], kept_value[0]) == (at[0], value[0])
        assert (kept_at[-1], kept_value[-1]) == (at[-1], value[-1])
        assert kept_value.min() == value.min()
        assert kept_value.max() == value.max()


@given(windows(), st.integers(32, 400))
@settings(max_examples=150, deadline=None)
def test_extremes_ends_and_gaps_survive_in_any_window(window, most):
    at, value, flags, low, high = window
    whole = join([piece(at, value, flags, GAP_US)], low, high, GAP_US)
    found = thin(whole, low, high, most)
    assert_kept(whole, found, most)
    told, all_gaps = {tuple(each) for each in found.piece.gaps.tolist()}, {tuple(each) for each in whole.gaps.tolist()}
    assert told <= all_gaps
    assert len(all_gaps) - len(told) == found.more_gaps
    shortest = min((b - a for a, b in told), default=0)
    assert all(b - a <= shortest for a, b in all_gaps - told), "the longest gaps are told"
    ends = {moment for gap in told for moment in gap} - {low, high}
    assert ends <= set(trusted(found.piece)[0].tolist()), "both readings beside a gap stay"


@given(windows(), st.integers(32, 400))
@settings(max_examples=80, deadline=None)
def test_kept_days_say_the_same_as_all_readings(window, most):
    """Days condensed one by one and joined: the same extremes, ends, gaps and counts as from every reading."""
    at, value, flags, low, high = window
    whole = join([piece(at, value, flags, GAP_US)], low, high, GAP_US)
    days = []
    for day in range(5):
        begin, end = day * DAY * MINUTE, (day + 1) * DAY * MINUTE
        inside = (at >= begin) & (at < end)
        days.append(condense(piece(at[inside], value[inside], flags[inside], GAP_US), begin, end))
    joined = join(days, low, high, GAP_US)
    assert joined.gaps.tolist() == whole.gaps.tolist()
    assert (joined.of, joined.refused) == (whole.of, whole.refused)
    assert_kept(whole, thin(joined, low, high, most), most)


@given(windows())
@settings(max_examples=60, deadline=None)
def test_every_span_keeps_its_own_extremes(window):
    """Not only the whole window: each span that is drawn has its own lowest and highest."""
    at, value, flags, low, high = window
    whole, spans = piece(at, value, flags, GAP_US), 13
    kept = condense(whole, low, high, spans)
    for n in range(spans):
        begin, end = low + n * (high - low) // spans, low + (n + 1) * (high - low) // spans
        for good in (True, False):
            before, after = (
                of.value[(of.at >= begin) & (of.at < end) & (((of.flags & SUSPECT) == 0) == good)]
                for of in (whole, kept)
            )
            assert (len(before) == 0) == (len(after) == 0)
            if len(before):
                assert (before.min(), before.max()) == (after.min(), after.max())


def test_few_readings_come_whole():
    at = np.arange(20, dtype=np.int64) * MINUTE
    whole = join([piece(at, np.zeros(20), np.zeros(20, np.int16), GAP_US)], 0, 20 * MINUTE, GAP_US)
    found = thin(whole, 0, 20 * MINUTE)
    assert len(found.piece.at) == 20
    assert not found.is_thinned
    assert found.piece.gaps.tolist() == []


def test_a_window_without_readings_is_one_gap():
    none = np.array([], np.int64)
    empty = piece(none, none.astype(float), none.astype(np.int16), GAP_US)
    assert join([empty], 0, DAY * MINUTE, GAP_US).gaps.tolist() == [[0, DAY * MINUTE]]
    assert join([], 0, DAY * MINUTE, GAP_US).of == 0
