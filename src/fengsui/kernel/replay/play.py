"""From measured series to the readings of this district's stations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fengsui.kernel import units
from fengsui.kernel.replay.faults import plant, read_faults
from fengsui.kernel.replay.models import Gap, Item, Replay, ReplayError
from fengsui.kernel.replay.table import Series, Table, facts, read_csv, read_layouts

OWN = "events.csv"


class Line(BaseModel):
    """out = max(floor, (value - zero) * scale), `lag_s` later. `zero` in the series' unit, out in `unit`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    series: str
    zero: float
    scale: float
    unit: str
    floor: float | None = None
    lag_s: float = 0
    decimals: int = 3

    def of(self, value: float | str) -> float | str:
        if isinstance(value, str):
            return value
        out = (value - self.zero) * self.scale
        return round(out if self.floor is None else max(self.floor, out), self.decimals)


class Target(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    peak: float
    unit: str


class Fit(BaseModel):
    """How a file that knows nothing of the district is laid over its stations."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    hours: float = Field(gt=0)
    before_peak_h: float = Field(ge=0)
    low: float = Field(alias="from", ge=0, lt=1)
    stations: dict[str, Target]
    rain: dict[str, str] = {}


class StationMap(BaseModel):
    """replay/map.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    provenance: str
    label: str
    title: str
    title_en: str
    stations: dict[str, Line]
    fit: Fit


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
    With `file`: that CSV. Where its stations are the district's own they are taken as they are; otherwise its strongest
    series (or `series`) is fitted. `hours` is the length of the window around the peak (whole file: 0).
    Raises ReplayError.
    """
    mapping = read_mapping(folder / "map.yaml")
    table = read_csv(file or folder / OWN, read_layouts(folder / "layouts.yaml"))
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
        else:
            lines, window = _fitted(table, mapping.fit, series, hours)
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
        step = _distance([at for at, _ in samples])
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


def _fitted(table: Table, fit: Fit, wanted: str, hours: float | None) -> tuple[dict[str, Line], dict[str, Series]]:
    """Lines that put the window's quantile `from` at 0 and its highest value at each station's `peak`."""
    chosen = table.series.get(wanted) if wanted else _strongest(table)
    if chosen is None:
        fix = f"no series {wanted!r}" if wanted else "no series of a level or flow (rain alone floods no street here)"
        fix += f"; the file has {sorted(table.series)[:12]}"
        raise ReplayError("replay.file.no_series", file=str(table.path), key="series", fix=fix)
    length = (fit.hours if hours is None else hours) * 3600
    top_at, _ = max(chosen.numbers, key=lambda sample: sample[1])
    first = top_at - min(fit.before_peak_h * 3600, length / 2 or float("inf")) if length else float("-inf")
    last = first + length if length else float("inf")
    cut = _cut(chosen, first, last)
    values = sorted(value for _, value in cut.numbers)
    high, end = values[-1], cut.numbers[-1][1]
    # the water must be gone at the end of the window, so that a story can end; a record that stops near its top cannot
    low = min(max(values[int(fit.low * (len(values) - 1))], end), values[0] + 0.8 * (high - values[0]))
    if high <= low:
        fix = f"{chosen.name} does not rise in the window ({len(values)} values, all {high:g})"
        raise ReplayError("replay.file.flat", file=str(table.path), key=chosen.name, fix=fix)
    lines = {
        station: Line(
            series=chosen.name, zero=low, scale=target.peak / (high - low), unit=target.unit, floor=0, decimals=4
        )
        for station, target in fit.stations.items()
    }
    window = {chosen.name: cut}
    rain = next((each for each in table.series.values() if each.is_rain and "rain" in each.name.lower()), None)
    wet = _cut(rain, first, last) if rain else None
    if wet and wet.samples and wet.numbers:
        window[wet.name] = wet
        for station, unit in fit.rain.items():
            lines[station] = Line(series=wet.name, zero=0, scale=units.factor(wet.unit, unit), unit=unit, decimals=2)
    return lines, window


def _strongest(table: Table) -> Series | None:
    """A level, then a flow, then a tide, then the rest; among equals the one that rises most above its median.

    A rise counts as far as three readings in a row show it: a spike moves no level, so it makes no story.
    """
    rank = {"length": 0, "flow": 1}

    def order(series: Series) -> tuple[int, float]:
        values = [value for _, value in series.numbers]
        rise = max(min(row) for row in zip(values, values[1:], values[2:], strict=False)) - median(values)
        if not units.known(series.unit):
            return 3, -rise
        quantity = units.quantity(series.unit)
        size = rise * units.factor(series.unit, "m") if quantity == "length" else rise
        return (2 if series.is_tide else rank.get(quantity, 3)), -size

    usable = [series for series in table.series.values() if len(series.numbers) >= 3 and not series.is_rain]
    return min(usable, key=order, default=None)


def _cut(series: Series, first: float, last: float) -> Series:
    return Series(
        series.name, series.unit, tuple(each for each in series.samples if first <= each[0] <= last), series.derived
    )


def _step(items: Sequence[Item]) -> float:
    """Usual distance of two readings of one station."""
    by_station: dict[str, list[float]] = {}
    for item in items:
        if not item.fault:
            by_station.setdefault(item.station, []).append(item.stamp_s)
    steps = [step for times in by_station.values() if (step := _distance(sorted(times)))]
    return median(steps) if steps else 0.0


def _distance(times: Sequence[float]) -> float:
    gaps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    return median(gaps) if gaps else 0.0
