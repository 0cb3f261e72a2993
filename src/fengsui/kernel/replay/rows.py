"""From the rows of a file to series: one way for each kind of layout."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from math import isfinite

from fengsui.kernel.replay.layout import Layout, Lines, Sample, Series

BLANK = "blank"
CODED = "missing code"
INCONSISTENT = "event that contradicts itself"
AGREE_MIN = 1.0
"""Rise and fall of an event must make up its duration to so many minutes; rounding explains no more."""


def long(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], lines: Lines) -> list[Series]:
    found: dict[str, tuple[str, list[Sample]]] = {}
    blank: Counter[str] = Counter()
    parts = layout.series or ((layout.station,) if layout.station in header else ())
    for row in rows:
        name = " ".join(filter(None, (row.get(part, "") for part in parts))) or layout.value
        text = (row.get(layout.value) or "").strip()
        if not text:
            blank[name] += 1
            found.setdefault(name, (layout.default_unit, []))
            continue
        word = (row.get(layout.unit) or "").strip()
        unit = layout.unit_words.get(word, word) or layout.default_unit
        at = _seconds(row, layout.time, layout, lines)
        if name not in found or not found[name][1]:
            found[name] = (unit, [])
        found[name][1].append((at, value_of(text, layout.scale)))
    return [
        Series(name, unit, tuple(samples), False, _left(blank[name]), layout.rain)
        for name, (unit, samples) in found.items()
    ]


def _left(blank: int, coded: int = 0) -> dict[str, int]:
    return {why: count for why, count in ((BLANK, blank), (CODED, coded)) if count}


def lines(lines: Lines, layout: Layout) -> list[Series]:
    """Figures in columns of blanks, without a header that names them. Titles may stand before the first reading."""
    pattern = re.compile(layout.pattern)
    found: dict[str, list[Sample]] = defaultdict(list)
    begun = False
    for line in lines:
        hit = pattern.fullmatch(line.rstrip())
        if hit is None:
            if begun:
                raise lines.wrong("1", f"{line.strip()[:60]!r} is no reading (layout {layout.code})")
            continue
        begun = True
        parts = hit.groupdict()
        at = _seconds({"time": parts["time"]}, "time", layout, lines)
        found[parts.get("station") or layout.code].append((at, value_of(parts["value"], layout.scale)))
    return [Series(name, layout.default_unit, tuple(samples), rain=layout.rain) for name, samples in found.items()]


def wide(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], lines: Lines) -> list[Series]:
    columns: dict[str, str] = dict(layout.columns)
    if not columns:
        for name in header:
            if name == layout.time:
                continue
            unit = layout.units.get(name.rsplit("_", 1)[-1], layout.default_unit)
            if unit:
                columns[name] = unit
    found: dict[str, list[Sample]] = {name: [] for name in columns}
    blank: Counter[str] = Counter()
    coded: Counter[str] = Counter()
    for row in rows:
        at = _seconds(row, layout.time, layout, lines)
        for name in columns:
            text = (row.get(name) or "").strip()
            if not text:
                blank[name] += 1
                continue
            value = value_of(text, layout.scale)
            if value in layout.missing.get(name, ()):
                coded[name] += 1
            else:
                found[name].append((at, value))
    return [
        Series(name, columns[name], tuple(samples), False, _left(blank[name], coded[name]))
        for name, samples in found.items()
    ]


def events(rows: Iterable[dict[str, str]], layout: Layout, header: Sequence[str], lines: Lines) -> list[Series]:
    """Start, rise, peak and fall were measured; what lies between is a straight line, hence `derived`."""
    found: dict[str, list[Sample]] = {}
    wrong: Counter[str] = Counter()
    for row in rows:
        samples = found.setdefault(row[layout.station], [])
        made = event(row, layout, lines)
        if made is None:
            wrong[row[layout.station]] += 1
        else:
            samples.extend(made)
    return [
        Series(name, layout.unit, tuple(samples), True, {INCONSISTENT: wrong[name]} if wrong[name] else {})
        for name, samples in found.items()
    ]


def event(row: Mapping[str, str], layout: Layout, lines: Lines) -> list[tuple[float, float]] | None:
    """The readings of one event; None where its figures are missing or contradict each other."""
    start = _seconds(row, layout.start, layout, lines)
    figures = [value_of(row.get(key) or "") for key in (layout.peak, layout.rise_min, layout.fall_min)]
    if not all(isinstance(figure, float) and figure >= 0 for figure in figures):
        return None
    peak, rise, fall = (float(figure) for figure in figures)
    if layout.total_min:
        total = value_of(row.get(layout.total_min) or "")
        if not isinstance(total, float) or abs(rise + fall - total) > AGREE_MIN:
            return None
    corners = [(0.0, 0.0), (max(rise, 1.0) * 60, peak), ((max(rise, 1.0) + max(fall, 1.0)) * 60, 0.0)]
    return [(start + at, value) for at, value in _along(corners, layout.step_s)]


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


def value_of(text: str, scale: float = 1.0) -> float | str:
    """The figure, or the text as it is where it is none."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not isfinite(value):
        return text
    return value if scale == 1.0 else round(value * scale, 9)


def _seconds(row: Mapping[str, str], column: str, layout: Layout, lines: Lines) -> float:
    """Unix seconds, or plain seconds where the column holds numbers. 2026/7/28 2:00 is how Chinese tables write it."""
    word = (row.get(column) or "").strip()
    if layout.time_format:
        with suppress(ValueError):
            return _aware(_formatted(word, layout.time_format), layout.offset).timestamp()
        raise lines.wrong(column, f"time {word!r} does not fit {layout.time_format!r}")
    with suppress(ValueError):
        if isfinite(seconds := float(word)):
            return seconds * layout.time_scale
    for read in (datetime.fromisoformat, _slashed):
        with suppress(ValueError):
            return _aware(read(word), layout.offset).timestamp()
    raise lines.wrong(column, f"time {word!r} is neither ISO 8601 nor a number of seconds")


def _aware(moment: datetime, offset_h: float) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(hours=offset_h)))


def _formatted(word: str, form: str) -> datetime:
    """By strptime's format, in which a word of blanks is one blank. Hour 24 is midnight of the day after."""
    word = " ".join(word.split())
    try:
        return datetime.strptime(word, form)  # noqa: DTZ007 - the layout's offset is put on by the caller
    except ValueError:
        parts = word.split(" ")
        hour = form.split(" ").index("%H") if "%H" in form.split(" ") else -1
        if hour < 0 or len(parts) <= hour or parts[hour] != "24":
            raise
        parts[hour] = "0"
        return datetime.strptime(" ".join(parts), form) + timedelta(days=1)  # noqa: DTZ007 - as above


def _slashed(word: str) -> datetime:
    date, _, time = word.partition(" ")
    year, month, day = (int(part) for part in date.split("/"))
    hour, minute, second = (int(part) for part in f"{time or '0'}:0:0".split(":")[:3])
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the layout's offset is put on by the caller
