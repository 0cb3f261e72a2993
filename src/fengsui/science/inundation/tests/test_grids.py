"""Small grids of other codes, a real flood seen from above, and a real town: by scheme A."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from fengsui.science import raster
from fengsui.science.inundation.asked import Flood, Rain
from fengsui.science.inundation.flood import MODEL, run_of
from fengsui.science.inundation.ground import Edge, Ground, Source, steady
from fengsui.science.inundation.tests.test_flood import CLOSED_M3, town
from fengsui.science.inundation.town import Road


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_point_source_spreads_alike_to_all_sides(shared, precision):
    """LISFLOOD-FP's T024: a cross of channels, water put in where they meet, their ends open."""
    bed, frame = raster.read(shared / "data/flood2d/lisflood_small/T024_PointSource/PSTest_dem.ascii")
    edges = tuple(Edge(side, "normal", steady(0.001), 2, 3) for side in ("west", "east", "north", "south"))
    ground = Ground(bed, np.full(bed.shape, 0.06), frame.cell)
    asked = Flood(ground, 25.0, edges=edges, sources=(Source(2, 2, steady(50.0)),), look_s=1.0, precision=precision)
    run = run_of(asked)
    run.advance(25.0)
    account = run.account
    for turn in (lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: a.T):
        np.testing.assert_allclose(turn(run.h), run.h, atol=1e-6)
    assert account.sources == pytest.approx(50 * 25, rel=1e-6)
    assert account.edges < -1
    assert run.stored() == pytest.approx(account.sources + account.edges, rel=1e-6 if precision == "float32" else 1e-12)
    assert run.h[0, 0] == 0


def test_rain_on_a_grid_with_holes_in_it_is_all_there(shared):
    """LISFLOOD-FP's T025: 10 mm a second for 500 s, three cells without terrain, which here are roofs."""
    bed, frame = raster.read(shared / "data/flood2d/lisflood_small/T025_Rain/rain_dem.asc")
    ground = Ground(bed, np.full(bed.shape, 0.045), frame.cell, np.isnan(bed))
    rain = Rain(np.arange(0, 501, 10.0), np.full(50, 0.1))
    values = MODEL.run(Flood(ground, 500.0, rain=rain, precision="float64")).values
    assert values["depth_m"].sum() * frame.cell**2 == pytest.approx(25 * 5 * frame.cell**2, rel=1e-12)
    assert (values["depth_m"][np.isnan(bed)] == 0).all()
    np.testing.assert_allclose(
        values["depth_m"][~np.isnan(bed)], 25 * 5 / 22, rtol=0.03
    )  # the roofs' share still spreads


@pytest.mark.slow  # a hundred thousand seconds of a river: some ten here
def test_buscot_is_flooded_where_a_radar_saw_water(shared):
    """The Thames at Buscot, 73 m3/s. The terrain lacks the channel: 20 m wide in cells of 50 m, it is lowered by what
    carries as much at Manning's n 0.02. Critical success index at 0.1 m against the radar's outline."""
    place = shared / "data/flood2d/buscot"
    bed, frame = raster.read(place / "buscot.dem.ascii")
    seen = raster.read(place / "sargrid.asc")[0] == 1
    table = [each.split() for each in (place / "buscot.river").read_text().splitlines()[2:] if each.strip()]
    x, y = np.asarray([each[:2] for each in table], float).T
    river = Road("Thames", (frame.north - y) / frame.cell, (x - frame.west) / frame.cell).cells(frame.shape)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    bottom = np.interp(along, along[[0, -1]], [float(table[0][4]), float(table[-1][4])])
    middle = np.column_stack(np.unravel_index(river, frame.shape)) + 0.5
    corners = np.column_stack([(frame.north - y) / frame.cell, (x - frame.west) / frame.cell])
    nearest = cKDTree(corners).query(middle)[1]
    rough = np.full(bed.shape, 0.06)
    rough.flat[river] = 0.02
    bed.flat[river] -= np.maximum(bed.flat[river] - bottom[nearest], 0) * (20 / frame.cell) ** 0.6
    enters = int((frame.north - y[0]) / frame.cell)
    edges = Edge("west", "inflow", steady(73.0), enters, enters + 1), Edge("east", "level", steady(68.43))
    run = run_of(Flood(Ground(bed, rough, frame.cell), 100_000.0, edges=edges, look_s=3600.0, precision="float64"))
    run.advance(100_000.0)
    wet = run.h > 0.1
    assert (wet & seen).sum() / (wet | seen).sum() == pytest.approx(0.62, abs=0.02)
    assert run.qx[:, -1].sum() * frame.cell == pytest.approx(73.0, abs=0.1)
    assert abs(run.account.missing(run.stored())) < CLOSED_M3


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.2, 2.0))
def test_more_rain_never_lowers_the_deepest_water(seed, times):
    one = town(seed, precision="float64", sources=(), edges=())
    more = dataclasses.replace(one, rain=Rain(one.rain.edges_s, one.rain.depth_m * (1 + times)))
    little, much = (MODEL.run(each).values["max_depth_m"] for each in (one, more))
    assert (much - little).min() > -1e-4  # waves of a tenth of a millimetre run another way
