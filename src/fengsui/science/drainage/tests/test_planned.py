"""A made-up network: the same from the same seed, falling, large enough, under cover; and SWMM runs it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.drainage import ensemble, inp
from fengsui.science.drainage.asked import Sewers
from fengsui.science.drainage.planned import COVER_M, DIAMETERS_M, Planned, Terrain, capacity, plan
from fengsui.science.drainage.sewers import MODEL
from fengsui.science.inundation.asked import Rain
from fengsui.science.rain.formula import SHENYANG
from fengsui.science.rain.storm import DesignStorm, chicago


def town(blocks=3, block_m=200.0, fall=0.004, **more):
    """Streets in squares on ground that falls to the south-east."""
    n = blocks + 1
    x, y = (each.ravel() * block_m for each in np.meshgrid(np.arange(n), np.arange(n)))
    number = np.arange(n * n).reshape(n, n)
    starts = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    stops = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    side = blocks * block_m + 100
    rows, columns = np.mgrid[0 : int(side / 10), 0 : int(side / 10)] * 10.0
    bed = 50 - fall * (columns + rows) + 0.3 * np.sin(columns / 90) * np.cos(rows / 70)
    terrain = Terrain(bed, 10.0, -50.0, blocks * block_m + 50)
    said = {
        "x_m": x.astype(float),
        "y_m": y.astype(float),
        "starts": starts.astype(float),
        "stops": stops.astype(float),
    }
    return Planned(**(said | {"terrain": terrain, "formula": SHENYANG[0]} | more))


def test_the_same_seed_makes_the_same_network_and_another_another():
    one, remarks = plan(town())
    assert plan(town())[0] == one
    assert plan(town(seed=2))[0] != one
    assert [each.code for each in remarks] == ["drainage.planned", "rain.formula"]
    assert len(one.manholes) == 16 + 24 * 3  # a street of 200 m has three between its junctions
    assert len(one.pipes) == len(one.manholes)
    assert sum(each.area_m2 for each in one.subcatchments) == pytest.approx(700.0**2)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.floats(0.0, 0.02), st.floats(1.0, 20.0))
def test_pipes_fall_carry_their_storm_never_shrink_and_lie_under_cover(blocks, outfalls, fall, years):
    asked = town(blocks, fall=fall, outfalls=outfalls, return_period_a=years)
    network, _ = plan(asked)
    rims = {each.code: each.rim_m for each in network.manholes}
    inverts, into, out = network.inverts, {}, {each.start: each for each in network.pipes}
    assert len(network.outfalls) == outfalls
    for pipe in network.pipes:
        top = inverts[pipe.start]
        end = inverts[pipe.stop] if pipe.stop_invert_m is None else pipe.stop_invert_m
        assert end < top
        assert end >= inverts[pipe.stop] - 2e-3
        assert rims[pipe.start] - top - pipe.diameter_m >= COVER_M - 2e-3
        assert pipe.diameter_m in DIAMETERS_M
        if pipe.stop in out:
            assert out[pipe.stop].diameter_m >= pipe.diameter_m
        into.setdefault(pipe.stop, []).append((pipe, (top - end) / pipe.length_m))
    area = {each.node: each.area_m2 for each in network.subcatchments}

    def above(node):
        return area.get(node, 0.0) + sum(above(pipe.start) for pipe, _ in into.get(node, ()))

    slowest = asked.formula.intensity(asked.formula.t_max, years) / 60_000
    for outfall in network.outfalls:
        ((last, slope),) = into[outfall.code]
        assert capacity(last.diameter_m, slope) >= 0.65 * above(last.start) * slowest


def test_swmm_takes_the_storm_it_was_made_for_with_little_water_on_the_streets():
    asked = town(2)
    network, _ = plan(asked)
    depth = chicago(DesignStorm(asked.formula, 3.0, 60.0)) / 1000
    rain = Rain(np.arange(len(depth) + 1) * 300.0, depth)
    output = ensemble.simulate(inp.project(network, rain, 7200.0))
    assert output.totals.flooding < 0.02 * output.totals.runoff
    assert output.totals.outfalls > 0.9 * output.totals.runoff


def test_streets_off_the_terrain_are_left_out_and_none_at_all_is_refused():
    asked = town()
    half = dataclasses.replace(asked, terrain=dataclasses.replace(asked.terrain, bed_m=asked.terrain.bed_m[:, :45]))
    assert all(each.x_m < 400 for each in plan(half)[0].manholes)
    away = dataclasses.replace(asked, terrain=dataclasses.replace(asked.terrain, west_m=9e5))
    with pytest.raises(ValueError, match="no street"):
        plan(away)


@pytest.mark.parametrize("wrong", [{"spacing_m": 5.0}, {"outfalls": 0}, {"return_period_a": 500.0}])
def test_what_cannot_be_planned_is_refused(wrong):
    with pytest.raises(OutOfRange):
        town(**wrong)


def test_made_up_network_is_run_by_the_model_and_said_to_be_made_up():
    rain = Rain(np.array([0.0, 1800.0]), np.array([0.02]))
    result = MODEL.run(Sewers(planned=town(1, block_m=100.0), rain=rain, until_s=1800.0))
    assert {each.code for each in result.remarks} >= {"drainage.planned", "rain.formula", "drainage.surface"}
    assert len(result.values["links"]) == len(result.values["nodes"]) - 1
