"""Every real extract and a generated city, from the file to answers: tiles, own graph, base map, closures, turns.

Real extracts are slow tests and are skipped, loudly, where ../shared/data/osm is absent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import psycopg
import pytest
from django.db import connection as django_connection
from osmium.osm import Relation

from fengsui.config.ops.console import Problem
from fengsui.config.ops.roads import off_network, refuse_elsewhere
from fengsui.engines.basemap.load import load_basemap
from fengsui.engines.roads import segments, synthetic, tiles
from fengsui.engines.roads.city import Anchor
from fengsui.engines.roads.csr import CsrGraph
from fengsui.engines.roads.graph import GraphRouter
from fengsui.engines.roads.pbf import Road, drivable_roads
from fengsui.engines.roads.valhalla import ValhallaRouter
from fengsui.kernel.geo import distance_m
from fengsui.kernel.ports.roads import NoPath, Point

EXTRACTS = Path(__file__).parents[3] / "shared" / "data" / "osm"


@dataclass(frozen=True)
class Expected:
    """table: directed node-to-node segments by the data's README, which counts tracks too; own: ours of them.
    largest: share of nodes in the largest part; band: widest 5-95 % of Valhalla's time over ours that is plausible."""

    table: int
    own: int
    largest: float
    band: tuple[float, float]
    water: int


EXPECTED = {
    "generated": Expected(0, 0, 0.99, (0.85, 1.2), 1),
    "harbin": Expected(29_227, 27_118, 0.90, (0.85, 1.3), 50),
    "helsinki": Expected(3_703, 3_175, 0.85, (0.5, 2.2), 10),  # 45 turn restrictions, which the own graph does not know
    "liechtenstein-latest": Expected(65_918, 33_486, 0.90, (0.9, 1.15), 200),
    "porto_alegre": Expected(65_551, 58_605, 0.95, (0.85, 1.25), 1),
}
REAL = [pytest.param(name, marks=pytest.mark.slow) for name in EXPECTED if name != "generated"]


def _pbf(name: str, folder: Path) -> Path:
    if name == "generated":
        pbf = folder / "generated.osm.pbf"
        low = Anchor("示意下穿", 123.34, 41.80, 0.0, "underpass", 4.2)
        synthetic.generate(pbf, [low], bbox=(123.30, 41.77, 123.38, 41.83), seed=7)
        return pbf
    source = EXTRACTS / f"{name}.osm.pbf"
    if not source.exists():
        pytest.skip(f"LOUD: {source} is absent, nothing was tried on real roads")
    return source


@dataclass(frozen=True)
class Built:
    name: str
    pbf: Path
    build: tiles.Build
    folder: Path
    graph: CsrGraph

    @property
    def expected(self) -> Expected:
        return EXPECTED[self.name]


@pytest.fixture(scope="module", params=["generated", *REAL])
def built(request, tmp_path_factory) -> Built:
    folder = tmp_path_factory.mktemp("extract")
    pbf = _pbf(request.param, folder)
    build = tiles.build(pbf, folder)
    return Built(request.param, pbf, build, folder, CsrGraph.load(tiles.current(folder)))


def test_tiles_and_graph_are_as_large_as_the_extract_says(built: Built):
    build, expected = built.build, built.expected
    assert build.illustrative == (built.name == "generated")
    assert build.edges == len(built.graph.seconds)
    if expected.table:
        assert build.edges == expected.own
        assert 0.45 * expected.table < build.edges < expected.table
    assert build.largest_part >= expected.largest
    assert build.found_inside >= 0.95
    assert build.asked_inside == 1600
    low, middle, high = build.band
    assert expected.band[0] < low < middle < high < expected.band[1]
    assert 0.95 <= middle <= 1.05
    assert high / low <= build.band_before[2] / build.band_before[0] * 1.02  # the fit did not make it worse


def test_the_base_map_has_rows_of_each_kind(built: Built, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        params = django_connection.get_connection_params()
    keys = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{key: params[key] for key in keys if params.get(key)}, autocommit=True) as database:
        try:
            rows = load_basemap(built.pbf, database).rows
        finally:
            database.execute("DROP SCHEMA IF EXISTS basemap CASCADE")
    assert rows["road"] >= len({road.nodes for road in drivable_roads(built.pbf)}) * 0.9
    assert rows["water"] >= built.expected.water
    assert rows["area"] > 0


def test_both_graphs_agree_at_the_same_speeds_with_and_without_closures(built: Built):
    graph = CsrGraph(built.graph.segments, built.graph.segments.at_paces(segments.FREE_FLOW))
    draw = np.random.default_rng(4)
    inside = np.flatnonzero(graph.segments.largest())
    nodes = draw.choice(inside, 30, replace=False)
    spots = np.column_stack([graph.segments.lon, graph.segments.lat])[nodes] + draw.normal(0, 0.0005, (30, 2))
    origins, targets = spots[:10], spots[10:]
    table = GraphRouter(built.pbf).matrix(
        [Point(*each) for each in origins.tolist()], [Point(*each) for each in targets.tolist()], vehicle="car"
    )
    wanted = np.array([[math.inf if each.seconds is None else each.seconds for each in row] for row in table])
    low = graph.closed_by([], 1.9)
    found = graph.reach(origins, targets, closed=low)
    assert found == pytest.approx(wanted, abs=1e-6)  # 200 pairs
    assert np.isfinite(found).mean() >= 0.8
    shut = np.union1d(low, draw.choice(len(graph.seconds), len(graph.seconds) // 50, replace=False))
    places = graph.snap(spots)
    stay = np.setdiff1d(np.arange(30), places.owner[np.isin(places.edge, shut)])
    before, after = graph.reach(places, places, closed=low), graph.reach(places, places, closed=shut)
    assert (after[np.ix_(stay, stay)] >= before[np.ix_(stay, stay)] - 1e-9).all()
    assert (after > before + 1).any()


def test_a_district_elsewhere_is_refused_before_anything_starts(built: Built):
    if built.name == "generated":
        lost, _ = off_network(built.pbf, [(123.34, 41.80), (126.6, 45.7)])
        assert lost == [False, True]
        return
    districts = Path(__file__).parents[2] / "districts"
    env = {"FENGSUI_DISTRICT": "tiexi", "FENGSUI_DISTRICTS": str(districts)}
    with pytest.raises(Problem) as refused:
        refuse_elsewhere(built.pbf, env)
    assert "101 of 101 teams and places" in refused.value.en
    assert f"./fengsui roads --osm {built.pbf}" in refused.value.zh


# --- turn restrictions ----------------------------------------------------------------------------------------------


def _forbidden_turns(pbf: Path) -> list[tuple[Point, Point, float]]:
    """From and to, 20 m or half a road from the junction, and the metres of the forbidden turn between them."""
    roads: dict[int, Road] = {}
    by_nodes = {tuple(node for node, _ in road.nodes): road for road in drivable_roads(pbf)}
    for way in osmium.FileProcessor(str(pbf)).with_filter(osmium.filter.KeyFilter("highway")):
        nodes = tuple(node.ref for node in way.nodes) if way.is_way() else ()
        if nodes in by_nodes:
            roads[way.id] = by_nodes[nodes]
    found = []
    for relation in osmium.FileProcessor(str(pbf)).with_filter(osmium.filter.KeyFilter("restriction")):
        if not isinstance(relation, Relation) or not relation.tags.get("restriction", "").startswith("no_"):
            continue
        members = {member.role: member.ref for member in relation.members}
        kinds = {member.role: member.type for member in relation.members}
        if kinds.get("via") != "n" or len(relation.members) != 3 or "except" in relation.tags:
            continue
        arms = [_arm(roads.get(members[role]), members["via"], into=role == "from") for role in ("from", "to")]
        if members["from"] != members["to"] and all(arms):
            (a, first), (b, second) = arms
            found.append((a, b, first + second))
    return found


def _arm(road: Road | None, via: int, *, into: bool) -> tuple[Point, float] | None:
    """A place on the road just before (after) its end at `via`, driven in that direction."""
    ids = [node for node, _ in road.nodes] if road else []
    if via not in ids or via not in (ids[0], ids[-1]):
        return None
    ends = via == ids[-1]
    if not (road.forward if ends == into else road.backward):
        return None
    line = [place for _, place in (reversed(road.nodes) if ends else road.nodes)]
    left = min(20.0, sum(distance_m(one, two) for one, two in pairwise(line)) / 2)
    away = left
    for here, there in pairwise(line):
        whole = distance_m(here, there)
        if whole >= left:
            share = left / whole
            return Point(here[0] + (there[0] - here[0]) * share, here[1] + (there[1] - here[1]) * share), away
        left -= whole
    return None


@pytest.mark.slow
def test_forbidden_turns_are_not_driven_in_helsinki(tmp_path: Path):
    pbf = _pbf("helsinki", tmp_path)
    tiles.build(pbf, tmp_path)
    router = ValhallaRouter(tmp_path)
    turns = _forbidden_turns(pbf)
    assert len(turns) >= 10
    plain, kept = GraphRouter(pbf), 0
    for a, b, metres in turns:
        try:
            driven = router.route(a, b, vehicle="car", alternatives=0)[0]
        except NoPath:
            continue
        assert driven.start is not None
        assert driven.end is not None
        if max(driven.start.away_m, driven.end.away_m) > 1:
            continue  # Valhalla takes the junction itself where it is within 5 m: no turn is driven then
        kept += 1
        assert driven.metres > metres + 150
        assert plain.route(a, b, vehicle="car")[0].metres == pytest.approx(metres, abs=1)  # the short way is there
    assert kept >= 4
