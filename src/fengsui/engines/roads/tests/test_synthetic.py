"""The illustrative network: same bytes from the same request, connected, marked, streets through the low places."""

import itertools

import osmium
import pytest
from osmium.osm import Way

from fengsui.engines.roads.city import Anchor
from fengsui.engines.roads.pbf import drivable_roads, is_illustrative, pbf_hash
from fengsui.engines.roads.synthetic import generate
from fengsui.kernel.geo import move
from fengsui.science.reach.plane import covers, length_m

BBOX = (123.30, 41.77, 123.38, 41.83)
ANCHORS = [
    Anchor("一号地道桥", 123.342, 41.811, 0.0, "underpass", 4.2),
    Anchor("二号低洼路段", 123.325, 41.793, 90.0, "road"),
]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    target = tmp_path_factory.mktemp("city") / "city.osm.pbf"
    return target, generate(target, ANCHORS, bbox=BBOX, seed=5)


def _graph(pbf):
    out = {}
    for road in drivable_roads(pbf):
        for (a, _), (b, _) in itertools.pairwise(road.nodes):
            if road.forward:
                out.setdefault(a, set()).add(b)
            if road.backward:
                out.setdefault(b, set()).add(a)
    return out


def _reached(root, out):
    seen, todo = {root}, [root]
    while todo:
        new = out.get(todo.pop(), set()) - seen
        seen |= new
        todo.extend(new)
    return seen


def test_the_same_bytes_come_out_when_the_request_is_the_same(city, tmp_path):
    again, other = tmp_path / "again.osm.pbf", tmp_path / "other.osm.pbf"
    generate(again, ANCHORS, bbox=BBOX, seed=5)
    generate(other, ANCHORS, bbox=BBOX, seed=6)
    assert pbf_hash(again) == pbf_hash(city[0])
    assert pbf_hash(other) != pbf_hash(city[0])


def test_every_junction_reaches_every_other_when_oneways_are_respected(city):
    out = _graph(city[0])
    into = {}
    for a, targets in out.items():
        for b in targets:
            into.setdefault(b, set()).add(a)
    nodes = set(out) | set(into)
    root = min(nodes)
    assert _reached(root, out) == nodes
    assert _reached(root, into) == nodes
    assert any(not road.backward for road in drivable_roads(city[0]))
    assert city[1].junctions > 300


def _marked(way):
    return way.tags.get("fengsui:illustrative") == "yes"


def test_file_and_every_way_say_that_they_are_made_up_when_written(city):
    assert is_illustrative(city[0])
    unmarked = [way.id for way in osmium.FileProcessor(str(city[0])) if isinstance(way, Way) and not _marked(way)]
    assert unmarked == []


@pytest.mark.parametrize("anchor", ANCHORS)
def test_a_street_without_junctions_passes_when_there_is_an_anchor(city, anchor):
    half = (0, 190) if anchor.north_south else (190, 0)
    closure = [move((anchor.lon, anchor.lat), -half[0], -half[1]), move((anchor.lon, anchor.lat), *half)]
    roads = [road for road in drivable_roads(city[0]) if covers(closure, [place for _, place in road.nodes])]
    assert len({road.name for road in roads}) == 1
    uses = {}
    for road in drivable_roads(city[0]):
        for node, _ in road.nodes:
            uses.setdefault(node, set()).add(road.name)
    centre = (anchor.lon, anchor.lat)
    near = [node for road in roads for node, place in road.nodes if length_m([centre, place]) < 225]
    assert near
    assert all(len(uses[node]) == 1 for node in near)


def test_an_underpass_has_its_height_and_lies_low_when_it_is_drawn(city):
    lows = [
        {tag.k: tag.v for tag in way.tags}
        for way in osmium.FileProcessor(str(city[0])).with_filter(osmium.filter.KeyFilter("fengsui:low"))
    ]
    assert {low["description"]: (low.get("tunnel"), low.get("maxheight")) for low in lows} == {
        "一号地道桥": ("yes", "4.2"),
        "二号低洼路段": (None, None),
    }


def test_streets_are_named_by_direction_when_they_run_north_or_east(city):
    for road in drivable_roads(city[0]):
        (_, (lon1, lat1)), (_, (lon2, lat2)) = road.nodes[0], road.nodes[-1]
        assert road.name.endswith("街" if abs(lat2 - lat1) > abs(lon2 - lon1) * 0.745 else "路"), road.name


def test_only_what_lies_near_the_outline_is_kept_when_one_is_given(tmp_path):
    target = tmp_path / "part.osm.pbf"
    ring = [(123.30, 41.77), (123.36, 41.77), (123.36, 41.83), (123.30, 41.83)]
    generate(target, [ANCHORS[1]], bbox=BBOX, seed=5, outline=ring)
    east = max(lon for road in drivable_roads(target) for _, (lon, _) in road.nodes)
    assert 123.355 < east < 123.3665
