"""Closures, detours and directions on hand-made lines."""

import pytest

from fengsui.kernel.geo import move
from fengsui.kernel.ports.roads import Closure, Leg, Route
from fengsui.science.reach.detours import Detour, detour
from fengsui.science.reach.plane import bearing_deg, covers, distance_to_line_m, length_m, overlap_m, resampled
from fengsui.science.reach.steps import metres_text, steps, turn_between

HERE = (123.35, 41.80)


def at(east: float, north: float) -> tuple[float, float]:
    return move(HERE, east, north)


CLOSURE = [at(0, 0), at(0, 300)]


@pytest.mark.parametrize(
    ("road", "closed"),
    [
        ([at(0, 0), at(0, 300)], True),  # the same
        ([at(0, 300), at(0, 0)], True),  # the other direction
        ([at(10, -200), at(10, 500)], True),  # a longer block, drawn 10 m beside
        ([at(0, 300), at(0, 700)], False),  # the continuation of the street
        ([at(-200, 150), at(200, 150)], False),  # a crossing street
        ([at(25, 0), at(25, 300)], False),  # a parallel street too far away
        ([at(0, 100), at(0, 112)], True),  # a short piece inside
        ([at(0, 294), at(0, 600)], False),  # touched for six metres at the end
    ],
)
def test_a_closure_covers_what_runs_along_it_when_near_and_parallel(road, closed):
    assert covers(CLOSURE, road) is closed


def test_overlap_is_measured_along_the_road_when_partly_covered():
    assert overlap_m(CLOSURE, [at(5, -100), at(5, 400)]) == pytest.approx(300, abs=4)
    assert overlap_m([at(0, 0), at(0, 150), at(150, 150)], [at(0, 0), at(0, 150), at(150, 150)]) == pytest.approx(
        300, abs=8
    )


def test_distances_are_metres_when_given_degrees():
    assert length_m(CLOSURE) == pytest.approx(300, abs=0.01)
    assert distance_to_line_m(at(40, 100), CLOSURE) == pytest.approx(40, abs=0.01)
    assert distance_to_line_m(at(0, 340), [at(0, 300)]) == pytest.approx(40, abs=0.01)
    assert len(resampled(CLOSURE, 100)) == 4
    assert bearing_deg(at(0, 0), at(100, 0)) == pytest.approx(90, abs=0.01)


def _route(seconds: float, metres: float, line) -> Route:
    return Route(seconds, metres, tuple(line), ())


def test_a_detour_names_the_closures_on_the_direct_way_when_it_goes_round():
    direct = _route(60, 500, [at(0, -100), at(0, 400)])
    around = _route(90, 900, [at(0, -100), at(200, -100), at(200, 400), at(0, 400)])
    on_way = Closure("a", tuple(CLOSURE), "积水 0.31 m", "water")
    elsewhere = Closure("b", (at(600, 0), at(600, 300)))
    spot = Closure("c", (at(3, 200),))
    assert detour(around, direct, [elsewhere, on_way, spot]) == Detour(("a", "c"), 30, 400)
    assert detour(None, direct, [on_way]) == Detour(("a",), None, None)
    assert detour(_route(59.9, 500, direct.line), direct, []) == Detour((), 0.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        (0, 10, "straight"),
        (0, 30, "slight_right"),
        (350, 80, "right"),
        (0, 270, "left"),
        (0, 220, "sharp_left"),
        (10, 190, "u_turn"),
    ],
)
def test_turns_have_names_when_the_bearing_changes(before, after, turn):
    assert turn_between(before, after) == turn


def test_steps_read_in_both_languages_when_a_street_has_no_name():
    legs = [Leg("start", "建设大路", 1234, 90, 92), Leg("right", "", 304, 30), Leg("arrive", "", 0, 0)]
    assert steps(legs) == ("从建设大路向东出发，行驶 1.2 公里", "右转进入无名道路，行驶 300 米", "到达目的地")
    assert steps(legs, "en") == (
        "Start east on 建设大路 for 1.2 km",
        "Turn right onto unnamed road for 300 m",
        "Arrive at the destination",
    )
    assert metres_text(3) == "10 米"
    assert metres_text(997, "en") == "1.0 km"
