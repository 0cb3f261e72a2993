"""The handbook's page about floods: both schemes in numpy, which the compiled ones are equal to (tests)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.optimize import brentq

from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.inundation import godunov, plain
from fengsui.science.inundation.ground import Values
from fengsui.science.inundation.plain import INFLOW, G

SAYS = """
Water over a grid of square cells: rain, rivers at the edges, pumps and pipes at single cells, what seeps away;
buildings, walls that breach, underpasses. Two schemes on the same ground, with the same account of every cubic metre:

- **A, local inertial** (the default): slow water, whole districts. Convection is left out, so the front of a breaking
  dam or dike comes too late, onto shallow water by a third. Results with fast water or a breach say so.
- **B, Godunov's**: breaches, steep and fast water; some times as dear. Ask for it by `"scheme": "godunov"`.

Told are the deepest and fastest water, hazard, arrival, time under water, depths at points, when roads are cut for a
car or a lorry, water at the walls of buildings and the people in them. Depths at which a road is cut, the hazard rating
and its classes are general knowledge [G]. A terrain model that shows the deck of an underpass keeps the worst place dry
until its cells are lowered: district data.

Alone: `./fengsui science inundation --case case.json --out flood.tif`; validity and papers in
`src/fengsui/science/inundation/README.md`.
"""
DX, COUNT, UNTIL_S, HIGH_M = 2.0, 500, 40.0, 2.0
X = (np.arange(COUNT) - COUNT / 2 + 0.5) * DX
Scheme = Literal["A", "B1", "B2"]
KNOWN: dict[tuple[Scheme, float], tuple[float, float]] = {
    ("A", 1.8): (0.0010, 171), ("A", 0.5): (0.0711, 129), ("B1", 1.8): (0.0010, 175), ("B1", 0.5): (0.0051, 165),
    ("B2", 1.8): (0.00038, 175), ("B2", 0.5): (0.00141, 165),
}  # fmt: skip
"""Relative L1 of the depth and the front in metres; A and the first order as the water notes, section 7, have them."""


def page() -> Page:
    breaks = {key: dam(*key) for key in KNOWN}
    wave, exact = flat()
    checks = [_front(key, found) for key, found in breaks.items()] + [
        _late(key, found) for key, found in breaks.items()
    ]
    error = float(np.sqrt(np.mean((wave - exact)[exact > 0] ** 2)))
    checks.append(
        Check("A: wave on a flat, cells of 25 m, RMSE", "0.033 m", error, 0.027, 0.039, "m", "Hunter et al. 2005")
    )
    checks += [_lake("A"), _lake("B2")]
    return Page("inundation", "Inundation", SAYS, tuple(checks), (_picture(breaks), _wave(wave, exact)))


def stoker(low: float) -> tuple[Values, float]:
    """Depth at X and the place of the front, 40 s after a dam of 2 m breaks onto water `low` deep, no friction."""
    c0 = np.sqrt(G * HIGH_M)
    cm = brentq(
        lambda c: -8 * G * low * c**2 * (c0 - c) ** 2 + (c**2 - G * low) ** 2 * (c**2 + G * low), np.sqrt(G * low), c0
    )
    middle, front = cm**2 / G, 2 * cm**2 * (c0 - cm) / (cm**2 - G * low)
    fan = 4 / (9 * G) * (c0 - X / (2 * UNTIL_S)) ** 2
    ends = -c0 * UNTIL_S, UNTIL_S * (2 * c0 - 3 * cm), front * UNTIL_S
    return np.select([ends[0] > X, ends[1] > X, ends[2] > X], [np.full(COUNT, HIGH_M), fan, middle], low), ends[2]


def _still(shape: tuple[int, int]) -> tuple[tuple[Values, Values], plain.Sides, tuple[Values, Values]]:
    """No walls, closed edges, no flow over the faces."""
    rows, columns = shape
    across, down = (rows, columns + 1), (rows + 1, columns)
    sides = tuple((np.zeros(each, np.int8), np.zeros(each)) for each in (rows, rows, columns, columns))
    return (np.full(across, -np.inf), np.full(down, -np.inf)), sides, (np.zeros(across), np.zeros(down))


def walk(scheme: Scheme, h: Values, z: Values, dx: float, until_s: float) -> tuple[Values, float]:
    """From rest without friction: depth at the end, and the largest discharge over a face in the last step."""
    crests, sides, (qx, qy) = _still((h.shape[0], h.shape[1]))
    rough, now, dry = np.zeros_like(h), 0.0, 1e-4
    state: godunov.State = (h, np.zeros_like(h), np.zeros_like(h))
    while now < until_s - 1e-9:
        depth, px, py = state
        speed = np.maximum(np.abs(px), np.abs(py)) / np.maximum(depth, dry) + np.sqrt(G * depth)
        dt = min((0.6 if scheme == "A" else 0.45) * dx / float(speed.max()), until_s - now)
        if scheme == "A":
            depth, qx, qy = plain.step(depth, qx, qy, z, rough, crests, sides, dt, dx, 0.8, dry)
            state = depth, px, py
        else:
            state, qx, qy = godunov.step(state, z, rough, crests, sides, dt, dx, dry, int(scheme[1]))
        now += dt
    return state[0], float(max(np.abs(qx).max(), np.abs(qy).max()))


def dam(scheme: Scheme, low: float) -> Values:
    start = np.tile(np.where(X < 0, HIGH_M, low), (2, 1))
    depth, _ = walk(scheme, start, np.zeros_like(start), DX, UNTIL_S)
    return np.asarray(depth[0])


def _front(key: tuple[Scheme, float], found: Values) -> Check:
    exact, _ = stoker(key[1])
    share, known = 100 * float(np.abs(found - exact).mean() / exact.mean()), 100 * KNOWN[key][0]
    what = f"{key[0]}: dam break, 2 m onto {key[1]} m, L1 of the depth"
    return Check(what, f"{known:g} %", share, 0.9 * known, 1.1 * known, "%", "Stoker 1957")


def _late(key: tuple[Scheme, float], found: Values) -> Check:
    exact, front = stoker(key[1])
    middle = (exact[(X > 0) & (front > X)].max() + key[1]) / 2
    came, known = float(X[found > middle].max()), KNOWN[key][1]
    what = f"{key[0]}: its front after 40 s (exact: {front:.0f} m)"
    return Check(what, f"{known:g} m", came, known - DX, known + DX, "m", "Stoker 1957")


def _lake(scheme: Scheme) -> Check:
    z = 2 * np.random.default_rng(6).random((20, 20))
    _, flow = walk(scheme, np.maximum(1.2 - z, 0), z, 5.0, 100.0)
    return Check(f"{scheme}: lake at rest, rough bed, partly dry: discharge", "< 1e-12", flow, 0.0, 1e-12, "m2/s")


def flat() -> tuple[Values, Values]:
    """Hunter et al. 2005: a wave at 1 m/s over a flat, n 0.03, after an hour, by scheme A; and the exact one."""
    u, n, end, dx, count, dry = 1.0, 0.03, 3600.0, 25.0, 200, 1e-3
    crests, sides, (qx, qy) = _still((2, count))
    sides[0][0][:] = INFLOW
    h, z, now = np.zeros((2, count)), np.zeros((2, count)), 0.0
    while now < end - 1e-9:
        dt = min(0.6 * dx / float(np.sqrt(G * max(float(h.max()), 0.05))), end - now)
        sides[0][1][:] = (7 / 3 * n**2 * u**2 * u * now) ** (3 / 7) * u
        h, qx, qy = plain.step(h, qx, qy, z, z + n, crests, sides, dt, dx, 0.8, dry)
        now += dt
    x = (np.arange(count) + 0.5) * dx
    return h[0], (7 / 3 * n**2 * u**2 * np.maximum(u * end - x, 0)) ** (3 / 7)


def _picture(breaks: dict[tuple[Scheme, float], Values]) -> Plot:
    exact, _ = stoker(0.5)
    return Plot(
        "dam", "A dam of 2 m breaks onto 0.5 m of water: depth after 40 s", "m from the dam", "m",
        (
            line("exact (Stoker)", X, exact, dashed=True), line("A", X, breaks["A", 0.5]),
            line("B, second order", X, breaks["B2", 0.5]),
        ),
    )  # fmt: skip


def _wave(found: Values, exact: Values) -> Plot:
    x = (np.arange(len(found)) + 0.5) * 25.0
    return Plot(
        "flat", "Water runs in over a flat for an hour: depth by scheme A", "m", "m",
        (line("exact (Hunter et al.)", x, exact, dashed=True), line("A", x, found)),
    )  # fmt: skip
