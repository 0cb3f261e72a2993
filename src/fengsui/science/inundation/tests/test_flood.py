"""Floods with known answers, and what holds for every flood."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from fengsui.science.contract import OutOfRange
from fengsui.science.inundation import run as running
from fengsui.science.inundation import threads
from fengsui.science.inundation.asked import Flood, Rain
from fengsui.science.inundation.flood import MODEL
from fengsui.science.inundation.ground import Edge, GreenAmpt, Ground, Horton, Series, Source, Wall, steady
from fengsui.science.inundation.plain import G
from fengsui.science.inundation.run import Run

CLOSED_M3 = 1e-10


def flat(rows, columns, cell=5.0, n=0.03, slope=0.0):
    bed = np.zeros((rows, columns)) + slope * cell * np.arange(columns)[::-1]
    return Ground(bed, np.full((rows, columns), n), cell)


def stoker(x, t, high, low):
    """Depth of a frictionless dam break onto water (Stoker 1957), the dam at 0."""
    c0 = np.sqrt(G * high)

    def off(c):
        front = -8 * G * low * c**2 * (np.sqrt(G * high) - c) ** 2 + (c**2 - G * low) ** 2 * (c**2 + G * low)
        return front

    cm = brentq(off, np.sqrt(G * low), c0)
    middle, front = cm**2 / G, 2 * cm**2 * (c0 - cm) / (cm**2 - G * low)
    fan = 4 / (9 * G) * (c0 - x / (2 * t)) ** 2
    h = np.where(x < -c0 * t, high, np.where(x < t * (2 * c0 - 3 * cm), fan, np.where(x < front * t, middle, low)))
    return h, front * t


@pytest.mark.parametrize(("low", "share", "front_m"), [(1.8, 0.00103, 171), (1.0, 0.0276, 145), (0.5, 0.0711, 129)])
def test_dam_break_is_as_wrong_as_the_scheme_is_known_to_be(low, share, front_m):
    """Without convection the front is late; the depth's L1 over a kilometre and the front are the scheme's own."""
    dx, count = 2.0, 500
    x = (np.arange(count) - count / 2 + 0.5) * dx
    start = np.tile(np.where(x < 0, 2.0, low), (2, 1))
    ground = Ground(np.zeros((2, count)), np.zeros((2, count)), dx)
    run = Run(Flood(ground, 40.0, depth_m=start, precision="float64"))
    run.advance(40.0)
    exact, front = stoker(x, 40.0, 2.0, low)
    ours = run.h[0]
    middle = (exact[(x > 0) & (x < front)].max() + low) / 2
    came = x[ours > middle].max()
    assert np.abs(ours - exact).mean() / exact.mean() == pytest.approx(share, rel=0.03)
    assert came == front_m < front


@pytest.mark.parametrize(
    ("dx", "rmse"), [pytest.param(5.0, 0.057, marks=pytest.mark.slow), (10.0, 0.051), (25.0, 0.033)]
)
def test_wave_on_a_flat_keeps_the_known_distance_to_the_exact_one(dx, rmse):
    """Hunter et al. 2005: u = 1 m/s, n = 0.03, after an hour."""
    u, n, end = 1.0, 0.03, 3600.0
    count = int(5000 / dx)
    times = np.linspace(0, end, 721)
    depth = (7 / 3 * n**2 * u**2 * (u * times)) ** (3 / 7)
    ground = Ground(np.zeros((2, count)), np.full((2, count), n), dx)
    inflow = Series(times, depth * u * 2 * dx)
    run = Run(Flood(ground, end, edges=(Edge("west", "inflow", inflow),), precision="float64"))
    run.advance(end)
    x = (np.arange(count) + 0.5) * dx
    exact = (7 / 3 * n**2 * u**2 * np.maximum(u * end - x, 0)) ** (3 / 7)
    wet = exact > 0
    assert np.sqrt(np.mean((run.h[0] - exact)[wet] ** 2)) == pytest.approx(rmse, abs=0.006)
    assert abs(run.account.missing(run.stored())) < CLOSED_M3


def test_plane_in_rain_gives_the_kinematic_wave():
    """L 200 m, S 0.01, n 0.03, 70 mm/h: t_c = (n L / sqrt S)^0.6 r^-0.4 = 894 s."""
    dx, length, slope, n, rate = 2.0, 200.0, 0.01, 0.03, 0.07 / 3600
    ground = flat(2, int(length / dx), dx, n, slope)
    rain = Rain(np.array([0.0, 4000.0]), np.array([4000.0 * rate]))
    run = Run(Flood(ground, 3000.0, rain=rain, edges=(Edge("east", "normal", steady(slope)),), precision="float64"))
    concentration = (n * length / slope**0.5) ** 0.6 * rate**-0.4
    assert concentration == pytest.approx(894, abs=1)
    flows, went = {}, {}
    for mark in range(10, 3010, 10):
        run.advance(mark)
        flows[mark] = float(run.qx[0, -1]) / (rate * length)
        went[mark] = -run.account.edges
    for mark in (300, 450, 660):
        assert flows[mark] == pytest.approx((mark / concentration) ** (5 / 3), abs=0.006)
    assert flows[890] == pytest.approx(0.947, abs=0.01)
    # Rain comes in pulses of 2 s, and the flow swings with them by a thousandth: all that comes goes.
    assert (went[3000] - went[2800]) / (200 * rate * length * 2 * dx) == pytest.approx(1, abs=1e-4)


def test_macdonalds_channel_lacks_the_convection_and_nothing_else(shared):
    """A mean error of 0.0200 m and a largest of 0.0360 m are the scheme's; a smaller one would be a wrong test."""
    place = shared / "data/flood2d/macdonald_no_rain"
    bed = np.loadtxt(place / "dem.asc", skiprows=6 if "NODATA" in (place / "dem.asc").read_text()[:300].upper() else 5)
    table = np.loadtxt(place / "mcdo_norain.csv", delimiter=",", skiprows=1)
    level = table[-1, 2]
    edges = Edge("west", "inflow", steady(2.0 * 15)), Edge("east", "level", steady(level))
    depth = np.maximum(table[:, 2] - table[:, 1], 0)
    asked = Flood(
        Ground(bed, np.full(bed.shape, 0.033), 5.0), 7200.0, edges=edges,
        depth_m=np.tile(depth, (3, 1)), precision="float64",
    )  # fmt: skip
    run = Run(asked)
    run.advance(7200.0)
    off = np.abs(bed[1] + run.h[1] - table[:, 2])
    assert off.mean() == pytest.approx(0.0200, abs=0.002)
    # The two cells at the end feel how the level outside is taken: 0.047 and 0.037.
    assert off[:-2].max() == pytest.approx(0.0360, abs=0.0005)


def town(seed, rows=40, columns=50, **more):
    rng = np.random.default_rng(seed)
    bed = rng.random((rows, columns)) * 0.3 + np.linspace(3, 0, columns)
    built = np.zeros((rows, columns), bool)
    for _ in range(6):
        r, c = rng.integers(2, rows - 8), rng.integers(2, columns - 8)
        built[r : r + 5, c : c + 6] = True
    bed[built] = np.nan
    rain = Rain(np.array([0.0, 300.0, 600.0]), np.array([0.01, 0.03]))
    given = {
        "rain": rain,
        "horton": Horton(2e-5, 2e-6, 1e-3),
        "pervious": rng.random((rows, columns)),
        "edges": (Edge("east", "normal", steady(0.005), 5, 30), Edge("west", "level", steady(3.4), 0, 4)),
        "sources": (Source(9, 1, steady(0.05)), Source(30, 40, Series(np.array([0.0, 600.0]), np.array([0.0, -1.0])))),
        "points": ((9, 1), (20, 49)),
        **more,
    }
    return Flood(Ground(bed, np.full((rows, columns), 0.04), 2.0, built), 600.0, **given)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_cubic_metre_is_accounted_for_when_all_kinds_of_water_come_together(precision):
    result = MODEL.run(town(7, precision=precision))
    values = result.values
    stored = values["depth_m"].sum() * 4
    told = values["rain_m3"] + values["sources_m3"] + values["edges_m3"] - values["seeped_m3"]
    assert stored == pytest.approx(told, rel=2e-6 if precision == "float32" else 1e-12)
    assert values["rain_m3"] == pytest.approx(0.04 * 2000 * 4, rel=1e-4 if precision == "float32" else 1e-12)
    assert values["max_depth_m"].max() > 0.2
    assert (values["depth_m"][town(7).ground.built] == 0).all()
    assert values["point_depth_m"].shape == (61, 2)
    assert np.isfinite(values["arrival_s"][0]).sum() > np.isfinite(values["arrival_s"][2]).sum() > 0
    assert result.remarks[0].code == "inundation.hazard"


def test_soil_under_standing_water_takes_what_green_and_ampt_say():
    k, s, end = 3e-6, 0.11 * 0.3, 1800.0
    asked = Flood(flat(3, 3), end, green_ampt=GreenAmpt(k, 0.11, 0.3), depth_m=np.ones((3, 3)), precision="float64")
    run = Run(asked)
    run.advance(end)
    exact = brentq(lambda f: f - s * np.log(1 + f / s) - k * end, 1e-9, 1)
    assert run.account.seeped / (9 * 25) == pytest.approx(exact, rel=1e-6)


def test_soil_takes_all_rain_until_ponding_begins():
    """Mein & Larson 1973: after K s / (i (i - K)), here 111 s."""
    k, s, i = 2e-6, 0.1 * 0.2, 2e-5
    rain = Rain(np.array([0.0, 600.0]), np.array([600 * i]))
    run = Run(Flood(flat(3, 3), 600.0, rain=rain, green_ampt=GreenAmpt(k, 0.1, 0.2), precision="float64"))
    begins = k * s / (i * (i - k))
    run.advance(100.0)
    assert run.stored() == 0
    run.advance(130.0)
    assert begins == pytest.approx(111, abs=0.2)
    assert 0 < run.stored() < 0.2 * run.account.rain


def dammed(crest, until):
    """A reservoir of two metres west of a wall in the middle of a long box."""
    start = np.zeros((4, 200))
    start[:, :100] = 2.0
    walls = (Wall("column", 100, 0, 4, crest),)
    run = Run(Flood(flat(4, 200, 10.0), until, depth_m=start, walls=walls, precision="float64"))
    run.advance(until)
    return run


def test_wall_holds_what_stands_below_its_crest():
    run = dammed(steady(2.5), 600.0)
    assert (run.h[:, :100] == 2.0).all()
    assert (run.h[:, 100:] == 0.0).all()


def test_water_over_a_wall_is_a_weirs():
    run = dammed(steady(1.7), 10.0)
    # The water before the wall sinks within the 10 s: a little less than 1.705 H^1.5 with all of H.
    passed = run.h[:, 100:].sum() * 100 / (40 * 10)
    assert 0.8 * 1.705 * 0.3**1.5 < passed < 1.705 * 0.3**1.5
    assert dammed(steady(1.7), 7200.0).h[:, :100].mean() == pytest.approx(1.7, abs=0.02)


def test_wall_that_breaches_lets_nothing_through_before_and_levels_out_after():
    breach = Series(np.array([0.0, 300.0, 360.0]), np.array([2.5, 2.5, 0.01]))
    assert (dammed(breach, 300.0).h[:, 100:] == 0).all()
    run = dammed(breach, 7200.0)
    np.testing.assert_allclose(run.h, 1.0, atol=0.05)
    assert abs(run.account.missing(run.stored())) < CLOSED_M3


def test_run_that_is_stopped_and_carried_on_gives_the_same_bits():
    whole, halves = Run(town(8)), Run(town(8))
    whole.advance(600.0)
    for mark in (10.0, 250.0, 600.0):
        halves.advance(mark)
    for name in ("h", "qx", "qy"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(halves, name))
    np.testing.assert_array_equal(whole.seen.arrival_s, halves.seen.arrival_s)
    assert whole.account == halves.account


def test_flood_is_mirrored_when_its_ground_is():
    one = town(9, edges=(), sources=(), precision="float64", pervious=None, rain=None)
    water = np.where(one.ground.built, 0, np.random.default_rng(9).random(one.ground.bed_m.shape))
    # Started from water: a roof's rain goes to the first of two grounds that are as near.
    one, ground = dataclasses.replace(one, depth_m=water), one.ground
    for turn in (lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: a.T):
        turned = Ground(turn(ground.bed_m), turn(ground.manning), ground.cell_m, turn(ground.built))
        other = dataclasses.replace(one, ground=turned, points=(), depth_m=turn(water))
        np.testing.assert_allclose(
            turn(MODEL.run(one).values["depth_m"]), MODEL.run(other).values["depth_m"], atol=1e-9
        )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.1, 3.0))
def test_more_rain_never_lowers_what_is_stored_and_no_depth_is_negative(seed, times):
    one = town(seed, precision="float64", sources=(), edges=())
    more = dataclasses.replace(one, rain=Rain(one.rain.edges_s, one.rain.depth_m * (1 + times)))
    little, much = MODEL.run(one).values, MODEL.run(more).values
    assert much["depth_m"].sum() > little["depth_m"].sum()
    assert min(little["depth_m"].min(), much["depth_m"].min()) >= 0


def test_roofs_rain_runs_to_the_nearest_ground_and_nothing_is_lost():
    asked = town(10, horton=None, edges=(), sources=(), precision="float64")
    assert MODEL.run(asked).values["depth_m"].sum() == pytest.approx(0.04 * asked.ground.bed_m.size, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Ground(np.full((3, 3), np.nan), np.ones((3, 3)) * 0.03, 5.0), "height wherever no building"),
        (lambda: Ground(np.zeros((3, 3)), np.full((3, 3), -0.1), 5.0), "manning"),
        (lambda: Ground(np.zeros((3, 3)), np.zeros((3, 3)), 0.0), "cell_m"),
        (lambda: Flood(flat(3, 3), 0.0), "until_s"),
        (lambda: Flood(flat(3, 3), 60.0, points=((3, 0),)), "outside of the grid"),
        (lambda: Flood(flat(3, 3), 60.0, depth_m=np.full((3, 3), -1.0)), "depth_m"),
        (lambda: Edge("west", "inflow", steady(-1.0)), "inflow"),
        (lambda: Rain(np.array([0.0, 60.0]), np.array([-0.1])), "depth_m"),
        (lambda: Series(np.array([1.0, 0.0]), np.zeros(2)), "times of a series rise"),
        (lambda: Flood(flat(3, 3), 9.0, horton=Horton(0, 0, 0), green_ampt=GreenAmpt(0, 0, 0)), "not by both"),
        (lambda: GreenAmpt(1e-6, 0.1, 0.9), "deficit"),
        (lambda: Flood(flat(3, 3), 9.0, walls=(Wall("row", 3, 0, 2, steady(1.0)),)), "wall lies outside"),
        (lambda: Horton(1e-6, 1e-5, 1e-3), "first_m_s"),
    ],
)
def test_flood_is_refused_by_name_when_it_cannot_be(make, said):
    with pytest.raises((OutOfRange, ValueError), match=said):
        make()


def test_dry_tiles_sleep_and_the_water_is_the_same(monkeypatch):
    monkeypatch.setattr(threads, "SMALL_CELLS", 10**9)  # compiled for one core already
    rows, columns = 200, 2100
    bed = np.abs(np.arange(columns) - 1000)[None, :] * 0.002 + np.abs(np.arange(rows) - 60)[:, None] * 0.001
    ground = Ground(bed, np.full(bed.shape, 0.03), 5.0)
    start = np.zeros(bed.shape)
    start[50:70, 900:960] = 2.0  # beside a border of tiles, and it runs across
    asked = Flood(ground, 300.0, depth_m=start, sources=(Source(190, 2000, steady(1.0)),), precision="float64")
    asleep = Run(asked)
    asleep.advance(300.0)
    assert 0 < len(asleep.tiles) < asleep.deepest.size
    monkeypatch.setattr(running, "AWAKE_STEPS", 10**9)
    awake = Run(asked)
    awake.advance(300.0)
    assert len(awake.tiles) == awake.deepest.size
    for name in ("h", "qx", "qy"):
        np.testing.assert_array_equal(getattr(asleep, name), getattr(awake, name))
    assert (asleep.h[:, 1024:] > 0.01).any()
