"""One flood under way: its time step, what soaks and comes in, the account of every cubic metre."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, distance_transform_edt

from fengsui.science.inundation import fused, seen
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.ground import SIDES, Values
from fengsui.science.inundation.plain import CLOSED, INFLOW, LEVEL, NORMAL, G
from fengsui.science.inundation.soak import soak, soak_by_depth

ALPHA, THETA = 0.6, 0.8
"""Step as a share of dx / sqrt(g h) and the weight of a face's own discharge. The check-board mode of deep smooth water
wants alpha <= sqrt(theta / 2): the customary 0.7 with 0.8 blows up [V: tests/test_fused.py]."""
SHALLOWEST_M = 0.05
SOAK_S = 2.0
"""Rain and what seeps away are put in this often at most: in single precision a thousandth of a millimetre vanishes in
a metre of water."""
WALL_M = 1.0e6
TILE = fused.BAND * fused.WIDTH
AWAKE_STEPS = 16
"""Steps between two looks for dry tiles: water crosses a cell a step at most, and a tile has 64."""
EDGES: Any = {"west": np.s_[:, 0], "east": np.s_[:, -1], "north": np.s_[0], "south": np.s_[-1]}
LOST = {"float32": 1e-6, "float64": 1e-10}
"""Share of all water that may be missing in the account before the run is thrown away."""
CODES = {"normal": NORMAL, "level": LEVEL, "inflow": INFLOW}


@dataclass(slots=True)
class Account:
    """Water in m3 since the start, float64. `edges`: came in less what went out."""

    start: float = 0.0
    rain: float = 0.0
    seeped: float = 0.0
    sources: float = 0.0
    edges: float = 0.0
    turned: float = 0.0
    """All that ever went in: what the error is a share of."""

    def missing(self, stored: float) -> float:
        """Share of all water that is not accounted for; positive: water was made."""
        told = self.start + self.rain + self.sources + self.edges - self.seeped
        return (stored - told) / max(self.start + self.turned, 1e-9)


class Run:
    """One flood under way. `advance` as far as wanted; two advances give the same bits as one, at whole looks."""

    def __init__(self, flood: Flood) -> None:
        self.flood, ground = flood, flood.ground
        self.kind: Any = np.float32 if flood.precision == "float32" else np.float64
        self.step = fused.step_of(self.kind)
        self.dx, self.time_s, self.soaked_s, self.steps = ground.cell_m, 0.0, 0.0, 0
        self.dry = 1e-4 if flood.rain is not None else 1e-3
        built = ground.built if ground.built is not None else np.zeros(ground.bed_m.shape, np.bool_)
        floor = ground.floor_m()
        self.datum = float(floor[~built].min())
        # A bed no water overtops is a closed face on all four sides, and costs no array of its own.
        self.z = np.where(built, WALL_M, np.nan_to_num(floor) - self.datum).astype(self.kind)
        self.n = ground.manning.astype(self.kind)
        start = np.zeros(built.shape) if flood.depth_m is None else np.where(built, 0.0, flood.depth_m)
        self.h = start.astype(self.kind)
        rows, columns = built.shape
        self.qx, self.qy = np.zeros((rows, columns + 1), self.kind), np.zeros((rows + 1, columns), self.kind)
        self.spare = [np.zeros_like(each) for each in (self.h, self.qx, self.qy)]
        self.pool_m = 0.0
        self.raised = float(self.h.max())  # deepest water since the last step, which tells of its own
        self.room, self.deepest = fused.room(rows, columns, self.kind)
        self.tiles = np.arange(self.deepest.size)
        self.rained_s = float(flood.rain.edges_s[-1]) if flood.rain is not None else 0.0
        self.catch = _catchment(built).astype(self.kind)
        self.soil = np.where(built, 0.0, 1.0 if flood.pervious is None else flood.pervious).astype(self.kind)
        self.fade = np.ones(built.shape, self.kind)
        self.seeped = np.zeros(built.shape if flood.green_ampt is not None else (0, 0))
        self.codes, self.values = (
            np.zeros((4, max(rows, columns)), np.int8),
            np.zeros((4, max(rows, columns)), self.kind),
        )
        walled = bool(flood.walls)
        self.cx = np.full(self.qx.shape if walled else (1, 1), -np.inf, self.kind)
        self.cy = np.full(self.qy.shape if walled else (1, 1), -np.inf, self.kind)
        self.unset = flood.walls
        self.given = np.zeros(len(flood.sources))
        """m3 of each source."""
        self.pooled = 0.0
        """m3 that the pools gave, less what they took: among the sources of the account."""
        self.account = Account(start=self.stored())
        self.seen = seen.nothing((rows, columns))
        self.point_time_s: list[float] = []
        self.point_depth_m: list[list[float]] = []
        self._look(0.0)

    def advance(self, to_s: float, told: Callable[[float], None] | None = None) -> None:
        """Run to `to_s`, a whole number of looks (or the end). `told`: called with the time after each look.

        Raises ArithmeticError when the numbers blew up or water was lost or made.
        """
        looks = math.ceil(to_s / self.flood.look_s - 1e-9)
        while self.time_s < to_s - 1e-9:
            number = round(self.time_s / self.flood.look_s) + 1
            mark = min(number * self.flood.look_s if number <= looks else to_s, to_s)
            since = mark - self.time_s
            self._to(mark)
            self._look(since)
            self._prove()
            if told is not None:
                told(self.time_s)

    def _to(self, mark: float) -> None:
        while self.time_s < mark:
            if self.steps % AWAKE_STEPS == 0 and self.steps:
                self._wake()
            self._edges()
            self._walls()
            left = mark - self.time_s
            parts = math.ceil(left / self._longest())
            dt = left / parts
            self._forward(dt)
            self._count_edges(dt)
            if self.flood.pools:
                self._pools(self.time_s + dt)
            self.time_s = mark if parts == 1 else self.time_s + dt
            self.steps, self.raised = self.steps + 1, self.pool_m
            if self.time_s - self.soaked_s >= SOAK_S - 1e-9 or self.time_s == mark:
                self._soak()

    def _longest(self) -> float:
        """The longest step that holds, s."""
        highest = max(float(self.deepest.max()), self.raised, SHALLOWEST_M)
        return ALPHA * self.dx / math.sqrt(G * highest)

    def _forward(self, dt: float) -> None:
        h2, qx2, qy2 = self.spare
        self.step(
            len(self.tiles) * TILE, self.h, self.qx, self.qy, h2, qx2, qy2, self.z, self.n, self.codes, self.values,
            bool(self.flood.walls), self.cx, self.cy, self.tiles, self.room, self.deepest,
            *map(self.kind, (dt, self.dx, THETA, self.dry)),
        )  # fmt: skip
        self.spare = [self.h, self.qx, self.qy]
        self.h, self.qx, self.qy = h2, qx2, qy2

    def _wake(self) -> None:
        """Tiles that hold water, or that it can reach before the next look, or where it comes in.

        While rain falls or soaks away every tile changes, and none sleeps.
        """
        if self.flood.horton is not None or self.flood.green_ampt is not None or self.time_s <= self.rained_s:
            return
        wet = self.deepest > self.dry
        if wet.all() and len(self.tiles) == wet.size:
            return
        for each in self.flood.sources:
            wet[each.row // fused.BAND, each.column // fused.WIDTH] = True
        for pool in self.flood.pools:
            rows, columns = np.nonzero(pool.where)
            wet[rows // fused.BAND, columns // fused.WIDTH] = True
        for edge in self.flood.edges:
            wet[EDGES[edge.side]] = True
        awake = np.flatnonzero(binary_dilation(wet, np.ones((3, 3))))
        for tile in np.setdiff1d(self.tiles, awake):
            self._lull(int(tile))
        self.tiles = awake

    def _lull(self, tile: int) -> None:
        """Both buffers of a tile that is no longer worked on hold the same."""
        rows, columns = self._place(tile)
        self.spare[0][rows, columns] = self.h[rows, columns]
        for each in (self.qx, self.qy, *self.spare[1:]):
            each[rows, columns] = 0

    def _place(self, tile: int) -> tuple[slice, slice]:
        """Rows and columns of a tile."""
        band, place = divmod(tile, self.deepest.shape[1])
        rows = slice(band * fused.BAND, (band + 1) * fused.BAND)
        return rows, slice(place * fused.WIDTH, (place + 1) * fused.WIDTH)

    def _edges(self) -> None:
        if not self.flood.edges:  # closed all around, as they were made
            return
        self.codes[:], self.values[:] = CLOSED, 0
        behind = {"west": self.h[:, 0], "east": self.h[:, -1], "north": self.h[0], "south": self.h[-1]}
        for each in self.flood.edges:
            side, here, value = SIDES.index(each.side), slice(each.start, each.stop), each.series.at(self.time_s)
            depth = behind[each.side][here]
            place = self.codes[side, : len(behind[each.side])][here], self.values[side, : len(behind[each.side])][here]
            place[0][:] = CODES[each.kind]
            if each.kind == "inflow":
                share = depth.astype(np.float64) ** (5 / 3)
                total = share.sum()
                place[1][:] = value / self.dx * (share / total if total > 0 else 1 / len(depth))
            else:
                place[1][:] = value - self.datum if each.kind == "level" else value

    def _walls(self) -> None:
        for each in self.unset:
            crest = each.crest_m.at(self.time_s) - self.datum
            if each.along == "column":
                self.cx[each.start : each.stop, each.at] = crest
            else:
                self.cy[each.at, each.start : each.stop] = crest
        if self.unset is self.flood.walls:  # those that never move are set once
            self.unset = tuple(each for each in self.flood.walls if len(each.crest_m.values) > 1)

    def _count_edges(self, dt: float) -> None:
        if not self.flood.edges:
            return
        sides = (self.qx[:, 0], -self.qx[:, -1], self.qy[0], -self.qy[-1])
        came = [each.astype(np.float64) * float(self.kind(dt)) * self.dx for each in sides]
        self.account.edges += sum(float(each.sum()) for each in came)
        self.account.turned += sum(float(each[each > 0].sum()) for each in came)

    def _soak(self) -> None:
        """Rain, sources and what seeps away since the last time."""
        start, self.soaked_s = self.soaked_s, self.time_s
        took, area = self.time_s - start, self.dx * self.dx
        fell = 0.0 if self.flood.rain is None else self.flood.rain.between(start, self.time_s)
        if (soil := self.flood.horton) is not None:
            more, kept = soil.first_m_s - soil.last_m_s, math.exp(-soil.decay_1_s * took)
            sums = soak(self.h, self.catch, fell, self.soil, self.fade, soil.last_m_s * took, more * took, kept)
        elif (ampt := self.flood.green_ampt) is not None:
            drawn = ampt.suction_m * ampt.deficit
            sums = soak_by_depth(self.h, self.catch, fell, self.soil, self.seeped, ampt.conductivity_m_s * took, drawn)
        elif fell > 0:
            sums = soak(self.h, self.catch, fell, self.soil, self.fade, 0.0, 0.0, 1.0)
        else:
            sums = 0.0, 0.0, float(self.deepest.max())
        self.account.rain += sums[0] * area
        self.account.turned += sums[0] * area
        self.account.seeped += sums[1] * area
        self.raised = max(sums[2], self._sources(start, took, area), self.pool_m)

    def _sources(self, start: float, took: float, area: float) -> float:
        """Put in and take out; the deepest of the cells that were touched."""
        deepest = 0.0
        for number, each in enumerate(self.flood.sources):
            wanted = each.series.at(start + took / 2) * took / area
            held = float(self.h[each.row, each.column])
            self.h[each.row, each.column] = self.kind(max(held + wanted, 0.0))
            put = (float(self.h[each.row, each.column]) - held) * area
            self.given[number] += put
            self.account.sources += put
            self.account.turned += max(put, 0.0)
            deepest = max(deepest, held + wanted)
        return deepest

    def _pools(self, time_s: float) -> None:
        """Hold the pools at their levels. Their water keeps its momentum: stopped, it would have to be sped up anew in
        the next cell, which costs a breach a tenth of its water (tests)."""
        self.pool_m = 0.0
        for each in self.flood.pools:
            held = self.h[each.where].astype(np.float64)
            bed = np.asarray(self.z[each.where], np.float64)
            wanted = np.maximum(each.level_m.at(time_s) - self.datum - bed, 0.0).astype(self.kind)
            self.h[each.where] = wanted
            more = (wanted.astype(np.float64) - held) * self.dx**2
            self.pooled += float(more.sum())
            self.account.sources += float(more.sum())
            self.account.turned += float(more[more > 0].sum())
            self.pool_m = max(self.pool_m, float(wanted.max()))

    def stored(self) -> float:
        """Water on the grid, m3."""
        return float(self.h.astype(np.float64, copy=False).sum()) * self.dx * self.dx

    def _look(self, since_s: float) -> None:
        seen.look(self.seen, self.h, self.qx, self.qy, self.time_s, since_s, self.flood.debris)
        self.point_time_s.append(self.time_s)
        self.point_depth_m.append([float(self.h[place]) for place in self.flood.points])

    def _prove(self) -> None:
        stored = self.stored()
        if not math.isfinite(stored):
            raise ArithmeticError(f"the flood blew up before {self.time_s:.0f} s")
        if abs(missing := self.account.missing(stored)) > LOST[self.flood.precision]:
            raise ArithmeticError(f"{missing:.2e} of all water is unaccounted for at {self.time_s:.0f} s")


def _catchment(built: npt.NDArray[np.bool_]) -> Values:
    """How many cells' rain each open cell gets: its own, and of the roofs it is the nearest to."""
    if not built.any():
        return np.ones(built.shape)
    places = distance_transform_edt(built, return_distances=False, return_indices=True)
    flat = np.ravel_multi_index(tuple(places), built.shape).ravel()
    return np.bincount(flat, minlength=built.size).reshape(built.shape).astype(np.float64)
