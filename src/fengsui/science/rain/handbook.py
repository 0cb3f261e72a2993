"""The handbook's page about rain."""

from __future__ import annotations

import numpy as np

from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.rain.field import Field, Variogram
from fengsui.science.rain.formula import Formula
from fengsui.science.rain.nowcast import carry, motion
from fengsui.science.rain.storm import DesignStorm, alternating, chicago

SAYS = """
**Design storms** of a return period (Chicago, Keifer & Chu 1957; alternating block), from an intensity formula that is
data with its basis; **fields** between gauges by inverse distance or ordinary kriging; rain of **tipping buckets**; a
**nowcast** of the next hour by persistence, or by motion where a radar gives pictures.

It cannot say whether a formula holds for the place: both formulas that circulate for Shenyang are unconfirmed [U], and
every result made with them says so. Between gauges it knows what gauges saw. Without pictures it knows no motion.

Alone: `./fengsui science design-storm --case storm.json --out storm.csv`; validity and papers in
`src/fengsui/science/rain/README.md`.
"""
FORMULAS = (
    Formula("A = 1984 [U]", 1984.0, 0.77, 9.0, 0.77),
    Formula("A = 1522.58 [U]", 1522.58, 0.76, 9.3, 0.67),
)


def page() -> Page:
    storm = DesignStorm(FORMULAS[0], 50.0, 180.0)
    fine = DesignStorm(FORMULAS[0], 50.0, 180.0, step_min=1.0)
    return Page("rain", "Rain", SAYS, (*_storms(storm), *_fields(), _nowcast()), (_hyetograph(storm), _formulas(fine)))


def _storms(storm: DesignStorm) -> tuple[Check, ...]:
    whole = float(storm.formula.depth(np.array([180.0]), 50.0)[0])
    source = "water notes, section 1"
    totals = [abs(made(storm).sum() / whole - 1.0) for made in (chicago, alternating)]
    depths = [
        Check(
            f"depth in {minutes} min, P = 50 years", f"{expected} mm",
            float(storm.formula.depth(np.array([minutes]), 50.0)[0]), expected - 5e-4, expected + 5e-4, "mm", source,
        )
        for minutes, expected in ((5.0, 18.006), (30.0, 49.087), (60.0, 63.271), (180.0, 87.370))
    ]  # fmt: skip
    return (
        *depths,
        Check("Chicago storm: total against H(D), relative", "< 1e-12", totals[0], 0.0, 1e-12),
        Check("alternating block: total against H(D), relative", "< 1e-12", totals[1], 0.0, 1e-12),
    )


def _fields() -> tuple[Check, ...]:
    random = np.random.default_rng(7)
    gauges, cells = random.uniform(0, 30_000, (40, 2)), random.uniform(0, 30_000, (500, 2))
    found = []
    for method in ("idw", "kriging"):
        told, _ = Field(gauges, cells, method, Variogram(10_000.0)).rain(np.full(40, 12.5))
        found.append(float(np.abs(told - 12.5).max()))
    return tuple(
        Check(f"constant rain, {name}: largest departure", "0", value, 0.0, 1e-9, "mm")
        for name, value in zip(("inverse distance", "kriging"), found, strict=True)
    )


def _nowcast() -> Check:
    y, x = np.mgrid[0:96, 0:96].astype(float)

    def cell(step: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.asarray(np.exp(-((x - 20 - 4 * step) ** 2 + (y - 30 - 3 * step) ** 2) / 72.0), np.float64)

    last = carry(cell(1), motion(cell(0), cell(1)), 6)[-1]
    true = cell(7)
    down, right = (_middle(last, axis) - _middle(true, axis) for axis in (y, x))
    away = np.hypot(down, right)
    return Check("a moving cell after six steps: how far off", "< 1 cell", float(away), 0.0, 1.0, "cells")


def _middle(
    picture: np.ndarray[tuple[int, ...], np.dtype[np.float64]], axis: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> float:
    return float(np.nansum(picture * axis) / np.nansum(picture))  # carried from outside the picture: unknown


def _hyetograph(storm: DesignStorm) -> Plot:
    at = np.repeat(np.arange(storm.steps + 1) * storm.step_min, 2)[1:-1]
    shapes = (
        line(name, at, np.repeat(made(storm), 2)) for name, made in (("Chicago", chicago), ("block", alternating))
    )
    return Plot("storm", "50 years, 180 min, first formula: rain in each 5 min", "min", "mm", tuple(shapes))


def _formulas(storm: DesignStorm) -> Plot:
    at = np.arange(5.0, 181.0)
    return Plot(
        "formulas", "Two candidates for Shenyang, neither confirmed [U]: depth at 50 years", "min", "mm",
        tuple(line(each.name, at, each.depth(at, storm.return_period_a)) for each in FORMULAS),
    )  # fmt: skip
