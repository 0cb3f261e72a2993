"""A dike that was drawn: its faces on the grid, what it holds, what comes when it gives way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import label

from fengsui.engines.floods import Here, breach, relief
from fengsui.engines.floods.tests.test_floods import GRID, MIDDLE, QUESTION, SEWERS, STREET
from fengsui.engines.floods.written import question_of
from fengsui.kernel.ports.floods import Breach, Spot

SQUARE = relief.Square(MIDDLE, 400.0, 10.0)


def at(east, north):
    return SQUARE.degrees(east, north)


# A bent dike south of the street's middle; water on its right, the south.
DIKE = Breach(
    (at(-150.0, -60.0), at(-20.0, -62.0), at(150.0, -20.0)), crest_m=3.0, side="right", at=0.5, width_m=30.0,
    opens_s=300.0, erodes_s=120.0, level_m=2.0,
)  # fmt: skip
ASKED = replace(
    QUESTION, rain_m=(0.0,), drained_m_s=0.0, hollows=(), breach=DIKE,
    spots=(Spot("near", at(0.0, 20.0)), Spot("river", at(0.0, -80.0))),
)  # fmt: skip


def walled(dike, shape, crest_at_s):
    """Faces that are shut then: (rows, columns + 1), (rows + 1, columns)."""
    across, down = np.full((shape[0], shape[1] + 1), -np.inf), np.full((shape[0] + 1, shape[1]), -np.inf)
    for each in dike.walls:
        if each.along == "column":
            across[each.start : each.stop, each.at] = each.crest_m.at(crest_at_s)
        else:
            down[each.at, each.start : each.stop] = each.crest_m.at(crest_at_s)
    return across, down


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("turn", range(0, 360, 35))
def test_strip_behind_the_line_is_closed_on_every_side_whatever_way_it_runs(side, turn):
    """No way leads from it to a neighbour but over a wall: all of them, at every angle, at corners and ends."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    line = tuple(at(c * x - s * y, s * x + c * y) for x, y in ((-120, -30), (-40, 10), (30, -25), (125, 20)))
    bed = np.zeros((40, 40))
    dike = breach.dike(replace(DIKE, line=line, side=side), SQUARE, bed)
    across, down = walled(dike, bed.shape, 0.0)
    for differ, faces in (
        (dike.strip[:, 1:] != dike.strip[:, :-1], across[:, 1:-1]),
        (dike.strip[1:] != dike.strip[:-1], down[1:-1]),
    ):
        assert (faces[differ] >= 3.0).all()
        assert np.isneginf(faces[~differ]).all(), "and no wall stands anywhere else"
    assert label(dike.strip)[1] == 1
    after = [each for each in dike.walls if each.crest_m.at(1e4) == 0.0]
    faces = sum(each.stop - each.start for each in after) * 10
    assert 20 <= faces <= 60, "some 30 m give way: on a slope a staircase is longer"


def test_crest_and_level_are_counted_from_the_ground_at_the_breach():
    ground = relief.ground(ASKED)
    dike = breach.dike(DIKE, SQUARE, ground.bed_m)
    (pool,) = dike.pools
    assert pool.level_m.at(0.0) == pytest.approx(dike.floor_m + 2.0)
    level = (dike.depth_m + ground.bed_m)[dike.depth_m > 0]
    assert np.ptp(level) < 1e-9
    crests = {round(float(each.crest_m.at(0.0)), 6) for each in dike.walls}
    assert crests == {round(dike.floor_m + 3.0, 6), round(dike.floor_m + 1003.0, 6)}


def test_line_that_cannot_be_is_refused_by_its_name():
    bed = np.zeros((40, 40))
    for wrong, words in (
        ({"line": (at(-150, 0), at(250, 0))}, "breach_line: it leaves the square"),
        ({"line": (at(-195, -150), at(-195, 150)), "side": "left"}, "no room for the water"),
    ):
        with pytest.raises(ValueError, match=words):
            breach.dike(replace(DIKE, **wrong), SQUARE, bed)


def test_question_with_a_breach_is_read_back_as_it_was_asked():
    import json
    from dataclasses import asdict

    assert question_of(json.loads(json.dumps(asdict(ASKED)))) == ASKED


@pytest.mark.slow  # scheme B is compiled
def test_nothing_comes_before_it_opens_then_all_that_comes_is_booked():
    found = Here().run(ASKED, lambda share: True)
    near, river = found.told
    assert near.arrival_s[0] is not None
    assert 300.0 < near.arrival_s[0] < 900.0
    assert river.deepest_m == 0.0, "the water behind the dike is no flood"
    assert near.depth_m[0] == near.depth_m[1] == 0.0
    water = found.water
    assert found.facts["scheme"] == "B"
    assert water["initial"] == pytest.approx(0.0, abs=1e-3)
    assert water["breach"] > 1000
    # A broad crest of 30 m under 2 m lets 1.7 b h^1.5 through, less what stands against it.
    assert water["breach"] < 1.705 * 30 * 2.0**1.5 * 1500 * 1.3
    assert water["breach"] - water["out"] == pytest.approx(water["left"], rel=1e-4)
    assert [each.name for each in found.cuts] == [STREET.name]
    assert any("方案 B" in zh for _, zh, _ in found.remarks)


@pytest.mark.slow  # as above
def test_inflow_comes_through_but_for_what_low_ground_behind_the_dike_keeps():
    asked = replace(ASKED, breach=replace(DIKE, level_m=None, inflow_m3_s=20.0))
    water = Here().run(asked, lambda share: True).water
    given = 20.0 * (1800 - 300 - 60)
    assert 0.5 * given < water["breach"] < given
    assert water["pumped"] == pytest.approx(0.0, abs=0.01 * given)


@pytest.mark.slow  # as above
def test_river_behind_the_dike_comes_in_by_the_sewers_and_every_cubic_metre_is_told():
    """Outfalls near the dike end in the river, so water is on the streets before the dike gives way."""
    found = Here().run(replace(ASKED, rain_m=(0.03,), streets=GRID, sewers=SEWERS), lambda share: True)
    water = found.water
    comes = water["initial"] + water["rain"] + water["breach"]
    goes = water["drained"] + water["pumped"] + water["out"] + water["sewers"]
    assert comes - goes == pytest.approx(water["left"], abs=2e-3 * comes)
    assert abs(water["missing"]) < 2e-3
    assert water["breach"] > 1000
    assert any("受顶托" in zh for _, zh, _ in found.remarks)
