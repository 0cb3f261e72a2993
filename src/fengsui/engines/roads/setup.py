"""One call before the platform starts: a network file, routing tiles and the base map from it. Does nothing twice."""

from __future__ import annotations

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from fengsui.engines.basemap.load import load_basemap
from fengsui.engines.roads import synthetic, tiles
from fengsui.engines.roads.city import Anchor
from fengsui.engines.roads.pbf import pbf_hash

Tell = Callable[[str, str], None]
"""Progress: the Chinese sentence and the English one."""


def _print_chinese(zh: str, en: str) -> None:
    print(zh, flush=True)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the platform will run on. *_fresh: made now, not found ready. map_rows is empty without a database."""

    pbf: Path
    key: str
    illustrative: bool
    tiles_fresh: bool
    tiles_seconds: float
    tiles_bytes: int
    trials_found: int
    route_ms: float
    map_fresh: bool
    map_rows: dict[str, int]
    seconds: float


def prepare(
    var: Path,
    osm: Path | None,
    anchors: Sequence[Anchor | tuple[str, float, float]] = (),
    bbox: tuple[float, float, float, float] = synthetic.DEFAULT_BBOX,
    seed: int = 1,
    database_url: str | None = None,
    *,
    roads: Path | None = None,
    outline: Sequence[tuple[float, float]] | None = None,
    river_at: tuple[float, float] | None = None,
    tell: Tell = _print_chinese,
) -> Summary:
    """`osm`: an extract to use as it is; without one an illustrative network is generated from the other arguments.

    roads: folder of the built graph (default var/roads). Two calls at once wait for each other. Raises BuildFailed and
    leaves in use what was; FileNotFoundError when `osm` does not exist.
    """
    folder = roads or var / "roads"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with _alone(folder):
        if osm is None:
            osm = _generated(folder, _anchors(anchors), bbox, seed, outline, river_at, tell)
        elif not osm.is_file():
            raise FileNotFoundError(osm)
        before = tiles.current(folder)
        if tiles.ready(folder, pbf_hash(osm)) is None:
            tell(f"构建路网 {osm.name} …", f"Building roads from {osm.name} ...")
        built = tiles.build(osm, folder)
        fresh = tiles.current(folder) != before
        made_up = ("（示意路网）", " (illustrative)") if built.illustrative else ("", "")
        tell(
            f"路网就绪：{built.seconds:.1f} 秒，{built.tiles_bytes / 1e6:.1f} MB，"
            f"试算 {built.trials_found}/{tiles.TRIALS} 条，每条 {built.route_ms:.1f} 毫秒" + made_up[0],
            f"Roads ready: {built.seconds:.1f} s, {built.tiles_bytes / 1e6:.1f} MB, {built.trials_found} of "
            f"{tiles.TRIALS} test routes, {built.route_ms:.1f} ms each"
            + (" (illustrative)" if built.illustrative else ""),
        )
        tell(*_graph_line(built))
        rows: dict[str, int] = {}
        map_fresh = False
        if database_url:
            with psycopg.connect(database_url, autocommit=True) as connection:
                loaded = load_basemap(osm, connection)
            rows, map_fresh = loaded.rows, loaded.fresh
            counts = ", ".join(f"{table} {count}" for table, count in rows.items())
            tell(f"底图就绪：{counts}", f"Base map ready: {counts}")
    return Summary(
        pbf=osm,
        key=built.key,
        illustrative=built.illustrative,
        tiles_fresh=fresh,
        tiles_seconds=built.seconds,
        tiles_bytes=built.tiles_bytes,
        trials_found=built.trials_found,
        route_ms=built.route_ms,
        map_fresh=map_fresh,
        map_rows=rows,
        seconds=round(time.perf_counter() - started, 2),
    )


def _graph_line(built: tiles.Build) -> tuple[str, str]:
    """What the own graph is and how far its times lie from Valhalla's."""
    zh = f"自有路网图：节点 {built.nodes}，有向路段 {built.edges}，最大连通部分 {built.largest_part:.0%}"
    en = (
        f"Own graph: {built.nodes} nodes, {built.edges} directed segments, {built.largest_part:.0%} in the largest part"
    )
    if not built.band:
        return f"{zh}；可比行程太少，车速未拟合", f"{en}; too few journeys to fit speeds"
    low, middle, high = built.band
    return (
        f"{zh}；Valhalla 与其用时之比 {middle:.2f}（5–95% {low:.2f}–{high:.2f}，未参与拟合的 {built.band_pairs} 对）",
        f"{en}; Valhalla's time over its own {middle:.2f} (5-95 %: {low:.2f} to {high:.2f}, "
        f"{built.band_pairs} journeys that the fit did not see)",
    )


def _anchors(given: Sequence[Anchor | tuple[str, float, float]]) -> list[Anchor]:
    return [each if isinstance(each, Anchor) else Anchor(*each) for each in given]


def _generated(
    folder: Path,
    anchors: Sequence[Anchor],
    bbox: tuple[float, float, float, float],
    seed: int,
    outline: Sequence[tuple[float, float]] | None,
    river_at: tuple[float, float] | None,
    tell: Tell,
) -> Path:
    """The network file for this request; kept with the request's hash beside it."""
    request = json.dumps(
        [synthetic.RECIPE, [asdict(anchor) for anchor in anchors], bbox, seed, list(outline or ()), river_at],
        sort_keys=True,
    )
    wanted = hashlib.sha256(request.encode()).hexdigest()
    target, note = folder / "illustrative.osm.pbf", folder / "illustrative.request"
    if target.exists() and note.exists() and note.read_text() == wanted:
        return target
    tell("生成示意路网 …", "Drawing an illustrative road network ...")
    note.unlink(missing_ok=True)
    city = synthetic.generate(target, anchors, bbox=bbox, seed=seed, outline=outline, river_at=river_at)
    note.write_text(wanted)
    tell(
        f"示意路网：路口 {city.junctions} 个，道路 {city.kilometres:.0f} 公里",
        f"Illustrative network: {city.junctions} junctions, {city.kilometres:.0f} km",
    )
    return target


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
