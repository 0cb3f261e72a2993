"""Outfalls under a flood: a closed box, one level, one ledger; and what stands free is as if there were no flood."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fengsui.kernel.errors import Invalid
from fengsui.science.drainage import inp
from fengsui.science.drainage.dual import Both, Dual
from fengsui.science.drainage.mouths import BANK_M, Held, Mouth, ends, gated, mouths
from fengsui.science.drainage.network import Outfall
from fengsui.science.drainage.project import Project
from fengsui.science.drainage.tests.make import basin, chain
from fengsui.science.drainage.tests.test_dual import STORM, openings, pool, street
from fengsui.science.inundation.ground import Ground, Pool, steady

LEAK = 1e-9
HERE = (Mouth("口", 2, 2),)


def settled(depth_m, full_m, until_s=800.0, interval=2, **more):
    """A pond over the outfall of a basin, and what became of both: ledger, levels each 10 s."""
    with Both(Dual(pool(depth_m, until_s), basin(full_m=full_m, **more), (), interval, mouths=HERE)) as both:
        before, levels = both.run.stored() + both.totals.stored, []
        both.advance(until_s, lambda at: levels.append((10 + both.run.h.mean(), both.totals.stored / 50 + 8)))
        return both, both.ledger(), before, np.array(levels)


@pytest.mark.parametrize(
    ("units", "interval"),
    [("CMS", 2), ("CMS", 5), *(pytest.param(*each, marks=pytest.mark.slow) for each in (("CMS", 1), ("CFS", 2)))],
)
def test_pond_over_a_drowned_outfall_keeps_its_water_and_finds_one_level(units, interval):
    """150 m3 over an empty basin of 100 m3: 10.333 m on both. The cell before the outfall is of 4 m2."""
    both, ledger, before, levels = settled(1.5, 0.0, units=units, interval=interval)
    now = ledger.surface_stored + ledger.pipes.stored + ledger.rounded
    assert now == pytest.approx(before, rel=LEAK)
    assert abs(ledger.missing) < LEAK
    assert abs(ledger.exchange_error) < LEAK * before
    assert ledger.under_way == pytest.approx(0, abs=1e-9)
    assert ledger.outfalls == pytest.approx(0, abs=1e-9)
    assert ledger.back - ledger.out == pytest.approx(350 / 3, abs=0.5)
    assert levels[-1] == pytest.approx(np.full(2, 10 + 1 / 3), abs=0.01)
    assert (np.diff(levels[:, 0]) < 1e-4).all(), "the pond falls, nothing swings"
    assert both.run.h.min() >= 0


def test_water_goes_out_as_it_comes_back():
    """Pond and basin as far from their common level on either side: the falls mirror each other, from the first 10 s
    on (what comes back begins by steps)."""
    falls = []
    for sign in (1, -1):
        _, ledger, _, levels = settled(2 + 0.3 * sign, 4 - 0.6 * sign, 300.0)
        fall = sign * (levels[:, 0] - levels[:, 1])
        falls.append(fall / fall[0])
        assert abs(ledger.missing) < LEAK
        assert fall[0] > 0.7
    assert falls[0] == pytest.approx(falls[1], abs=0.02)
    assert falls[0][-1] < 0.05


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate])  # a process each: not shrunk
@given(st.floats(0.0, 3.0), st.floats(0.0, 2.0))
def test_a_higher_river_never_makes_more_water_leave(depth, rise):
    """A full basin beside water that is held at its level: what left it in two minutes, less what came back."""
    left = []
    for each in (depth, depth + rise):
        flood = pool(each, 120.0)
        held = Pool(np.ones((5, 5), np.bool_), steady(10.0 + each))
        with Both(Dual(dataclasses.replace(flood, pools=(held,)), basin(full_m=3.0), (), mouths=HERE)) as both:
            both.advance(120.0)
            left.append(both.totals.outfalls - both.totals.inflows)
    assert left[1] <= left[0] + 1e-9
    assert left[0] > 0 or depth > 0.9


def test_no_more_comes_back_than_stands_there():
    """A film of 4 cm over an empty basin: its 4 m3 go down, and SWMM was never lent a bucket."""
    lent = []
    with Both(Dual(pool(0.04, 600.0), basin(), (), mouths=HERE)) as both:
        both.advance(600.0, lambda at: lent.append(both.owed.min()))
        ledger = both.ledger()
    assert min(lent) > -0.01
    assert ledger.back == pytest.approx(4.0 - both.run.stored(), abs=0.01)
    assert ledger.back > 3.5
    assert both.run.h.min() >= 0
    assert abs(ledger.missing) < LEAK


def river(level_m, until_s=1500.0):
    """The street of the chain and beyond it a river, its bed below the outfall (7.4 m), held at a level."""
    flood = street(None, until_s)
    bed = flood.ground.bed_m.copy()
    bed[:, 60:] = 6.5
    beyond = np.broadcast_to(np.arange(bed.shape[1]) >= 60, bed.shape)
    return dataclasses.replace(
        flood,
        ground=dataclasses.replace(flood.ground, bed_m=bed),
        pools=(Pool(beyond.copy(), steady(level_m)),),
        depth_m=np.where(beyond, level_m - 6.5, 0.0),
        edges=(),
    )


def ran(level_m, mouth=(Mouth("口", 10, 62),), gate=False, until_s=1500.0):
    """The chain's storm into the river: both, ledger, output, m3 past the mouth each 10 s."""
    network, passed = chain(diameter_m=0.6), []
    network = dataclasses.replace(network, outfalls=(dataclasses.replace(network.outfalls[0], gated=gate),))
    project = inp.project(network, STORM, until_s)
    with Both(Dual(river(level_m, until_s), project, openings(network), mouths=mouth)) as both:
        both.advance(until_s, lambda at: passed.append(both.mouths.passed.sum()))
        ledger = both.ledger()
        return both, ledger, both.finish(), np.array(passed)


def test_outfall_that_stands_free_gives_what_it_gave():
    """Over water that is too low, and in a ditch over which no water stands: the same bits as without."""
    _, without, bare, _ = ran(6.6, (), until_s=600.0)
    for mouth, onto in ((Mouth("口", 10, 62), True), (Mouth("口", 10, 62, 20.0), False)):
        _, ledger, output, _ = ran(6.6, (mouth,), until_s=600.0)
        for name in bare.nodes:
            assert np.array_equal(output.nodes[name], bare.nodes[name])
        for name in bare.links:
            assert np.array_equal(output.links[name], bare.links[name])
        assert ledger.back == 0
        assert ledger.out == pytest.approx(without.outfalls if onto else 0, rel=1e-12)
        assert ledger.outfalls == pytest.approx(0 if onto else without.outfalls, rel=1e-12, abs=1e-9)
        assert abs(ledger.exchange_error) < 1e-9 * without.outfalls


@pytest.mark.slow
def test_high_river_backs_the_pipes_up_and_a_gate_keeps_it_out():
    free, drowned, gated = ran(6.6), ran(8.5), ran(8.5, gate=True)
    assert drowned[1].back > 20
    assert gated[1].back == 0
    assert max(drowned[1].out - drowned[1].back, gated[1].out) < 0.9 * free[1].out
    assert drowned[1].up > 1.2 * free[1].up
    for _, ledger, output, passed in (free, drowned, gated):
        assert abs(ledger.missing) < 2e-3  # SWMM's own continuity; free 1.0e-3
        assert abs(output.error_percent[1]) < 1
        assert abs(ledger.exchange_error) < 1e-9 * ledger.out
        assert ledger.outfalls == pytest.approx(0, abs=1e-6)
        flows = np.diff(passed)[60:110] / 10  # from 600 to 1100 s, while the storm is heaviest
        assert (flows > 0).all()
        assert np.abs(np.diff(flows)).max() < 0.02, "m3/s: nothing swings"


def test_gate_keeps_a_high_river_out_that_comes_in_by_an_open_outfall():
    """The river 1.1 m above the outfall before the storm's water is there."""
    (_, opened, into, _), (both, shut, kept, _) = ran(8.5, until_s=600.0), ran(8.5, gate=True, until_s=600.0)
    last = into.link_ids.index("管5")
    assert opened.back == pytest.approx(48.8, abs=0.5)
    assert into.links["flow_m3_s"][:, last].min() < -0.3
    assert shut.back == 0
    assert kept.links["flow_m3_s"][:, last].min() >= 0
    assert both.mouths.stage[0] > 8.4, "it feels the river all the same"
    assert abs(shut.missing) < 2e-3


def test_gates_of_a_project_are_known_by_their_outfalls():
    assert gated(basin(gate="YES")) == {"口"}
    assert gated(basin()) == gated(Project(basin().inp.replace("口 8.0 FREE NO", "口 8.0 FIXED 8.5 YES"))) == set()


@pytest.mark.slow
def test_pipes_give_less_the_higher_the_river():
    left = [passed[-1] for *_, passed in (ran(level) for level in (6.6, 7.5, 8.0, 8.6, 9.2))]
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.7 * left[0]


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 50)), min_size=2, max_size=30), st.floats(0.01, 3),
    st.floats(0.5, 1), st.floats(0.1, 2),
)  # fmt: skip
def test_fall_that_is_held_drives_no_more_in_than_is_there(water, area, power, wide):
    """Pipes that answer as the root of the fall or as itself, or rougher, against any course of the water outside.
    Twice what the last interval drove at the most, where the last one drove little."""
    one = np.ones(1)
    held = Held(np.zeros(1, np.intp), 10.0 * one, 9.0 * one, area * one)
    for depth, there in water:
        stage = held.next(10 + depth * one, there * one, 9.0 * one, 2.0)[0]
        fall = 0.0 if np.isnan(stage) else stage - 9.0
        assert fall >= 0
        back = min(wide, 1.0) * area * np.sqrt(2 * 9.80665) * min(fall**power, np.sqrt(fall)) * 2.0
        assert back <= there * (1 + 1e-9) + 1e-6  # m3: a level near nought loses digits
        held.booked(0 * one, back * one)


def test_what_cannot_be_is_refused():
    flood = pool(1.0)
    for wrong, words in (
        ((Mouth("口", 2, 9),), "outside"), ((Mouth("口", 1, 1), Mouth("口", 2, 2)), "one cell"),
        ((), "nothing is exchanged"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            Dual(flood, basin(), (), mouths=wrong)
    fixed = Project(basin().inp.replace("口 8.0 FREE", "口 8.0 FIXED 8.5"))
    for project, node in ((fixed, "口"), (basin(), "池"), (basin(), "无")):
        with pytest.raises(Invalid) as refused:
            Both(Dual(flood, project, (), mouths=(Mouth(node, 2, 2),)))
        assert "kind FREE" in str(refused.value)


def test_pipe_of_an_outfall_is_found_with_its_section():
    assert ends(basin(), "口") == ("池", 1.0)
    assert ends(inp.project(chain(diameter_m=0.6), None, 60.0), "口") == ("井5", pytest.approx(0.36))


def test_outfalls_on_the_grid_and_off_it():
    bed = np.full((6, 6), 5.0)
    ground = Ground(bed, np.full(bed.shape, 0.03), 10.0, built=np.eye(6, dtype=np.bool_))
    network = dataclasses.replace(
        chain(1),
        outfalls=tuple(
            Outfall(code, x, y, invert, stage)
            for code, x, y, invert, stage in (
                ("口", 15.0, 35.0, 5.5, None), ("低", 15.0, 25.0, 4.0, None), ("边", 5.0, 25.0, 5.5, None),
                ("外", 75.0, 25.0, 5.5, None), ("房", 25.0, 35.0, 5.5, None), ("定", 35.0, 15.0, 5.5, 6.0),
            )
        ),
    )  # fmt: skip
    found = mouths(network, ground, 0.0, 60.0)
    assert found == (Mouth("口", 2, 1, 5.0), Mouth("低", 3, 1, 5.0 + BANK_M))
