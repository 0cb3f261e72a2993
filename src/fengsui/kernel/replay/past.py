"""Floods and rain a district's gauges are said to have lived through before a replay: what forecasts learn from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from fengsui.kernel.replay.layout import read_layouts
from fengsui.kernel.replay.models import ReplayError
from fengsui.kernel.replay.play import read_mapping
from fengsui.kernel.replay.table import read_csv


@dataclass(frozen=True, slots=True)
class Lived:
    """One station's, in order: `samples` of (seconds, value in `unit`)."""

    unit: str
    samples: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Before:
    """What was before a replay. step_s: distance of two readings, the same of all."""

    step_s: float
    stations: dict[str, Lived]


def load_past(folder: Path) -> Before | None:
    """What `past` of replay/map.yaml declares, laid over the stations as the replayed series is; None without it.

    Raises ReplayError.
    """
    mapping = read_mapping(folder / "map.yaml")
    if not mapping.past:
        return None
    layouts, stations, steps = read_layouts(folder / "layouts.yaml"), dict[str, Lived](), list[float]()
    for given in mapping.past:
        table = read_csv(folder / given.file, layouts)
        if given.series not in table.series:
            fix = f"no series {given.series!r}; the file has {sorted(table.series)[:12]}"
            raise ReplayError("replay.file.no_series", file=str(table.path), key="past", fix=fix)
        numbers = sorted(table.series[given.series].numbers)
        steps.append(median([b - a for (a, _), (b, _) in pairwise(numbers) if b > a] or [0.0]))
        if steps[-1] != steps[0]:
            fix = f"series {given.series!r} has a reading every {steps[-1]:g} s, the first one every {steps[0]:g} s"
            raise ReplayError("replay.map.invalid", file=str(folder / "map.yaml"), key="past", fix=fix)
        for station, line in mapping.stations.items():
            if line.series == given.stands_for:
                laid = ((at, line.of((value - given.zero) * given.scale)) for at, value in numbers)
                told = tuple((at, value) for at, value in laid if not isinstance(value, str))
                stations[station] = Lived(line.unit, told)
    return Before(steps[0], stations)
