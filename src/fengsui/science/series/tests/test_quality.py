from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.series import batch as b
from fengsui.science.series import quality as q

S = 1_000_000
T0 = 1_700_000_000 * S
DEPTH = q.Limit(
    low=-0.05, high=3.0, rate_per_hour=6.0, gap_s=180.0, late_s=600.0, future_s=60.0, ancient_s=86_400.0,
    stuck_s=3_600.0, stuck_above=0.05, resolution=0.005,
)  # fmt: skip


def limits(*rows: q.Limit, speed: float = 1.0) -> b.Records:
    return np.array([row.row(speed) for row in rows], q.LIMITS)


def run(readings, memory=None, *, limit=DEPTH, speed=1.0, units=None):
    """readings: (seconds after T0, value[, seconds of delay]); one stream. Flags come back in the order given."""
    memory = b.blank(1) if memory is None else memory
    at = np.array([T0 + round(r[0] * S) for r in readings], np.int64)
    delay = np.array([round(r[2] * S) if len(r) > 2 else S // 2 for r in readings], np.int64)
    given_flags = np.array(units or [0] * len(readings), np.int16)
    batch = b.sort_batch(
        np.zeros(len(readings), np.intp), at, np.array([float(r[1]) for r in readings]), at + delay, given_flags
    )
    verdict = q.check(batch, limits(limit, speed=speed), memory)
    flags = np.empty(len(readings), int)
    flags[batch.order] = verdict.flags
    return flags.tolist(), verdict, memory


@pytest.mark.parametrize(
    ("readings", "flags"),
    [
        ([(0, 0.1), (60, 0.11)], [0, 0]),
        ([(0, 0.1), (181, 0.11)], [0, q.GAP]),
        ([(0, 0.1), (180, 0.11)], [0, 0]),
        ([(0, 0.1), (0, 0.1)], [0, 0]),
        ([(0, 0.1), (0, 0.2)], [0, q.DUPLICATE]),
        ([(0, 0.1, 601)], [q.LATE]),
        ([(0, 0.1, 600)], [0]),
        ([(0, 0.1, 86_401)], [q.ANCIENT]),
        ([(0, 0.1, -61)], [q.FUTURE]),
        ([(0, 3.1)], [q.RANGE]),
        ([(0, -0.06)], [q.RANGE]),
        ([(0, float("nan"))], [q.RANGE]),
        ([(0, float("inf"))], [q.RANGE]),
        ([(0, 0.1), (60, 0.3)], [0, q.RATE]),
        ([(0, 0.1), (60, 0.205)], [0, 0]),
        ([(0, 0.1), (60, 1.5), (120, 0.1)], [0, q.RATE, 0]),
        ([(0, 0.1), (60, 1.5), (120, 1.51), (180, 1.52), (240, 1.53)], [0, q.RATE, q.RATE, 0, 0]),
        ([(0, 0.3), (1800, 0.3), (3600, 0.3), (3601, 0.3)], [0, q.GAP, q.GAP, q.STUCK]),
        ([(0, 0.02), (60 * 120, 0.02)], [0, q.GAP]),
    ],
)
def test_check_flags_each_rule(readings, flags):
    assert run(readings)[0] == flags


RIVER = q.Limit(low=-5, high=60, stuck_s=3_600.0, stuck_above=2.0, still_s=86_400.0)


@pytest.mark.parametrize(
    ("value", "after_s", "flags"),
    [(0.7, 80_000, [0, 0]), (0.7, 86_401, [0, q.STUCK]), (2.0, 80_000, [0, 0]), (2.1, 3_601, [0, q.STUCK])],
)
def test_check_lets_a_river_stand_still_at_low_water_but_not_in_flood(value, after_s, flags):
    assert run([(0, value), (after_s, value)], limit=RIVER)[0] == flags


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12).map(lambda n: n * 60.0), st.sampled_from([0.1, 0.12, 0.6, 9.0]), st.integers(-90, 900)
        ),
        min_size=1, max_size=15,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_check_says_the_same_of_a_batch_in_any_order(readings, dice):
    shuffled = dice.sample(readings, len(readings))
    said = [sorted(zip(given, run(given)[0], strict=True)) for given in (readings, shuffled)]
    assert said[0] == said[1]


def test_check_flags_late_when_overtaken_by_a_newer_reading():
    _, _, memory = run([(0, 0.1), (120, 0.1)])
    flags, verdict, _ = run([(60, 0.1)], memory)
    assert flags == [q.LATE]
    assert verdict.behind.tolist() == [True]
    assert verdict.chain.tolist() == [False]
    assert verdict.detail.tolist() == [60.0]


def test_check_keeps_the_unit_flag_and_does_not_use_the_value():
    flags, _, memory = run([(0, 0.1), (60, 0.9), (120, 0.1)], units=[0, q.UNIT, 0])
    assert flags == [0, q.UNIT, 0]
    assert memory["good_at"][0] == T0 + 120 * S


def test_check_does_not_let_a_future_reading_block_the_stream():
    flags, _, memory = run([(0, 0.1), (9_000, 0.1, -8_900), (60, 0.1)])
    assert flags == [0, q.FUTURE, 0]
    assert memory["seen_at"][0] == T0 + 60 * S


def test_check_divides_durations_by_the_replay_speed():
    assert run([(0, 0.1), (4, 0.11)], speed=60)[0] == [0, q.GAP]
    assert run([(0, 0.1), (2, 0.3)], speed=60)[0] == [0, 0]


def test_reason_names_the_figure_of_the_worst_flag():
    _, verdict, _ = run([(0, 0.1), (60, 1.5)])
    assert q.reason(int(verdict.flags[1]), float(verdict.detail[1]), "m") == "每小时变化 +84 m，快于本类传感器"
    _, verdict, _ = run([(0, 9.0, 700)])
    assert q.reason(int(verdict.flags[0]), float(verdict.detail[0]), "m") == "超出量程界限 3 m"
    assert q.reason(0, 0.0) == ""
    assert q.names(q.LATE | q.RANGE) == ["late", "range"]


series = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([0.0, 0.1, 0.12, 0.3, 1.5, 9.0, float("nan")]),
              st.sampled_from([0, 5, 700, -100])),
    min_size=1, max_size=40,
)  # fmt: skip


@given(series)
def test_check_changes_nothing_when_a_batch_is_delivered_again(readings):
    readings = [(t * 10, v, d) for t, v, d in readings]
    _, _, memory = run(readings)
    before = memory.copy()
    _, verdict, memory = run(readings, memory)
    assert memory.tobytes() == before.tobytes()
    assert not verdict.chain.any()


@given(series, st.integers(0, 40))
def test_check_is_the_same_when_an_ordered_series_is_split(readings, cut):
    unique = {t: (t * 10, v, d) for t, v, d in readings}
    ordered = [unique[t] for t in sorted(unique)]
    whole, _, memory = run(ordered)
    first, second = ordered[:cut], ordered[cut:]
    memory2, parts = b.blank(1), []
    for part in (first, second):
        if part:
            flags, _, memory2 = run(part, memory2)
            parts += flags
    assert parts == whole
    assert memory2.tobytes() == memory.tobytes()


def test_check_keeps_streams_apart():
    n = 50
    rng = np.random.default_rng(7)
    stream = rng.integers(0, 5, n).astype(np.intp)
    at = T0 + rng.integers(0, 1000, n) * S
    value = rng.choice([0.1, 0.12, 2.0, 5.0], n)
    given_flags = np.zeros(n, np.int16)
    memory = b.blank(5)
    batch = b.sort_batch(stream, at, value, at + S, given_flags)
    flags = np.empty(n, int)
    flags[batch.order] = q.check(batch, limits(*[DEPTH] * 5), memory).flags
    for s in range(5):
        mine = stream == s
        alone = b.blank(1)
        part = b.sort_batch(np.zeros(mine.sum(), np.intp), at[mine], value[mine], at[mine] + S, given_flags[mine])
        got = np.empty(mine.sum(), int)
        got[part.order] = q.check(part, limits(DEPTH), alone).flags
        assert got.tolist() == flags[mine].tolist()
        assert alone[0].tobytes() == memory[s].tobytes()
