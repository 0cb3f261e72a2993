"""A reach of a river: what goes in at the top comes out below, later and flatter.

Muskingum-Cunge in the mass-true form of Todini (2007, HESS 11, 1645): Cunge's variable parameters lose some per cent
of a flood; with the Courant and Reynolds numbers of a step corrected by beta = c A / Q, and the old ones at the
beginning and the new ones at the end of it, what is stored is a state and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fengsui.kernel.terms import Term
from fengsui.science.compiling import njit
from fengsui.science.contract import Model, OutOfRange, Remark, Var, within
from fengsui.science.rivers.station import Values

LEAST_SLOPE = 1e-4
"""Below it backwater decides, and this is no model of backwater (design notes)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A prismatic trapezoid: `bottom_m`, `side` (run per rise), `slope`, Manning's `n`, `length_m` in `parts`."""

    length_m: float
    bottom_m: float
    slope: float
    n: float
    side: float = 0.0
    parts: int = 1

    def __post_init__(self) -> None:
        within("length_m", self.length_m, 1.0, 1e6, unit="m", why="reaches are longer than a metre")
        within("bottom_m", self.bottom_m, 0.1, 1e4, unit="m", why="a channel has a width")
        within("slope", self.slope, LEAST_SLOPE, 0.1, why="below it backwater and tide decide, above it waves roll")
        within("n", self.n, 0.01, 0.3, why="Manning's roughness of channels and flood plains")
        within("side", self.side, 0.0, 20.0, why="banks lean outwards")
        within("parts", self.parts, 1, 1000, why="a reach is one part or more")


@dataclass(frozen=True, slots=True)
class Routing:
    """`inflow_m3s` (steps,) every `step_s` into `reach`, which runs steadily with the first of them at the start."""

    reach: Reach
    step_s: float
    inflow_m3s: Values

    def __post_init__(self) -> None:
        within("step_s", self.step_s, 1.0, 86_400.0, unit="s", why="floods move within a day")
        if self.inflow_m3s.ndim != 1 or len(self.inflow_m3s) < 2:
            raise ValueError("inflow_m3s is a series")
        within("inflow_m3s", float(np.min(self.inflow_m3s)), 1e-6, None, unit="m3/s",
               why="a dry bed has no celerity; tide that turns a river is not routed")  # fmt: skip


@njit(error_model="numpy")
def _normal(q: float, bottom: float, side: float, slope: float, n: float, depth: float) -> tuple[float, float, float]:
    """Area, width and celerity dQ/dA of normal flow; Newton from `depth`, in the logarithm, where it converges fast."""
    y = max(depth, 1e-6)
    for _ in range(60):
        a = (bottom + side * y) * y
        p = bottom + 2.0 * y * np.sqrt(1.0 + side * side)
        width = bottom + 2.0 * side * y
        now = np.sqrt(slope) / n * a ** (5.0 / 3.0) / p ** (2.0 / 3.0)
        rate = now * (5.0 / 3.0 * width / a - 4.0 / 3.0 * np.sqrt(1.0 + side * side) / p)
        move = np.log(q / now) * now / (rate * y)
        y *= np.exp(min(max(move, -1.0), 1.0))
        if abs(move) < 1e-12:
            break
    a = (bottom + side * y) * y
    p = bottom + 2.0 * y * np.sqrt(1.0 + side * side)
    width = bottom + 2.0 * side * y
    celerity = q * (5.0 / 3.0 / a - 4.0 / 3.0 * np.sqrt(1.0 + side * side) / (p * width))
    return a, width, celerity


@njit(error_model="numpy")
def _numbers(
    q: float, bottom: float, side: float, slope: float, n: float, dx: float, dt: float
) -> tuple[float, float, float]:
    """Courant and Reynolds numbers over beta, and the celerity."""
    a, width, c = _normal(q, bottom, side, slope, n, (q * n / (bottom * np.sqrt(slope))) ** 0.6)
    beta = c * a / q
    return c / beta * dt / dx, q / (beta * width * slope * c * dx), c


@njit(error_model="numpy")
def _part(
    inflow: Values,
    out: Values,
    stored: Values,
    bottom: float,
    side: float,
    slope: float,
    n: float,
    dx: float,
    dt: float,
) -> tuple[float, float]:
    """One part; also the least C + D (below 1 the answer dips) and the largest Courant number of the flow."""
    out[0] = inflow[0]
    c0, d0, speed = _numbers(inflow[0], bottom, side, slope, n, dx, dt)
    stored[0] = dt / c0 * (0.5 * (1.0 - d0) * inflow[0] + 0.5 * (1.0 + d0) * out[0])
    least, most = c0 + d0, speed * dt / dx
    for t in range(len(inflow) - 1):
        guess = max(out[t] + inflow[t + 1] - inflow[t], 1e-6)
        for _ in range(3):
            c1, d1, speed = _numbers(0.5 * (inflow[t + 1] + guess), bottom, side, slope, n, dx, dt)
            below = 1.0 + c1 + d1
            guess = (
                (c1 + d1 - 1.0) * inflow[t + 1] + ((1.0 + c0 - d0) * inflow[t] + (1.0 - c0 + d0) * out[t]) * c1 / c0
            ) / below
            guess = max(guess, 1e-6)
        out[t + 1] = guess
        stored[t + 1] = dt / c1 * (0.5 * (1.0 - d1) * inflow[t + 1] + 0.5 * (1.0 + d1) * out[t + 1])
        c0, d0 = c1, d1
        least, most = min(least, c1 + d1), max(most, speed * dt / dx)
    return least, most


def route(asked: Routing) -> tuple[Values, Values, float, float]:
    """Outflow m3/s and water stored m3, (steps,) each; least C + D and largest Courant number on the way."""
    reach, flow = asked.reach, np.ascontiguousarray(asked.inflow_m3s, np.float64)
    stored, least, most = np.zeros(len(flow)), np.inf, 0.0
    for _ in range(reach.parts):
        out, held = np.empty(len(flow)), np.empty(len(flow))
        low, high = _part(
            flow,
            out,
            held,
            reach.bottom_m,
            reach.side,
            reach.slope,
            reach.n,
            reach.length_m / reach.parts,
            asked.step_s,
        )
        flow, stored, least, most = out, stored + held, min(least, low), max(most, high)
    return flow, stored, least, most


def missing(asked: Routing, out: Values, stored: Values) -> float:
    """Share of the inflow that is neither stored nor gone."""
    came = float(np.trapezoid(asked.inflow_m3s)) * asked.step_s
    went = float(np.trapezoid(out)) * asked.step_s
    return abs(came - went - float(stored[-1] - stored[0])) / came


DIPS = Remark(
    "reach.dips",
    "部分时段库朗数与雷诺数之和小于1，涨水初期出流可能先降后涨，宜减少分段或加大步长",
    "Courant and Reynolds number are together below 1 at times: outflow may dip before it rises; take fewer parts",
    "V",
)


def _compute(asked: Routing) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    out, stored, least, _ = route(asked)
    lost = missing(asked, out, stored)
    if not np.isfinite(out).all() or lost > 1e-6:
        raise OutOfRange("inflow_m3s", lost, high=1e-6, why="the account of water does not close: change the parts")
    values = {
        "time_s": np.arange(len(out)) * asked.step_s, "outflow_m3s": out, "stored_m3": stored, "missing": lost,
    }  # fmt: skip
    return values, (DIPS,) if least < 1.0 else ()


MODEL = Model(
    code="river-reach",
    version="1",
    term=Term("river-reach", "河道洪水演进", "river reach"),
    inputs=Routing,
    variables=(
        Var("time_s", "s", ("step",), "out", "time"),
        Var("outflow_m3s", "m3/s", ("step",), "out", "flow at the lower end"),
        Var("stored_m3", "m3", ("step",), "out", "water in the reach"),
        Var("missing", "1", (), "out", "share of the inflow the account cannot explain"),
    ),
    compute=_compute,
    verified=True,
    papers=(
        "Todini 2007, Hydrol. Earth Syst. Sci. 11, 1645",
        "Cunge 1969, J. Hydraul. Res. 7",
        "Ponce & Yevjevich 1978",
    ),
)
