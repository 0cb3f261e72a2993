"""Tables of measured series: our own compact one and other people's files, read by a declared layout."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from fengsui.kernel.replay import rows
from fengsui.kernel.replay.layout import Layout, Lines, Series, Table
from fengsui.kernel.replay.models import ReplayError

FIRST_LINES = 5
"""A file without a header of columns is known by one of so many lines: titles may come before the figures."""


def _read(path: Path) -> Lines:
    try:
        content = path.read_bytes()
    except OSError as broken:
        raise ReplayError(
            "replay.file.unreadable", file=str(path), key="", fix=broken.strerror or str(broken)
        ) from None
    try:
        return Lines(path, content.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as broken:
        before = content[: broken.start]
        place = f"line {before.count(b'\n') + 1}, byte {broken.start - before.rfind(b'\n')}"
        fix = f"byte 0x{content[broken.start]:02x} is no UTF-8: save the file as CSV UTF-8"
        raise ReplayError("replay.file.unreadable", file=str(path), key=place, fix=fix) from None


def read_csv(path: Path, layouts: Sequence[Layout]) -> Table:
    """Any file whose header, or whose first lines, fit a layout.

    Raises ReplayError that names the columns found, or line and column.
    A value that is no number is kept as text; an empty one is a gap, not a zero.
    """
    lines = _read(path)
    try:
        if (fixed := _by_pattern(lines, layouts)) is not None:
            return _table(path, fixed, rows.lines(lines, fixed), "")
        reader = csv.DictReader(iter(lines))
        header = list(reader.fieldnames or [])
        layout = next((each for each in layouts if each.match and set(each.match) <= set(header)), None)
        if layout is None:
            raise _no_layout(path, header, layouts)
        reading = {"long": rows.long, "wide": rows.wide, "events": rows.events}[layout.kind]
        return _table(path, layout, reading(reader, layout, header, lines), f", columns {header[:12]}")
    except csv.Error as broken:
        key = f"line {lines.number}"
        raise ReplayError("replay.file.unreadable", file=str(path), key=key, fix=str(broken)) from None


def _by_pattern(lines: Lines, layouts: Sequence[Layout]) -> Layout | None:
    """A layout without a header of columns: its pattern fits one of the first lines."""
    first = [line for line, _ in zip(lines, range(FIRST_LINES), strict=False)]
    fixed = (each for each in layouts if each.kind == "lines")
    return next((each for each in fixed if any(re.fullmatch(each.pattern, line.rstrip()) for line in first)), None)


def _table(path: Path, layout: Layout, found: Sequence[Series], columns: str) -> Table:
    series = {each.name: each for each in found if each.samples}
    if not series:
        fix = f"no reading in a column of known unit (layout {layout.code}{columns})"
        raise ReplayError("replay.file.empty", file=str(path), key="", fix=fix)
    left_out: Counter[str] = Counter()
    for each in found:
        left_out.update(each.left_out)
    return Table(path, layout.code, series, dict(left_out))


def _no_layout(path: Path, header: Sequence[str], layouts: Sequence[Layout]) -> ReplayError:
    known = ", ".join(each.code for each in layouts)
    fix = f"columns {header[:12]} fit no layout; call them time, value (station, unit), or add a layout beside {known}"
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        fix = f"the columns must be separated by commas, found {header[0][:80]!r}"
    return ReplayError("replay.file.no_layout", file=str(path), key="header", fix=fix)


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
