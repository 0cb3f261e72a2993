"""The road port: one suite run against Valhalla and against the own graph, over the same network files."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from fengsui.engines.roads import synthetic, tiles
from fengsui.engines.roads.city import Anchor
from fengsui.engines.roads.graph import GraphRouter
from fengsui.engines.roads.osm_write import Drawing
from fengsui.engines.roads.pbf import drivable_roads
from fengsui.engines.roads.valhalla import ValhallaRouter
from fengsui.kernel.geo import move
from fengsui.kernel.ports.roads import (
    VEHICLES,
    Closure,
    Network,
    NoPath,
    OffNetwork,
    Point,
    Reach,
    RoadsAbsent,
    Route,
    Router,
    Snapped,
)
from fengsui.science.reach.detours import detour

CORNER = (123.30, 41.75)
STEP = 200.0
SIZE = 10
BRIDGES = (2, 5, 8)
LOW_ROW = 6
ENGINES = ("valhalla", "graph")
LOW = Anchor("示意下穿", 123.34, 41.80, 0.0, "underpass", 4.2)


def at(column: float, row: float) -> tuple[float, float]:
    return move(CORNER, column * STEP, row * STEP)


def point(column: float, row: float) -> Point:
    return Point(*at(column, row))


BRIDGE_CLOSURES = [Closure(f"bridge-{row}", (at(4.1, row), at(4.9, row)), "积水 0.42 m", "water") for row in BRIDGES]


def _wall(target: Path) -> Path:
    """Two halves of a grid, 200 m blocks, joined by three bridges east of column 4. Column 9 is one-way north.

    Row 6 between columns 6 and 7 runs below something that is 3.2 m high.
    """
    drawing = Drawing()
    ids = {(c, r): drawing.node(*at(c, r)) for c in range(SIZE) for r in range(SIZE)}
    for r in range(SIZE):
        tags = {"highway": "residential", "name": f"{r}路", "maxspeed": "40"}
        if r in BRIDGES:
            drawing.way([ids[c, r] for c in range(SIZE)], tags)
        elif r == LOW_ROW:
            drawing.way([ids[c, r] for c in range(5)], tags)
            drawing.way([ids[c, r] for c in range(5, 7)], tags)
            drawing.way([ids[6, r], ids[7, r]], tags | {"maxheight": "3.2"})
            drawing.way([ids[c, r] for c in range(7, SIZE)], tags)
        else:
            drawing.way([ids[c, r] for c in range(5)], tags)
            drawing.way([ids[c, r] for c in range(5, SIZE)], tags)
    for c in range(SIZE):
        tags = {"highway": "residential", "name": f"{c}街", "maxspeed": "40"}
        drawing.way([ids[c, r] for r in range(SIZE)], tags | ({"oneway": "yes"} if c == 9 else {}))
    drawing.write(target)
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roads")


@pytest.fixture(scope="module")
def wall(folder: Path) -> Path:
    pbf = _wall(folder / "wall.osm.pbf")
    tiles.build(pbf, folder / "wall")
    return pbf


@pytest.fixture(scope="module")
def city(folder: Path) -> Path:
    pbf = folder / "city.osm.pbf"
    synthetic.generate(pbf, [LOW], bbox=(123.30, 41.77, 123.38, 41.83), seed=7)
    tiles.build(pbf, folder / "city")
    return pbf


def made(engine: str, pbf: Path, world: str = "live") -> Router:
    if engine == "graph":
        return GraphRouter(pbf, world)
    return ValhallaRouter(pbf.parent / pbf.name.removesuffix(".osm.pbf"), world)


@pytest.fixture(params=ENGINES)
def router(request: pytest.FixtureRequest, wall: Path) -> Router:
    return made(request.param, wall)


@pytest.fixture(params=ENGINES)
def city_router(request: pytest.FixtureRequest, city: Path) -> Router:
    return made(request.param, city)


def best(router: Router, a: Point, b: Point, closures=(), vehicle: str = "car") -> Route:
    return router.route(a, b, vehicle=vehicle, closures=closures)[0]


# --- answers -----------------------------------------------------------------------------------------------------


def test_a_route_has_length_line_and_sentences_when_the_way_is_free(router: Router):
    route = best(router, point(0, 2), point(7, 2))
    assert route.metres == pytest.approx(1400, rel=0.01)
    assert route.line[0] == pytest.approx(at(0, 2), abs=1e-5)
    assert route.line[-1] == pytest.approx(at(7, 2), abs=1e-5)
    assert route.seconds > 0
    assert route.cost > 0
    assert route.steps[0].startswith("从2路向东出发，行驶 1.4 公里")
    assert route.steps[-1] == "到达目的地"
    assert sum(leg.metres for leg in route.legs) == pytest.approx(route.metres, rel=0.02)


def test_every_vehicle_gets_an_answer_when_it_is_known(router: Router):
    for vehicle in VEHICLES:
        assert best(router, point(0, 0), point(3, 3), vehicle=vehicle).metres == pytest.approx(1200, rel=0.02)
    with pytest.raises(KeyError):
        best(router, point(0, 0), point(3, 3), vehicle="tram")


def test_the_network_is_named_when_asked(router: Router, wall: Path):
    network = router.network()
    assert network == Network(network.key, "wall.osm.pbf", True, network.engine)
    assert len(network.key) == 64


def test_a_place_snaps_to_its_street_when_it_is_beside_it(router: Router):
    found = router.nearest(Point(*at(2.5, 3.1)))
    assert isinstance(found, Snapped)
    assert found.street == "3路"
    assert found.away_m == pytest.approx(20, abs=0.5)
    assert router.nearest(Point(124.5, 41.75)) is None


def test_a_oneway_street_is_respected_when_going_against_it(router: Router):
    with_it = best(router, point(9, 2.5), point(9, 3.5))
    against = best(router, point(9, 3.5), point(9, 2.5))
    assert with_it.metres == pytest.approx(200, abs=5)
    assert against.metres > 500


def test_a_tall_vehicle_is_led_to_the_mouth_when_the_place_lies_under_a_low_bridge(router: Router):
    """As to a place on a closed road; and both questions know the same way."""
    a, b = point(8, 3), Point(*at(6.5, LOW_ROW))
    low = best(router, a, b)
    assert low.end is not None
    assert low.end.away_m == pytest.approx(0, abs=1)
    for vehicle in ("pump_truck", "fire_engine"):
        tall = best(router, a, b, vehicle=vehicle)
        assert tall.end is not None
        assert tall.end.away_m == pytest.approx(100, abs=3)
        reach = router.matrix([a], [b, point(3, 3)], vehicle=vehicle)[0]
        assert reach[0].metres == pytest.approx(tall.metres, abs=10)
        assert reach[1].seconds is not None


# --- closures ----------------------------------------------------------------------------------------------------


def test_a_detour_is_taken_and_explained_when_a_bridge_is_closed(router: Router):
    a, b = point(3.5, 2), point(5.5, 2)
    free, closed = best(router, a, b), best(router, a, b, BRIDGE_CLOSURES[:1])
    reasons = detour(closed, free, BRIDGE_CLOSURES)
    assert reasons.avoided == ("bridge-2",)
    assert reasons.metres == pytest.approx(1200, abs=15)  # three blocks up and three down
    assert reasons.seconds > 60
    assert best(router, a, b).metres == pytest.approx(free.metres)  # reopened at once


def test_there_is_no_path_when_all_bridges_are_closed(router: Router):
    with pytest.raises(NoPath) as refused:
        router.route(point(1, 1), point(8, 8), vehicle="car", closures=BRIDGE_CLOSURES)
    assert refused.value.code == "roads.route.no_path"
    assert best(router, point(1, 1), point(4, 4), BRIDGE_CLOSURES).metres == pytest.approx(1200, rel=0.02)


def test_an_unreachable_pair_is_none_never_nought_when_the_wall_is_closed(router: Router):
    targets = [point(3, 3), point(8, 8), point(1, 1)]
    row = router.matrix([point(1, 1)], targets, vehicle="car", closures=BRIDGE_CLOSURES)[0]
    assert row[1] == Reach(None, None, "no_path")
    assert row[0].metres == pytest.approx(800, rel=0.02)
    assert row[2].seconds == pytest.approx(0, abs=1)
    opened = router.matrix([point(1, 1)], targets, vehicle="car")[0]
    assert opened[1].seconds is not None


def test_a_closure_says_what_it_closes_when_it_lies_on_a_road_or_beside(router: Router):
    beside = Closure("beside", (at(2.3, 2.4), at(2.3, 2.6)))
    spot = Closure("spot", (at(6.5, 5.02),))
    found = router.streets_closed([BRIDGE_CLOSURES[0], beside, spot])
    assert found == {"bridge-2": ("2路",), "beside": (), "spot": ("5路",)}


def test_a_single_position_closes_its_street_when_it_is_given_alone(router: Router):
    spots = [Closure(f"spot-{row}", (at(4.5, row),)) for row in BRIDGES]
    with pytest.raises(NoPath):
        router.route(point(1, 1), point(8, 8), vehicle="car", closures=spots)


def test_a_route_ends_at_the_barrier_when_the_target_lies_on_the_closed_road(router: Router):
    route = best(router, point(1, 1), Point(*at(4.5, 5)), BRIDGE_CLOSURES[1:2])
    assert route.end is not None
    assert route.end.away_m == pytest.approx(100, abs=3)


def test_closing_never_lowers_the_cost_when_roads_are_closed_at_random(city_router: Router, city: Path):
    draw = random.Random(11)
    roads = [road for road in drivable_roads(city) if len(road.nodes) >= 3]
    compared = 0
    for _ in range(40):
        a, b = (Point(*draw.choice(draw.choice(roads).nodes)[1]) for _ in range(2))
        segments = [draw.choice(list(pairwise(draw.choice(roads).nodes))) for _ in range(12)]
        closures = [Closure(str(n), (one[1], two[1])) for n, (one, two) in enumerate(segments)]
        free = city_router.route(a, b, vehicle="car")
        try:
            closed = city_router.route(a, b, vehicle="car", closures=closures)
        except NoPath:
            continue
        if (free[0].line[0], free[0].line[-1]) != (closed[0].line[0], closed[0].line[-1]):
            continue  # an end lay on a closed road: another journey
        compared += 1
        assert min(way.cost for way in closed) >= min(way.cost for way in free) - 1
        assert not any(detour(free[0], way, closures).avoided for way in closed)
    assert compared >= 20


def test_worlds_do_not_touch_when_an_exercise_closes_every_bridge(wall: Path):
    for engine in ENGINES:
        live, exercise = made(engine, wall), made(engine, wall, "exercise-1")
        free = best(live, point(1, 1), point(8, 8))
        hold = threading.Barrier(2)

        def drill(exercise=exercise, hold=hold) -> None:
            hold.wait()
            for _ in range(30):
                with pytest.raises(NoPath):
                    exercise.route(point(1, 1), point(8, 8), vehicle="car", closures=BRIDGE_CLOSURES)

        with ThreadPoolExecutor(1) as pool:
            drilling = pool.submit(drill)
            hold.wait()
            for _ in range(30):
                assert best(live, point(1, 1), point(8, 8)).metres == free.metres
            drilling.result()


# --- off the network ---------------------------------------------------------------------------------------------


def test_a_place_off_the_network_is_named_when_it_is_far_from_any_road(router: Router):
    far = Point(124.5, 41.75)
    with pytest.raises(OffNetwork) as refused:
        router.route(point(1, 1), far, vehicle="car")
    assert (refused.value.code, refused.value.facts["end"]) == ("roads.snap.off_network", "target")
    with pytest.raises(OffNetwork) as refused:
        router.route(far, point(1, 1), vehicle="car")
    assert refused.value.facts["end"] == "origin"


def test_the_other_pairs_are_answered_when_one_place_is_off_the_network(router: Router):
    far = Point(124.5, 41.75)
    rows = router.matrix([point(0, 0), far], [point(2, 0), far, point(0, 3)], vehicle="car")
    assert [each.problem for each in rows[0]] == ["", "target_off", ""]
    assert {each.problem for each in rows[1]} == {"origin_off"}
    assert [each.metres for each in rows[0]] == [pytest.approx(400, rel=0.02), None, pytest.approx(600, rel=0.02)]
    assert router.matrix([], [far], vehicle="car") == []
    assert router.matrix([far], [], vehicle="car") == [[]]


def test_a_place_shut_in_has_no_path_when_every_road_about_it_is_closed(router: Router):
    ring = [Closure(f"{n}", (at(0, n), at(9, n))) for n in range(SIZE)]
    ring += [Closure(f"c{n}", (at(n, 0), at(n, 9))) for n in range(SIZE)]
    with pytest.raises(NoPath):
        router.route(point(1, 1), point(2, 2), vehicle="car", closures=ring)
    rows = router.matrix([point(1, 1)], [point(2, 2), Point(124.5, 41.75)], vehicle="car", closures=ring)
    assert rows == [[Reach(None, None, "no_path"), Reach(None, None, "target_off")]]


# --- threads, swap, agreement ------------------------------------------------------------------------------------


def test_answers_stay_right_when_four_threads_ask_with_different_closures(router: Router):
    a, b = point(3.5, 2), point(5.5, 2)
    sets = [(), tuple(BRIDGE_CLOSURES[:1]), tuple(BRIDGE_CLOSURES[1:]), tuple(BRIDGE_CLOSURES)]

    def ask(closures) -> float | None:
        try:
            return best(router, a, b, closures).metres
        except NoPath:
            return None

    expected = [ask(closures) for closures in sets]
    assert expected[3] is None
    assert expected[0] == expected[2] != expected[1]
    start = threading.Barrier(4)

    def worker(seed: int) -> int:
        draw = random.Random(seed)
        start.wait()
        wrong = 0
        for _ in range(60):
            which = draw.randrange(4)
            row = router.matrix([a], [b], vehicle="car", closures=sets[which])[0]
            wrong += ask(sets[which]) != expected[which] or (row[0].seconds is None) != (which == 3)
        return wrong

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(worker, range(4))) == [0, 0, 0, 0]


def test_a_swap_is_seen_and_closures_apply_again_when_tiles_are_rebuilt(folder: Path, wall: Path):
    other = folder / "swapped"
    tiles.build(wall, other)
    router = ValhallaRouter(other)
    a, b = point(3.5, 2), point(5.5, 2)
    closed = best(router, a, b, BRIDGE_CLOSURES[:1]).metres
    before = tiles.current(other)
    tiles.build(wall, other, again=True)
    tiles.build(wall, other, again=True)
    assert tiles.current(other) != before
    assert not before.exists()  # the mapped files outlive it
    assert best(router, a, b, BRIDGE_CLOSURES[:1]).metres == pytest.approx(closed)


def test_roads_are_reported_absent_when_nothing_was_built(tmp_path: Path):
    with pytest.raises(RoadsAbsent) as absent:
        ValhallaRouter(tmp_path).nearest(point(1, 1))
    assert (absent.value.code, absent.value.status) == ("roads.build.absent", 503)


def test_a_killed_process_leaves_nothing_when_it_had_closed_roads(folder: Path, wall: Path):
    code = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from fengsui.engines.roads.valhalla import ValhallaRouter\n"
        "from fengsui.kernel.ports.roads import Closure, Point\n"
        "r = ValhallaRouter(Path(sys.argv[1])); line = eval(sys.argv[3])\n"
        "r.route(Point(*line[0]), Point(*line[1]), vehicle='car', closures=[Closure('x', tuple(line))])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    source = Path(__file__).parents[2] / "src"
    line = repr([at(3.5, 2), at(5.5, 2)])
    before = sorted(folder.joinpath("wall").rglob("*"))
    done = subprocess.run([sys.executable, "-c", code, str(folder / "wall"), str(source), line], check=False)
    assert done.returncode == -9
    assert sorted(folder.joinpath("wall").rglob("*")) == before
    assert best(made("valhalla", wall), point(3.5, 2), point(5.5, 2)).metres == pytest.approx(400, abs=5)


def test_a_forked_child_closes_nothing_for_its_parent_when_it_has_a_closure(folder: Path, wall: Path):
    code = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from fengsui.engines.roads.valhalla import ValhallaRouter\n"
        "from fengsui.kernel.ports.roads import Closure, Point\n"
        "r = ValhallaRouter(Path(sys.argv[1])); line = eval(sys.argv[3]); a, b = (Point(*each) for each in line)\n"
        "def metres(*closures): return r.route(a, b, vehicle='car', closures=closures)[0].metres\n"
        "free, child = metres(), os.fork()\n"
        "if not child: os._exit(metres(Closure('x', tuple(line))) <= free)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "words = open(r._now.traffic.path, 'rb').read()\n"
        "assert (255 << 28 | 255 << 36).to_bytes(8, 'little') not in words\n"
    )
    source = Path(__file__).parents[2] / "src"
    line = repr([at(3.5, 2), at(5.5, 2)])
    subprocess.run([sys.executable, "-c", code, str(folder / "wall"), str(source), line], check=True)


def _times(router: Router, places: list[Point]) -> list[float | None]:
    return [reach.seconds for row in router.matrix(places, places, vehicle="car") for reach in row]


def _band(pbf: Path, count: int) -> tuple[float, float, float]:
    """Valhalla's time over the own graph's: 5th percentile, median, 95th."""
    draw = random.Random(3)
    roads = [road for road in drivable_roads(pbf) if road.kind != "service"]
    places = [Point(*draw.choice(draw.choice(roads).nodes)[1]) for _ in range(count)]
    pairs = zip(_times(made("valhalla", pbf), places), _times(made("graph", pbf), places), strict=True)
    ratios = sorted(mine / other for mine, other in pairs if mine and other and other > 60)
    assert len(ratios) > count
    return ratios[len(ratios) // 20], ratios[len(ratios) // 2], ratios[-len(ratios) // 20]


def test_both_engines_agree_within_a_band_when_the_network_is_generated(city: Path):
    low, middle, high = _band(city, 25)
    assert low > 0.75
    assert 0.9 < middle < 1.15
    assert high < 1.35


# --- coverage ------------------------------------------------------------------------------------------------------


def test_the_first_to_be_there_is_told_for_each_place_when_many_stand_ready(router: Router):
    bases, places = [point(1, 1), point(8, 8)], [point(2, 1), point(7, 8), point(4, 2), Point(124.5, 41.75)]
    found = router.coverage(bases, places, vehicle="car", limits_s=(30, 3600))
    near, east, middle, off = found.seconds
    assert near == pytest.approx(east, rel=0.15)
    assert near < middle
    assert off is None
    assert found.junctions == SIZE * SIZE - 4 - 4  # not the corners, nor the inner ends of the first and last row
    assert found.junctions_within[1] == found.junctions
    assert 0 < found.junctions_within[0] < 20
    late = router.coverage(bases, places, vehicle="car", limits_s=(30,), delays_s=(60, 0))
    assert late.seconds[0] == pytest.approx(near + 60, rel=0.01)
    assert late.seconds[1] == pytest.approx(east, rel=0.01)
    assert late.junctions_within[0] < found.junctions_within[0]


def test_coverage_is_absent_but_routes_stay_when_a_build_has_no_graph(folder: Path, wall: Path):
    tiles.build(wall, folder / "older")
    (tiles.current(folder / "older") / "graph.npz").unlink()
    router = ValhallaRouter(folder / "older")
    with pytest.raises(RoadsAbsent):
        router.coverage([point(1, 1)], [point(3, 3)], vehicle="car", limits_s=(60,))
    assert best(router, point(0, 2), point(7, 2)).metres == pytest.approx(1400, rel=0.01)


def test_coverage_shrinks_when_the_bridges_are_closed_and_nobody_stands_beyond(router: Router):
    places = [point(3, 3), point(8, 8)]
    free = router.coverage([point(1, 1)], places, vehicle="car", limits_s=(3600,))
    shut = router.coverage([point(1, 1)], places, vehicle="car", limits_s=(3600,), closures=BRIDGE_CLOSURES)
    assert shut.seconds == (pytest.approx(free.seconds[0]), None)
    assert free.seconds[1] is not None
    assert shut.junctions_within[0] < free.junctions_within[0] == free.junctions
    nobody = router.coverage([], places, vehicle="car", limits_s=(3600,))
    assert (nobody.seconds, nobody.junctions_within) == ((None, None), (0,))
