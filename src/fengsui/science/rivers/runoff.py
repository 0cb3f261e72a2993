"""Rain to discharge by two stores and two unit hydrographs: GR4J (Perrin, Michel & Andreassian 2003) by the hour.

The hour's version differs in two numbers: percolation is divided by 21/4 instead of 9/4, and the unit hydrographs rise
with the power 1.25 instead of 2.5 (as in the authors' own code). Four parameters are fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import differential_evolution

from fengsui.kernel.terms import Term
from fengsui.science.compiling import njit
from fengsui.science.contract import Model, Remark, Var, within
from fengsui.science.rivers.station import Marks, Values

BOUNDS = ((10.0, 2500.0), (-20.0, 10.0), (5.0, 1000.0), (1.0, 240.0))
USUAL = ((100.0, 1200.0), (-5.0 / 24.0, 3.0 / 24.0), (20.0, 300.0), (1.5, 72.0))
"""Where four fifths of 429 basins lie (Perrin et al. 2003, by the day; x4 by the hour from 1.5): what is searched. Two
wet seasons alone would choose a soil of 17 mm, and a dry year would give twice its water."""
PERCOLATION, POWER = 21.0 / 4.0, 1.25


@dataclass(frozen=True, slots=True)
class Basin:
    """`store_mm` x1, `exchange_mm` x2 (an hour; below 0 water leaves), `routing_mm` x3, `delay_h` x4.

    `pet_share`: of the potential evaporation given, what is used: 1 where its amount is trusted.
    """

    store_mm: float
    exchange_mm: float
    routing_mm: float
    delay_h: float
    pet_share: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in zip(("store_mm", "exchange_mm", "routing_mm", "delay_h"), BOUNDS, strict=True):
            within(name, getattr(self, name), low, high, why="beyond it the model was never used")
        within("pet_share", self.pet_share, 0.0, 2.0, why="evaporation that is given twice over is another's")


@dataclass(frozen=True, slots=True)
class Rained:
    """`rain_mm`, `pet_mm` of each hour (hours,) on `area_km2`; stores begin filled by these shares."""

    basin: Basin
    area_km2: float
    rain_mm: Values
    pet_mm: Values
    store_share: float = 0.3
    routing_share: float = 0.3

    def __post_init__(self) -> None:
        within("area_km2", self.area_km2, 1.0, 1e5, unit="km2", why="one rain for all of it")
        if self.rain_mm.shape != self.pet_mm.shape or self.rain_mm.ndim != 1 or not len(self.rain_mm):
            raise ValueError("rain_mm and pet_mm are series of one length")
        within(
            "rain_mm", float(self.rain_mm.min()), 0.0, 400.0, unit="mm", why="rain of an hour; blanks must be filled"
        )
        within("pet_mm", float(self.pet_mm.min()), 0.0, 5.0, unit="mm", why="evaporation of an hour")
        within("store_share", self.store_share, 0.0, 1.0, why="it is a share")
        within("routing_share", self.routing_share, 0.0, 1.0, why="it is a share")


@njit(error_model="numpy")
def _ordinates(x4: float, both: bool) -> Values:
    """Of the first (one-sided, x4 long) or second (two-sided, 2 x4 long) unit hydrograph."""
    count = int(np.ceil(2.0 * x4 if both else x4))
    out, before = np.empty(count), 0.0
    for j in range(count):
        t = float(j + 1)
        if t >= (2.0 * x4 if both else x4):
            now = 1.0
        elif not both:
            now = (t / x4) ** POWER
        elif t <= x4:
            now = 0.5 * (t / x4) ** POWER
        else:
            now = 1.0 - 0.5 * (2.0 - t / x4) ** POWER
        out[j], before = now - before, now
    return out


@njit(error_model="numpy")
def _run(
    rain: Values, pet: Values, x1: float, x2: float, x3: float, x4: float, share: float, routed: float
) -> tuple[Values, Values]:
    """Discharge in mm an hour, and the account (7,): rain, evaporation, exchange, discharge, stored before and after in
    the stores, and on its way in the unit hydrographs."""
    first, second = _ordinates(x4, False), _ordinates(x4, True)
    way1, way2 = np.zeros(len(first) + 1), np.zeros(len(second) + 1)
    s, r = share * x1, routed * x3
    out, account = np.empty(len(rain)), np.zeros(7)
    account[4] = s + r
    for t in range(len(rain)):
        p, e = rain[t], pet[t]
        if p >= e:
            net = p - e
            w = np.tanh(min(net / x1, 13.0))
            kept = x1 * (1.0 - (s / x1) ** 2) * w / (1.0 + s / x1 * w)
            s += kept
            lost, pr = e, net - kept
        else:
            w = np.tanh(min((e - p) / x1, 13.0))
            drawn = s * (2.0 - s / x1) * w / (1.0 + (1.0 - s / x1) * w)
            s -= drawn
            lost, pr = p + drawn, 0.0
        down = s * (1.0 - (1.0 + (s / x1 / PERCOLATION) ** 4) ** -0.25)
        s -= down
        pr += down
        for j in range(len(first)):
            way1[j] = way1[j + 1] + first[j] * 0.9 * pr
        for j in range(len(second)):
            way2[j] = way2[j + 1] + second[j] * 0.1 * pr
        swap = x2 * (r / x3) ** 3.5
        before = r + way1[0]
        r = max(0.0, before + swap)
        gone = r - before
        fast = r * (1.0 - (1.0 + (r / x3) ** 4) ** -0.25)
        r -= fast
        direct = max(0.0, way2[0] + swap)
        gone += direct - way2[0]
        out[t] = fast + direct
        account[0] += p
        account[1] += lost
        account[2] += gone
        account[3] += out[t]
    account[5] = s + r
    account[6] = way1[1:].sum() + way2[1:].sum()
    return out, account


def discharge(asked: Rained) -> tuple[Values, float]:
    """m3/s (hours,), and the share of the rain that the account of water cannot explain."""
    b = asked.basin
    out, a = _run(
        np.ascontiguousarray(asked.rain_mm), np.ascontiguousarray(asked.pet_mm * b.pet_share), b.store_mm,
        b.exchange_mm, b.routing_mm, b.delay_h, asked.store_share, asked.routing_share,
    )  # fmt: skip
    lost = abs(a[0] - a[1] + a[2] - a[3] + a[4] - a[5] - a[6]) / max(a[0], 1.0)
    return out * asked.area_km2 / 3.6, float(lost)


def calibrate(
    rain: Values, pet: Values, flow: Values, area_km2: float, used: Marks, *, fit_pet: bool = False, seed: int = 1
) -> tuple[Basin, float]:
    """Parameters of the best Kling-Gupta efficiency over the hours `used`, and that efficiency. Some seconds.

    Mean of the efficiency of Q and of the root of Q: floods decide, but low water is not made up. `fit_pet`: the share
    of the evaporation is a fifth parameter, from 0.05 to 1.2.
    """
    want = flow[used]

    def made(p: Values) -> Basin:
        four = float(np.exp(p[0])), float(p[1]), float(np.exp(p[2])), float(np.exp(p[3]))
        return Basin(*four, float(p[4]) if fit_pet else 1.0)

    def cost(p: Values) -> float:
        b = made(p)
        got = _run(rain, pet * b.pet_share, b.store_mm, b.exchange_mm, b.routing_mm, b.delay_h, 0.3, 0.3)[0][used]
        got *= area_km2 / 3.6
        return -(kling_gupta(got, want) + kling_gupta(np.sqrt(got), np.sqrt(np.maximum(want, 0.0)))) / 2

    (a, b), (c, d), (e, f), (g, h) = USUAL
    ends = [(np.log(a), np.log(b)), (c, d), (np.log(e), np.log(f)), (np.log(g), np.log(h))]
    ends += [(0.05, 1.2)] if fit_pet else []
    found = differential_evolution(cost, ends, seed=seed, popsize=10, maxiter=40, tol=1e-5)
    return made(found.x), -float(found.fun)


def kling_gupta(said: Values, was: Values) -> float:
    """1 - distance of correlation, ratio of spreads and ratio of means from 1 (Gupta et al. 2009)."""
    if said.std() < 1e-12 or was.std() < 1e-12:
        return -9.0
    r = float(np.corrcoef(said, was)[0, 1])
    return 1.0 - float(np.sqrt((r - 1) ** 2 + (said.std() / was.std() - 1) ** 2 + (said.mean() / was.mean() - 1) ** 2))


def nash_sutcliffe(said: Values, was: Values) -> float:
    """1 - squared error over that of the mean."""
    return 1.0 - float(np.sum((said - was) ** 2) / np.sum((was - was.mean()) ** 2))


def _compute(asked: Rained) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    flow, lost = discharge(asked)
    return {"time_s": np.arange(len(flow)) * 3600.0, "flow_m3s": flow, "missing": lost}, ()


MODEL = Model(
    code="rain-runoff",
    version="1",
    term=Term("rain-runoff", "降雨径流", "rain to discharge"),
    inputs=Rained,
    variables=(
        Var("time_s", "s", ("hour",), "out", "start of each hour"),
        Var("flow_m3s", "m3/s", ("hour",), "out", "mean discharge of the hour"),
        Var("missing", "1", (), "out", "share of the rain the account cannot explain"),
    ),
    compute=_compute,
    verified=True,
    papers=("Perrin, Michel & Andreassian 2003, J. Hydrol. 279", "Gupta et al. 2009, J. Hydrol. 377"),
)
