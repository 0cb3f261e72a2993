"""The grid of a flood, into which water comes up and from which it goes down between two looks at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from fengsui.science.inundation import fused
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.godunov_run import Godunov
from fengsui.science.inundation.ground import Marks, Source, Values, steady
from fengsui.science.inundation.run import Run

Cells = npt.NDArray[np.intp]


class Street(Run):
    """A run whose way to the next look is gone in parts, an exchange before each.

    `exchange`: puts water in or takes it (`put`) and says how many seconds the part is long. `exchanged`: m3 that came
    up less what went down; the account has it among its sources.
    """

    exchange: Callable[[], float] | None = None
    exchanged: float = 0.0

    def _to(self, mark: float) -> None:
        while self.time_s < mark:
            super()._to(mark if self.exchange is None else min(mark, self.time_s + self.exchange()))

    def put(self, cells: Cells, m3: Values) -> Values:
        """Put m3 into cells (flat places, each once; negative: take out) at once; what was put, as the grid keeps it.

        No more is taken than there is. Single precision keeps a little more or less than it is given.
        """
        area = self.dx * self.dx
        held = self.h.flat[cells].astype(np.float64)
        self.h.flat[cells] = np.maximum(held + m3 / area, 0.0).astype(self.kind)
        after = self.h.flat[cells].astype(np.float64)
        done: Values = (after - held) * area
        self.exchanged += float(done.sum())
        self.account.sources += float(done.sum())
        self.account.turned += float(done[done > 0].sum())
        self.raised = max(self.raised, float(after.max(initial=0.0)))
        return done


class SwiftStreet(Street, Godunov):
    """The same by scheme B: what goes down takes its momentum along, what comes up brings none."""

    def put(self, cells: Cells, m3: Values) -> Values:
        before = self.h.flat[cells].astype(np.float64)
        done = super().put(cells, m3)
        left = before + done / self.dx**2
        part = np.minimum(1.0, np.divide(left, before, out=np.ones_like(before), where=before > 0))
        for each in (self.px, self.py):
            each.flat[cells] = (each.flat[cells] * part).astype(self.kind)
        return done


def street(flood: Flood, cells: Cells, piped: Marks | None) -> Street:
    """At its start, by the scheme that is asked for; `cells` may be put into. No rain falls where `piped` is True."""
    columns = flood.ground.bed_m.shape[1]
    tiles: dict[Any, Source] = {}
    for cell in cells.tolist():
        row, column = divmod(cell, columns)
        # A source of nothing keeps its tile awake: one that sleeps would forget what is put into it.
        tiles.setdefault((row // fused.BAND, column // fused.WIDTH), Source(row, column, steady(0.0)))
    wanted = dataclasses.replace(flood, sources=(*flood.sources, *tiles.values()))
    run = SwiftStreet(wanted) if flood.scheme == "godunov" else Street(wanted)
    if piped is not None:
        run.catch = rained(flood.ground.built, ~piped).astype(run.kind)
    return run


def rained(built: Marks | None, on: Marks) -> Values:
    """How many cells' rain each open cell gets: of itself and of the roofs it is the nearest to, those it rains on."""
    if built is None or not built.any():
        return on.astype(np.float64)
    places = distance_transform_edt(built, return_distances=False, return_indices=True)
    flat = np.ravel_multi_index(tuple(places), built.shape).ravel()
    return np.bincount(flat, on.ravel(), built.size).reshape(built.shape)
