"""Scheme B as it is read in the papers, against what is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from fengsui.science.inundation import godunov
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.plain import G
from fengsui.science.inundation.tests.test_flood import flat, stoker

DRY = 1e-4


def walk(h, z, dx, until, order):
    """From rest without friction between closed edges: depth at `until`, and the largest flow of the last step."""
    rows, columns = h.shape
    crests = np.full((rows, columns + 1), -np.inf), np.full((rows + 1, columns), -np.inf)
    sides = tuple((np.zeros(m, np.int8), np.zeros(m)) for m in (rows, rows, columns, columns))
    state, now = (h, np.zeros_like(h), np.zeros_like(h)), 0.0
    while now < until - 1e-9:
        speed = np.maximum(np.abs(state[1]), np.abs(state[2])) / np.maximum(state[0], DRY) + np.sqrt(G * state[0])
        dt = min(0.45 * dx / speed.max(), until - now)
        state, qx, qy = godunov.step(state, z, np.zeros_like(z), crests, sides, dt, dx, DRY, order)
        now += dt
    return state[0], max(np.abs(qx).max(), np.abs(qy).max())


@pytest.mark.parametrize("order", [1, 2])
def test_lake_at_rest_stays_at_rest_when_its_bed_is_rough_and_partly_dry(order):
    z = 2 * np.random.default_rng(6).random((40, 30))
    h = np.maximum(1.2 - z, 0)
    after, flow = walk(h, z, 5.0, 300.0, order)
    assert flow < 1e-12
    np.testing.assert_allclose(after, h, atol=1e-12)


def dam(low, order, dx=2.0, count=500):
    x = (np.arange(count) - count / 2 + 0.5) * dx
    h = np.tile(np.where(x < 0, 2.0, low), (2, 1))
    return x, walk(h, np.zeros_like(h), dx, 40.0, order)[0][0]


@pytest.mark.parametrize(
    ("low", "order", "share", "front_m"),
    [
        (1.8, 1, 0.0010, 175), (0.5, 1, 0.0051, 165), (0.1, 1, 0.0065, 183),
        (1.8, 2, 0.00038, 175), (0.5, 2, 0.00141, 165), (0.1, 2, 0.00194, 185),
    ],
)  # fmt: skip
def test_dam_break_is_stokers(low, order, share, front_m):
    """Depth's L1 over a kilometre, and the front: within a cell or two of 175.0, 166.6 and 187.2 m."""
    x, ours = dam(low, order)
    exact, front = stoker(x, 40.0, 2.0, low)
    middle = (exact[(x > 0) & (x < front)].max() + low) / 2
    assert np.abs(ours - exact).mean() / exact.mean() == pytest.approx(share, rel=0.06)
    assert x[ours > middle].max() == front_m
    assert abs(front - front_m) < 5


@pytest.mark.parametrize(("order", "l1"), [(1, 0.012), (2, 0.006)])
def test_dam_break_onto_dry_ground_is_ritters(order, l1):
    """The wet front lags by less than a tenth: below a millimetre nothing moves."""
    x, ours = dam(0.0, order)
    c = np.sqrt(G * 2.0)
    exact = np.where(x < -c * 40, 2.0, np.where(x < 2 * c * 40, (2 * c - x / 40) ** 2 / (9 * G), 0.0))
    front = x[exact > 0.01].max()
    assert ours.min() >= 0
    assert 0.9 * front < x[ours > 0.01].max() <= front + 2
    assert np.abs(ours - exact).mean() / exact.mean() < l1


def test_scheme_is_refused_by_name_when_there_is_none():
    with pytest.raises(ValueError, match="no scheme godunov of order 3"):
        Flood(flat(3, 3), 60.0, scheme="godunov", order=3)
