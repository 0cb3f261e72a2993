"""SWMM in this process, of which there is one: its state is global. Only `child.py` calls it, in a child process.

Metres and seconds outside, the project's units inside. Nodes are known by their place in the project's order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from swmm.toolkit import output, shared_enum, solver

from fengsui.science.drainage.project import INP, OUT, RPT
from fengsui.science.drainage.units import Units

Values = npt.NDArray[np.float64]
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
    taken: npt.NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
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

    def take(self, nodes: npt.NDArray[np.intp], crest_m: Values, pond_m2: Values, *, others: bool) -> None:
        """These nodes exchange: their rim is the crest, and what stands above it stands on `pond_m2`, not lost.

        `others` False: water above all other nodes is lost to the model as the project says, though ponding is allowed.
        """
        self.taken, of, length = nodes, shared_enum.NodeProperty, self.units.length_m
        if not others:
            for node in range(solver.project_get_count(shared_enum.ObjectType.NODE)):
                solver.node_set_parameter(node, of.POND_AREA, 0.0)
        for node, crest, pond in zip(nodes.tolist(), crest_m.tolist(), pond_m2.tolist(), strict=True):
            if solver.node_get_type(node) == shared_enum.NodeType.JUNCTION.value:
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

    def stride(self, seconds: int, flows: Values) -> tuple[Values, Values, Totals]:
        """`seconds` onward with `flows` m3/s into the taken nodes. Their heads (m) and volumes (m3), and the books."""
        began = time.monotonic()
        for node, flow in zip(self.taken.tolist(), (flows * self.units.put).tolist(), strict=True):
            solver.node_set_total_inflow(node, flow)
        solver.swmm_stride(seconds)
        self.steps += 1
        state = self.state()
        self.engine_s += time.monotonic() - began
        return state

    def state(self) -> tuple[Values, Values, Totals]:
        get, of = solver.node_get_result, shared_enum.NodeResult
        nodes = self.taken.tolist()
        heads = np.array([get(node, of.HEAD) for node in nodes], np.float64) * self.units.length_m
        volumes = np.array([get(node, of.VOLUME) for node in nodes], np.float64) * self.units.volume_m3
        return heads, volumes, self.totals()

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
        written = _Written(self.folder / OUT, self.units, start) if kept else None
        try:
            series: Any = written.all() if written is not None else _NOTHING
            errors = runoff, routing, quality
            return Output(*[start.isoformat(), *series, errors, totals, report, self.steps, self.engine_s])
        finally:
            if written is not None:
                written.close()


_NOTHING: Any = (np.zeros(0), (), (), (), {}, {}, np.zeros((0, 0)), {})


class _Written:
    """The binary output file."""

    def __init__(self, file: Path, units: Units, start: datetime) -> None:
        self.handle, self.units, self.start = output.init(), units, start
        output.open(self.handle, str(file))

    def close(self) -> None:
        output.close(self.handle)

    def all(self) -> Any:
        of, of_node, of_link = shared_enum.ElementType, shared_enum.NodeAttribute, shared_enum.LinkAttribute
        counts = output.get_proj_size(self.handle)
        ids = {
            each: tuple(output.get_elem_name(self.handle, each, n) for n in range(counts[each]))
            for each in (of.SUBCATCH, of.NODE, of.LINK)
        }
        length, flow = self.units.length_m, self.units.flow_m3_s
        nodes = {
            name: self._series(output.get_node_attribute, which, len(ids[of.NODE])) * unit
            for name, which, unit in (
                ("depth_m", of_node.INVERT_DEPTH, length),
                ("head_m", of_node.HYDRAULIC_HEAD, length),
                ("inflow_m3_s", of_node.TOTAL_INFLOW, flow),
                ("flooding_m3_s", of_node.FLOODING_LOSSES, flow),
            )
        }
        links = {
            name: self._series(output.get_link_attribute, which, len(ids[of.LINK])) * unit
            for name, which, unit in (
                ("depth_m", of_link.FLOW_DEPTH, length),
                ("flow_m3_s", of_link.FLOW_RATE, flow),
                ("speed_m_s", of_link.FLOW_VELOCITY, length),
            )
        }
        runoff = self._series(
            output.get_subcatch_attribute, shared_enum.SubcatchAttribute.RUNOFF_RATE, len(ids[of.SUBCATCH])
        )
        return self._times(), ids[of.NODE], ids[of.LINK], ids[of.SUBCATCH], nodes, links, runoff * flow, self._system()

    @property
    def periods(self) -> int:
        return int(output.get_times(self.handle, shared_enum.Time.NUM_PERIODS))

    def _times(self) -> Values:
        step = output.get_times(self.handle, shared_enum.Time.REPORT_STEP)
        # Days since 1899-12-30, of the time at which reporting began.
        origin = (self.start - datetime(1899, 12, 30)).total_seconds()  # noqa: DTZ001 - as above
        first = round(output.get_start_date(self.handle) * 86_400) - origin
        return np.asarray(first + np.arange(1, self.periods + 1) * step, np.float64)

    def _series(self, get: Any, which: Any, count: int) -> Values:
        if not count:
            return np.zeros((self.periods, 0))
        rows = [get(self.handle, period, which) for period in range(self.periods)]
        return np.asarray(rows, np.float64).reshape(self.periods, count)

    def _system(self) -> dict[str, Values]:
        of, flow = shared_enum.SystemAttribute, self.units.flow_m3_s
        wanted = (
            ("lateral_m3_s", of.TOTAL_LATERAL_INFLOW, flow),
            ("outfalls_m3_s", of.OUTFALL_FLOWS, flow),
            ("flooding_m3_s", of.FLOOD_LOSSES, flow),
            ("stored_m3", of.VOLUME_STORED, self.units.volume_m3),
        )
        rows = np.asarray(
            [output.get_system_result(self.handle, period, 0) for period in range(self.periods)], np.float64
        ).reshape(self.periods, -1)
        return {name: rows[:, which.value] * unit if rows.size else np.zeros(0) for name, which, unit in wanted}
