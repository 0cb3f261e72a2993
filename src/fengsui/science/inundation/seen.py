"""What is kept of a flood while it runs: the worst of each cell, when water came, how long it stayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from fengsui.science.compiling import njit
from fengsui.science.inundation.fused import FAST
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


@njit(error_model="numpy", fastmath=FAST, inline="always")
def _filled(h: Any, depth: Any, stay: Any, since: Any) -> None:
    """The deepest of each cell of a row, and how long it stood."""
    for c in range(len(h)):
        d = np.float32(h[c])
        depth[c] = max(depth[c], d)
        stay[c] += since if d >= np.float32(STAYS_M) else np.float32(0)


@njit(error_model="numpy", fastmath=FAST, inline="always")
def _reached(h: Any, arrival: Any, level: Any, at: Any) -> None:
    for c in range(len(h)):
        arrival[c] = min(arrival[c], at) if np.float32(h[c]) >= level else arrival[c]


@njit(error_model="numpy", fastmath=FAST, inline="always")
def _moved(h: Any, west: Any, east: Any, over: Any, under: Any, speed: Any, hazard: Any, debris: Any) -> Any:
    """Speed and hazard of a row; how many cells move, and how many of them swiftly. Without a branch: a core works on
    eight or sixteen cells at once."""
    half, least, none = np.float32(0.5), np.float32(MOVES_M), np.float32(0)
    swiftly, knee = np.float32(SWIFT * SWIFT * G), np.float32(DEBRIS_M)
    wet = swift = np.int32(0)
    for c in range(len(h)):
        d = np.float32(h[c])
        u, v = np.float32(half * (west[c] + east[c])), np.float32(half * (over[c] + under[c]))
        moves = d > least
        now = np.sqrt(u * u + v * v) / max(d, least) if moves else none
        rated = d * (now + half) + (debris if d >= knee else none) if moves else none
        speed[c] = max(speed[c], now)
        hazard[c] = max(hazard[c], rated)
        wet += np.int32(moves)
        swift += np.int32(now * now > swiftly * d)
    return wet, swift


def _look(
    h: Any, qx: Any, qy: Any, depth: Any, speed: Any, hazard: Any, arrival: Any, stay: Any, levels: Any, at: Any,
    since: Any, debris: Any,
) -> Any:  # fmt: skip
    wet = swift = 0
    columns = h.shape[1]
    for r in prange(h.shape[0]):
        most = h[r, 0]
        for c in range(columns):
            most = max(most, h[r, c])
        if most <= 0:  # a dry row: nothing of what is kept is touched
            continue
        _filled(h[r], depth[r], stay[r], since)
        for k in range(levels.shape[0]):
            if most >= levels[k]:
                _reached(h[r], arrival[k, r], levels[k], at)
        if most > MOVES_M:
            moving, swiftly = _moved(
                h[r], qx[r, :columns], qx[r, 1:], qy[r], qy[r + 1], speed[r], hazard[r], debris
            )  # fmt: skip
            wet += moving
            swift += swiftly
    return wet, swift


_looked = compiled(_look, fastmath=FAST)
