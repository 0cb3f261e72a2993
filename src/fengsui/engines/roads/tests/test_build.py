"""Building and preparing: nothing twice, nothing broken in use, traffic words where they belong."""

import json
import threading
from pathlib import Path

import osmium
import pytest

from fengsui.engines.roads import tiles
from fengsui.engines.roads.city import Anchor
from fengsui.engines.roads.osm_write import Drawing
from fengsui.engines.roads.setup import prepare
from fengsui.engines.roads.traffic import CLOSED, Traffic
from fengsui.engines.roads.valhalla import shared
from fengsui.kernel.ports.roads import Point

BBOX = (123.32, 41.78, 123.36, 41.81)
LOW = Anchor("示意低洼处", 123.34, 41.795, 0.0, "road")


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    var = tmp_path_factory.mktemp("var")
    said = []
    summary = prepare(var, None, [LOW], BBOX, 3, tell=lambda zh, en: said.append((zh, en)))
    return var, summary, said


def test_a_generated_network_is_ready_and_marked_when_there_is_no_extract(ready):
    var, summary, said = ready
    assert (summary.illustrative, summary.tiles_fresh, summary.trials_found) == (True, True, 20)
    assert summary.map_rows == {}
    assert said[0] == ("生成示意路网 …", "Drawing an illustrative road network ...")
    assert said[-2][0].endswith("（示意路网）")
    assert said[-1][0].startswith("自有路网图：节点 ")
    assert " 对）" in said[-1][0]
    router = shared(var / "roads")
    assert router is shared(var / "roads")
    assert router.network().illustrative
    assert router.nearest(Point(LOW.lon, LOW.lat)).away_m < 1


def test_nothing_is_done_twice_when_it_is_ready(ready):
    var, summary, _ = ready
    home = tiles.current(var / "roads")
    again = prepare(var, None, [("示意低洼处", 123.34, 41.795)], BBOX, 3, tell=lambda zh, en: None)
    assert again.tiles_fresh is True  # another form of the low place is another city
    back = prepare(var, None, [LOW], BBOX, 3, tell=lambda zh, en: None)
    once_more = prepare(var, None, [LOW], BBOX, 3, tell=lambda zh, en: None)
    assert (once_more.tiles_fresh, once_more.key) == (False, back.key)
    assert back.key == summary.key
    assert tiles.current(var / "roads") != home
    assert len(list((var / "roads/builds").iterdir())) == tiles.KEEP


def test_the_build_in_use_stays_when_a_new_file_is_broken(ready, tmp_path):
    var, _, _ = ready
    home = tiles.current(var / "roads")
    rubbish, empty = tmp_path / "rubbish.osm.pbf", tmp_path / "empty.osm.pbf"
    rubbish.write_bytes(b"no map at all" * 50)
    drawing = Drawing()
    drawing.way([drawing.node(123.3, 41.8), drawing.node(123.31, 41.8)], {"waterway": "river"})
    drawing.write(empty)
    for broken in (rubbish, empty):
        with pytest.raises((tiles.BuildFailed, RuntimeError)):
            prepare(var, broken, tell=lambda zh, en: None)
    with pytest.raises(FileNotFoundError):
        prepare(var, tmp_path / "none.osm.pbf", tell=lambda zh, en: None)
    assert tiles.current(var / "roads") == home
    assert len(list((var / "roads/builds").iterdir())) == tiles.KEEP


def test_two_calls_wait_for_each_other_when_they_come_at_once(tmp_path):
    found = []

    def call():
        found.append(prepare(tmp_path, None, [LOW], BBOX, 4, tell=lambda zh, en: None))

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.tiles_fresh for each in found) == [False, True]


def test_the_built_folder_works_when_it_was_moved(ready, tmp_path):
    var, _, _ = ready
    moved = tmp_path / "搬走 的目录"
    moved.mkdir()
    home = tiles.current(var / "roads")
    target = moved / "builds" / home.name
    target.mkdir(parents=True)
    for file in home.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    (moved / "current").symlink_to(Path("builds", home.name))
    assert shared(moved).nearest(Point(LOW.lon, LOW.lat)).away_m < 1
    assert json.loads((target / "build.json").read_text())["trials_found"] == 20


def test_words_are_written_and_taken_back_when_edges_close_and_open(ready):
    skeleton = tiles.current(ready[0] / "roads") / "traffic.tar"
    traffic = Traffic(skeleton)
    tile, (_start, count) = next(iter(traffic._offsets.items()))
    edge = 7 << 25 | tile

    def words() -> bytes:
        return Path(traffic.path).read_bytes()

    with traffic.holding(frozenset({edge})):
        assert words().count(CLOSED.to_bytes(8, "little")) == 1
    with traffic.holding(frozenset()):
        assert words() == skeleton.read_bytes()
    with pytest.raises(IndexError), traffic.holding(frozenset({count << 25 | tile})):
        pass


def test_header_says_nothing_when_the_extract_is_somebody_elses(tmp_path):
    plain = tmp_path / "plain.osm.pbf"
    with osmium.SimpleWriter(str(plain)) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(1.0, 1.0), version=1))
    assert tiles.is_illustrative(plain) is False
