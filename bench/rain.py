"""`./fengsui bench rain`: a step in time of a field of rain from gauges.

ours     `Field.rain`: which gauges report, their kept weights, one product, nothing below zero
limit    the product of the same matrix and vector alone
solve    the field where the set of reporting gauges is new: distances, system, weights
pykrige  ordinary kriging with the same variogram by PyKrige, which solves for every step (--with-peers)

Kriging; 60 gauges, cells of 100 m. A step counts where the field is finite and no cell is below zero.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import _peers
import _shared
from fengsui.science.rain.field import Field, Variogram

GAUGES, SIDE_M = 60, 100.0
VARIOGRAM = Variogram(20_000.0, sill=1.0, nugget=0.1)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench rain")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--cells", type=int, default=48_000, help="480 km2 by default")
    parser.add_argument("--with-peers", action="store_true", help="install PyKrige into an environment of its own")
    options = parser.parse_args(arguments)
    _shared.ready()
    few = 0.0
    for cells in (options.cells // 10, options.cells):
        few = _steps(cells, options.steps, options.rounds, few, options.with_peers)
    return 0


def _ground(cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    columns = round(cells**0.5)
    rows = cells // columns
    places = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2) * SIDE_M
    gauges = rng.uniform([0, 0], [columns * SIDE_M, rows * SIDE_M], (GAUGES, 2))
    return gauges, places, rng.gamma(0.5, 4.0, (64, GAUGES))


def _steps(cells: int, steps: int, rounds: int, few: float, with_peers: bool) -> float:
    gauges, places, rain = _ground(cells)
    field = Field(gauges, places, "kriging", VARIOGRAM)
    matrix = field.weights(np.ones(GAUGES, bool)).matrix
    count = steps * len(places)

    def ours() -> int:
        done = 0
        for step in range(steps):
            told, _ = field.rain(rain[step % len(rain)])
            done += len(told) if told[0] >= 0 else 0
        return done if np.isfinite(told).all() and told.min() >= 0 else 0

    def limit() -> int:
        for step in range(steps):
            told = matrix @ rain[step % len(rain)]
        return steps * len(told)

    each = _shared.measure(
        "rain", f"a step from kept weights, {len(places):,} cells, {GAUGES} gauges", {"ours": ours, "limit": limit},
        count, rounds=rounds, unit="cells", goal=_shared.Goal("<= 2 x one product", "limit", 2.0),
        exponent=(lambda mine: _shared.growth(few, mine)) if few else None,
    )  # fmt: skip
    began = time.perf_counter()
    Field(gauges, places, "kriging", VARIOGRAM).rain(rain[0])
    print(f"  solve: a new set of gauges takes {(time.perf_counter() - began) * 1e3:.1f} ms")
    if few:
        _beside(gauges, places, rain, field, rounds, with_peers)
    return each


def _beside(gauges: np.ndarray, places: np.ndarray, rain: np.ndarray, field: Field, rounds: int, wanted: bool) -> None:
    arrays = {"gauges": gauges, "cells": places, "rain": rain[0]}
    with _peers.peer("pykrige", ["pykrige"], _PYKRIGE, arrays, wanted=wanted) as pykrige:
        if pykrige is None:
            return

        def ours() -> int:
            return len(field.rain(rain[0])[0])

        _shared.measure(
            "rain", "one step beside PyKrige", {"ours": ours, "pykrige": pykrige}, len(places), rounds=rounds,
            unit="cells",
        )  # fmt: skip


_PYKRIGE = """
from pykrige.ok import OrdinaryKriging

def work():
    model = OrdinaryKriging(
        given["gauges"][:, 0], given["gauges"][:, 1], given["rain"], variogram_model="exponential",
        variogram_parameters={"sill": 1.0, "range": 20000.0, "nugget": 0.1},
    )
    told, _ = model.execute("points", given["cells"][:, 0], given["cells"][:, 1], backend="vectorized")
    return len(told) if np.isfinite(np.asarray(told)).all() else 0

work()
"""
