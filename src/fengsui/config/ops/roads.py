"""`./fengsui roads`: tiles, own graph and base map from any extract, without a district; and is a district inside?"""

from __future__ import annotations

import os
import platform
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import REPO, Home

MIN_COVERED = 0.5
"""A district of which fewer teams and places are on the network is elsewhere [U]; a few off it are only told."""

HEAD = (
    "| network | MB | tiles s | graph s | tiles MB | nodes | directed segments | in the largest part "
    "| trial routes in it found | Valhalla / graph before the fit | after: median (5-95 %) "
    "| roads, water, areas in the map | map s |"
)


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


def refuse_elsewhere(pbf: Path, env: Mapping[str, str]) -> None:
    """Raises Problem where the extract lies elsewhere than the district; says so where a few places are off it."""
    from fengsui.kernel.district import load

    here = load(env["FENGSUI_DISTRICT"], Path(env.get("FENGSUI_DISTRICTS") or REPO / "districts"))
    groups: tuple[Sequence[_Named], ...] = (
        here.teams,
        here.points,
        here.depots,
        here.shelters,
        here.checkpoints,
        here.stations,
    )
    placed = [each for group in groups for each in group]
    lost, box = off_network(pbf, [(each.lon, each.lat) for each in placed])
    names = "、".join(each.name for each, off in zip(placed, lost, strict=True) if off)
    if len(lost) - sum(lost) >= MIN_COVERED * len(lost):
        if any(lost):
            say(
                f"{pbf.name}：{len(lost)} 处队伍和点位中 {sum(lost)} 处距路网 1 公里以上，行程将按直线估算：{names}",
                f"{pbf.name}: {sum(lost)} of {len(lost)} teams and places are over 1 km from any road; "
                f"their journeys will be straight-line estimates: {names}",
            )
        return
    lons, lats = [each[0] for each in here.outline], [each[1] for each in here.outline]
    area = f"{min(lons):.2f},{min(lats):.2f},{max(lons):.2f},{max(lats):.2f}"
    raise Problem(
        f"{pbf.name} 不含{here.name}：{len(lost)} 处队伍和点位中 {sum(lost)} 处不在路网上。"
        f"该文件范围 {box}，本区在 {area}（西、南、东、北）。\n"
        f"请改用含本区的 .osm.pbf，或去掉 --osm（及 FENGSUI_OSM）用生成的示意路网，或用 --district 指定在那里的区"
        f"（docs/howto/my-own-district.md）。\n只构建路网与底图：./fengsui roads --osm {pbf}",
        f"{pbf.name} does not cover {here.name_en}: {sum(lost)} of {len(lost)} teams and places are off its roads. "
        f"The extract lies in {box}, the district in {area} (west, south, east, north).\n"
        "Take an .osm.pbf that covers it, or leave out --osm (and FENGSUI_OSM) for the generated network, or name a "
        f"district that lies there by --district (docs/howto/my-own-district.md).\n"
        f"To build roads and base map alone: ./fengsui roads --osm {pbf}",
    )


def off_network(pbf: Path, lonlat: Sequence[tuple[float, float]]) -> tuple[list[bool], str]:
    """For each position whether it is off the extract's roads; and the roads' box, west, south, east, north.

    Raises Problem where the file holds no road."""
    import numpy as np

    from fengsui.engines.roads import segments
    from fengsui.engines.roads.csr import CsrGraph

    try:
        drawn = segments.read(pbf, segments.FREE_FLOW)
    except RuntimeError as broken:  # what osmium raises for a file that is none
        raise Problem(f"{pbf} 无法读取：{broken}", f"{pbf} cannot be read: {broken}") from None
    if not len(drawn.source):
        raise Problem(f"{pbf} 中没有可行车的道路", f"{pbf} holds no road for cars")
    lost = np.isinf(CsrGraph(drawn).snap(lonlat).away_m).tolist()
    low, high = ((f(drawn.lon), f(drawn.lat)) for f in (np.min, np.max))
    return lost, ",".join(f"{each:.2f}" for each in (*low, *high))


def main(options: Namespace) -> int:
    """Build each, print a line each and the table. 0 where all were built and have a band of their own."""
    from fengsui.config.ops.testing import throw_away_database
    from fengsui.engines.roads import tiles

    missing = [each for each in options.osm if not Path(each).is_file()]
    if missing:
        raise Problem(f"没有此文件：{'、'.join(missing)}", f"No such file: {', '.join(missing)}")
    home = Home.here()
    folder = Path(options.folder or home.var / "roads-alone").absolute()
    wanted: list[Path | None] = [Path(each).absolute() for each in options.osm]
    if options.generated or not wanted:
        wanted.append(None)
    rows = []
    with throw_away_database(home, durable=False) as url:
        for pbf in wanted:
            try:
                rows.append(_built(pbf, folder, url))
            except (tiles.BuildFailed, RuntimeError) as failed:
                raise Problem(f"{pbf} 构建失败：{failed}", f"{pbf} could not be built: {failed}") from failed
    table = "\n".join([HEAD, "|" + "---|" * (HEAD.count("|") - 1), *rows])
    print(table)
    if options.out:
        write(Path(options.out), table, options)
    say(f"构建在 {folder}", f"Built in {folder}")
    return 0


def _built(pbf: Path | None, folder: Path, url: str) -> str:
    """One row of the table."""
    from fengsui.engines.roads import setup, tiles

    name = pbf.name.removesuffix(".osm.pbf") if pbf else "generated"
    roads = folder / name
    before = time.perf_counter()
    if pbf is None:
        from fengsui.config.ops.prepare import network_request
        from fengsui.kernel.district import load

        code = os.environ.get("FENGSUI_DISTRICT") or "tiexi"
        here = load(code, Path(os.environ.get("FENGSUI_DISTRICTS") or REPO / "districts"))
        made = setup.prepare(folder, None, **network_request(here), database_url=url, roads=roads, tell=say)
    else:
        made = setup.prepare(folder, pbf, database_url=url, roads=roads, tell=say)
    home = tiles.current(roads)
    assert home is not None  # it was built just now
    build = tiles.read(home)
    map_s = max(0.0, time.perf_counter() - before - (build.seconds + build.graph_seconds if made.tiles_fresh else 0))
    bands = [
        f"{middle:.2f} ({low:.2f}-{high:.2f})" if low else "-"
        for low, middle, high in ((*build.band_before, 0, 0, 0)[:3], (*build.band, 0, 0, 0)[:3])
    ]
    cells = (
        f"{name}{' (illustrative)' if build.illustrative else ''}",
        f"{made.pbf.stat().st_size / 1e6:.2f}",
        f"{build.seconds:.1f}",
        f"{build.graph_seconds:.1f}",
        f"{build.tiles_bytes / 1e6:.1f}",
        build.nodes,
        build.edges,
        f"{build.largest_part:.1%}",
        f"{build.found_inside:.1%} of {build.asked_inside}",
        *bands,
        ", ".join(str(count) for count in made.map_rows.values()),
        f"{map_s:.1f}",
    )
    return "| " + " | ".join(str(each) for each in cells) + " |"


def write(path: Path, table: str, options: Namespace) -> None:
    """The reference page: what was done, on what, and the table."""
    words = ["./fengsui roads", *(["--osm", *(Path(each).name for each in options.osm)] if options.osm else [])]
    words += ["--generated"] if options.generated else []
    page = Path(__file__).with_name("roads_page.md").read_text("utf-8")
    facts = {
        "command": " ".join([*words, "--out", path.name]),
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors with a load "
        f"of {os.getloadavg()[0]:.0f} at the end, pyvalhalla {version('pyvalhalla')}, SciPy {version('scipy')}",
        "table": table,
    }
    path.write_text(page.format(**facts), encoding="utf-8")
