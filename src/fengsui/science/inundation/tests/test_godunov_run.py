"""Scheme B compiled and under way. All slow: the compiler works some twenty seconds on it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import brentq

from fengsui.science.inundation import godunov, plain, threads
from fengsui.science.inundation import godunov_fused as fused
from fengsui.science.inundation import run as running
from fengsui.science.inundation.asked import Flood, Rain
from fengsui.science.inundation.flood import MODEL, run_of
from fengsui.science.inundation.ground import Edge, Ground, Pool, Series, Wall, steady
from fengsui.science.inundation.plain import G
from fengsui.science.inundation.tests.test_flood import CLOSED_M3, flat, town

pytestmark = pytest.mark.slow
DX, DRY = 5.0, 1e-3


def compiled(kind, state, z, n, codes, values, dt, order, walls=None):
    h, px, py = (each.astype(kind) for each in state)
    qx, qy = np.zeros((z.shape[0], z.shape[1] + 1), kind), np.zeros((z.shape[0] + 1, z.shape[1]), kind)
    room, deepest, swiftest = fused.room(*z.shape, kind)
    none = np.full((1, 1), -np.inf, kind)
    walled = (False, none, none) if walls is None else (True, *(each.astype(kind) for each in walls))
    z, n, values = (each.astype(kind) for each in (z, n, values))
    out = [np.zeros_like(h) for _ in range(3)]
    fused.step_of(kind)(
        1, h, px, py, *out, qx, qy, z, n, codes, values, *walled, np.arange(deepest.size), room, deepest, swiftest,
        kind(dt), kind(DX), kind(DRY), order,
    )  # fmt: skip
    return tuple(out), qx, qy, swiftest.max()


@pytest.mark.parametrize(("rows", "columns"), [(70, 40), (129, 17), (64, 1100)])
@pytest.mark.parametrize("order", [1, 2])
def test_fused_step_is_the_plain_one_when_run_two_hundred_times(rows, columns, order):
    """Buildings, walls, all kinds of edges, dry ground, over the borders of tiles."""
    rng = np.random.default_rng(rows)
    z = rng.random((rows, columns)) + np.linspace(0, 2, columns)
    n = rng.uniform(0.02, 0.1, z.shape)
    h = np.where(rng.random(z.shape) < 0.6, rng.random(z.shape), 0.0)
    z[rows // 2, 3:9] = running.WALL_M
    h[z > 1e3] = 0
    codes, values = np.zeros((4, max(rows, columns)), np.int8), np.zeros((4, max(rows, columns)))
    codes[0, 5:15], values[0, 5:15] = plain.INFLOW, 0.05
    codes[1, :rows], values[1, :rows] = plain.LEVEL, 2.3
    codes[2, 2:10], values[2, 2:10] = plain.NORMAL, 0.01
    codes[3, :columns], values[3, :columns] = plain.NORMAL, 0.001
    sides = tuple((codes[k, :m], values[k, :m]) for k, m in enumerate((rows, rows, columns, columns)))
    crests = np.full((rows, columns + 1), -np.inf), np.full((rows + 1, columns), -np.inf)
    crests[0][10:50, 12], crests[1][20, 2:14] = 1.4, 0.9
    mine = ours = h, np.zeros_like(h), np.zeros_like(h)
    swift = np.sqrt(G * h.max())
    for _ in range(200 if columns < 1000 else 20):
        dt = 0.45 * DX / swift
        mine, x, y = godunov.step(mine, z, n, crests, sides, dt, DX, DRY, order)
        ours, qx, qy, swift = compiled(np.float64, ours, z, n, codes, values, dt, order, crests)
    for one, other in zip((*mine, x, y), (*ours, qx, qy), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    assert mine[0].min() >= 0
    assert mine[0].max() > 0.5


@pytest.mark.parametrize(("kind", "most"), [(np.float64, 1e-12), (np.float32, 5e-6)])
@pytest.mark.parametrize("order", [1, 2])
def test_lake_at_rest_stays_at_rest_when_its_bed_is_rough_and_partly_dry(kind, most, order):
    rng = np.random.default_rng(6)
    z, n = 2 * rng.random((70, 50)), np.full((70, 50), 0.03)
    h = np.maximum(1.2 - z, 0)
    state = h, np.zeros_like(h), np.zeros_like(h)
    codes, values = np.zeros((4, 70), np.int8), np.zeros((4, 70))
    for _ in range(2000):
        state, qx, qy, _ = compiled(kind, state, z, n, codes, values, 0.6, order)
    assert max(np.abs(qx).max(), np.abs(qy).max()) < most
    np.testing.assert_allclose(state[0], h, atol=1e-5 if kind is np.float32 else 1e-12)


def test_water_swings_in_thackers_bowl_with_its_period():
    """Thacker 1981, curved surface, as in SWASHES 4.2.2: a shore that runs up and down over dry ground."""
    dx, side, a, h0, r0 = 50.0, 160, 3000.0, 10.0, 2400.0
    y, x = (np.mgrid[0:side, 0:side] - side / 2 + 0.5) * dx
    r2 = (x**2 + y**2) / a**2
    bed, swing, omega = h0 * r2, (a**2 - r0**2) / (a**2 + r0**2), np.sqrt(8 * G * h0) / a
    period = 2 * np.pi / omega

    def exact(t):
        part = 1 - swing * np.cos(omega * t)
        return np.maximum(h0 * (np.sqrt(1 - swing**2) / part - r2 * ((1 - swing**2) / part**2 - 1)) - bed, 0)

    asked = Flood(
        Ground(bed, np.zeros_like(bed), dx), 1200.0, depth_m=exact(0.0), points=((80, 80),), look_s=5.0,
        precision="float64", scheme="godunov",
    )  # fmt: skip
    run = run_of(asked)
    run.advance(675.0)
    assert np.abs(run.h - exact(675.0)).sum() / exact(675.0).sum() < 0.01
    run.advance(1200.0)
    times, middle = np.asarray(run.point_time_s), np.asarray(run.point_depth_m)[:, 0]
    lows = []
    for k in range(3, len(middle) - 3):
        if middle[k] == middle[k - 3 : k + 4].min():
            two, one, _ = np.polyfit(times[k - 3 : k + 4] - times[k], middle[k - 3 : k + 4], 2)
            lows.append((times[k] - one / (2 * two)) / period)
    assert lows == pytest.approx([0.5, 1.5], rel=0.005)
    assert run.h.min() >= 0
    assert abs(run.account.missing(run.stored())) < CLOSED_M3


@pytest.mark.parametrize(("order", "mean"), [(1, 0.0056), (2, 0.004)])
def test_macdonalds_channel_is_met_with_its_convection(shared, order, mean):
    """Scheme A is off by 0.0200 m here. The first cells feel how the inflow enters: 0.10 and 0.08 m."""
    place = shared / "data/flood2d/macdonald_no_rain"
    bed, table = (
        np.loadtxt(place / "dem.asc", skiprows=5),
        np.loadtxt(place / "mcdo_norain.csv", delimiter=",", skiprows=1),
    )
    edges = Edge("west", "inflow", steady(2.0 * 15)), Edge("east", "level", steady(table[-1, 2]))
    start = np.tile(np.maximum(table[:, 2] - table[:, 1], 0), (3, 1))
    asked = Flood(
        Ground(bed, np.full(bed.shape, 0.033), 5.0), 3600.0, edges=edges, depth_m=start, precision="float64",
        scheme="godunov", order=order,
    )  # fmt: skip
    run = run_of(asked)
    run.advance(3600.0)
    off = np.abs(bed[1] + run.h[1] - table[:, 2])
    assert off.mean() < mean
    assert off[2:-3].max() < 0.02


def test_plane_in_rain_gives_the_kinematic_wave():
    """As in test_flood: films thinner than the bed's steps run as fast as they should, which the first order cannot."""
    dx, length, slope, n, rate = 2.0, 200.0, 0.01, 0.03, 0.07 / 3600
    rain = Rain(np.array([0.0, 4000.0]), np.array([4000.0 * rate]))
    ground = flat(2, int(length / dx), dx, n, slope)
    edges = (Edge("east", "normal", steady(slope)),)
    run = run_of(Flood(ground, 3000.0, rain=rain, edges=edges, precision="float64", scheme="godunov"))
    concentration = (n * length / slope**0.5) ** 0.6 * rate**-0.4
    flows = {}
    for mark in (300, 450, 660, 890):
        run.advance(mark)
        flows[mark] = float(run.qx[0, -1]) / (rate * length)
    for mark in (300, 450, 660):
        assert flows[mark] == pytest.approx((mark / concentration) ** (5 / 3), abs=0.02)
    run.advance(2800.0)
    before = run.account.edges
    run.advance(3000.0)
    assert (before - run.account.edges) / (200 * rate * length * 2 * dx) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_every_cubic_metre_is_accounted_for_when_all_kinds_of_water_come_together(precision):
    asked = town(7, precision=precision, scheme="godunov")
    result = MODEL.run(asked)
    values = result.values
    told = values["rain_m3"] + values["sources_m3"] + values["edges_m3"] - values["seeped_m3"]
    assert values["depth_m"].sum() * 4 == pytest.approx(told, rel=2e-6 if precision == "float32" else 1e-12)
    assert (values["depth_m"][asked.ground.built] == 0).all()
    assert values["scheme"] == "godunov"
    assert values["max_speed_m_s"].max() < 5


def test_both_schemes_agree_where_water_is_slow():
    one = town(7, precision="float64", edges=(), sources=())
    slow, fast = (MODEL.run(dataclasses.replace(one, scheme=each)).values for each in ("inertial", "godunov"))
    wet, also = slow["max_depth_m"] > 0.1, fast["max_depth_m"] > 0.1
    assert (wet & also).sum() / (wet | also).sum() > 0.85
    assert np.abs(slow["depth_m"] - fast["depth_m"]).mean() < 0.01


def dammed(crest, until, order=2):
    start = np.zeros((4, 200))
    start[:, :100] = 2.0
    walls = (Wall("column", 100, 0, 4, crest),)
    asked = Flood(
        flat(4, 200, 10.0), until, depth_m=start, walls=walls, precision="float64", scheme="godunov", order=order
    )
    run = run_of(asked)
    run.advance(until)
    return run


def test_wall_holds_leaks_over_its_crest_and_breaches():
    held = dammed(steady(2.5), 600.0)
    assert (held.h[:, :100] == 2.0).all()
    assert (held.h[:, 100:] == 0.0).all()
    passed = dammed(steady(1.7), 10.0).h[:, 100:].sum() * 100 / (40 * 10)
    # The wave that runs back from the wall draws the water before it down by q / c.
    drawn = brentq(lambda q: q - 1.705 * (0.3 - q / np.sqrt(2 * G)) ** 1.5, 0.0, 1.0)
    assert passed == pytest.approx(drawn, rel=0.05)
    levelled = dammed(Series(np.array([0.0, 300.0, 360.0]), np.array([2.5, 2.5, -1.0])), 7200.0)
    np.testing.assert_allclose(levelled.h, 1.0, atol=0.05)
    assert abs(levelled.account.missing(levelled.stored())) < CLOSED_M3


def test_breach_is_marked_by_scheme_a_and_not_by_b():
    breach = (Wall("column", 10, 0, 4, Series(np.array([0.0, 60.0]), np.array([2.5, 0.0]))),)
    asked = Flood(flat(4, 20), 60.0, walls=breach, precision="float64")
    assert [each.code for each in MODEL.run(asked).remarks] == ["inundation.hazard", "inundation.swift"]
    told = MODEL.run(dataclasses.replace(asked, scheme="godunov")).remarks
    assert [each.code for each in told] == ["inundation.hazard"]


def test_run_that_is_stopped_and_carried_on_gives_the_same_bits():
    whole, halves = (run_of(town(8, precision="float64", scheme="godunov")) for _ in range(2))
    whole.advance(600.0)
    for mark in (10.0, 250.0, 600.0):
        halves.advance(mark)
    for name in ("h", "px", "py", "qx", "qy"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(halves, name))
    assert whole.account == halves.account


def test_flood_is_mirrored_when_its_ground_is():
    one = town(9, edges=(), sources=(), precision="float64", pervious=None, rain=None, scheme="godunov")
    ground = one.ground
    water = np.where(ground.built, 0, np.random.default_rng(9).random(ground.bed_m.shape))
    one = dataclasses.replace(one, depth_m=water)
    for turn in (lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: a.T):
        turned = Ground(turn(ground.bed_m), turn(ground.manning), ground.cell_m, turn(ground.built))
        other = dataclasses.replace(one, ground=turned, points=(), depth_m=turn(water))
        np.testing.assert_allclose(
            turn(MODEL.run(one).values["depth_m"]), MODEL.run(other).values["depth_m"], atol=1e-9
        )


def test_dry_tiles_sleep_and_the_water_is_the_same(monkeypatch):
    monkeypatch.setattr(threads, "SMALL_CELLS", 10**9)  # compiled for one core already
    rows, columns = 260, 1100
    bed = np.abs(np.arange(columns) - 1000)[None, :] * 0.002 + np.abs(np.arange(rows) - 60)[:, None] * 0.001
    start = np.zeros(bed.shape)
    start[50:70, 970:1010] = 2.0  # beside a border of tiles, and it runs across
    asked = Flood(
        Ground(bed, np.full(bed.shape, 0.03), 5.0), 30.0, depth_m=start, precision="float64", scheme="godunov"
    )
    asleep = run_of(asked)
    asleep.advance(30.0)
    assert 0 < len(asleep.tiles) < asleep.deepest.size
    monkeypatch.setattr(running, "AWAKE_STEPS", 10**9)
    awake = run_of(asked)
    awake.advance(30.0)
    assert len(awake.tiles) == awake.deepest.size
    for name in ("h", "px", "py", "qx", "qy"):
        np.testing.assert_array_equal(getattr(asleep, name), getattr(awake, name))
    assert (asleep.h[:, 1024:] > 0.01).any()
    assert (asleep.h[70:] > 0.01).any()


def pooled(flood, since_s):
    """m3/s that its pools give from then on, when it flows steadily; what they hold, and every cubic metre, proved."""
    run = run_of(flood)
    run.advance(since_s)
    before = run.pooled
    run.advance(flood.until_s)
    assert run.account.sources == pytest.approx(run.pooled)
    (pool,) = flood.pools
    np.testing.assert_allclose(run.h[pool.where], 2.0, atol=1e-6)
    assert abs(run.account.missing(run.stored())) < 1e-6
    return (run.pooled - before) / (flood.until_s - since_s)


def test_pool_before_a_wall_gives_a_broad_crest_its_discharge():
    """By scheme A, held at 2 m, 60 m before a wall of 1 m across 200 m; free fall behind: 1.705 H^1.5 [G]."""
    bed, start = np.zeros((20, 60)), np.zeros((20, 60))
    bed[:, 30:], start[:, :30] = -3.0, 2.0
    where = np.zeros(bed.shape, np.bool_)
    where[:, :24] = True
    flood = Flood(
        Ground(bed, np.full(bed.shape, 0.02), 10.0), 800.0, depth_m=start, pools=(Pool(where, steady(2.0)),),
        walls=(Wall("column", 30, 0, 20, steady(1.0)),), edges=(Edge("east", "normal", steady(0.01)),),
    )  # fmt: skip
    assert pooled(flood, 400.0) / 200 == pytest.approx(1.705, rel=0.05)


def test_gap_in_a_dike_before_a_pool_lets_a_broad_crests_discharge_through():
    """By scheme B, the strip of a drawn dike: held 20 m behind it, a gap of 30 m, free fall before it."""
    bed, start = np.zeros((40, 40)), np.zeros((40, 40))
    bed[:, 20:], start[:, 16:20] = -3.0, 2.0
    where = np.zeros(bed.shape, np.bool_)
    where[:, 16:18] = True
    walls = ((16, 0, 40, 1000.0), (20, 0, 19, 5.0), (20, 22, 40, 5.0))
    flood = Flood(
        Ground(bed, np.full(bed.shape, 0.02), 10.0), 240.0, depth_m=start, pools=(Pool(where, steady(2.0)),),
        walls=tuple(Wall("column", at, low, high, steady(crest)) for at, low, high, crest in walls),
        edges=(Edge("east", "normal", steady(0.01)),), scheme="godunov",
    )  # fmt: skip
    assert pooled(flood, 150.0) == pytest.approx(1.705 * 30 * 2.0**1.5, rel=0.06)


def test_pool_that_is_none_is_refused():
    for where, words in ((np.zeros((20, 60), np.bool_), "has cells"), (np.ones((3, 3), np.bool_), "shape of the bed")):
        with pytest.raises(ValueError, match=words):
            Flood(Ground(np.zeros((20, 60)), np.full((20, 60), 0.02), 10.0), 60.0, pools=(Pool(where, steady(1.0)),))
