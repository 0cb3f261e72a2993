"""From a declared set to stations: what each will send, when on the wall clock, and which lines it has."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from fengsui.apps.sensing.rules import most_of
from fengsui.catalog.sensors import SensorKind, kinds
from fengsui.config.replays.sets import Copy, Figure, MeasuredSet, of
from fengsui.kernel import units
from fengsui.kernel.replay import Layout, Series, read_csv
from fengsui.kernel.replay.layout import Lines
from fengsui.kernel.replay.rows import INCONSISTENT, event

Samples = tuple[tuple[float, float | str], ...]
"""(seconds since the beginning of the replay by the file's own clock, value as the file has it)."""
MARGIN_M = 0.02
"""Depths: how far below a line it is given up, as at the district's own points [G]."""
MARGIN_STAGE_M, MARGIN_FLOW = 0.05, 0.05
"""Stages in metres, discharges as part of the line [G]."""
OVER_TIDE_M = 0.1
OVER_TIDE = "derived: 10 cm above the highest two readings in a row to which the water could rise at the kind's rate"
DOWN_HOLD_S = 900.0
UP_COUNT = 2
NO_KIND = "no sensor kind for it"


@dataclass(frozen=True, slots=True)
class Stream:
    """One station of a set. `t0`: the file's clock at the beginning; `speed`: how many times faster than measured.

    late: samples kept back and sent, out of order, after the end. copy: the planted fault, or "" for what was measured.
    truth_min: minutes above the first line as the source itself counts them, None where it does not. tidal: it says so.
    """

    set: str
    code: str
    series: str
    kind: SensorKind
    unit: str
    period_s: float
    t0: float
    speed: float
    samples: Samples
    ladder: Mapping[str, Any]
    basis: str
    limits: Mapping[str, Any]
    events: bool
    late: Samples = ()
    copy: str = ""
    truth_min: float | None = None
    tidal: bool = False

    @property
    def topic(self) -> str:
        return f"fs/{self.code}/{self.kind.code}"

    @property
    def factor(self) -> float | None:
        """Series' unit into the kind's; None where the kind does not know it, so that every reading is refused."""
        return self.kind.units.get(self.unit)

    @property
    def clean(self) -> list[tuple[float, float]]:
        """Numbers within the limits, in the kind's unit, in order of time: what one would believe at first sight."""
        if self.factor is None:
            return []
        low, high = self.limits.get("low", -1e99), self.limits.get("high", 1e99)
        found: dict[float, float] = {}
        for at, value in self.samples:
            if isinstance(value, float) and low <= value * self.factor <= high:
                found.setdefault(at, value * self.factor)
        return sorted(found.items())


@dataclass
class Plan:
    """A set laid out. left_out: why -> how many figures of the files are not sent."""

    set: MeasuredSet
    streams: list[Stream] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def lay_out(declared: MeasuredSet, data: Path, layouts: Sequence[Layout], seconds: float) -> Plan:
    """All stations of a set. Files that are not there are listed, not skipped in silence. Raises ReplayError."""
    plan = Plan(declared)
    for name in declared.files:
        path = data / name
        if not path.exists():
            plan.missing.append(name)
        elif declared.each == "event":
            _events(plan, path, layouts, seconds)
        else:
            _series(plan, path, layouts, seconds, data)
    numbered = [replace(each, code=f"{declared.code}-{n:04d}") for n, each in enumerate(plan.streams, 1)]
    plan.streams = numbered
    return plan


def _count(plan: Plan, left_out: Mapping[str, int]) -> None:
    for why, count in left_out.items():
        plan.left_out[why] = plan.left_out.get(why, 0) + count


def _series(plan: Plan, path: Path, layouts: Sequence[Layout], seconds: float, data: Path) -> None:
    declared, table = plan.set, read_csv(path, layouts)
    _count(plan, table.left_out)
    begin = min(each.samples[0][0] for each in table.series.values())
    end = max(at for each in table.series.values() for at, _ in each.samples)
    speed = max(1.0, (end - begin) / seconds)
    given = _given_lines(declared, data)
    for name, series in table.series.items():
        kind = _kind(declared, series)
        if kind is None:
            _count(plan, {NO_KIND: len(series.samples)})
            continue
        samples = tuple((at - begin, value) for at, value in series.samples)
        stream = Stream(
            set=declared.code, code="", series=name, kind=kind, unit=series.unit, t0=begin, speed=speed,
            samples=samples, period_s=_period(declared, name, samples, end - begin), ladder={}, basis="",
            limits=_limits(declared, series, kind), events=declared.reports_events(name),
        )  # fmt: skip
        stream = _with_lines(declared, stream, given)
        plan.streams.append(stream)
        plan.streams += [_copy(stream, each, seconds) for each in declared.copies if each.of == name]


def _events(plan: Plan, path: Path, layouts: Sequence[Layout], seconds: float) -> None:
    """Every event is a station of its own, spread over the replay, so that one warning belongs to one event."""
    declared, kind = plan.set, kinds()[plan.set.sensor]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    layout = next(each for each in layouts if each.match and set(each.match) <= set(rows[0]))
    made = [(row, event(row, layout, Lines(path, []))) for row in rows]
    _count(plan, {INCONSISTENT: bad} if (bad := sum(readings is None for _, readings in made)) else {})
    known = [(row, readings) for row, readings in made if readings is not None]
    longest = max(readings[-1][0] - readings[0][0] for _, readings in known)
    speed, whole = max(1.0, longest / seconds), max(longest, seconds)
    for n, (row, readings) in enumerate(known):
        first = readings[0][0]
        shift = n / max(1, len(known) - 1) * (whole - (readings[-1][0] - first))
        # The file says inches; the kind of a street's depth does not take them.
        scale = units.factor(layout.unit, kind.unit)
        samples = tuple((at - first + shift, round(value * scale, 6)) for at, value in readings)
        stream = Stream(
            set=declared.code, code="", series=row[layout.station], kind=kind, unit=kind.unit, period_s=whole,
            t0=first - shift, speed=speed, samples=samples, ladder={}, basis="", limits={}, events=True,
            truth_min=float(row[declared.above_min]) if declared.above_min else None,
            tidal=row.get(declared.tidal) == "Yes",
        )  # fmt: skip
        plan.streams.append(_with_lines(declared, stream, {}))


def _kind(declared: MeasuredSet, series: Series) -> SensorKind | None:
    known = kinds()
    if declared.sensor:
        return known[declared.sensor]
    if series.is_rain:
        return None if series.name.lower().startswith("pet") else known["rain_gauge"]
    if units.known(series.unit):
        quantity = {"length": "river_stage", "flow": "river_flow"}.get(units.quantity(series.unit), "")
        return known.get(quantity)
    return known.get({"degC": "air_temperature", "%": "air_humidity"}.get(series.unit, ""))


def _period(declared: MeasuredSet, name: str, samples: Samples, span: float) -> float:
    """Usual distance of two readings; what reports events alone is never silent within its own record."""
    if declared.reports_events(name):
        return max(span, 1.0)
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(samples) if later > earlier]
    return declared.period_s or (max(1.0, median(steps)) if steps else 3600.0)


def _limits(declared: MeasuredSet, series: Series, kind: SensorKind) -> dict[str, Any]:
    """The kind's range; a stage may be above any datum, so there the range stands around the series' own median."""
    low, high = kind.plausible
    factor = kind.units.get(series.unit, 1.0)
    if kind.code == "river_stage" and series.numbers:
        middle = median(value for _, value in series.numbers) * factor
        low, high = round(middle + low, 3), round(middle + high, 3)
    if kind.sums:
        high = most_of(kind, declared.interval_s or kind.period_s)
    own = of(declared.limits, series.name) or {}
    return {"low": low, "high": high} | {key: _in(kind, figure) for key, figure in own.items()}


def _in(kind: SensorKind, figure: Figure) -> float:
    value, unit = figure
    return round(units.convert(value, unit, kind.unit), 6)


def _given_lines(declared: MeasuredSet, data: Path) -> dict[str, dict[str, Figure]]:
    """Lines by station from the set's own table of stations."""
    table = declared.stations
    if table is None or not (data / table.file).exists():
        return {}
    found: dict[str, dict[str, Figure]] = {}
    with (data / table.file).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lines: dict[str, Figure] = {}
            for level, column in (("blue", table.blue), ("red", table.red)):
                if column and (row.get(column) or "").strip():
                    lines[level] = float(row[column]), table.unit
            if "red" in lines and "blue" in lines and lines["red"][0] <= lines["blue"][0]:
                del lines["red"]
            if "blue" in lines:
                found[row[table.key]] = lines
    return found


def _with_lines(declared: MeasuredSet, stream: Stream, given: Mapping[str, Mapping[str, Figure]]) -> Stream:
    """The stream with its ladder: declared, given by the set's stations, or by the rule; none for what is quiet."""
    if stream.kind.sums or stream.kind.code.startswith("air_"):
        return stream
    own: Mapping[str, Figure] = of(declared.lines, stream.series) or given.get(stream.series.split(" ")[0]) or {}
    lines, basis = {level: _in(stream.kind, figure) for level, figure in own.items()}, declared.basis
    values = [value for _, value in stream.clean]
    high = max((min(row) for row in zip(values, values[1:], values[2:], strict=False)), default=None)
    if declared.is_quiet(stream.series):
        top = _highest_pair(stream)
        lines, basis = ({} if top is None else {"blue": round(top + OVER_TIDE_M, 3)}), OVER_TIDE
    elif not lines and declared.rule == "half_rise" and high is not None:
        low = median(values)
        if high > low:
            lines = {"blue": round(low + (high - low) / 2, 3)}
            basis = "derived: half way from the file's median to its highest three readings in a row"
    if not lines:
        return stream
    margins = {"water_depth": MARGIN_M, "river_stage": MARGIN_STAGE_M}
    margin = margins.get(stream.kind.code, MARGIN_FLOW * abs(lines["blue"]))
    ladder = {**lines, "margin": round(margin, 6), "up_count": UP_COUNT, "down_hold_s": DOWN_HOLD_S}
    return replace(stream, ladder=ladder, basis=basis)


def _highest_pair(stream: Stream) -> float | None:
    """What two readings in a row reached, the step up to them being no faster than the kind of sensor allows."""
    rate, clean = stream.kind.max_rate_per_min / 60, stream.clean
    steps = zip(clean, clean[1:], clean[2:], strict=False)
    return max((min(b[1], c[1]) for a, b, c in steps if b[1] - a[1] <= rate * (b[0] - a[0])), default=None)


def _copy(stream: Stream, fault: Copy, seconds: float) -> Stream:
    """A station beside the measured one with one thing wrong on purpose."""

    def since(moment: datetime | None, default: float) -> float:
        return default if moment is None else moment.timestamp() - stream.t0

    moments = fault.at if isinstance(fault.at, tuple) else (fault.at,)
    points = [since(each, 0.0) for each in moments]
    samples = stream.samples
    match fault.how:
        case "dies":
            return replace(stream, copy="dies", samples=tuple(each for each in samples if each[0] < points[0]))
        case "twice":
            return replace(stream, copy="twice", samples=tuple(each for each in samples for _ in range(2)))
        case "late":
            first, last = since(fault.since, 0.0), since(fault.to, float("inf"))
            kept = tuple(each for each in samples if first <= each[0] < last)
            return replace(
                stream, copy="late", samples=tuple(e for e in samples if not first <= e[0] < last), late=kept
            )
        case "spikes":
            end = since(fault.until, float("inf"))
            sound = [each for each in samples if each[0] < end]
            wrong = [(at + 1.0, _near(sound, at) + fault.by) for at in points]
            return replace(stream, copy="spikes", samples=tuple(sorted([*sound, *wrong], key=lambda each: each[0])))


def _near(samples: Sequence[tuple[float, float | str]], at: float) -> float:
    before: Iterator[float] = (v for t, v in reversed(samples) if t <= at and isinstance(v, float))
    return next(before, 0.0)
