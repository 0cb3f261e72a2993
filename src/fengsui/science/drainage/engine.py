"""SWMM in this process, of which there is one: its state is global. Only `child.py` calls it, in a child process.

Metres and seconds outside, the project's units inside. Nodes are known by their place in the project's order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from swmm.toolkit import shared_enum, solver

from fengsui.science.drainage.project import INP, OUT, RPT
from fengsui.science.drainage.units import Units
from fengsui.science.drainage.written import NOTHING, Written

Values = npt.NDArray[np.float64]
Nodes = npt.NDArray[np.intp]
TOLD_S = 0.2
_KINDS = ("junction", "outfall", "storage", "divider")
_IN = ("dwInflow", "wwInflow", "gwInflow", "iiInflow", "exInflow")
_OUT = ("flooding", "outflow", "evapLoss", "seepLoss", "reacted")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a project is, in SI. `kinds`, `invert_m`, `full_m` (depth to the rim) by node; `least_m2`: the surface
    that SWMM gives a manhole."""

    units: str
    duration_s: float
    node_ids: tuple[str, ...]
    link_ids: tuple[str, ...]
    subcatchment_ids: tuple[str, ...]
    kinds: tuple[str, ...]
    invert_m: Values
    full_m: Values
    area_m2: Values
    """Of each subcatchment."""
    least_m2: float


@dataclass(frozen=True, slots=True)
class Totals:
    """Water in m3 since the start, by SWMM's own books. `exchange` and a project's own [INFLOWS] are one: `inflows`."""

    start: float = 0.0
    dry_weather: float = 0.0
    runoff: float = 0.0
    groundwater: float = 0.0
    infiltrated: float = 0.0
    inflows: float = 0.0
    flooding: float = 0.0
    outfalls: float = 0.0
    evaporated: float = 0.0
    seeped: float = 0.0
    reacted: float = 0.0
    stored: float = 0.0

    def came(self) -> float:
        return self.start + self.dry_weather + self.runoff + self.groundwater + self.infiltrated + self.inflows

    def went(self) -> float:
        return self.flooding + self.outfalls + self.evaporated + self.seeped + self.reacted

    def missing(self) -> float:
        """m3 that are there and not accounted for; negative: lost."""
        return self.stored + self.went() - self.came()


@dataclass(frozen=True, slots=True)
class State:
    """Where a stepwise run stands. `heads_m`: of the taken nodes; `volumes_m3`: likewise, of what is no basin 0;
    `beyond_m`: heads at the other ends of the mouths' pipes; `left_m3`, `back_m3`: what left each mouth and came back
    since the last state, by SWMM's books.
    """

    heads_m: Values
    volumes_m3: Values
    totals: Totals
    beyond_m: Values
    left_m3: Values
    back_m3: Values


@dataclass(frozen=True, slots=True)
class Output:
    """What SWMM wrote, in SI: arrays (period, thing). `time_s` since the start of the simulation."""

    began: str
    time_s: Values
    node_ids: tuple[str, ...]
    link_ids: tuple[str, ...]
    subcatchment_ids: tuple[str, ...]
    nodes: dict[str, Values]
    links: dict[str, Values]
    runoff_m3_s: Values
    system: dict[str, Values]
    error_percent: tuple[float, float, float]
    """Of runoff, routing and quality, as SWMM reckons them."""
    totals: Totals
    report: str
    steps: int
    engine_s: float
    """Seconds within the engine."""


@dataclass(slots=True)
class Engine:
    """One project. `open`, `start`, then `run` or `stride` as often as wanted, then `finish`."""

    folder: Path
    units: Units = field(default_factory=lambda: Units(0))
    taken: Nodes = field(default_factory=lambda: np.zeros(0, np.intp))
    basins: Nodes = field(default_factory=lambda: np.zeros(0, np.intp))
    """Places among the taken nodes of those that are storages."""
    mouths: Nodes = field(default_factory=lambda: np.zeros(0, np.intp))
    beyond: Nodes = field(default_factory=lambda: np.zeros(0, np.intp))
    flows: Values = field(default_factory=lambda: np.zeros(0))
    """Out of each mouth, the project's units, and below, m3 that ever passed it, either way."""
    passed: Values = field(default_factory=lambda: np.zeros(0))
    steps: int = 0
    engine_s: float = 0.0

    def open(self) -> Facts:
        """Raises Exception with SWMM's own words for an input file that it does not take."""
        solver.swmm_open(*(str(self.folder / name) for name in (INP, RPT, OUT)))
        self.units = Units(solver.simulation_get_unit(shared_enum.UnitProperty.FLOW_UNIT))
        of, length = shared_enum.ObjectType, self.units.length_m
        ids = {
            each: tuple(solver.project_get_id(each, n) for n in range(solver.project_get_count(each)))
            for each in (of.NODE, of.LINK, of.SUBCATCH)
        }
        every = range(len(ids[of.NODE]))
        start, end = (
            datetime(*solver.simulation_get_datetime(each))  # noqa: DTZ001 - a project's clock has no zone
            for each in (shared_enum.TimeProperty.START_DATE, shared_enum.TimeProperty.END_DATE)
        )
        invert, full = (
            np.array([solver.node_get_parameter(n, each) for n in every], np.float64) * length
            for each in (shared_enum.NodeProperty.INVERT_ELEVATION, shared_enum.NodeProperty.FULL_DEPTH)
        )
        size = shared_enum.SubcatchProperty.AREA
        area = [solver.subcatch_get_parameter(n, size) for n in range(len(ids[of.SUBCATCH]))]
        return Facts(
            self.units.name,
            (end - start).total_seconds(),
            ids[of.NODE],
            ids[of.LINK],
            ids[of.SUBCATCH],
            tuple(_KINDS[shared_enum.NodeType(solver.node_get_type(n)).value] for n in every),
            invert,
            full,
            np.array(area, np.float64) * (1e4 if self.units.metric else 43_560 * length**2),
            solver.simulation_get_parameter(shared_enum.SimSetting.MIN_SURFACE_AREA) * length**2,
        )

    def take(self, nodes: Nodes, crest_m: Values, pond_m2: Values, *, others: bool) -> None:
        """These nodes exchange: their rim is the crest, and what stands above it stands on `pond_m2`, not lost.

        `others` False: water above all other nodes is lost to the model as the project says, though ponding is allowed.
        """
        self.taken, of, length = nodes, shared_enum.NodeProperty, self.units.length_m
        kinds = [solver.node_get_type(node) for node in nodes.tolist()]
        self.basins = np.flatnonzero([kind == shared_enum.NodeType.STORAGE for kind in kinds])
        if not others:
            for node in range(solver.project_get_count(shared_enum.ObjectType.NODE)):
                solver.node_set_parameter(node, of.POND_AREA, 0.0)
        for node, kind, crest, pond in zip(nodes.tolist(), kinds, crest_m.tolist(), pond_m2.tolist(), strict=True):
            if kind == shared_enum.NodeType.JUNCTION:
                depth = crest / length - solver.node_get_parameter(node, of.INVERT_ELEVATION)
                solver.node_set_parameter(node, of.FULL_DEPTH, depth)
            solver.node_set_parameter(node, of.SURCHARGE_DEPTH, 0.0)
            solver.node_set_parameter(node, of.POND_AREA, pond / length**2)

    def start(self) -> None:
        solver.swmm_start(True)

    def run(self, told: Callable[[float], None]) -> None:
        """To the end of the project's time in its own steps. `told`: the day reached, every fifth of a second."""
        began = heard = time.monotonic()
        while (day := solver.swmm_step()) > 0:
            self.steps += 1
            if (now := time.monotonic()) - heard >= TOLD_S:
                heard = now
                told(day)
        self.engine_s += time.monotonic() - began

    def give(self, mouths: Nodes, beyond: Nodes) -> None:
        """These outfalls lie on a grid; the nodes at the other ends of their pipes."""
        self.mouths, self.beyond = mouths, beyond
        self.flows, self.passed = np.zeros(len(mouths)), np.zeros(len(mouths))

    def stride(self, seconds: int, flows: Values, stages_m: Values) -> State:
        """`seconds` onward with `flows` m3/s into the taken nodes and `stages_m` at the mouths (NaN: as it is)."""
        began = time.monotonic()
        for node, flow in zip(self.taken.tolist(), (flows * self.units.put).tolist(), strict=True):
            solver.node_set_total_inflow(node, flow)
        for node, stage in zip(self.mouths.tolist(), (stages_m / self.units.length_m).tolist(), strict=True):
            if not math.isnan(stage):
                solver.outfall_set_stage(node, stage)
        both = np.zeros((2, len(self.mouths)))
        # SWMM books what passes an outfall without its sign: it is looked at every second where it may turn.
        part = seconds if np.isnan(stages_m).all() else 1
        for _ in range(seconds // part):
            solver.swmm_stride(part)
            both += self._through()
        self.steps += 1
        state = self.state(*both)
        self.engine_s += time.monotonic() - began
        return state

    def _through(self) -> Values:
        """(2, mouths): m3 out of them and back since the last time. Exact, but for a second of several steps in which a
        flow turns: what turned is then parted by its ends."""
        get, of, nodes = solver.node_get_result, shared_enum.NodeResult, self.mouths.tolist()
        flows = np.array(
            [-back if (back := get(node, of.TOTAL_OUTFLOW)) else get(node, of.TOTAL_INFLOW) for node in nodes],
            np.float64,
        )
        passed = np.array([solver.node_get_total_inflow(node) for node in nodes], np.float64) * self.units.total_m3
        # SWMM books the mean of the flows at a step's two ends.
        ends, size = (np.maximum([flows, -flows], 0) + np.maximum([self.flows, -self.flows], 0)), passed - self.passed
        together = ends.sum(axis=0)
        self.flows, self.passed = flows, passed
        parts: Values = size * np.divide(ends, together, out=np.zeros_like(ends), where=together > 0)
        return parts

    def state(self, left_m3: Values | None = None, back_m3: Values | None = None) -> State:
        get, of, nodes = solver.node_get_result, shared_enum.NodeResult, self.taken.tolist()
        heads, beyond = (
            np.array([get(node, of.HEAD) for node in these], np.float64) * self.units.length_m
            for these in (nodes, self.beyond.tolist())
        )
        volumes = np.zeros(len(nodes))  # asked for one by one, in as long as the heads: only where they say something
        volumes[self.basins] = [get(nodes[each], of.VOLUME) * self.units.volume_m3 for each in self.basins.tolist()]
        none = np.zeros(len(self.mouths))
        passed = (none if each is None else each for each in (left_m3, back_m3))
        return State(heads, volumes, self.totals(), beyond, *passed)

    def totals(self) -> Totals:
        """SWMM's routing books; to be asked before `finish`, which closes them."""
        told: Any = solver.system_get_routing_totals()
        flows: Any = [getattr(told, name) * self.units.total_m3 for name in (*_IN, *_OUT)]
        start, stored = (each * self.units.storage_m3 for each in (told.initStorage, told.finalStorage))
        return Totals(*[start, *flows, stored])

    @staticmethod
    def close() -> None:
        solver.swmm_close()

    def finish(self, *, kept: bool = True) -> Output:
        """Close the books, write the report, read what was written (`kept` False: its summary alone)."""
        start = datetime(*solver.simulation_get_datetime(shared_enum.TimeProperty.START_DATE))  # noqa: DTZ001 - as above
        totals = self.totals()
        solver.swmm_end()
        runoff, routing, quality = map(float, solver.swmm_get_mass_balance())
        solver.swmm_close()
        report = (self.folder / RPT).read_text("utf-8", errors="replace")
        written = Written(self.folder / OUT, self.units, start) if kept else None
        try:
            series: Any = written.all() if written is not None else NOTHING
            errors = runoff, routing, quality
            return Output(*[start.isoformat(), *series, errors, totals, report, self.steps, self.engine_s])
        finally:
            if written is not None:
                written.close()
