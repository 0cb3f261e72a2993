"""The compiled step is the plain one; the step length holds where the customary one blows up."""

from __future__ import annotations

import numpy as np
import pytest
from numba import get_num_threads, njit, set_num_threads

from fengsui.science.inundation import fused, plain, run

DX, DRY = 5.0, 1e-3


def both(rows, columns, seed):
    rng = np.random.default_rng(seed)
    z = rng.random((rows, columns)) + np.linspace(0, 2, columns)
    n = rng.uniform(0.02, 0.1, (rows, columns))
    h = np.where(rng.random((rows, columns)) < 0.6, rng.random((rows, columns)), 0.0)
    z[rows // 2, 3:9] = run.WALL_M
    h[z > 1e3] = 0
    return z, n, h, np.zeros((rows, columns + 1)), np.zeros((rows + 1, columns))


def compiled(kind, h, qx, qy, z, n, codes, values, dt, theta=run.THETA, dry=DRY, cells=1, walls=None):
    state = [each.astype(kind) for each in (h, qx, qy)]
    out = [np.zeros_like(each) for each in state]
    room, deepest = fused.room(*h.shape, kind)
    crests = walls or (np.full((1, 1), -np.inf), np.full((1, 1), -np.inf))
    walled = walls is not None, *(each.astype(kind) for each in crests)
    given = z.astype(kind), n.astype(kind), codes, values.astype(kind), *walled, np.arange(deepest.size), room, deepest
    fused.step_of(kind)(cells, *state, *out, *given, kind(dt), kind(DX), kind(theta), kind(dry))
    return (*out, deepest)


@pytest.mark.parametrize(("rows", "columns", "seed", "cells"), [(70, 40, 1, 1), (129, 17, 2, 10**6), (64, 1100, 3, 1)])
def test_fused_step_is_the_plain_one_when_run_five_hundred_times(rows, columns, seed, cells):
    z, n, h, qx, qy = both(rows, columns, seed)
    codes, values = np.zeros((4, max(rows, columns)), np.int8), np.zeros((4, max(rows, columns)))
    codes[0, 5:15], values[0, 5:15] = plain.INFLOW, 0.05
    codes[1, :rows], values[1, :rows] = plain.LEVEL, 2.3
    codes[2, 2:10], values[2, 2:10] = plain.NORMAL, 0.01
    codes[3, :columns], values[3, :columns] = plain.NORMAL, 0.001
    sides = tuple((codes[k, :m], values[k, :m]) for k, m in enumerate((rows, rows, columns, columns)))
    crests = np.full(qx.shape, -np.inf), np.full(qy.shape, -np.inf)
    crests[0][10:50, 12], crests[1][20, 2:14] = 1.4, 0.9
    mine = h, qx, qy
    for _ in range(500):
        dt = run.ALPHA * DX / np.sqrt(plain.G * max(h.max(), 0.05))
        mine = plain.step(*mine, z, n, crests, sides, dt, DX, run.THETA, DRY)
        h, qx, qy, deepest = compiled(np.float64, h, qx, qy, z, n, codes, values, dt, cells=cells, walls=crests)
        assert deepest.max() == h.max()
    for one, other in zip(mine, (h, qx, qy), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    assert h.max() > 0.1


def test_single_precision_stays_near_double_when_water_runs_down_a_slope():
    z, n, h, qx, qy = both(70, 40, 4)
    codes, values = np.zeros((4, 70), np.int8), np.zeros((4, 70))
    ours = {kind: (h, qx, qy) for kind in (np.float32, np.float64)}
    for _ in range(200):
        for kind, state in ours.items():
            ours[kind] = compiled(kind, *state[:3], z, n, codes, values, 0.5)
    np.testing.assert_allclose(ours[np.float32][0], ours[np.float64][0], atol=2e-4)


@pytest.mark.parametrize(("alpha", "holds"), [(0.6, True), (0.75, False)])
def test_smooth_lake_stays_calm_when_the_step_is_short_enough(alpha, holds):
    """alpha <= sqrt(theta / 2) = 0.632 for theta 0.8: noise of a micrometre on two metres of water, no friction."""
    rng = np.random.default_rng(5)
    h = 2.0 + 1e-6 * rng.standard_normal((40, 40))
    state = h, np.zeros((40, 41)), np.zeros((41, 40))
    codes, values, still = np.zeros((4, 40), np.int8), np.zeros((4, 40)), np.zeros((40, 40))
    dt = alpha * DX / np.sqrt(plain.G * 2.0)
    for _ in range(1500):
        state = compiled(np.float64, *state[:3], still, still, codes, values, dt)[:3]
    spread = np.ptp(state[0])
    assert (spread < 2e-5) == holds


@pytest.mark.parametrize(("kind", "most"), [(np.float32, 5e-6), (np.float64, 1e-12)])
def test_lake_at_rest_stays_at_rest_when_its_bed_is_rough_and_partly_dry(kind, most):
    rng = np.random.default_rng(6)
    z = 2 * rng.random((70, 50))
    h = np.maximum(1.2 - z, 0)
    state = h, np.zeros((70, 51)), np.zeros((71, 50))
    codes, values, n = np.zeros((4, 70), np.int8), np.zeros((4, 70)), np.full((70, 50), 0.03)
    for _ in range(2000):
        state = compiled(kind, *state[:3], z, n, codes, values, 0.7)[:3]
    assert max(np.abs(state[1]).max(), np.abs(state[2]).max()) < most
    np.testing.assert_allclose(state[0], h, atol=1e-5 if kind is np.float32 else 1e-12)


def of_each(root):
    @njit
    def roots(x):
        out = np.empty_like(x)
        for i in range(len(x)):
            out[i] = root(x[i])
        return out

    return roots


@pytest.mark.parametrize(("kind", "off"), [(np.float32, 3e-7), (np.float64, 1e-14)])
def test_roots_are_right_when_taken_of_all_depths_there_are(kind, off):
    x = np.exp(np.linspace(np.log(1e-6), np.log(2e3), 200_001)).astype(kind)
    sixth, third = of_each(fused.inverse_sixth_root_of(kind)), of_each(fused.cube_root_of(kind))
    exact = x.astype(np.longdouble)
    assert np.abs(sixth(x) * exact ** (np.longdouble(1) / 6) - 1).max() < off
    assert np.abs(third(x) / exact ** (np.longdouble(1) / 3) - 1).max() < 5 * off
    assert third(np.zeros(1, kind)) == 0


def broken_dam(rows, columns, steps):
    h = np.full((rows, columns), 0.5)
    h[:, : columns // 2] = 2.0
    state = h, np.zeros((rows, columns + 1)), np.zeros((rows + 1, columns))
    codes, values = np.zeros((4, max(rows, columns)), np.int8), np.zeros((4, max(rows, columns)))
    z, n = np.zeros((rows, columns)), np.full((rows, columns), 0.03)
    for _ in range(steps):
        state = compiled(np.float32, *state[:3], z, n, codes, values, 0.5, cells=10**6)[:3]
    return state


def test_one_thread_gives_the_bits_of_all():
    threads = get_num_threads()
    many = broken_dam(200, 90, 60)
    set_num_threads(1)
    try:
        alone = broken_dam(200, 90, 60)
    finally:
        set_num_threads(threads)
    for one, other in zip(alone, many, strict=True):
        np.testing.assert_array_equal(one, other)


def test_water_ahead_of_a_wave_does_not_move_by_numbers_too_small_to_be_computed_fast():
    """Denormal numbers: many a core takes a hundred times as long for each."""
    _, qx, qy = broken_dam(20, 200, 60)
    for q in (np.abs(qx), np.abs(qy)):
        assert not ((q > 0) & (q < np.finfo(np.float32).tiny)).any()
    assert qx[10, 100] > 0.5
    assert qx[10, 190] == 0
