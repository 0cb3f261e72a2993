"""A flood over sewers: one ledger, a closed box, full pipes, and what must be refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fengsui.kernel.errors import Invalid
from fengsui.science.contract import OutOfRange
from fengsui.science.drainage import inp
from fengsui.science.drainage.asked import Sewers
from fengsui.science.drainage.child import Lost
from fengsui.science.drainage.drained import MODEL, Corner, Drained
from fengsui.science.drainage.dual import Both, Dual
from fengsui.science.drainage.exchange import Opening
from fengsui.science.drainage.project import Project
from fengsui.science.drainage.tests.make import box, chain
from fengsui.science.inundation.asked import Flood, Rain
from fengsui.science.inundation.ground import Edge, Ground, steady

STORM = Rain(np.array([0.0, 600.0, 1200.0]), np.array([0.02, 0.03]))
LEAK = 1e-9


def pool(depth_m, until_s=600.0, cells=5, **more):
    """Ground at 10 m, cells of 2 m."""
    shape = (cells, cells)
    ground = Ground(np.full(shape, 10.0), np.full(shape, 0.03), 2.0)
    return Flood(ground, until_s, depth_m=np.full(shape, depth_m), precision="float64", **more)


def street(rain=None, until_s=2400.0, columns=70):
    """A street along the chain, its row 10, between two slopes that lead to it; open at its end."""
    bed = 10.0 - 0.002 * 5 * np.arange(columns)[None, :] + 0.02 * 5 * np.abs(np.arange(21) - 10)[:, None]
    edge = Edge("east", "normal", steady(0.002))
    ground = Ground(bed, np.full(bed.shape, 0.03), 5.0)
    return Flood(ground, until_s, rain=rain, edges=(edge,), precision="float64", look_s=10.0)


def openings(network, **more):
    return tuple(Opening(each.code, 10, int(each.x_m / 5), **more) for each in network.manholes)


@pytest.mark.parametrize(
    "units", ["CMS", "CFS", *(pytest.param(each, marks=pytest.mark.slow) for each in ("LPS", "MGD"))]
)
def test_closed_box_keeps_its_water_and_finds_one_level(units):
    """A pond of 150 m3 above an empty basin of 100 m3: 10.333 m on both, in feet as in metres."""
    levels = []
    with Both(Dual(pool(1.5), box(units), (Opening("池", 2, 2),))) as both:
        before = both.run.stored() + both.totals.stored
        both.advance(600.0, lambda at: levels.append((at, both.heads[0] - both.run.h[2, 2] - 10.0)))
        ledger = both.ledger()
        output = both.finish()
    assert ledger.surface_stored + ledger.pipes.stored + ledger.under_way == pytest.approx(before, rel=LEAK)
    assert abs(ledger.missing) < LEAK
    assert abs(ledger.exchange_error) < LEAK * before
    assert ledger.under_way == pytest.approx(0, abs=1e-6)
    assert both.heads[0] == pytest.approx(10 + 1 / 3, abs=1e-4)
    assert both.run.h[2, 2] == pytest.approx(1 / 3, abs=1e-4)
    fell = [off for at, off in levels if at > 60 + next(at for at, off in levels if off > -0.1)]
    assert max(np.abs(np.diff(fell))) < 0.01
    assert output.error_percent[1] == pytest.approx(0, abs=1e-3)


@pytest.mark.slow  # another scheme to compile
def test_closed_box_by_the_other_scheme_keeps_its_water_too():
    flood = dataclasses.replace(pool(1.5), scheme="godunov")
    with Both(Dual(flood, box(), (Opening("池", 2, 2),))) as both:
        both.advance(600.0)
        ledger = both.ledger()
    assert abs(ledger.missing) < LEAK
    assert both.heads[0] == pytest.approx(10 + 1 / 3, abs=1e-3)
    assert both.run.h == pytest.approx(np.full((5, 5), 1 / 3), abs=1e-3)


def test_pond_that_just_fits_goes_down_whole():
    """100 m3 over 100 m3: the last millimetres trickle; nothing is made, nothing lost, the levels meet at the crest."""
    with Both(Dual(pool(1.0, 1200.0), box(), (Opening("池", 2, 2),), 5)) as both:
        both.advance(1200.0)
        ledger = both.ledger()
    assert ledger.down == pytest.approx(99.7, abs=0.3)
    assert both.heads[0] == pytest.approx(10.0, abs=0.02)
    assert both.run.h.max() < 0.02
    assert abs(ledger.missing) < LEAK


@pytest.mark.slow
def test_full_basin_fills_the_pond_above_it_to_one_level():
    """Water that comes up: the basin is fed from outside until it stands above the ground."""
    fed = box().inp + "\n[TIMESERIES]\nT 0:00 0.5\nT 0:05 0.5\nT 0:05:01 0\nT 2:00 0\n[INFLOWS]\n池 FLOW T\n"
    with Both(Dual(pool(0.0, 1800.0), Project(fed), (Opening("池", 2, 2),))) as both:
        both.advance(1800.0)
        ledger = both.ledger()
    assert ledger.up == pytest.approx(50 * 2 / 3, abs=1.0)
    assert both.run.h[2, 2] + 10 == pytest.approx(both.heads[0], abs=0.002)
    assert both.heads[0] == pytest.approx(10 + 50.25 / 150, abs=0.01)
    assert abs(ledger.exchange_error) < LEAK * 150


@pytest.mark.parametrize("seconds", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_full_pipes_give_water_back_steadily_and_all_of_it_is_booked(seconds):
    """50 mm in 20 min on catchments of a sewer far too small. Its own surcharge alone swung by 0.8 m3/s [V]."""
    network = chain()
    flows = []
    both = Both(Dual(street(), inp.project(network, STORM, 2400.0), openings(network), seconds))
    with both:
        both.advance(2400.0, lambda at: flows.append(both.held.flows.copy()))
        ledger = both.ledger()
        output = both.finish()
    assert ledger.up > 150
    assert ledger.down > 0
    assert abs(ledger.exchange_error) < 1e-9 * ledger.up
    assert both.run.exchanged == pytest.approx(ledger.up - ledger.down, rel=1e-9)
    assert abs(ledger.under_way) < 1e-3 * ledger.down + 0.05
    assert abs(ledger.missing) < 2e-3  # SWMM's own continuity, of all water
    assert abs(output.error_percent[1]) < 1
    full = np.array(flows)[50:110, 1:-2]  # from 500 to 1100 s, while the storm is heaviest
    assert (full < 0).all()
    assert np.abs(np.diff(full, axis=0)).max() < 0.02
    assert both.totals.flooding == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_inlets_drain_a_street_more_when_more_are_open():
    network = chain(grounds=False, diameter_m=0.6)
    drained = []
    for clogged in (0.0, 0.9, 1.0):
        dual = Dual(street(STORM, 1200.0), inp.project(network, None, 1200.0), openings(network, clogged=clogged))
        with Both(dual) as both:
            both.advance(1200.0)
            ledger = both.ledger()
            both.finish()
        assert abs(ledger.missing) < 5e-3  # SWMM's own continuity, while dry pipes fill
        drained.append(ledger.down - ledger.up)
    assert drained[0] > drained[1] > drained[2] == 0


def test_shut_gates_let_nothing_out_and_the_street_stands_deeper():
    """Until the pipes are full they take water; then it stays above, and what went down is in the pipes."""
    network, found = chain(grounds=False, diameter_m=0.6), {}
    for shut in (False, True):
        project = inp.project(network, None, 1200.0, shut=shut)
        with Both(Dual(street(STORM, 1200.0), project, openings(network))) as both:
            both.advance(1200.0)
            found[shut] = both.ledger(), float(both.run.seen.depth_m.max())
            output = both.finish()
    (free, shallow), (held, deep) = found[False], found[True]
    assert free.outfalls > 100
    (blind,) = (n for n, code in enumerate(output.node_ids) if code not in network.inverts)
    assert not output.nodes["inflow_m3_s"][:, blind].any(), "nothing at all at the only outfall that is left"
    assert abs(held.outfalls) < 0.25, "m3: what comes up is booked by the mean of a step's ends"
    assert held.down - held.up == pytest.approx(held.pipes.stored, abs=3.0)  # SWMM's own continuity
    assert abs(held.missing) < 5e-3  # the same, while dry pipes fill
    assert deep > shallow + 0.01


def test_two_inlets_lead_to_one_node_and_two_share_a_cell():
    places = (Opening("池", 1, 1), Opening("池", 3, 3), Opening("池", 3, 3, area_m2=0.1, perimeter_m=1.0))
    with Both(Dual(pool(0.3), box(), places)) as both:
        both.advance(600.0)
        ledger = both.ledger()
    assert both.passed.sum() == pytest.approx(ledger.down)
    assert both.passed[1] > both.passed[2] > 0
    assert abs(ledger.missing) < LEAK
    assert both.run.h.min() >= 0


def test_rain_enters_once():
    """Catchments of 3 ha and rain on the grid: refused, unless as many cells are named whose rain they take."""
    network = chain()
    project = inp.project(network, STORM, 1200.0)
    dual = Dual(street(STORM, 1200.0), project, openings(network))
    with pytest.raises(OutOfRange, match="rain enters once"):
        Both(dual)
    piped = np.zeros((21, 70), np.bool_)
    piped[:, :57] = True  # 29 925 m2
    with Both(dataclasses.replace(dual, piped=piped)) as both:
        both.advance(1200.0)
        ledger = both.ledger()
    assert ledger.surface.rain == pytest.approx(0.05 * (~piped).sum() * 25, rel=1e-6)
    ignored = Project(project.inp + "\n[OPTIONS]\nIGNORE_RAINFALL YES\n")
    with Both(dataclasses.replace(dual, project=ignored)) as both:
        both.advance(60.0)
        assert both.totals.runoff == 0


def test_what_does_not_go_together_is_refused():
    flood, here = pool(1.0), (Opening("池", 2, 2),)
    for wrong, words in (
        ({"openings": ()}, "no opening"),
        ({"openings": (Opening("池", 9, 2),)}, "outside"),
        ({"interval_s": 7}, "interval_s"),
        ({"interval_s": 1, "flood": dataclasses.replace(flood, rain=STORM, precision="float32")}, "single precision"),
        ({"flood": pool(1.0, 601.0)}, "whole number of exchange"),
        ({"project": Project(box().inp.replace("DYNWAVE", "KINWAVE"))}, "DYNWAVE"),
    ):
        with pytest.raises((ValueError, OutOfRange), match=words):
            Dual(**({"flood": flood, "project": box(), "openings": here} | wrong))
    for wrong, words in (
        ({"openings": (Opening("无", 2, 2),)}, "no node"),
        ({"openings": (Opening("O", 2, 2),)}, "outfall"),
        ({"project": box(bottom_m=10.5)}, "one datum"),
        ({"flood": pool(1.0, 7300.0)}, "ends before"),
    ):
        with pytest.raises(Invalid) as refused:
            Both(Dual(**({"flood": flood, "project": box(), "openings": here} | wrong)))
        assert words in str(refused.value)


def test_killed_engine_ends_the_flood_at_once_and_leaves_no_folder():
    with Both(Dual(pool(1.0), box(), (Opening("池", 2, 2),))) as both:
        folder = both.simulation.folder
        assert folder.stat().st_mode & 0o077 == 0
        both.simulation.process.kill()
        with pytest.raises(Lost, match="exit code -9"):
            both.advance(600.0)
    assert not folder.exists()


def test_model_tells_of_openings_and_of_rims_that_are_not_the_terrains():
    network = chain(3)
    raised = dataclasses.replace(
        network, manholes=tuple(dataclasses.replace(each, rim_m=each.rim_m + 0.5) for each in network.manholes),
        outfalls=tuple(dataclasses.replace(each, gated=True) for each in network.outfalls),
    )  # fmt: skip
    asked = Drained(
        street(until_s=600.0, columns=40), Sewers(network=raised, rain=STORM, until_s=900.0), corner=Corner(0.0, 52.5)
    )
    result = MODEL.run(asked)
    told = {each.code: each for each in result.remarks}
    assert {*told} >= {"drainage.rims", "drainage.exchange", "drainage.surface"}
    assert "1 个装了拍门" in told["drainage.outfalls"].zh
    assert "1 of those that feel it have a flap gate" in told["drainage.outfalls"].en
    assert result.values["rim_off_m"] == pytest.approx([-0.5] * 3, abs=0.02)
    assert result.values["opening_m3"].sum() == pytest.approx(result.values["down_m3"] - result.values["up_m3"])
    assert result.values["all_missing"] == pytest.approx(0, abs=1e-2)  # SWMM's own
    assert result.values["sewers_node_head_m"].shape == (10, 4)
    true = MODEL.run(dataclasses.replace(asked, sewers=dataclasses.replace(asked.sewers, network=network)))
    for name in ("down_m3", "up_m3", "sewers_drained_m3", "opening_m3"):
        np.testing.assert_array_equal(result.values[name], true.values[name], f"{name}: the terrain is the rim")
