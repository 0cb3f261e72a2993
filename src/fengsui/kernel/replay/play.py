"""From measured series to the readings of this district's stations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict, ValidationError

from fengsui.kernel.replay import fit
from fengsui.kernel.replay.faults import plant, read_faults
from fengsui.kernel.replay.fit import Fit, Line, distance
from fengsui.kernel.replay.layout import Series, Table, read_layouts
from fengsui.kernel.replay.models import Gap, Item, Replay, ReplayError, Words
from fengsui.kernel.replay.table import facts, read_csv

OWN = "events.csv"


class PastMap(BaseModel):
    """A series of `file` in place of the series `stands_for`: its value = (value - zero) * scale."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    series: str
    stands_for: str
    zero: float
    scale: float


class StationMap(BaseModel):
    """replay/map.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    provenance: str
    label: str
    title: str
    title_en: str
    stations: dict[str, Line]
    fit: Fit
    past: tuple[PastMap, ...] = ()


def read_mapping(path: Path) -> StationMap:
    """Raises ReplayError naming the key."""
    try:
        return StationMap.model_validate(facts(path))
    except ValidationError as broken:
        first = broken.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ReplayError("replay.map.invalid", file=str(path), key=key, fix=first["msg"]) from None


def load(
    folder: Path,
    *,
    file: Path | None = None,
    faults: bool = True,
    series: str = "",
    hours: float | None = None,
) -> Replay:
    """A replay from `districts/<code>/replay`.

    Without `file`: the district's own table, mapped as declared, with the planted faults unless `faults` is False.
    With `file`: that file. Where its stations are the district's own they are taken as they are; otherwise its
    strongest series (or `series`) is fitted; where it holds rain alone, that falls beside the district's own water.
    `hours` is the length of the window around the peak (whole file: 0).
    Raises ReplayError.
    """
    mapping = read_mapping(folder / "map.yaml")
    table = read_csv(file or folder / OWN, read_layouts(folder / "layouts.yaml"))
    chosen: tuple[Words, ...] = ()
    if file is None:
        lines = mapping.stations
        items, gaps = _items(table, lines, table.series)
        if faults and (folder / "faults.yaml").exists():
            items, planted = plant(items, read_faults(folder / "faults.yaml"))
            gaps = [*gaps, *planted]
        title, shown = mapping.title, [_told(station, line) for station, line in lines.items()]
    else:
        known = {**mapping.stations, **mapping.fit.stations}
        if series == "" and set(table.series) & set(known):
            lines = {name: _as_it_is(each) for name, each in table.series.items() if name in known}
            window = dict(table.series)
            chosen = (fit.as_measured(len(lines)),)
        elif series == "" and fit.only_rain(table):
            own = read_csv(folder / OWN, read_layouts(folder / "layouts.yaml"))
            lines, window, chosen = fit.beside_own(table, mapping.fit, own, mapping.stations, hours)
        else:
            lines, window, chosen = fit.fitted(table, mapping.fit, series, hours)
        chosen = (*chosen, *fit.left_out(table))
        items, gaps = _items(table, lines, window)
        title, shown = f"{table.path.name} ({table.layout})", [_told(station, line) for station, line in lines.items()]
    return Replay(
        title=title,
        label=mapping.label,
        source=str(table.path.name),
        items=tuple(items),
        gaps=tuple(gaps),
        step_s=_step(items),
        mapping=tuple(shown),
        chosen=chosen,
        illustrative=file is None or not all(line.scale == 1 and line.zero == 0 for line in lines.values()),
    )


def _as_it_is(series: Series) -> Line:
    return Line(series=series.name, zero=0, scale=1, unit=series.unit, decimals=6)


def _told(station: str, line: Line) -> str:
    return f"{station} = ({line.series} - {line.zero:g}) x {line.scale:.4g} {line.unit}, +{line.lag_s:g} s"


def _items(table: Table, lines: Mapping[str, Line], window: Mapping[str, Series]) -> tuple[list[Item], list[Gap]]:
    """Readings in order of sending. What the file holds twice, late or as text stays so and is marked."""
    missing = sorted({line.series for line in lines.values()} - set(window))
    if missing:
        fix = f"no series {missing}; the file has {sorted(window)[:12]}"
        raise ReplayError("replay.file.no_series", file=str(table.path), key="series", fix=fix)
    starts = {name: each.samples[0][0] for name, each in window.items()}
    begin = min(starts[line.series] for line in lines.values())
    items: list[Item] = []
    gaps: list[Gap] = []
    for station, line in lines.items():
        seen: set[float] = set()
        newest = -inf
        samples = window[line.series].samples
        step = distance([at for at, _ in samples])
        follower = [at for at, _ in samples[1:]] + [inf]
        for (at, value), after in zip(samples, follower, strict=True):
            stamp = at - begin + line.lag_s
            fault = "not_a_number" if isinstance(value, str) else ""
            ahead = step and stamp - newest > 2.5 * step and newest > -inf
            if stamp in seen:
                fault = fault or "duplicate"
            elif stamp < newest:
                fault = fault or "late"
            elif ahead and after < at:  # a wrong clock, and the next reading is back: nobody waits until that time
                fault = fault or "future"
            elif ahead:
                gaps.append(Gap(station, newest + step, stamp, planted=False))
            seen.add(stamp)
            if fault != "future":
                newest = max(newest, stamp)
            items.append(Item(newest, station, line.of(value), line.unit, stamp, fault))
    return sorted(items, key=lambda item: (item.offset_s, item.station)), gaps


def _step(items: Sequence[Item]) -> float:
    """Usual distance of two readings of one station."""
    by_station: dict[str, list[float]] = {}
    for item in items:
        if not item.fault:
            by_station.setdefault(item.station, []).append(item.stamp_s)
    steps = [step for times in by_station.values() if (step := distance(sorted(times)))]
    return median(steps) if steps else 0.0
