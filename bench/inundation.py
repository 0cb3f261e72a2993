"""`./fengsui bench inundation`: steps of the local inertial scheme on a fully wet grid, in millions of cells a second.

ours     the fused step, float32, all cores
double   the same in float64
limit    memory: STREAM's triad by STREAM's own rule (each array four times the last cache), at 32 bytes a cell and step
         (design notes on water)
cached   the same triad over arrays of the grid's size, which a large cache may hold
peer     the scheme in numpy as it is read in the papers (landlab, itzi and ANUGA need environments of their own)

Cells count as done when the account of water closes and every depth is a number. A tenth of the cells gives the
exponent. `asleep`: a step with a tenth of the tiles awake beside one with all. `square`: 1 km2 in cells of 2 m
for three hours. `whole`: three hours of a storm over 480 km2 in cells of 10 m, rain, infiltration and outputs
(--whole); `coupled`: the same over a made-up network of a district's centre in SWMM, exchanging every 5 s (--coupled
for this row alone, in --whole the second). All rain falls on the grid; outfalls on it feel its water.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, prange

import _shared
from fengsui.science.drainage import inp
from fengsui.science.drainage.dual import Both, Dual
from fengsui.science.drainage.exchange import Opening
from fengsui.science.drainage.mouths import mouths
from fengsui.science.drainage.network import Network
from fengsui.science.drainage.planned import Planned, Terrain, plan
from fengsui.science.inundation import asked, fused, plain
from fengsui.science.inundation.ground import Edge, Ground, Horton, steady
from fengsui.science.inundation.run import ALPHA, THETA, Run
from fengsui.science.rain.formula import SHENYANG

BYTES = 32
DX, DRY = 10.0, 1e-3
BLOCK_M, EXCHANGE_S = 200.0, 5


@njit(parallel=True, fastmath=True)  # type: ignore[untyped-decorator]  # numba has no types
def _triad(a: Any, b: Any, c: Any) -> None:
    for i in prange(len(a)):
        a[i] = b[i] + np.float32(3.0) * c[i]


def _beyond_caches() -> int:
    """Elements of an array that STREAM's rule asks for; at most an eighth of the memory."""
    sizes = [each.read_text().strip() for each in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")]
    last = max((int(each.removesuffix("K")) * 1024 for each in sizes), default=32 << 20)
    return int(min(4 * last, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 8)) // 4


class Water:
    """A rolling bed under one to three metres of water, and what a step needs."""

    def __init__(self, rows: int, columns: int, kind: Any) -> None:
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        self.kind, self.z = kind, (1.0 + np.sin(x / 40) * np.cos(y / 50)).astype(kind)
        self.h = (3.0 - self.z + 0.05 * np.sin(x / 7)).astype(kind)
        self.n = np.full((rows, columns), 0.03, kind)
        self.qx, self.qy = np.zeros((rows, columns + 1), kind), np.zeros((rows + 1, columns), kind)
        self.spare = [np.zeros_like(each) for each in (self.h, self.qx, self.qy)]
        self.room, self.deepest = fused.room(rows, columns, kind)
        self.tiles, self.none = np.arange(self.deepest.size), np.full((1, 1), -np.inf, kind)
        self.codes, self.values = np.zeros((4, max(rows, columns)), np.int8), np.zeros((4, max(rows, columns)), kind)
        self.stored = self.h.sum(dtype=np.float64)
        self.dt = ALPHA * DX / math.sqrt(plain.G * 3.5)

    def fused(self, steps: int) -> int:
        step, kind = fused.step_of(self.kind), self.kind
        for _ in range(steps):
            h, qx, qy = self.spare
            step(
                self.h.size, self.h, self.qx, self.qy, h, qx, qy, self.z, self.n, self.codes, self.values, False,
                self.none, self.none, self.tiles, self.room, self.deepest,
                kind(self.dt), kind(DX), kind(THETA), kind(DRY),
            )  # fmt: skip
            self.spare, self.h, self.qx, self.qy = [self.h, self.qx, self.qy], h, qx, qy
        return self._proved(steps)

    def plain(self, steps: int) -> int:
        rows, columns = self.h.shape
        sides = tuple((self.codes[k, :m], self.values[k, :m]) for k, m in enumerate((rows, rows, columns, columns)))
        state: Any = self.h, self.qx, self.qy
        crests = np.full(self.qx.shape, -np.inf), np.full(self.qy.shape, -np.inf)
        for _ in range(steps):
            state = plain.step(*state, self.z, self.n, crests, sides, self.dt, DX, THETA, DRY)  # type: ignore[arg-type]  # sides are four
        self.h, self.qx, self.qy = state
        return self._proved(steps)

    def _proved(self, steps: int) -> int:
        total = self.h.sum(dtype=np.float64)
        return steps * self.h.size if abs(total / self.stored - 1) < 1e-6 else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench inundation")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cells", type=int, default=4_800_000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--whole", action="store_true", help="three hours over 480 km2 as well; minutes")
    parser.add_argument("--coupled", action="store_true", help="only the three hours with SWMM coupled")
    parser.add_argument("--blocks", type=int, default=12, help="a side of the sewered town, in blocks of 200 m")
    parser.add_argument("--share", type=float, default=1.0, help="of each side of the 480 km2, to try it")
    options = parser.parse_args(arguments)
    _shared.ready()
    if options.coupled:
        _coupled(options.share, options.blocks)
        return 0
    few = 0.0
    for cells in (options.cells // 10, options.cells):
        side = math.isqrt(cells)
        few = _steps(side, options.steps * (10 if not few else 1), options.rounds, few)
    _asleep(options.cells, options.rounds)
    _square(options.rounds)
    if options.whole:
        _whole(options.share)
        _coupled(options.share, options.blocks)
    return 0


def _steps(side: int, steps: int, rounds: int, few: float) -> float:
    single, double, slow = (Water(side, side, kind) for kind in (np.float32, np.float64, np.float64))
    single.fused(1), double.fused(1)  # compiled
    arrays = [np.ones(single.h.size, np.float32) for _ in range(3)]
    large = [np.ones(_beyond_caches(), np.float32) for _ in range(3)]
    _triad(*arrays), _triad(*large)
    cells = side * side * steps
    elements = cells * BYTES // 12  # of which each moves 12 bytes

    def cached() -> int:
        for _ in range(round(elements / len(arrays[0]))):
            _triad(*arrays)
        return cells

    def limit() -> int:
        passes = math.ceil(elements / len(large[0]))
        part = [each[: elements // passes] for each in large]
        for _ in range(passes):
            _triad(*part)
        return cells

    few_steps = max(1, steps // 20)

    sides = {
        "ours": lambda: single.fused(steps), "double": lambda: double.fused(steps), "limit": limit, "cached": cached
    }  # fmt: skip
    each = _shared.measure(
        "inundation", f"steps, {side * side:,} cells, all wet", sides, cells, rounds=rounds, unit="cells",
        goal=_shared.Goal(">= 0.5 x limit", "limit", 2.0) if few else None,
        exponent=(lambda mine: math.log10(mine / few)) if few else None,
    )  # fmt: skip
    began = time.perf_counter()
    slow.plain(few_steps)
    took = (time.perf_counter() - began) / (few_steps * side * side)
    print(f"  numpy twin: {1 / took / 1e6:.2f} million cells/s, {took / each:.0f} x as long as ours")
    return each


def _still(bed: np.ndarray, level: float, cell_m: float, until_s: float) -> Run:
    """Water that swings a little about a level, nothing coming or going: what it costs is steps."""
    y, x = np.mgrid[0 : bed.shape[0], 0 : bed.shape[1]].astype(np.float64)
    depth = np.maximum(level + 0.02 * np.sin(x / 7) * np.cos(y / 9) - bed, 0.0)
    ground = Ground(bed, np.full(bed.shape, 0.03), cell_m)
    return Run(asked.Flood(ground, until_s, depth_m=depth, look_s=min(until_s, 3600.0)))


def _step_s(run: Run, to_s: float) -> float:
    """Seconds a step; the first look, which finds out which tiles are awake, is not counted."""
    run.advance(to_s / 4)
    before, began = run.steps, time.perf_counter()
    run.advance(to_s)
    return (time.perf_counter() - began) / (run.steps - before)


def _asleep(cells: int, rounds: int) -> None:
    """About a tenth of the tiles awake, the dry neighbours of wet ones among them, beside all of them."""
    side = math.isqrt(cells)
    bands = max(1, round(side / fused.BAND / 10) - 1)
    bed = 1.0 + np.sin(np.arange(side) / 40)[None, :] * np.cos(np.arange(side) / 50)[:, None]
    dry = bed.copy()
    dry[bands * fused.BAND :] = 6.0
    took: dict[str, list[float]] = {"ours": [], "all wet": []}
    for _ in range(rounds):
        for name, ground in (("ours", dry), ("all wet", bed)):
            took[name].append(_step_s(_still(ground, 3.0, DX, 120.0), 120.0) * 1000)
    awake = _still(dry, 3.0, DX, 120.0)
    awake.advance(30.0)
    share = awake.tiles.size / awake.deepest.size
    less = float(np.median([b / a for a, b in zip(took["ours"], took["all wet"], strict=True)]))
    print(f"\n{share:.0%} of the tiles of {side * side:,} cells awake; {_shared.load()}")
    _shared.times(
        "inundation", "a step, a tenth of the tiles awake", took, goal=">= 9 x less than all wet", met=less >= 9
    )


def _square(rounds: int) -> None:
    """1 km2 in cells of 2 m for three hours."""
    y, x = np.mgrid[0:500, 0:500].astype(np.float64)
    wave = np.sin(x / 40) * np.cos(y / 50)
    print(f"\n1 km2 at 2 m, 3 h; {_shared.load()}")
    for name, bed, level, limit_s in (
        ("3 m deep, all wet", 0.5 + 0.5 * wave, 3.0, 30.0),
        ("0.5 m deep, all wet", 0.1 + 0.1 * wave, 0.5, 15.0),
        ("3 m deep, a tenth wet", np.where(y < 50, 0.5 + 0.5 * wave, 6.0), 3.0, 6.0),
    ):
        took = []
        for _ in range(rounds):
            run = _still(bed, level, 2.0, 10_800.0)
            began = time.perf_counter()
            run.advance(10_800.0)
            took.append(time.perf_counter() - began)
            assert run.account.missing(run.stored()) < 1e-6
        met = float(np.median(took)) <= limit_s
        _shared.times(
            "inundation", f"1 km2 at 2 m, 3 h, {name}", {"ours": took}, unit="s", goal=f"<= {limit_s:g} s", met=met
        )


def _storm(share: float) -> asked.Flood:
    """Three hours over 480 km2, or over a share of each side."""
    rng = np.random.default_rng(1)
    rows, columns = round(2000 * share), round(2400 * share)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    bed = 30 - 0.0005 * DX * x + 1.5 * np.sin(x / 90) * np.cos(y / 70) + 0.05 * rng.random((rows, columns))
    rain = asked.Rain(np.array([0.0, 3600.0, 7200.0]), np.array([0.07, 0.02]))
    return asked.Flood(
        Ground(bed, np.full(bed.shape, 0.04), DX), 10_800.0, rain=rain, horton=Horton(2e-5, 2e-6, 1e-3),
        edges=(Edge("east", "normal", steady(0.0005)),), look_s=60.0,
    )  # fmt: skip


def _area(flood: asked.Flood) -> str:
    return f"{flood.ground.bed_m.size * DX**2 / 1e6:.0f} km2 at 10 m, 3 h"


def _whole(share: float) -> None:
    wanted = _storm(share)
    run = Run(wanted)
    run.advance(60.0)  # compiled
    run = Run(wanted)
    began = time.perf_counter()
    run.advance(wanted.until_s)
    took = time.perf_counter() - began
    told = f"{wanted.until_s / took:.0f} x real time, {run.steps} steps, deepest {run.seen.depth_m.max():.2f} m"
    missing = f"missing {run.account.missing(run.stored()):.1e}"
    print(f"\n{_area(wanted)}: {took:.0f} s, {told}; {missing}; {_shared.load()}")
    _shared.times("inundation", _area(wanted), {"ours": [took]}, unit="s", goal=">= 50 x real time", met=took <= 216)


def _coupled(share: float, blocks: int) -> None:
    """The town's sewers are planned before the clock runs; the start of SWMM's process is within."""
    wanted = _storm(share)
    dual, network = _sewered(wanted, blocks)
    with Both(dual) as both:
        both.advance(60.0)  # compiled
    began = time.perf_counter()
    with Both(dual) as both:
        both.advance(wanted.until_s)
        ledger = both.ledger()
        output = both.finish()
    took = time.perf_counter() - began
    holes, km = len(network.manholes), sum(each.length_m for each in network.pipes) / 1000
    print(
        f"\n{_area(wanted)} over {holes} manholes, {km:.0f} km of pipe,"
        f" {len(dual.mouths)} of {len(network.outfalls)} outfalls on the grid: {took:.0f} s,"
        f" {wanted.until_s / took:.0f} x real time, {both.run.steps} steps of the grid, {output.steps} exchanges,"
        f" {output.engine_s:.0f} s within SWMM; {ledger.down:.0f} m3 down, {ledger.up:.0f} up; missing"
        f" {ledger.missing:.1e}; {_shared.load()}"
    )
    _shared.times(
        "inundation", f"{_area(wanted)}, with SWMM coupled", {"ours": [took]}, unit="s", goal=">= 30 x real time",
        met=took <= 360,
    )  # fmt: skip


def _sewered(flood: asked.Flood, blocks: int) -> tuple[Dual, Network]:
    """A town in the grid's middle, streets every 200 m, manholes every 60 m at the most, an outfall for each ninth
    block: of 12 blocks a side, 1 105 manholes on 6 km2."""
    bed = flood.ground.bed_m
    rows, columns = bed.shape
    n, north = blocks + 1, rows * DX
    west = (columns * DX - blocks * BLOCK_M) / 2
    south = (north - blocks * BLOCK_M) / 2
    line = np.arange(float(n)) * BLOCK_M
    x, y = (each.ravel() for each in np.meshgrid(west + line, south + line))
    number = np.arange(float(n * n)).reshape(n, n)
    starts = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    stops = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    terrain = Terrain(bed, DX, 0.0, north)
    network, _ = plan(Planned(x, y, starts, stops, terrain, SHENYANG[0], outfalls=max(1, blocks**2 // 9)))
    network = replace(network, subcatchments=())  # all rain falls on the grid
    places = [(each.code, int((north - each.y_m) / DX), int(each.x_m / DX)) for each in network.manholes]
    openings = tuple(Opening(*each) for each in places)
    project = inp.project(network, None, flood.until_s + 60, report_s=600)
    return Dual(flood, project, openings, EXCHANGE_S, mouths=mouths(network, flood.ground, 0.0, north)), network
