"""The handbook's page about rain."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.rain.field import Field, Variogram, leave_one_out
from fengsui.science.rain.formula import Formula
from fengsui.science.rain.nowcast import SHARES, carry, fit_showers, motion, standing
from fengsui.science.rain.storm import DesignStorm, alternating, chicago

SAYS = """
**Design storms** of a return period (Chicago, Keifer & Chu 1957; alternating block), from an intensity formula that is
data with its basis; **fields** between gauges by inverse distance or ordinary kriging; rain of **tipping buckets**; a
**nowcast** of the next hour by persistence that decays as rain as strong did on the gauges' own past, or by motion
where a radar gives pictures.

It cannot say whether a formula holds for the place: both formulas that circulate for Shenyang are unconfirmed [U], and
every result made with them says so. Between gauges it knows what gauges saw. Without pictures it knows no motion.

**Fields** keep the weights of each set of reporting gauges: a step in time is one product of a matrix and a vector
(`./fengsui bench rain`). Kriging gives what PyKrige gives with the same variogram. On a real wet day (Environment
Agency; of 908 gauges, 903 of them tipping buckets, 14 have no place and two share another's; 7 of the other 892 are
wet) a left-out gauge is told with a root mean square error of 0.116 mm by the nearest gauge, 0.087 by inverse distance,
0.086 by kriging (`tests/test_field.py`).

**The next hour from gauges** is fitted on the gauges' own past: by the strength of the rain now (and for the half hour
after it, while it pauses) the quantiles of what came, relative to what was. What it does on measured rain that it was
not fitted to stands in the package's README (`tests/test_nowcast_real.py`).

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
    return Page(
        "rain",
        "Rain",
        SAYS,
        (*_storms(storm), *_fields(), _nowcast(), *_showers()),
        (_hyetograph(storm), _formulas(fine)),
    )


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
    constant = tuple(
        Check(f"constant rain, {name}: largest departure", "0", value, 0.0, 1e-9, "mm")
        for name, value in zip(("inverse distance", "kriging"), found, strict=True)
    )
    return (*constant, *_another_library(), _left_out())


def _another_library() -> tuple[Check, ...]:
    """PyKrige's fields and variances, kept in reference/."""
    said = json.loads((Path(__file__).parent / "reference/pykrige.json").read_text("utf-8"))
    gauges, cells, values = (np.array(said[name]) for name in ("gauges_m", "cells_m", "values_mm"))
    rain, variance = 0.0, 0.0
    for case in said["cases"]:
        variogram = Variogram(case["range_m"], case["sill"], case["nugget"])
        told, weights = Field(gauges, cells, "kriging", variogram).rain(values)
        rain = max(rain, float(np.abs(told - case["rain_mm"]).max()))
        variance = max(variance, float(np.abs(weights.variance - case["variance"]).max()))
    source = "PyKrige 1.7.3 (reference/SOURCE.md)"
    return (
        Check("kriged rain against another library", "< 1e-6", rain, 0.0, 1e-6, "mm", source),
        Check("its variance, of a sill of 1 and 2.5", "< 1e-6", variance, 0.0, 1e-6, "", source),
    )


def _left_out() -> Check:
    """Rain that is alike over some km: a gauge told by the others, beside a gauge told by the nearest one."""
    random = np.random.default_rng(3)
    gauges = random.uniform(0, 30_000, (80, 2))
    middles, sizes = random.uniform(0, 30_000, (6, 2)), random.uniform(5, 30, 6)
    away = np.linalg.norm(gauges[:, None, :] - middles[None, :, :], axis=2)
    rain = np.asarray((sizes * np.exp(-((away / 6_000.0) ** 2))).sum(axis=1), np.float64)
    errors = [
        float(np.sqrt(((leave_one_out(gauges, rain, **how) - rain) ** 2).mean()))
        for how in ({"method": "kriging", "variogram": Variogram(20_000.0)}, {"method": "idw", "nearest": 1})
    ]
    return Check("left-out gauges among six showers: kriging's error beside the nearest gauge's", "< 1",
                 errors[0] / errors[1], 0.0, 1.0)  # fmt: skip


def _nowcast() -> Check:
    y, x = np.mgrid[0:96, 0:96].astype(float)

    def cell(step: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.asarray(np.exp(-((x - 20 - 4 * step) ** 2 + (y - 30 - 3 * step) ** 2) / 72.0), np.float64)

    last = carry(cell(1), motion(cell(0), cell(1)), 6)[-1]
    true = cell(7)
    down, right = (_middle(last, axis) - _middle(true, axis) for axis in (y, x))
    away = np.hypot(down, right)
    return Check("a moving cell after six steps: how far off", "< 1 cell", float(away), 0.0, 1.0, "cells")


def _showers() -> tuple[Check, ...]:
    past, later = (_fading(seed) for seed in (1, 2))
    made = fit_showers(past, 4, 3)
    base, strength = standing(later[:-4], 3, made.edges)
    at = np.flatnonzero(base[:, 0] > 0)
    came = later[at[:, None] + np.arange(1, 5), 0]
    told = made.told(base[at, 0], strength[at, 0])
    low, high = (told[:, :, SHARES.index(each)] for each in (0.05, 0.95))
    held = float(((low <= came) & (came <= high)).mean())
    stays = np.abs(later[at] - came).mean()
    ours = np.abs(told[:, :, SHARES.index(0.5)] - came).mean()
    return (
        Check("showers that fade, not fitted to: share inside 5 to 95 %", "0.9 to 0.96", held, 0.88, 0.97),
        Check('there: error of the median beside "it stays"', "< 0.9", float(ours / stays), 0.0, 0.9),
    )


def _fading(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Showers of any strength that lose a fifth a step, now more, now less, each after a dry spell."""
    rng = np.random.default_rng(seed)
    rain: list[float] = []
    for _ in range(400):
        wet = np.arange(rng.integers(4, 16))
        rain += (rng.gamma(2.0, 2.0) * 0.8**wet * rng.lognormal(0.0, 0.4, len(wet))).tolist() + [0.0] * 40
    return np.array(rain)[:, None]


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
