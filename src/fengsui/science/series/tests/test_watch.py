"""The compiled checks: the same bits as the plain ones, however cut; each rule's number held against its source."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.kernel.errors import Invalid
from fengsui.science.contract import OutOfRange
from fengsui.science.series import batch as b
from fengsui.science.series import marks, quality
from fengsui.science.series.rule import Rule, norm
from fengsui.science.series.watch import Watch

S = 1_000_000
T0 = 1_700_000_000 * S
LIMIT = quality.Limit(
    low=-5.0,
    high=9.0,
    rate_per_hour=3600.0,
    gap_s=1500.0,
    late_s=600.0,
    stuck_s=600.0,
    stuck_above=0.2,
    resolution=0.01,
)
EASY = quality.Limit(low=-1e9, high=1e9, resolution=1e-3)
FIELDS = ("flags", "detail", "median", "z", "course", "drift")


def bits(seen, part=slice(None)):
    """The very bits; every NaN is the same one."""
    made = {}
    for name in FIELDS:
        values = getattr(seen, name)[part]
        made[name] = (
            values.tobytes() if values.dtype != np.float64 else np.where(np.isnan(values), np.nan, values).tobytes()
        )
    return made


def network(rules, near):
    watch = Watch()
    watch.add_many(rules, near)
    return watch


def messy(seed, streams=4, count=400):
    """Readings in the order of arrival of streams that do everything a stream can do wrong."""
    rng = np.random.default_rng(seed)
    stream = rng.integers(0, streams, count)
    at = T0 + np.cumsum(rng.choice([0, 10, 60, 90, 2000], count, p=[0.05, 0.1, 0.5, 0.345, 0.005])) * S
    late = rng.random(count)
    received = at + np.where(late < 0.03, 700 * S, np.where(late < 0.05, -90 * S, S // 2))
    received = np.where((late > 0.05) & (late < 0.06), at + 90_000 * S, received)
    at = np.where(rng.random(count) < 0.03, at - 100 * S, at)
    level = np.cumsum(rng.normal(0, 0.02, count)) + np.where(np.arange(count) > 300, 0.8, 0.0)
    value = np.round(level + rng.normal(0, 0.05, count), rng.integers(1, 4))
    odd = rng.random(count)
    value = np.where(odd < 0.02, value + rng.normal(0, 3, count), value)
    value = np.where((odd > 0.02) & (odd < 0.03), np.nan, value)
    value = np.where((odd > 0.03) & (odd < 0.05), -0.0, value)
    value = np.where((odd > 0.05) & (odd < 0.06), np.inf, value)
    given_flags = np.where(rng.random(count) < 0.01, quality.UNIT, 0).astype(np.int16)
    return stream.astype(np.intp), at, value, received, given_flags


def messy_network(seed):
    rng = np.random.default_rng(seed + 1)
    rules = [
        Rule(LIMIT, step=float(rng.choice([0.5, 9.0])), window=int(rng.integers(7, 16)), warm=int(rng.integers(16, 30)),
             h=4.0, fresh_s=float(rng.choice([60.0, 400.0])), drift_warm=12, drift_h=3.0, forget=0.97)
        for _ in range(4)
    ]  # fmt: skip
    return network(rules, [[1, 2, 3], [0, 3], [], [2]])


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_reading_by_reading_gives_the_same_bits_as_check_by_check(seed):
    watch, readings = messy_network(seed), messy(seed)
    whole = watch.batch(*readings)
    assert bits(watch.feed(*readings)) == bits(whole)


def test_the_messy_streams_show_every_mark():
    """Without this the equality above could hold over rules that never speak."""
    found = 0
    for seed in range(12):
        found |= int(np.bitwise_or.reduce(messy_network(seed).feed(*messy(seed)).flags))
    assert marks.names(found) == list(marks.CODES)


@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, 400), max_size=4))
@settings(deadline=None, max_examples=30)
def test_pieces_and_a_restart_change_nothing(seed, cuts):
    readings, whole = messy(seed), messy_network(seed)
    once = whole.feed(*readings)
    watch = messy_network(seed)
    edges = [0, *sorted(cuts), 400]
    for start, end in itertools.pairwise(edges):
        seen = watch.feed(*(column[start:end] for column in readings))
        assert bits(seen) == bits(once, slice(start, end))
        watch = Watch.restore(watch.save())
    assert watch.save() == whole.save()


def test_a_stream_may_join_while_others_run():
    readings = messy(7)
    alone, joined = messy_network(7), messy_network(7)
    first = joined.feed(*(column[:200] for column in readings))
    for _ in range(50):
        joined.add(Rule(EASY), [0, 1])
    second = joined.feed(*(column[200:] for column in readings))
    once = alone.feed(*readings)
    assert bits(first) == bits(once, slice(0, 200))
    assert bits(second) == bits(once, slice(200, 400))
    assert len(joined) == 54
    new = joined.feed(np.array([53]), np.array([T0]), np.array([1.0]), np.array([T0]))
    assert new.flags.tolist() == [0]


def test_a_neighbour_may_be_named_before_it_joins():
    watch = network([Rule(EASY)], [[5000]])
    assert one(np.zeros(40), None, watch=watch).flags.tolist() == [0] * 40
    watch.add_many([Rule(EASY)] * 6000)
    assert one(np.zeros(40), None, watch=watch, start=40).flags.tolist() == [0] * 40
    assert len(Watch.restore(watch.save())) == 6001


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_the_first_row_is_that_of_the_live_checks(seed):
    """Names, flags, figures and memory of `quality.check`, asked for one reading after the other."""
    stream, at, value, received, given_flags = messy(seed, count=120)
    watch = network([Rule(LIMIT)] * 4, [[]] * 4)
    seen = watch.feed(stream, at, value, received, given_flags)
    limits, memory = np.array([LIMIT.row()] * 4, quality.LIMITS), b.blank(4)
    for r in range(len(at)):
        one = slice(r, r + 1)
        verdict = quality.check(
            b.sort_batch(stream[one], at[one], value[one], received[one], given_flags[one]), limits, memory
        )
        assert seen.flags[r] & ~marks.REMARKS == verdict.flags[0]
        assert seen.detail[r] == pytest.approx(verdict.detail[0], nan_ok=True)
    for name in ("seen_at", "seen_value", "good_at", "good_value", "odd_run", "flat_since", "flat_value"):
        assert np.array_equal(watch._states[name][:4], memory[name], equal_nan=memory[name].dtype.kind == "f")


def one(values, rule, *, period=60, watch=None, start=0):
    watch = watch or network([rule], [[]])
    at = T0 + (start + np.arange(len(values), dtype=np.int64)) * period * S
    return watch.feed(np.zeros(len(values), np.intp), at, np.asarray(values, float), at)


def test_a_step_has_a_largest_size_whatever_the_time():
    seen = one([0.0, 0.4, 1.0, 0.45], Rule(EASY, step=0.5), period=3600)
    assert seen.flags.tolist() == [0, 0, quality.RATE, 0]


def test_median_and_scatter_of_the_window_are_numpys():
    values = np.round(np.random.default_rng(3).normal(0, 1, 300), 2)
    for window in (7, 8, 15):
        seen = one(values, Rule(EASY, window=window))
        past = np.lib.stride_tricks.sliding_window_view(values, window)[:-1]
        assert np.array_equal(seen.median[window:], np.median(past, axis=1))
        assert np.isnan(seen.median[:window]).all()


def test_clipped_scatter_is_sigma_for_the_normal_distribution():
    """norm(3) by quadrature, and the slow scatter of noise."""
    z = np.linspace(-12, 12, 400_001)
    weight = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    assert norm(3.0) * (np.minimum(z * z, 9.0) * weight).sum() == pytest.approx(1.0, abs=1e-9)
    rng = np.random.default_rng(1)
    found = [
        (watch := network([Rule(EASY)], [[]]), one(rng.normal(0, 2.0, 3000), None, watch=watch)) for _ in range(20)
    ]
    scatter = np.sqrt([watch._states["square"][0] for watch, _ in found])
    # The mean moves too: its own variance, pull / (2 - pull), is in what readings miss it by.
    assert scatter.mean() == pytest.approx(2.0 * np.sqrt(1 + 0.05 / 1.95), rel=0.05)


def test_the_first_reading_of_a_flood_is_flagged_and_borne_out_by_the_next():
    calm = np.random.default_rng(5).normal(1.0, 0.01, 200).round(3)
    flood = 1.0 + np.array([0.3, 0.7, 1.2, 1.8, 2.1])
    flags = one(np.r_[calm, flood], Rule(EASY)).flags[200:]
    assert flags[0] & marks.SPIKE
    assert flags[1] & marks.BORNE
    assert not (flags[1:] & marks.SPIKE).any()
    lonely = one(np.r_[calm, [1.3], calm], Rule(EASY)).flags[200:]
    assert lonely[0] & marks.SPIKE
    assert not (lonely & marks.BORNE).any()


def test_mad_of_nothing_is_floored_at_the_resolution():
    quantised = np.tile([0.5, 0.5, 0.5, 0.51], 60)
    rule = Rule(quality.Limit(low=-9, high=9, resolution=0.01))
    assert not (one(quantised, rule).flags & marks.SPIKE).any()
    assert one(np.r_[quantised, 0.6], rule).flags[-1] & marks.SPIKE


def test_the_mean_is_set_anew_after_five_readings_away():
    values = np.random.default_rng(2).normal(0, 0.01, 300)
    values[200:] += 1.0
    seen = one(values, Rule(EASY))
    assert (seen.flags[200:205] & marks.AWAY).all()
    assert seen.flags[204] & marks.SHIFT
    assert not (seen.flags[205:] & marks.AWAY).any()


def test_after_a_silence_the_past_course_is_forgotten():
    watch, rule = network([Rule(LIMIT)], [[]]), None
    one(np.linspace(0, 0.2, 100), rule, watch=watch)
    seen = one(np.full(30, 5.0) + np.arange(30) * 0.01, rule, watch=watch, start=200)
    assert seen.flags[0] & quality.GAP
    assert np.isnan(seen.median[:15]).all()
    assert not (seen.flags & (marks.SPIKE | marks.AWAY | marks.SHIFT)).any()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"window": 6}, "window"), ({"window": 16}, "window"), ({"forget": 1.1}, "forget"), ({"pull": 0.0}, "pull"),
     ({"limit": quality.Limit(low=0, high=1)}, "resolution"), ({"reseed": 1}, "reseed"), ({"step": -1.0}, "step"),
     ({"warm": 10}, "warm"), ({"h": 0.0}, "h"), ({"k": -1.0}, "k")],
)  # fmt: skip
def test_rules_that_cannot_hold_are_refused_by_name(change, field):
    with pytest.raises(OutOfRange) as error:
        Rule(**({"limit": EASY} | change))
    assert error.value.field == field


def test_what_cannot_be_restored_or_asked_is_refused():
    watch = network([Rule(EASY)] * 2, [[1], []])
    kept = watch.save()
    with pytest.raises(Invalid, match="damaged"):
        Watch.restore(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(Invalid, match="stream"):
        watch.feed(np.array([2]), np.array([T0]), np.array([1.0]), np.array([T0]))
    with pytest.raises(Invalid, match="shapes"):
        watch.feed(np.array([0, 1]), np.array([T0]), np.array([1.0]), np.array([T0]))
    with pytest.raises(Invalid, match="near"):
        watch.add(Rule(EASY), list(range(9)))
    with pytest.raises(Invalid, match="itself"):
        watch.add(Rule(EASY), [2])
