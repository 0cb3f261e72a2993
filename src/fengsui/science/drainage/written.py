"""What SWMM wrote: its binary output file, in SI. Only `engine.py` reads it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from swmm.toolkit import output, shared_enum

from fengsui.science.drainage.units import Units

Values = npt.NDArray[np.float64]
NOTHING: Any = (np.zeros(0), (), (), (), {}, {}, np.zeros((0, 0)), {})


class Written:
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
