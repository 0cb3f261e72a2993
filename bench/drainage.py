"""`./fengsui bench drainage`: what the exchange of streets and sewers costs beside SWMM's bare steps.

ours     every 2 s: heads out of the child, the law at each manhole, the grid's cells changed, flows into the child, its
         stride (the grid itself does not run: `./fengsui bench inundation` is its measure)
limit    SWMM alone over the same time in its own steps, seconds within the engine
stepped  the same in steps of 2 s at most, as an exchange stops it
child    the whole of a simulation alone, its process, folder and output included

A made-up network of some hundred manholes under ten centimetres of rain. Time counts when SWMM's books close.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import _shared
from fengsui.science.drainage import ensemble, inp
from fengsui.science.drainage.dual import Both, Dual
from fengsui.science.drainage.exchange import Opening
from fengsui.science.drainage.network import Network
from fengsui.science.drainage.planned import Planned, Terrain, plan
from fengsui.science.drainage.project import with_option
from fengsui.science.inundation.asked import Flood, Rain
from fengsui.science.inundation.ground import Ground
from fengsui.science.rain.formula import SHENYANG

INTERVAL_S = 2
BLOCK_M, CELL_M = 200.0, 10.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench drainage")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--blocks", type=int, default=6, help="a side of the town, in blocks of 200 m")
    parser.add_argument("--seconds", type=int, default=1800)
    options = parser.parse_args(arguments)
    _shared.ready()
    terrain, network = _town(options.blocks)
    rain = Rain(np.array([0.0, 1800.0]), np.array([0.1]))
    project = inp.project(network, rain, float(options.seconds) + 60, report_s=600)
    halting = with_option(project, "ROUTING_STEP", f"{INTERVAL_S}")
    ours, limit, stepped, child = [], [], [], []
    for _ in range(options.rounds):
        began = time.perf_counter()
        output = ensemble.simulate(project, kept=False)
        child.append(time.perf_counter() - began)
        share = options.seconds / (options.seconds + 60)
        limit.append(output.engine_s * share)
        stepped.append(ensemble.simulate(halting, kept=False).engine_s * share)
        ours.append(_exchanged(terrain, network, rain, options.seconds))
    strides = options.seconds // INTERVAL_S
    each = (float(np.median(ours)) - float(np.median(limit))) / strides * 1e3
    print(f"{len(network.manholes)} manholes, {strides} exchanges: {each:.2f} ms an exchange more; {_shared.load()}")
    _shared.times(
        "drainage",
        f"{options.seconds // 60} min of {len(network.manholes)} manholes",
        {"ours": ours, "limit": limit, "stepped": stepped, "child": child},
        unit="s",
        goal="<= 3 x limit",
        met=float(np.median(np.array(ours) / np.array(limit))) <= 3,
    )
    return 0


def _town(blocks: int) -> tuple[Terrain, Network]:
    n = blocks + 1
    x, y = (each.ravel() * BLOCK_M for each in np.meshgrid(np.arange(float(n)), np.arange(float(n))))
    number = np.arange(float(n * n)).reshape(n, n)
    starts = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    stops = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    side = int((blocks * BLOCK_M + 100) / CELL_M)
    rows, columns = np.mgrid[0:side, 0:side] * CELL_M
    terrain = Terrain(50 - 0.003 * (rows + columns), CELL_M, -50.0, blocks * BLOCK_M + 50)
    network, _ = plan(Planned(x, y, starts, stops, terrain, SHENYANG[0], outfalls=4))
    return terrain, network


def _exchanged(terrain: Terrain, network: Network, rain: Rain, seconds: int) -> float:
    """Seconds that the exchange and SWMM's strides take over `seconds`."""
    bed = terrain.bed_m
    flood = Flood(
        Ground(bed, np.full(bed.shape, 0.03), CELL_M), float(seconds), look_s=60.0, depth_m=np.full(bed.shape, 0.1)
    )
    openings = tuple(
        Opening(each.code, int((terrain.north_m - each.y_m) / CELL_M), int((each.x_m - terrain.west_m) / CELL_M))
        for each in network.manholes
    )
    project = inp.project(network, rain, float(seconds) + 60, report_s=600)
    with Both(Dual(flood, project, openings, INTERVAL_S)) as both:
        began = time.perf_counter()
        for _ in range(seconds // INTERVAL_S):
            both.exchange()
        both.arrive()
        took = time.perf_counter() - began
        both.finish()
    return took
