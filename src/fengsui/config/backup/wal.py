"""The archived log: names of segments, branches (timelines), and whether the chain is whole. Only reads.

PostgreSQL names a segment TTTTTTTTXXXXXXXXYYYYYYYY: timeline, high and low part of its place; 16 MB each here.
https://www.postgresql.org/docs/15/continuous-archiving.html
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

SEGMENT = 16 * 1024 * 1024
PER_LOG = 0x1_0000_0000 // SEGMENT
NAME = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})\.gz")


def number(lsn: str) -> int:
    """`0/3000028` as bytes from the beginning of the log."""
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def position(lsn: str) -> int:
    """Running number of the segment that holds this place."""
    return number(lsn) // SEGMENT


def place(name: str) -> int | None:
    """Running number of an archived segment by its file's name, None for what is no segment."""
    found = NAME.fullmatch(name)
    return int(found[2], 16) * PER_LOG + int(found[3], 16) if found else None


def named(timeline: int, at: int) -> str:
    return f"{timeline:08X}{at // PER_LOG:08X}{at % PER_LOG:08X}"


def archived(folder: Path) -> dict[int, list[Path]]:
    """Segments by running number, one for each branch that has it."""
    found: dict[int, list[Path]] = {}
    for path in sorted(folder.glob("*.gz")):
        if (at := place(path.name)) is not None:
            found.setdefault(at, []).append(path)
    return found


def branches(folder: Path, timeline: int | None = None) -> tuple[int, Mapping[int, int]]:
    """(a branch, the newest unless given; for each it came from the byte where it was left)."""
    known = sorted(folder.glob("????????.history.gz"))
    newest = timeline or (int(known[-1].name[:8], 16) if known else 1)
    path = folder / f"{newest:08X}.history.gz"
    left: dict[int, int] = {}
    if path.exists():
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            words = line.split()
            if words and words[0].isdigit():
                left[int(words[0])] = number(words[1])
    return newest, left


def first_fault(folder: Path, timeline: int, start: int) -> tuple[str, str] | None:
    """(segment, "missing" | "broken") of the first place from `start` on where the chain is not whole."""
    segments = archived(folder)
    last = max(segments, default=start - 1)
    for at in range(start, last + 1):
        if at not in segments:
            return named(timeline, at), "missing"
        for path in segments[at]:
            if not _whole(path):
                return path.name, "broken"
    return None


def gap(folder: Path, timeline: int, start: int) -> str:
    """Name of the first missing segment from `start` on, without reading any; empty where the chain is unbroken."""
    segments = archived(folder)
    last = max(segments, default=start)
    return next((named(timeline, at) for at in range(start, last) if at not in segments), "")


def _whole(path: Path) -> bool:
    size = 0
    try:
        with gzip.open(path) as packed:
            while part := packed.read(1 << 20):
                size += len(part)
    except (OSError, EOFError, zlib.error):
        return False
    return size == SEGMENT
