"""`./fengsui bench flood_peers`: one dam break by our two schemes and by three other codes (--with-peers).

A square of 1 km, flat, n 0.03, closed: 2 m of water in its western half, 0.5 m in its eastern, 10 s from the break on.

ours     a whole run as it is asked for (time step, looks, account of water), 250 000 cells of 2 m, float32, all cores:
         A local inertial; B Godunov of first order and of second, told apart
anuga    DE0 (second order in space, Euler in time: B's like), 250 000 triangles, as it comes, told to use all cores
de1      ANUGA's DE1, the like of our second order: of second order in time as well
unified  DE0 by ANUGA's newer way (set_compute_mode("unified"), from its 4.2 on), its fastest without a GPU
itzi     local inertial, the same cells; its flow solver alone, without its reports and account; its own threads
landlab  OverlandFlow, local inertial, the same cells; in one process, as it is used

itzi and landlab step by our rule (0.6 of a cell, theta 0.8): as many steps. Each side does the case once a round (ours
ten times), from the same start, and its volume must be kept, else it has no time; all without the making of their
grid, peers by their own clock. How far its depth over the square's length lies from that of scheme A is told: the codes
are not compared at other problems.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import _peers
import _shared
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.flood import run_of
from fengsui.science.inundation.ground import Ground

WIDE_M, HIGH_M, LOW_M, MANNING = 1000.0, 2.0, 0.5, 0.03
REPEATS = 10
OURS: Mapping[str, Mapping[str, Any]] = {
    "A": {"scheme": "inertial"},
    "B, first order,": {"scheme": "godunov", "order": 1},
    "B, second order,": {"scheme": "godunov", "order": 2},
}
GOALS = {
    ("A", "anuga"): 150, ("B, first order,", "anuga"): 30, ("B, second order,", "anuga"): 30,
    ("A", "unified"): None, ("B, first order,", "unified"): None, ("B, second order,", "unified"): None,
    ("B, second order,", "de1"): None,
    ("A", "itzi"): 15, ("A", "landlab"): 12,
}  # fmt: skip
"""How many times as long the peer takes at least (design notes on water, section 6); None: told without a goal."""


@dataclass(slots=True)
class Side:
    """`work` does the case and returns its steps (0: it lost water), its seconds and the depth along the square."""

    work: Callable[[], tuple[int, float, Any]]
    took: list[float] = field(default_factory=list)
    steps: int = 0
    profile: Any = None

    def round(self) -> bool:
        self.steps, took, self.profile = self.work()
        self.took.append(took)
        return self.steps > 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench flood_peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=500, help="cells along the square: even")
    parser.add_argument("--until", type=float, default=10.0, help="s after the break")
    parser.add_argument(
        "--with-peers", action="store_true", help="install ANUGA, itzi and landlab beside us and run them"
    )
    options = parser.parse_args(arguments)
    _shared.ready()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        sides = {name: _ours(options.side, options.until, how) for name, how in OURS.items()}
        for name, (home, packages, program) in PEERS.items():
            out = Path(folder) / f"{name}.npz"
            given = {
                "side": options.side, "until": options.until, "wide": WIDE_M, "high": HIGH_M, "low": LOW_M,
                "manning": MANNING, "cores": os.cpu_count() or 1, "out": str(out),
            }  # fmt: skip
            work = stack.enter_context(_peers.peer(home, packages, program, given, wanted=options.with_peers))
            if work is not None:
                sides[name] = Side(partial(_asked, work, out))
        _measure(sides, options.rounds)
        _tell(sides, options.side**2, options.until)
    return 0


def _ours(side: int, until: float, how: Mapping[str, Any]) -> Side:
    start = np.full((side, side), LOW_M)
    start[:, : side // 2] = HIGH_M
    ground = Ground(np.zeros((side, side)), np.full((side, side), MANNING), WIDE_M / side)

    def work() -> tuple[int, float, Any]:
        took = 0.0
        for _ in range(REPEATS):
            run = run_of(Flood(ground, until, depth_m=start, look_s=until, **how))
            began = time.perf_counter()
            run.advance(until)  # which raises where water is missing
            took += time.perf_counter() - began
        return run.steps, took / REPEATS, run.h.mean(axis=0)

    return Side(work)


def _asked(work: Callable[[], int], out: Path) -> tuple[int, float, Any]:
    """A peer's round. Its own clock, from the filled grid on: what it takes to make one is left out."""
    steps = work()
    if steps <= 0:
        return 0, 0.0, None
    with np.load(out) as told:
        return steps, float(told["took"]), told["profile"]


def _measure(sides: dict[str, Side], rounds: int) -> None:
    """In turns. The first time is nobody's: what compiles, compiles, and who fails is left out."""
    for number in range(rounds + 1):
        for name, side in list(sides.items()):
            if number == 0 and name in PEERS:  # compiled when they are installed
                continue
            whole = side.round()
            print(f"  round {number}, {name}: {_shared.number(side.took[-1])} s", flush=True)
            if not whole:
                print(f"\n*** {name} LEFT OUT: it broke off or lost water (see `{name}` in bench/flood_peers.py) ***")
                del sides[name]
            elif number == 0:
                side.took.clear()


def _tell(sides: Mapping[str, Side], cells: int, until: float) -> None:
    print(f"\ndam break, {cells:,} cells, {until:g} s; {_shared.load()}")
    near = sides["A"].profile
    for name, side in sides.items():
        ours = np.interp(_middles(len(side.profile)), _middles(len(near)), near)
        rate = side.steps * cells / statistics.median(side.took) / 1e6
        off = f"{np.abs(side.profile - ours).mean() * 100:.1f} cm from A"
        print(f"  {name:17} {side.steps:5} steps, {rate:8.3g} million cell-steps/s, {off}")
    for name in OURS:
        _shared.times("flood_peers", f"{name} dam break".replace(",,", ","), {"ours": sides[name].took}, unit="s")
        for peer in (each for each in PEERS if each in sides):
            if (name, peer) not in GOALS:
                continue
            mine, other, least = sides[name].took, sides[peer].took, GOALS[name, peer]
            faster = [b / a for a, b in zip(mine, other, strict=True)]
            print(
                f"  {peer} takes {statistics.median(faster):.0f} times as long ({min(faster):.0f} to {max(faster):.0f})"
            )
            _shared.times(
                "flood_peers", f"{name} beside {peer}", {"ours": mine, peer: other}, unit="s",
                goal=f">= {least} x as fast" if least else "",
                met=statistics.median(faster) >= least if least else None,
            )  # fmt: skip


def _middles(count: int) -> Any:
    return (np.arange(count) + 0.5) / count


_CASE = """
import os, time
side, until, wide, high, low, n, cores = (
    given[each].item() for each in ("side", "until", "wide", "high", "low", "manning", "cores")
)
dx = wide / side
os.environ["OMP_NUM_THREADS"] = str(cores)

def proved(steps, took, profile, before, after):
    np.savez(given["out"].item(), took=took, profile=profile)
    return steps if abs(after / before - 1) < 1e-3 and np.isfinite(profile).all() else 0
"""
_ANUGA = f"""{_CASE}
import anuga

strips = side // 2  # four triangles in each square of two by two of our cells
domain = anuga.rectangular_cross_domain(strips, strips, len1=wide, len2=wide)
domain.set_flow_algorithm("DE0")
domain.set_store(False)
domain.set_quantities_to_be_stored(None)
# HOW
domain.set_omp_num_threads(cores)
domain.set_quantity("elevation", 0.0)
domain.set_quantity("friction", n)
wall = anuga.Reflective_boundary(domain)
domain.set_boundary({{each: wall for each in ("left", "right", "top", "bottom")}})
at = np.minimum((domain.centroid_coordinates[:, 0] / (2 * dx)).astype(int), strips - 1)

def work():
    for name in ("xmomentum", "ymomentum"):
        domain.set_quantity(name, 0.0, location="centroids")
    domain.set_quantity("stage", lambda x, y: np.where(x < wide / 2, high, low), location="centroids")
    stage = domain.quantities["stage"]
    before, steps = stage.get_integral(), 0
    began = time.perf_counter()
    for _ in domain.evolve(yieldstep=until, duration=until):
        steps += domain.number_of_steps
    took = time.perf_counter() - began
    profile = np.bincount(at, stage.centroid_values) / np.bincount(at)
    return proved(steps, took, profile, before, stage.get_integral())
"""
_ITZI = f"""{_CASE}
from itzi.data_containers import SurfaceFlowParameters
from itzi.rasterdomain import RasterDomain
from itzi.surfaceflow import SurfaceFlowSimulation

def work():
    domain = RasterDomain(np.float32, np.zeros((side, side), bool), (dx, dx))
    domain.update_array("dem", np.zeros((side, side), np.float32))
    domain.update_array("friction", np.full((side, side), n, np.float32))
    water = np.full((side, side), low, np.float32)
    water[:, : side // 2] = high
    domain.update_array("water_depth", water)
    flow = SurfaceFlowSimulation(domain, SurfaceFlowParameters(cfl=0.6, theta=0.8, dtmax=60.0))
    flow.update_flow_dir()
    now, steps, began = 0.0, 0, time.perf_counter()
    while now < until - 1e-6:
        flow.solve_dt()
        flow._dt = min(flow._dt, until - now)
        flow.step()
        now, steps = now + flow._dt, steps + 1
    took = time.perf_counter() - began
    depth = domain.get_array("water_depth").astype(float)
    return proved(steps, took, depth.mean(axis=0), water.sum(dtype=float), depth.sum())
"""
_LANDLAB = f"""{_CASE}
from landlab import RasterModelGrid
from landlab.components import OverlandFlow

def work():
    grid = RasterModelGrid((side + 2, side + 2), xy_spacing=dx)  # its outermost nodes hold no water
    grid.set_closed_boundaries_at_grid_edges(True, True, True, True)
    grid.add_zeros("topographic__elevation", at="node")
    depth = grid.add_zeros("surface_water__depth", at="node")
    depth[:] = np.where(grid.x_of_node < (side // 2 + 0.5) * dx, high, low)
    before = depth[grid.core_nodes].sum()
    flow = OverlandFlow(grid, alpha=0.6, theta=0.8, mannings_n=n)
    now, steps, began = 0.0, 0, time.perf_counter()
    while now < until - 1e-9:
        dt = min(flow.calc_time_step(), until - now)
        flow.overland_flow(dt)
        now, steps = now + dt, steps + 1
    took = time.perf_counter() - began
    profile = depth.reshape(side + 2, side + 2)[1:-1, 1:-1].mean(axis=0)
    return proved(steps, took, profile, before, depth[grid.core_nodes].sum())
"""
_UNIFIED = _ANUGA.replace("# HOW", 'domain.set_compute_mode("unified")')
_DE1 = _ANUGA.replace('"DE0"', '"DE1"')
PEERS = {
    "anuga": ("anuga", ["anuga"], _ANUGA), "de1": ("anuga", ["anuga"], _DE1),
    "unified": ("anuga", ["anuga"], _UNIFIED),
    "itzi": ("itzi", ["itzi"], _ITZI), "landlab": ("landlab", ["landlab"], _LANDLAB),
}  # fmt: skip
"""Environment, packages, program of each."""
