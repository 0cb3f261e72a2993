"""`./fengsui bench roads`: many places at once by the own graph, beside Valhalla and beside SciPy's bare call.

snapped   1 x N and M x M between places that were snapped before, as fixed points are
whole     the same with snapping the N targets and the origin in the measured time
limit     `scipy.sparse.csgraph.dijkstra` alone on the same arrays, from one node of each origin: what none can undercut
valhalla  the same places through `ValhallaRouter.matrix`, as the port asks it

Interleaved, round by round; ratios are taken within a round. Pairs that one finds and the other does not are counted:
a run that answers fewer has no rate. Without extracts under ../shared/data/osm the generated city alone is measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fengsui.config.ops.figures import note

GOALS = "goals: 1 x N whole < 10 ms and >= 50 x faster than Valhalla; Valhalla 1 x N < 1.5 s; build < 10 s"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench roads")
    parser.add_argument("--osm", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--generated", action="store_true", help="the generated city alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--targets", type=int, default=5000)
    parser.add_argument("--side", type=int, default=50)
    options = parser.parse_args(arguments)
    files = [Path(each) for each in options.osm]
    if not files and not options.generated:
        data = Path(__file__).parents[2] / "shared" / "data" / "osm"
        files = [each for each in (data / "harbin.osm.pbf", data / "porto_alegre.osm.pbf") if each.exists()]
    with tempfile.TemporaryDirectory() as folder:
        for file in [*files, None]:
            measure(file, Path(folder), options)
    print(GOALS, f"(load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)")
    return 0


def measure(pbf: Path | None, folder: Path, options: argparse.Namespace) -> None:
    import numpy as np
    from scipy.sparse.csgraph import dijkstra

    from fengsui.engines.roads import synthetic, tiles
    from fengsui.engines.roads.csr import CsrGraph
    from fengsui.engines.roads.valhalla import ValhallaRouter
    from fengsui.kernel.ports.roads import Point

    if pbf is None:
        pbf = folder / "generated.osm.pbf"
        synthetic.generate(pbf, [], bbox=(123.28, 41.75, 123.42, 41.85), seed=1)
    home = folder / pbf.name.removesuffix(".osm.pbf")
    built = tiles.build(pbf, home)
    started = time.perf_counter()
    graph = CsrGraph.load(tiles.current(home) or home)
    loaded = (time.perf_counter() - started) * 1000
    draw = np.random.default_rng(7)
    inside = np.flatnonzero(graph.segments.largest())
    spots = np.column_stack([graph.segments.lon, graph.segments.lat])
    targets = spots[draw.choice(inside, options.targets)] + draw.normal(0, 0.0003, (options.targets, 2))
    side = spots[draw.choice(inside, options.side, replace=False)]
    one, many, some = graph.snap(side[:1]), graph.snap(targets), graph.snap(side)
    bare = graph.segments.sparse(graph.seconds)
    starts = graph.segments.source[some.edge[np.flatnonzero(np.diff(some.owner, prepend=-1))]]
    router = ValhallaRouter(home)
    origin, places, ends = ([Point(*each) for each in group.tolist()] for group in (side[:1], targets, side))
    found: dict[str, int] = {}

    def counted(name: str, answer: Any) -> None:
        if isinstance(answer, list):
            found[name] = sum(reach.seconds is not None for row in answer for reach in row)
        else:
            found[name] = int(np.isfinite(answer).sum())

    asks: dict[str, Callable[[], Any]] = {
        "1xN snapped": lambda: graph.reach(one, many),
        "1xN whole": lambda: graph.reach(side[:1], targets),
        "1xN limit": lambda: dijkstra(bare, indices=starts[:1]),
        "1xN valhalla": lambda: router.matrix(origin, places, vehicle="car"),
        "MxM snapped": lambda: graph.reach(some, some),
        "MxM whole": lambda: graph.reach(side, side),
        "MxM limit": lambda: dijkstra(bare, indices=starts),
        "MxM valhalla": lambda: router.matrix(ends, ends, vehicle="car"),
    }
    took: dict[str, list[float]] = {name: [] for name in asks}
    for turn in range(options.rounds + 1):
        for name, ask in asks.items():
            started = time.perf_counter()
            answer = ask()
            if turn:  # the first warms caches
                took[name].append((time.perf_counter() - started) * 1000)
                counted(name, answer)
    print(
        f"\n{pbf.name}: {built.nodes} nodes, {built.edges} segments; "
        f"build {built.seconds + built.graph_seconds:.1f} s, "
        f"graph loaded in {loaded:.0f} ms; N = {options.targets}, M = {options.side}, {options.rounds} rounds"
    )
    for name, times in took.items():
        row = f"  {name:<13} median {statistics.median(times):9.2f} ms  ({min(times):.2f} to {max(times):.2f})"
        print(row + ("" if name.endswith("limit") else f"  answered {found[name]}"))
    for size in ("1xN", "MxM"):
        for way in ("snapped", "whole"):
            sides = {
                side: took[f"{size} {it}"] for side, it in (("ours", way), ("limit", "limit"), ("valhalla", "valhalla"))
            }
            note("roads", f"{pbf.name} {size} {way}", sides)
        for kind, over in (("valhalla", "whole"), ("valhalla", "snapped"), ("snapped", "limit"), ("whole", "limit")):
            ratio = [a / b for a, b in zip(took[f"{size} {kind}"], took[f"{size} {over}"], strict=True)]
            print(f"  {size} {kind} / {over}: {statistics.median(ratio):.1f} ({min(ratio):.1f} to {max(ratio):.1f})")
