"""Routing learned from a flood that was measured at both ends: Muskingum, linear and with a power; and plain lag.

Storage S = K (x I + (1 - x) O)^m. The power form steps as Tung (1985) and those who compared themselves on Wilson's
flood of 1974 did: outflow from the storage and the inflow of the step before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from fengsui.science.contract import within
from fengsui.science.rivers.station import Values


@dataclass(frozen=True, slots=True)
class Muskingum:
    """`k` (time units of the step's, at m = 1), `x` weight of the inflow, `m` power."""

    k: float
    x: float
    m: float = 1.0

    def __post_init__(self) -> None:
        within("k", self.k, 1e-9, None, why="water takes time")
        within("x", self.x, -0.5, 0.5, why="above it a wave would grow on its way")
        within("m", self.m, 0.3, 5.0, why="beyond it is no river")

    def route(self, inflow: Values, step: float, first: float | None = None) -> Values:
        """Outflow (steps,); `first`: outflow at the start, the inflow where None."""
        out = np.empty(len(inflow))
        out[0] = inflow[0] if first is None else first
        if self.m == 1.0:
            below = self.k * (1 - self.x) + step / 2
            c0 = (step / 2 - self.k * self.x) / below
            c1 = (step / 2 + self.k * self.x) / below
            c2 = (self.k * (1 - self.x) - step / 2) / below
            for t in range(1, len(inflow)):
                out[t] = c0 * inflow[t] + c1 * inflow[t - 1] + c2 * out[t - 1]
            return out
        stored = self.k * (self.x * inflow[0] + (1 - self.x) * out[0]) ** self.m
        for t in range(1, len(inflow)):
            now = ((stored / self.k) ** (1 / self.m) - self.x * inflow[t - 1]) / (1 - self.x)
            stored = max(stored + step * (inflow[t - 1] - now), 1e-9)
            out[t] = ((stored / self.k) ** (1 / self.m) - self.x * inflow[t - 1]) / (1 - self.x)
        return out


def calibrate(inflow: Values, outflow: Values, step: float, *, power: bool) -> tuple[Muskingum, float]:
    """Parameters of the least sum of squares, and that sum. Several starts; Nelder & Mead."""

    def made(p: Values) -> Muskingum:
        m = float(np.clip(np.exp(p[2]), 0.31, 4.9)) if power else 1.0
        return Muskingum(float(np.exp(np.clip(p[0], -15, 15))), float(np.clip(p[1], -0.49, 0.499)), m)

    def cost(p: Values) -> float:
        rest = made(p).route(inflow, step, float(outflow[0])) - outflow
        return float(rest @ rest) if np.isfinite(rest).all() else 1e12

    with np.errstate(all="ignore"):
        starts: list[tuple[float, ...]] = (
            [(np.log(0.1 * step), 0.2, np.log(1.5)), (np.log(0.05 * step), 0.3, np.log(2.0))]
            if power
            else [(np.log(step), 0.1), (np.log(4 * step), 0.3)]
        )
        how = {"xatol": 1e-7, "fatol": 1e-7, "maxiter": 2000}
        tries = [minimize(cost, start, method="Nelder-Mead", options=how) for start in starts]
    best = min(tries, key=lambda each: each.fun)
    return made(best.x), float(best.fun)


def lag(upper: Values, lower: Values, most: int) -> tuple[int, float]:
    """Steps by which the changes of the lower series follow those of the upper, and their correlation then."""
    a, b = np.diff(upper), np.diff(lower)
    found = []
    for steps in range(most + 1):
        x, y = a[: len(a) - steps], b[steps:]
        good = np.isfinite(x) & np.isfinite(y)
        alike = good.sum() > 3 and x[good].std() > 0 and y[good].std() > 0
        found.append(float(np.corrcoef(x[good], y[good])[0, 1]) if alike else -1.0)
    best = int(np.argmax(found))
    return best, found[best]
