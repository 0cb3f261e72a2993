"""What is kept of a flood while it runs: the worst of each cell, when water came, how long it stayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from fengsui.science.inundation.plain import G
from fengsui.science.inundation.threads import compiled

LEVELS_M = (0.05, 0.15, 0.25, 0.5)
"""Depths whose arrival is kept: a wet shoe, a car's exhaust, a knee, a car afloat. [G]"""
STAYS_M = 0.15
MOVES_M = 0.05
"""Below this depth no speed is told: discharge over nearly nothing says anything."""
DEBRIS_M = 0.25
SWIFT = 0.8
"""Froude number above which the omitted convection matters."""


@dataclass(slots=True)
class Seen:
    """All (rows, columns) float32, `arrival_s` (levels, rows, columns), infinite where the water never came.

    `hazard`: depth x (speed + 0.5) + debris factor, at one instant each (Defra FD2320/2321 [G]); classes from 0.75,
    1.25 and 2.0 on: dangerous for some, most, all [G].
    """

    depth_m: npt.NDArray[np.float32]
    speed_m_s: npt.NDArray[np.float32]
    hazard: npt.NDArray[np.float32]
    arrival_s: npt.NDArray[np.float32]
    wet_s: npt.NDArray[np.float32]
    swift: float = 0.0


def nothing(shape: tuple[int, int]) -> Seen:
    zero = [np.zeros(shape, np.float32) for _ in range(4)]
    return Seen(zero[0], zero[1], zero[2], np.full((len(LEVELS_M), *shape), np.inf, np.float32), zero[3])


def look(seen: Seen, h: Any, qx: Any, qy: Any, time_s: float, since_s: float, debris: float) -> None:
    """Take in the state at `time_s`, `since_s` after the last look. `swift`: the largest share of swift cells."""
    wet, swift = _looked(
        h.size, h, qx, qy, seen.depth_m, seen.speed_m_s, seen.hazard, seen.arrival_s, seen.wet_s,
        np.asarray(LEVELS_M, np.float32), np.float32(time_s), np.float32(since_s), np.float32(debris),
    )  # fmt: skip
    if wet:
        seen.swift = max(seen.swift, swift / wet)


def _look(
    h: Any, qx: Any, qy: Any, depth: Any, speed: Any, hazard: Any, arrival: Any, stay: Any, levels: Any, at: Any,
    since: Any, debris: Any,
) -> Any:  # fmt: skip
    wet = swift = 0
    for r in prange(h.shape[0]):
        for c in range(h.shape[1]):
            d = np.float32(h[r, c])
            if d <= 0:
                continue
            depth[r, c] = max(depth[r, c], d)
            for k in range(levels.shape[0]):
                if d >= levels[k] and arrival[k, r, c] > at:
                    arrival[k, r, c] = at
            if d >= STAYS_M:
                stay[r, c] += since
            if d > MOVES_M:
                u, v = 0.5 * (qx[r, c] + qx[r, c + 1]) / d, 0.5 * (qy[r, c] + qy[r + 1, c]) / d
                now = np.float32(np.sqrt(u * u + v * v))
                speed[r, c] = max(speed[r, c], now)
                rated = d * (now + np.float32(0.5)) + (debris if d >= DEBRIS_M else np.float32(0))
                hazard[r, c] = max(hazard[r, c], rated)
                wet += 1
                if now > SWIFT * np.sqrt(G * d):
                    swift += 1
    return wet, swift


_looked = compiled(_look)
