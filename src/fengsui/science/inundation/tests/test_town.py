"""Roads that are cut, buildings that are reached, underpasses that fill: none of it runs the compiler's long way."""

from __future__ import annotations

import numpy as np
import pytest

from fengsui.science.contract import OutOfRange
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.flood import MODEL
from fengsui.science.inundation.ground import Ground, Underpass
from fengsui.science.inundation.town import Buildings, Road, cut, walls

LEVELS = (0.05, 0.15, 0.25, 0.5)


def line(name, *corners):
    rows, columns = zip(*corners, strict=True)
    return Road(name, np.asarray(rows, float), np.asarray(columns, float))


def test_road_runs_over_the_cells_below_its_line():
    assert line("a", (0.5, 0.5), (0.5, 3.5)).cells((4, 5)).tolist() == [0, 1, 2, 3]
    assert line("b", (0.5, 0.5), (2.5, 0.5), (2.5, 1.5)).cells((4, 5)).tolist() == [0, 5, 10, 11]
    assert line("out", (-3.0, 0.5), (1.5, 0.5)).cells((4, 5)).tolist() == [0, 5]


def test_road_is_cut_when_the_first_of_its_cells_is_too_deep_for_a_vehicle():
    arrival = np.full((4, 4, 5), np.inf, np.float32)
    arrival[2, 0, 3], arrival[2, 0, 1], arrival[3, 0, 3] = 120.0, 300.0, 600.0
    roads = line("north", (0.5, 0.0), (0.5, 5.0)), line("south", (3.5, 0.0), (3.5, 5.0))
    np.testing.assert_array_equal(cut(arrival, LEVELS, roads), [[120.0, np.inf], [600.0, np.inf]])


def test_building_has_the_water_at_its_walls_not_that_across_a_corner():
    ids = np.zeros((5, 6))
    ids[1:3, 1:3], ids[4, 5] = 1, 2
    depth = np.zeros((5, 6), np.float32)
    depth[0, 0], depth[3, 2], depth[0, 5] = 0.9, 0.4, 0.7
    found = walls(depth, Buildings(ids, np.array([30.0, 4.0])))
    np.testing.assert_allclose(found, [0.4, 0.0], rtol=1e-6)


def test_underpass_fills_where_the_terrain_shows_the_deck_only():
    """A street over a road in a cut; 20 mm of water on 40 cells of the road run into the hole below the deck."""
    bed = np.full((3, 21), 5.0)
    bed[1] = 2.0 + 0.05 * np.abs(np.arange(21) - 10)
    deck = bed.copy()
    deck[1, 9:12] = 5.0
    start = np.where(bed < 4.9, 0.1, 0.0)
    start[1, 9:12] = 0.0
    ids = np.zeros(bed.shape)
    ids[0, 10] = 1
    given = {
        "depth_m": start, "precision": "float64", "roads": (line("road", (1.5, 0.0), (1.5, 21.0)),),
        "buildings": Buildings(ids, np.array([7.0])),
    }  # fmt: skip
    rough = np.full(bed.shape, 0.03)
    closed = MODEL.run(Flood(Ground(deck, rough, 5.0), 1800.0, **given)).values
    below = (Underpass(1, 2, 9, 12, 1.5),)
    lowered = MODEL.run(Flood(Ground(deck, rough, 5.0, underpasses=below), 1800.0, **given)).values
    assert closed["depth_m"][1, 9:12].max() == 0
    assert closed["road_cut_s"][1, 0] == np.inf
    assert lowered["depth_m"][1, 9:12].min() > 0.5
    assert 0 < lowered["road_cut_s"][0, 0] <= lowered["road_cut_s"][1, 0] < 900
    assert lowered["building_depth_m"][0] == pytest.approx(lowered["max_depth_m"][1, 10])
    assert (closed["people_reached"], lowered["people_reached"]) == (0.0, 7.0)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: line("x", (0, 0)), "at least 2"),
        (lambda: Buildings(np.full((2, 2), 2.0), np.ones(1)), "every building"),
        (lambda: Buildings(np.full((2, 2), 0.5), np.ones(1)), "whole one"),
        (lambda: Underpass(2, 2, 0, 1, 0.0), "rows and columns"),
        (
            lambda: Ground(np.zeros((3, 3)), np.zeros((3, 3)), 5.0, underpasses=(Underpass(0, 4, 0, 1, -1.0),)),
            "outside",
        ),
        (
            lambda: Ground(np.zeros((3, 3)), np.zeros((3, 3)), 5.0, underpasses=(Underpass(0, 1, 0, 1, 1.0),)),
            "below the",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(make, said):
    with pytest.raises((OutOfRange, ValueError), match=said):
        make()
