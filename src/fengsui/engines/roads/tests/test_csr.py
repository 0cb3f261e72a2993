"""The own graph as arrays: the same answers as the plain one, whatever is closed, and never nought for no way."""

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.engines.roads import paces, segments, synthetic, tiles
from fengsui.engines.roads.city import Anchor
from fengsui.engines.roads.csr import CsrGraph
from fengsui.engines.roads.graph import GraphRouter
from fengsui.engines.roads.osm_write import Drawing
from fengsui.engines.roads.pbf import drivable_roads
from fengsui.kernel.geo import move
from fengsui.kernel.ports.roads import VEHICLES, Closure, Point

CORNER = (123.30, 41.75)
LOW = Anchor("示意下穿", 123.34, 41.80, 0.0, "underpass", 4.2)


def at(column, row):
    return move(CORNER, column * 200.0, row * 200.0)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    pbf = tmp_path_factory.mktemp("csr") / "city.osm.pbf"
    synthetic.generate(pbf, [LOW], bbox=(123.30, 41.77, 123.38, 41.83), seed=7)
    return pbf


@pytest.fixture(scope="module")
def free(city):
    """At the plain graph's own speeds, so that both must say the same."""
    return CsrGraph(segments.read(city, segments.FREE_FLOW))


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    """Two crossing streets of 400 m at 36 km/h, column 2 one-way north; far away a street that nothing leads to."""
    drawing = Drawing()
    ids = {
        place: drawing.node(*at(*place)) for place in ((0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (9, 9), (9, 8))
    }
    tags = {"highway": "residential", "maxspeed": "40"}
    drawing.way([ids[0, 0], ids[1, 0], ids[2, 0]], tags)
    drawing.way([ids[2, 0], ids[2, 1], ids[2, 2]], tags | {"oneway": "yes"})
    drawing.way([ids[2, 2], ids[1, 2]], tags | {"maxheight": "3.2"})
    drawing.way([ids[9, 9], ids[9, 8]], tags)
    pbf = tmp_path_factory.mktemp("hand") / "hand.osm.pbf"
    drawing.write(pbf)
    return CsrGraph(segments.read(pbf, segments.FREE_FLOW))


def _places(pbf, seed, count):
    draw = random.Random(seed)
    roads = list(drivable_roads(pbf))
    spots = (draw.choice(draw.choice(roads).nodes)[1] for _ in range(count))
    return [(lon + draw.gauss(0, 0.0006), lat + draw.gauss(0, 0.0006)) for lon, lat in spots]


def _closures(pbf, seed, count):
    draw = random.Random(seed)
    roads = list(drivable_roads(pbf))
    return [Closure(str(n), draw.choice(list(pairwise(p for _, p in draw.choice(roads).nodes)))) for n in range(count)]


def test_times_are_exact_when_the_network_is_drawn_by_hand(hand):
    origins, targets = [at(0.5, 0), at(2, 1.5)], [at(0.75, 0), at(0.25, 0), at(2, 1), at(2, 2.05), at(9, 8.5)]
    found = hand.reach(origins, targets)
    assert found[0] == pytest.approx([5, 5, 50, 70, np.inf], abs=0.1)  # 10 m/s, along one segment both ways
    assert found[1] == pytest.approx([np.inf, np.inf, np.inf, 10, np.inf], abs=0.1)  # one-way north
    assert hand.reach(origins, targets, limit_s=60)[0] == pytest.approx([5, 5, 50, np.inf, np.inf], abs=0.1)
    assert hand.first_there(origins, targets, delays_s=[30, 1])[3] == pytest.approx(11, abs=0.1)
    assert hand.first_there(origins, targets, delays_s=[30, 1])[0] == pytest.approx(35, abs=0.1)


def test_a_low_bridge_is_closed_when_the_vehicle_is_tall(hand):
    tall, car = (hand.closed_by([], VEHICLES[name].height_m) for name in ("fire_engine", "car"))
    assert (len(tall), len(car)) == (2, 0)
    assert hand.reach([at(2, 1)], [at(1.5, 2)])[0, 0] == pytest.approx(30, abs=0.1)
    assert hand.reach([at(2, 1)], [at(1.5, 2)], closed=tall)[0, 0] == pytest.approx(20, abs=0.1)  # led to its mouth


def test_nothing_is_reached_when_a_place_is_off_the_network_or_there_is_none(hand):
    far = (124.5, 41.75)
    places = hand.snap([far, at(1, 0)])
    assert np.isinf(places.away_m[0])
    assert places.away_m[1] == pytest.approx(0, abs=0.1)
    assert np.isinf(hand.reach([far], [at(1, 0), far])).all()
    assert np.isinf(hand.reach([at(0, 0)], [far])).all()
    assert hand.reach(np.empty((0, 2)), [at(0, 0)]).shape == (0, 1)
    assert hand.reach([at(0, 0)], np.empty((0, 2))).shape == (1, 0)
    assert np.isinf(hand.first_there(np.empty((0, 2)), [at(0, 0)])).all()


@pytest.mark.parametrize("closing", [0, 12])
def test_both_graphs_say_the_same_when_their_speeds_are_the_same(city, free, closing):
    origins, targets, closures = _places(city, 1, 14), _places(city, 2, 16), _closures(city, 3, closing)
    plain = GraphRouter(city).matrix(
        [Point(*each) for each in origins], [Point(*each) for each in targets], vehicle="car", closures=closures
    )
    wanted = [[np.inf if each.seconds is None else each.seconds for each in row] for row in plain]
    closed = free.closed_by([each.line for each in closures], VEHICLES["car"].height_m)
    assert len(closed) >= closing
    found = free.reach(origins, targets, closed=closed)
    assert found == pytest.approx(np.array(wanted), abs=1e-6)  # 224 pairs
    assert np.isfinite(found).sum() > 200
    once = free.first_there(origins, targets, delays_s=np.arange(14) * 20.0, closed=closed)
    assert once == pytest.approx((found + np.arange(14)[:, None] * 20).min(axis=0))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 400))
def test_closing_never_shortens_when_segments_are_closed_at_random(free, seed, count):
    """Places kept on open segments: on a closed one it would be another journey."""
    draw = np.random.default_rng(seed)
    closed = draw.choice(len(free.seconds), count, replace=False)
    nodes = draw.choice(free.size, 12, replace=False)
    places = free.snap(np.column_stack([free.segments.lon, free.segments.lat])[nodes])
    moved = np.unique(places.owner[np.isin(places.edge, closed)])
    stay = ~np.isin(np.arange(12), moved)
    before, after = free.reach(places, places), free.reach(places, places, closed=closed)
    assert (after[np.ix_(stay, stay)] >= before[np.ix_(stay, stay)] - 1e-9).all()


def test_a_build_is_made_anew_when_it_has_no_graph(city, tmp_path):
    made = tiles.build(city, tmp_path)
    home = tiles.current(tmp_path)
    assert tiles.build(city, tmp_path) == made
    (home / segments.FILE).unlink()
    tiles.build(city, tmp_path)
    assert tiles.current(tmp_path) != home
    graph = CsrGraph.load(tiles.current(tmp_path))
    assert (graph.size, len(graph.seconds)) == (made.nodes, made.edges)
    assert made.largest_part > 0.95
    low, middle, high = made.band
    assert 0.8 < low < middle < high < 1.25
    assert 0.95 < middle < 1.05  # that is what the fit is for
    assert made.band_pairs > 500


def test_the_fit_finds_the_speeds_when_the_truth_is_known(city, monkeypatch):
    """Instead of Valhalla the graph itself answers, at other speeds: they must come back. No street has a tag here."""
    tagged = segments.read(city, segments.FREE_FLOW)
    drawn = replace(tagged, kph=np.full_like(tagged.kph, np.nan))
    truth = {
        name: value * (1.2 if name in {"primary", "residential"} else 1.0) for name, value in segments.FREE_FLOW.items()
    }
    there = CsrGraph(replace(drawn, seconds=drawn.at_paces(truth)))

    def asked(_actor, parts, origins, targets):
        spots = np.column_stack([parts.lon, parts.lat])
        return there.reach(spots[origins], spots[targets])

    monkeypatch.setattr(paces, "_asked", asked)
    monkeypatch.setattr(paces, "Actor", lambda _config: None)
    fitted = paces.fit(drawn, {})
    assert fitted.band == pytest.approx((1, 1, 1), abs=0.01)
    assert fitted.paces["residential"] == pytest.approx(truth["residential"], rel=0.03)
    assert fitted.paces["primary"] == pytest.approx(truth["primary"], rel=0.03)
