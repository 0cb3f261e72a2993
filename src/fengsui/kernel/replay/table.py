"""Tables of measured series: our own compact one and other people's CSV files, read by a declared layout."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
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


class _Lines:
    """The lines of a file that count; `number` is that of the last one given, as an editor shows it."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        self.path, self.number, self._lines = path, 0, lines

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._lines, 1):
            self.number = number
            if line.strip() and not line.startswith("#"):
                yield line

    def wrong(self, column: str, fix: str, code: str = "replay.file.time") -> ReplayError:
        return ReplayError(code, file=str(self.path), key=f"line {self.number}, column {column}", fix=fix)


def _read(path: Path) -> _Lines:
    try:
        content = path.read_bytes()
    except OSError as broken:
        raise ReplayError(
            "replay.file.unreadable", file=str(path), key="", fix=broken.strerror or str(broken)
        ) from None
    try:
        return _Lines(path, content.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as broken:
        before = content[: broken.start]
        place = f"line {before.count(b'\n') + 1}, byte {broken.start - before.rfind(b'\n')}"
        fix = f"byte 0x{content[broken.start]:02x} is no UTF-8: save the file as CSV UTF-8"
        raise ReplayError("replay.file.unreadable", file=str(path), key=place, fix=fix) from None


def read_csv(path: Path, layouts: Sequence[Layout]) -> Table:
    """Any CSV file whose header fits a layout. Raises ReplayError that names the columns found, or line and column.

    A value that is no number is kept as text; an empty one is a gap, not a zero.
    """
    lines = _read(path)
    try:
        reader = csv.DictReader(iter(lines))
        header = list(reader.fieldnames or [])
        layout = next((each for each in layouts if set(each.match) <= set(header)), None)
        if layout is None:
            raise _no_layout(path, header, layouts)
        reading = {"long": _long, "wide": _wide, "events": _events}[layout.kind]
        series = {each.name: each for each in reading(reader, layout, header, lines) if each.samples}
    except csv.Error as broken:
        key = f"line {lines.number}"
        raise ReplayError("replay.file.unreadable", file=str(path), key=key, fix=str(broken)) from None
    if not series:
        fix = f"no reading in a column of known unit (layout {layout.code}, columns {header[:12]})"
        raise ReplayError("replay.file.empty", file=str(path), key="", fix=fix)
    return Table(path, layout.code, series)


def _no_layout(path: Path, header: Sequence[str], layouts: Sequence[Layout]) -> ReplayError:
    known = "; ".join(f"{each.code}: {', '.join(each.match)}" for each in layouts)
    fix = f"columns {header[:12]} fit no layout; rename them or add a layout ({known})"
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        fix = f"the columns must be separated by commas, found {header[0][:80]!r}"
    return ReplayError("replay.file.no_layout", file=str(path), key="header", fix=fix)


def _long(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], lines: _Lines) -> list[Series]:
    found: dict[str, tuple[str, list[Sample]]] = {}
    parts = layout.series or ((layout.station,) if layout.station in header else ())
    for row in rows:
        text = (row.get(layout.value) or "").strip()
        if not text:
            continue
        name = " ".join(filter(None, (row.get(part, "") for part in parts))) or layout.value
        word = (row.get(layout.unit) or "").strip()
        unit = layout.unit_words.get(word, word) or layout.default_unit
        at = _seconds(row, layout.time, layout.offset, lines)
        found.setdefault(name, (unit, []))[1].append((at, _value(text)))
    return [Series(name, unit, tuple(samples)) for name, (unit, samples) in found.items()]


def _wide(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], lines: _Lines) -> list[Series]:
    columns: dict[str, str] = dict(layout.columns)
    if not columns:
        for name in header:
            if name == layout.time:
                continue
            unit = layout.units.get(name.rsplit("_", 1)[-1], layout.default_unit)
            if unit:
                columns[name] = unit
    found: dict[str, list[Sample]] = {name: [] for name in columns}
    for row in rows:
        at = _seconds(row, layout.time, layout.offset, lines)
        for name in columns:
            text = (row.get(name) or "").strip()
            value = _value(text) if text else ""
            if value != "" and value not in layout.missing.get(name, ()):
                found[name].append((at, value))
    return [Series(name, columns[name], tuple(samples)) for name, samples in found.items()]


def _events(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], lines: _Lines) -> list[Series]:
    """Start, rise, peak and fall were measured; what lies between is a straight line, hence `derived`."""
    found: dict[str, list[Sample]] = {}
    for row in rows:
        start = _seconds(row, layout.start, layout.offset, lines)
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


def _seconds(row: Mapping[str, str], column: str, offset_h: float, lines: _Lines) -> float:
    """Unix seconds, or plain seconds where the column holds numbers. 2026/7/28 2:00 is how Chinese tables write it."""
    word = (row.get(column) or "").strip()
    with suppress(ValueError):
        if isfinite(seconds := float(word)):
            return seconds
    for read in (datetime.fromisoformat, _slashed):
        with suppress(ValueError):
            moment = read(word)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone(timedelta(hours=offset_h)))
            return moment.timestamp()
    raise lines.wrong(column, f"time {word!r} is neither ISO 8601 nor a number of seconds")


def _slashed(word: str) -> datetime:
    date, _, time = word.partition(" ")
    year, month, day = (int(part) for part in date.split("/"))
    hour, minute, second = (int(part) for part in f"{time or '0'}:0:0".split(":")[:3])
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the layout's offset is put on by the caller


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
