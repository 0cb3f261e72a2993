"""Tables of measured series: our own compact one and other people's CSV files, read by a declared layout."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fengsui.kernel.replay.models import ReplayError

Sample = tuple[float, float | str]
"""(seconds, value); the value stays text where it is not a number."""


class Layout(BaseModel):
    """How to read one kind of file. See districts/<code>/replay/layouts.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    kind: Literal["long", "wide", "events"]
    match: tuple[str, ...] = Field(min_length=1)
    time: str = "time"
    value: str = "value"
    station: str = ""
    series: tuple[str, ...] = ()
    unit: str = ""
    unit_words: dict[str, str] = {}
    default_unit: str = ""
    offset: float = 0
    columns: dict[str, str] = {}
    units: dict[str, str] = {}
    missing: dict[str, tuple[float, ...]] = {}
    start: str = ""
    peak: str = ""
    rise_min: str = ""
    fall_min: str = ""
    step_s: int = 300


@dataclass(frozen=True, slots=True)
class Series:
    """One measured series in the order of its file. `derived`: made from events, not read one by one."""

    name: str
    unit: str
    samples: tuple[Sample, ...]
    derived: bool = False

    @property
    def numbers(self) -> list[tuple[float, float]]:
        return [(at, value) for at, value in self.samples if isinstance(value, float)]

    @property
    def is_rain(self) -> bool:
        """Rain, or another depth per interval such as evaporation: no level. Told by name, as files do not say it."""
        name = self.name.lower()
        return any(word in name for word in ("rain", "precip", "pet_")) or self.name.startswith("P_")

    @property
    def is_tide(self) -> bool:
        return "tid" in self.name.lower()


@dataclass(frozen=True, slots=True)
class Table:
    """A file read: its series by name. `layout` is the code of the layout that was taken."""

    path: Path
    layout: str
    series: Mapping[str, Series]


def read_layouts(path: Path) -> list[Layout]:
    """Raises ReplayError where the file is missing or broken."""
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))["layouts"]
        return [Layout.model_validate(row) for row in rows]
    except FileNotFoundError:
        raise ReplayError("replay.layouts.missing", file=str(path), key="", fix="add the file") from None
    except (yaml.YAMLError, KeyError, TypeError, ValidationError) as broken:
        raise ReplayError("replay.layouts.broken", file=str(path), key="layouts", fix=str(broken)[:300]) from None


def read_csv(path: Path, layouts: Sequence[Layout]) -> Table:
    """Any CSV file whose header fits a layout. Raises ReplayError that names the columns found.

    A value that is no number is kept as text; an empty one is a gap, not a zero.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as broken:
        raise ReplayError("replay.file.unreadable", file=str(path), key="", fix=str(broken)) from None
    reader = csv.DictReader(line for line in lines if line.strip() and not line.startswith("#"))
    header = list(reader.fieldnames or [])
    layout = next((each for each in layouts if set(each.match) <= set(header)), None)
    if layout is None:
        known = "; ".join(f"{each.code}: {', '.join(each.match)}" for each in layouts)
        fix = f"columns {header[:12]} fit no layout; rename them or add a layout ({known})"
        raise ReplayError("replay.file.no_layout", file=str(path), key="header", fix=fix)
    reading = {"long": _long, "wide": _wide, "events": _events}[layout.kind]
    series = {each.name: each for each in reading(reader, layout, header, path) if each.samples}
    if not series:
        fix = f"no reading in a column of known unit (layout {layout.code}, columns {header[:12]})"
        raise ReplayError("replay.file.empty", file=str(path), key="", fix=fix)
    return Table(path, layout.code, series)


def _long(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], path: Path) -> list[Series]:
    found: dict[str, tuple[str, list[Sample]]] = {}
    parts = layout.series or ((layout.station,) if layout.station in header else ())
    for number, row in enumerate(rows, 2):
        text = (row.get(layout.value) or "").strip()
        if not text:
            continue
        name = " ".join(filter(None, (row.get(part, "") for part in parts))) or layout.value
        word = (row.get(layout.unit) or "").strip()
        unit = layout.unit_words.get(word, word) or layout.default_unit
        at = _seconds(row[layout.time], layout.offset, path, number)
        found.setdefault(name, (unit, []))[1].append((at, _value(text)))
    return [Series(name, unit, tuple(samples)) for name, (unit, samples) in found.items()]


def _wide(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], path: Path) -> list[Series]:
    columns: dict[str, str] = dict(layout.columns)
    if not columns:
        for name in header:
            if name == layout.time:
                continue
            unit = layout.units.get(name.rsplit("_", 1)[-1], layout.default_unit)
            if unit:
                columns[name] = unit
    found: dict[str, list[Sample]] = {name: [] for name in columns}
    for number, row in enumerate(rows, 2):
        at = _seconds(row[layout.time], layout.offset, path, number)
        for name in columns:
            text = (row.get(name) or "").strip()
            value = _value(text) if text else ""
            if value != "" and value not in layout.missing.get(name, ()):
                found[name].append((at, value))
    return [Series(name, columns[name], tuple(samples)) for name, samples in found.items()]


def _events(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], path: Path) -> list[Series]:
    """Start, rise, peak and fall were measured; what lies between is a straight line, hence `derived`."""
    found: dict[str, list[Sample]] = {}
    for number, row in enumerate(rows, 2):
        start = _seconds(row[layout.start], layout.offset, path, number)
        figures = [_value(row.get(key) or "") for key in (layout.peak, layout.rise_min, layout.fall_min)]
        if not all(isinstance(figure, float) and figure >= 0 for figure in figures):
            continue
        peak, rise, fall = (float(figure) for figure in figures)
        corners = [(0.0, 0.0), (max(rise, 1.0) * 60, peak), ((max(rise, 1.0) + max(fall, 1.0)) * 60, 0.0)]
        samples = found.setdefault(row[layout.station], [])
        samples.extend((start + at, value) for at, value in _along(corners, layout.step_s))
    return [Series(name, layout.unit, tuple(samples), derived=True) for name, samples in found.items()]


def _along(corners: Sequence[tuple[float, float]], step_s: int) -> list[tuple[float, float]]:
    end = corners[-1][0]
    times = sorted({*(at for at, _ in corners), *(float(at) for at in range(0, int(end), step_s))})
    made = []
    for at in times:
        for (t1, v1), (t2, v2) in pairwise(corners):
            if t1 <= at <= t2:
                made.append((at, round(v1 + (v2 - v1) * (at - t1) / (t2 - t1), 4)))
                break
    return made


def _value(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if isfinite(value) else text


def _seconds(text: str, offset_h: float, path: Path, line: int) -> float:
    """Unix seconds, or plain seconds where the column holds numbers."""
    word = (text or "").strip()
    try:
        return float(word)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        fix = f"time {word!r} is neither ISO 8601 nor a number of seconds"
        raise ReplayError("replay.file.time", file=str(path), key=f"line {line}", fix=fix) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone(timedelta(hours=offset_h)))
    return moment.astimezone(UTC).timestamp()


def facts(path: Path) -> dict[str, Any]:
    """A YAML object. Raises ReplayError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReplayError("replay.file.missing", file=str(path), key="", fix="add the file") from None
    except yaml.YAMLError as broken:
        raise ReplayError("replay.file.not_yaml", file=str(path), key="", fix=" ".join(str(broken).split())) from None
    if not isinstance(content, dict):
        raise ReplayError("replay.file.not_yaml", file=str(path), key="", fix="begin with `key: value`")
    return content
