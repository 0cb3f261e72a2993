from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.series import batch as b
from fengsui.science.series import ladder as la

S = 1_000_000
T0 = 1_700_000_000 * S
PLAIN = la.Ladder((0.15, 0.27, 0.5, 1.0), margin=0.05)


def batch_of(readings, stream=0):
    at = np.array([T0 + round(t * S) for t, _ in readings], np.int64)
    return b.sort_batch(
        np.full(len(readings), stream, np.intp),
        at,
        np.array([float(v) for _, v in readings]),
        at,
        np.zeros(len(readings), np.int16),
    )


def run(readings, ladder=PLAIN, memory=None, trusted=None, speed=1.0):
    memory = b.blank(1) if memory is None else memory
    batch = batch_of(readings)
    ok = np.ones(len(readings), bool) if trusted is None else np.array(trusted)
    return la.climb(batch, ok, [la.Rule.of(ladder, speed)], memory), memory


def moves(readings, ladder=PLAIN, **kw):
    crossings, _ = run(readings, ladder, **kw)
    return [(round((c.at - T0) / S), c.level_from, c.level_to) for c in crossings]


HELD = la.Ladder((0.15, 0.27, 0.5, 1.0), margin=0.05, up_hold_s=120, up_count=3, down_hold_s=300)


@pytest.mark.parametrize(
    ("ladder", "values", "expected"),
    [
        (PLAIN, [0.1, 0.15, 0.3], [(60, 0, 1), (120, 1, 2)]),
        (PLAIN, [0.1, 1.2], [(60, 0, 4)]),
        (PLAIN, [0.16, 0.12, 0.16, 0.11], [(0, 0, 1)]),
        (PLAIN, [0.16, 0.099], [(0, 0, 1), (60, 1, 0)]),
        (PLAIN, [0.6, 0.23], [(0, 0, 3), (60, 3, 2)]),
        (PLAIN, [0.6, 0.0], [(0, 0, 3), (60, 3, 0)]),
        (HELD, [0.2, 0.2, 0.2, 0.2], [(120, 0, 1)]),
        (HELD, [0.2, 0.1, 0.2, 0.2], []),
        (HELD, [0.6, 0.3, 0.6, 0.6, 0.6], [(120, 0, 2), (240, 2, 3)]),
        (HELD, [0.2, 0.2, 0.2, 0, 0, 0, 0, 0, 0], [(120, 0, 1), (480, 1, 0)]),
        (HELD, [0.2, 0.2, 0.2, 0, 0, 0.16, 0, 0, 0], [(120, 0, 1)]),
        (HELD, [0.6, 0.6, 0.6, 0, 0.25, 0, 0, 0, 0], [(120, 0, 3), (480, 3, 2)]),
        (la.Ladder((None, 0.27, None, 1.0)), [0.2, 0.3, 0.9, 1.0], [(60, 0, 2), (180, 2, 4)]),
        (la.Ladder((5.0, 4.0, 3.0, 2.0), margin=0.5, falling=True), [6, 4.9, 3.9, 4.4, 4.6, 5.6],
         [(60, 0, 1), (120, 1, 2), (240, 2, 1), (300, 1, 0)]),
    ],
)  # fmt: skip
def test_climb_moves_by_the_table(ladder, values, expected):
    assert moves([(60 * i, v) for i, v in enumerate(values)], ladder) == expected


def test_climb_when_the_level_rises_fast():
    ladder = la.Ladder((None, None, None, None), rises=(None, 0.29, 0.59, None), rise_window_s=600)
    readings = [(300 * i, v) for i, v in enumerate([0, 0, 0, 0.05, 0.1, 0.15, 0.15, 0.15, 0.15])]
    crossings, _ = run(readings, ladder)
    assert [(c.level_from, c.level_to, (c.at - T0) // S) for c in crossings] == [
        (0, 3, 1200),
        (3, 2, 1800),
        (2, 0, 2100),
    ]
    assert crossings[0].rate == pytest.approx(0.6)
    assert crossings[0].line is None


def test_climb_ignores_untrusted_readings():
    readings = [(0, 0.1), (60, 2.0), (120, 0.1)]
    assert run(readings, trusted=[True, False, True])[0] == []


def test_climb_breaks_a_run_over_a_silence():
    ladder = la.Ladder((0.15, None, None, None), up_count=2, broken_after_s=180)
    assert moves([(0, 0.2), (600, 0.2), (660, 0.2)], ladder) == [(660, 0, 1)]


def test_climb_squeezes_holds_at_replay_speed():
    assert moves([(0, 0.2), (1, 0.2), (2, 0.2)], HELD, speed=60) == [(2, 0, 1)]


def test_climb_names_the_first_reading_that_left_normal():
    crossings, memory = run([(0, 0.1), (60, 0.2), (120, 0.2), (180, 0.2)], HELD)
    assert [c.left_at for c in crossings] == [T0 + 60 * S]
    crossings, memory = run([(240, 0.6), (300, 0.6), (360, 0.6)], HELD, memory)
    assert [(c.level_to, c.left_at) for c in crossings] == [(3, T0 + 60 * S)]
    crossings, memory = run([(420 + 60 * i, 0) for i in range(6)], HELD, memory)
    assert [(c.level_to, c.left_at) for c in crossings] == [(0, T0 + 60 * S)]
    assert memory["left_at"][0] == b.NEVER


def test_climb_begins_the_chain_at_the_watch_line():
    ladder = la.Ladder(PLAIN.lines, margin=0.02, watch=0.05)
    _, memory = run([(0, 0.04), (60, 0.05), (120, 0.04)], ladder)
    assert memory["left_at"][0] == T0 + 60 * S
    crossings, memory = run([(180, 0.2)], ladder, memory)
    assert crossings[0].left_at == T0 + 60 * S
    _, memory = run([(240, 0.04), (300, 0.029)], ladder, memory)
    assert memory["level"][0] == 0
    assert memory["left_at"][0] == b.NEVER


def test_ladder_refuses_a_watch_line_above_the_first_level():
    with pytest.raises(ValueError, match="watch"):
        la.Ladder(PLAIN.lines, watch=0.15)


def test_ladder_refuses_lines_that_do_not_grow():
    with pytest.raises(ValueError, match="must grow"):
        la.Ladder((0.3, 0.2, None, None))


levels = st.lists(st.floats(0, 1.5, allow_nan=False), min_size=1, max_size=60)


@given(st.lists(st.floats(0.1001, 0.1499), min_size=1, max_size=60))
def test_climb_never_flaps_when_values_stay_inside_the_margin(values):
    assert len(moves([(0, 0.16)] + [(60 * (i + 1), v) for i, v in enumerate(values)])) == 1


@given(levels)
def test_climb_never_steps_down_when_values_grow(values):
    ladder = la.Ladder(PLAIN.lines, margin=0.05, up_count=2, up_hold_s=60)
    assert all(to > start for _, start, to in moves([(60 * i, v) for i, v in enumerate(sorted(values))], ladder))


@given(levels, st.randoms(use_true_random=False))
def test_climb_is_the_same_when_shuffled_and_doubled(values, random):
    readings = [(60 * i, v) for i, v in enumerate(values)]
    shuffled = readings * 2
    random.shuffle(shuffled)
    once, memory = run(readings, HELD)
    twice, memory2 = run(shuffled, HELD)
    assert [(c.at, c.level_from, c.level_to) for c in once] == [(c.at, c.level_from, c.level_to) for c in twice]
    assert memory.tobytes() == memory2.tobytes()
    assert run(readings, HELD, memory)[0] == []


@given(levels, st.integers(0, 60))
def test_climb_is_the_same_when_split(values, cut):
    readings = [(60 * i, v) for i, v in enumerate(values)]
    whole, memory = run(readings, HELD)
    parts, memory2 = [], b.blank(1)
    for part in (readings[:cut], readings[cut:]):
        if part:
            found, memory2 = run(part, HELD, memory2)
            parts += found
    assert [(c.at, c.level_to) for c in parts] == [(c.at, c.level_to) for c in whole]
    assert memory.tobytes() == memory2.tobytes()
