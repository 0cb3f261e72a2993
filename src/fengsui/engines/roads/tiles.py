"""Valhalla tiles and the own graph from any .osm.pbf: built in a new folder, tried, then swapped in by one rename.

Folder: builds/<hash>-<time>/{tiles.tar, traffic.tar, graph.npz, build.json}, and `current`, a link to the one in use.
Whoever has the old one open keeps it until it looks again.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from valhalla import Actor, get_config

from fengsui.engines.roads import paces, segments
from fengsui.engines.roads.pbf import drivable_roads, is_illustrative, pbf_hash
from fengsui.kernel.errors import FengsuiError

RECIPE = 2
"""Raise when the same PBF must give other tiles or another graph."""

TRIALS = 20
KEEP = 2
_MATRIX_PAIRS = 2_000_000


class BuildFailed(FengsuiError):
    """The network file cannot be used. Facts: reason, detail. The build in use stays in use."""

    status = 422

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__("roads.build.failed", reason=reason, **facts)


@dataclass(frozen=True, slots=True)
class Build:
    """What was built from what. seconds: tiles and archive together; trials_found of TRIALS test routes worked.

    nodes, edges: the own graph's; largest_part: share of its nodes in the largest part where each reaches each;
    graph_seconds: reading, fitting and writing it; paces, band*, asked_inside, found_inside: see `paces.Fit`.
    """

    key: str
    source: str
    illustrative: bool
    recipe: int
    valhalla: str
    built_at: float
    seconds: float
    tiles_bytes: int
    trials_found: int
    route_ms: float
    nodes: int = 0
    edges: int = 0
    largest_part: float = 0.0
    graph_seconds: float = 0.0
    paces: dict[str, float] = field(default_factory=dict)
    band: tuple[float, ...] = ()
    band_before: tuple[float, ...] = ()
    band_pairs: int = 0
    asked_inside: int = 0
    found_inside: float = 0.0


def configuration(home: Path, traffic: str) -> dict[str, Any]:
    """Valhalla's configuration for one built folder; `traffic`: path of the live traffic archive."""
    with tempfile.TemporaryDirectory() as empty:  # get_config insists that both exist
        tar = Path(empty, "tiles.tar")
        tar.touch()
        config: dict[str, Any] = get_config(tile_extract=tar, tile_dir=empty)
    home = home.resolve()
    config["mjolnir"].update(
        tile_dir=str(home / "tiles"),
        tile_extract=str(home / "tiles.tar"),
        traffic_extract=traffic,
        admin="",
        timezone="",
        landmarks="",
        transit_dir="",
        id_table_size=10_000_000,
        # Exact detours: a shortcut edge knows nothing of a closure inside it, and hierarchy limits hide side streets.
        hierarchy=False,
        shortcuts=False,
        max_cache_size=200_000_000,
    )
    config["additional_data"]["elevation"] = ""
    config["logging"]["type"] = ""
    config["thor"]["source_to_target_algorithm"] = "timedistancematrix"  # the default explodes for 1 x N
    limits = config["service_limits"]
    for costing in ("auto", "truck", "bus"):
        limits[costing].update(max_matrix_location_pairs=_MATRIX_PAIRS, max_locations=5000)
    limits.update(max_exclude_locations=500, max_exclude_polygons_length=200_000)
    return config


def current(folder: Path) -> Path | None:
    """The built folder in use, its real path; None when nothing has been built."""
    try:
        return folder / os.readlink(folder / "current")
    except OSError:
        return None


def read(home: Path) -> Build:
    stored: dict[str, Any] = json.loads((home / "build.json").read_text("utf-8"))
    for name in ("band", "band_before"):
        stored[name] = tuple(stored.get(name, ()))
    return Build(**stored)


def ready(folder: Path, key: str) -> Build | None:
    """The build in use, if it is whole, of this recipe and of the file with this hash."""
    home = current(folder)
    if home is None or not all((home / name).exists() for name in ("build.json", segments.FILE)):
        return None
    known = read(home)
    return known if (known.key, known.recipe, known.valhalla) == (key, RECIPE, version("pyvalhalla")) else None


def build(pbf: Path, folder: Path, *, again: bool = False) -> Build:
    """Make `folder`/current answer for this PBF. Returns at once when it already does (same hash, version, recipe).

    Raises BuildFailed; nothing is changed then."""
    key = pbf_hash(pbf)
    known = None if again else ready(folder, key)
    if known is not None:
        return known
    home = folder / "builds" / f"{key[:12]}-{time.time_ns():x}"
    home.mkdir(parents=True)
    try:
        made = _made(pbf, home, key)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    link = folder / f".current-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("builds", home.name))
    link.replace(folder / "current")
    _prune(folder)
    return made


def _made(pbf: Path, home: Path, key: str) -> Build:
    config = configuration(home, str(home / "traffic.tar"))
    (home / "tiles").mkdir()
    path = home / "valhalla.json"
    path.write_text(json.dumps(config), "utf-8")
    started = time.perf_counter()
    _run("valhalla", "valhalla_build_tiles", "-c", str(path), str(pbf))
    if next((home / "tiles").rglob("*.gph"), None) is None:
        raise BuildFailed("no_roads", pbf=pbf.name)
    _run("valhalla.valhalla_build_extract", "-c", str(path), "-t", "--overwrite")
    seconds = time.perf_counter() - started
    shutil.rmtree(home / "tiles")
    path.unlink()  # it holds absolute paths; a moved folder must still work
    found, route_ms = _tried(config, pbf)
    if found < TRIALS // 4:  # many pairs of a real extract lie in cut-off fragments; none at all means a broken build
        raise BuildFailed("no_test_route", found=found, of=TRIALS)
    made = Build(
        key=key,
        source=pbf.name,
        illustrative=is_illustrative(pbf),
        recipe=RECIPE,
        valhalla=version("pyvalhalla"),
        built_at=time.time(),
        seconds=round(seconds, 2),
        tiles_bytes=(home / "tiles.tar").stat().st_size,
        trials_found=found,
        route_ms=round(route_ms, 2),
    )
    made = _with_graph(made, pbf, home, config)
    (home / "build.json").write_text(json.dumps(asdict(made), indent=1), "utf-8")
    return made


def _with_graph(made: Build, pbf: Path, home: Path, config: dict[str, Any]) -> Build:
    """The own graph at the speeds that bring it nearest to Valhalla, beside the tiles."""
    started = time.perf_counter()
    drawn = segments.read(pbf, segments.FREE_FLOW)
    fitted = paces.fit(drawn, config)
    replace(drawn, seconds=drawn.at_paces(fitted.paces)).save(home)
    return replace(
        made,
        nodes=len(drawn.lon),
        edges=len(drawn.source),
        largest_part=round(float(drawn.largest().mean()), 4),
        graph_seconds=round(time.perf_counter() - started, 2),
        paces=fitted.paces,
        band=fitted.band,
        band_before=fitted.before,
        band_pairs=fitted.pairs,
        asked_inside=fitted.asked,
        found_inside=fitted.found,
    )


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed("tool", tool=arguments[0], detail=(done.stderr or done.stdout)[-400:])


def _tried(config: dict[str, Any], pbf: Path) -> tuple[int, float]:
    """Test routes between road places drawn with a fixed seed: how many were found, median milliseconds."""
    places = [road.nodes[0][1] for road in drivable_roads(pbf)]
    if len(places) < 2:
        raise BuildFailed("no_roads", pbf=pbf.name)
    draw = random.Random(20)
    actor = Actor(config)
    took = []
    for _ in range(TRIALS):
        pair = draw.sample(places, 2)
        request = {
            "locations": [{"lon": lon, "lat": lat} for lon, lat in pair],
            "costing": "auto",
            "date_time": {"type": 0},
            "directions_type": "none",
        }
        started = time.perf_counter()
        try:
            actor.route(json.dumps(request))
        except RuntimeError:
            continue
        took.append((time.perf_counter() - started) * 1000)
    return len(took), sorted(took)[len(took) // 2] if took else 0.0


def _prune(folder: Path) -> None:
    """Keep the newest KEEP; open maps survive the deletion of their files."""
    homes = sorted((folder / "builds").iterdir(), key=lambda home: home.stat().st_mtime_ns, reverse=True)
    in_use = current(folder)
    for home in homes[KEEP:]:
        if in_use is None or home.name != in_use.name:
            shutil.rmtree(home, ignore_errors=True)
