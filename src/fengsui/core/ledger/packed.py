"""What a spreadsheet may be, looked at before anything opens it: size, macros, entities, how far its cells reach.

The library that reads sheets makes one dense table from the first to the last cell. A file of five kilobytes that has a
cell in the last column of the last row asks for 400 GB, and the allocator then ends the whole process.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
import zlib

from fengsui.kernel.errors import Invalid

MOST_UNPACKED = 300_000_000
MOST_RATIO = 250
"""Real sheets pack 5 to 30 times, one column of the same word some 100 times."""
SMALL = 30_000_000
"""Below this nothing can harm, whatever the ratio."""
MOST_PARTS = 5_000
MOST_CELLS = 20_000_000
"""Of the table from the first to the last cell: 24 bytes each while it is read."""
PEEK = 65_536
CHUNK = 1_000_000
OVERLAP = 64
_REACH = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{2,3}\d+|[A-Za-z]?\d{6,})""")
"""Cells beyond column Z or row 99 999, and rows beyond it."""
_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3}\d+)""")
_ROOT = re.compile(rb"<[A-Za-z_]")
_DECLARES = (b"<!DOCTYPE", b"<!ENTITY")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")

PROBE_MEMORY = 1_500_000_000
PROBE_S = 60
_PROBE = """
import io, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from python_calamine import CalamineError, CalamineWorkbook
try:
    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height * sheet.width > int(sys.argv[2]):
            sys.exit(4)
except (CalamineError, ValueError, OSError, KeyError):
    sys.exit(3)
"""
_BROKEN = 3


def refuse_harmful(body: bytes) -> None:
    """Of an archive (.xlsx, .ods). Raises Invalid("core.ledger.file_bomb"), ("core.ledger.file_macros"),
    ("core.ledger.file_entities"), ("core.ledger.file_unreadable")."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = archive.infolist()
            whole = sum(each.file_size for each in parts)
            packed = max(1, sum(each.compress_size for each in parts))
            if len(parts) > MOST_PARTS or whole > MOST_UNPACKED or (whole > SMALL and whole / packed > MOST_RATIO):
                raise Invalid("core.ledger.file_bomb", field="file", size=round(whole / 1e6))
            for each in parts:
                if each.filename.lower().endswith("vbaproject.bin"):
                    raise Invalid("core.ledger.file_macros", field="file")
                _refuse_entities(archive, each)
            if "xl/workbook.xml" in archive.namelist():
                for each in parts:
                    _refuse_vast(archive, each)
            else:
                refuse_vast(body)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise Invalid("core.ledger.file_unreadable", field="file") from None


def refuse_vast(body: bytes) -> None:
    """Of a format whose cells we cannot count by looking (.xls, .ods): opened once in a process of its own.

    It may use PROBE_MEMORY bytes. Raises Invalid("core.ledger.file_bomb") where that is not enough, or where a sheet
    has more than MOST_CELLS cells.
    """
    command = [sys.executable, "-I", "-c", _PROBE, str(PROBE_MEMORY), str(MOST_CELLS)]
    try:
        done = subprocess.run(command, input=body, capture_output=True, timeout=PROBE_S, check=False)
    except subprocess.TimeoutExpired:
        raise Invalid("core.ledger.file_bomb", field="file", size=round(PROBE_MEMORY / 1e6)) from None
    if done.returncode == _BROKEN:
        return  # whoever opens it says what is wrong with it
    if done.returncode:
        raise Invalid("core.ledger.file_bomb", field="file", size=round(PROBE_MEMORY / 1e6))


def _refuse_entities(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Declarations stand before the root: all of that is looked at, however long; no sheet is in UTF-16."""
    with archive.open(part) as opened:
        start = opened.read(PEEK)
    harmful = any(each in start for each in _DECLARES)
    if part.filename.lower().endswith((".xml", ".rels")):
        harmful |= start.startswith(_WIDE_MARKS) or b"\0" in start or (len(start) == PEEK and not _ROOT.search(start))
    if harmful:
        raise Invalid("core.ledger.file_entities", field="file")


def _refuse_vast(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Any part may be a sheet: its place in the archive is the file's own choice."""
    width, height = _reach(archive, part, _REACH, 26, 99_999)
    if width * height > MOST_CELLS:
        width, height = _reach(archive, part, _CELL, 1, 1)
    if width * height > MOST_CELLS:
        raise Invalid("core.ledger.file_bomb", field="file", size=round(width * height * 24 / 1e6))


def _reach(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, seen: re.Pattern[bytes], width: int, height: int
) -> tuple[int, int]:
    """Columns and rows up to the last cell that is found, at least those given."""
    left = b""
    with archive.open(part) as opened:
        while chunk := opened.read(CHUNK):
            for found in set(seen.findall(left + chunk)):
                letters = found.rstrip(b"0123456789")
                width = max(width, _column(letters))
                height = max(height, int(found[len(letters) :]))
            left = chunk[-OVERLAP:]
    return width, height


def _column(letters: bytes) -> int:
    """A -> 1, Z -> 26, AA -> 27"""
    number = 0
    for each in letters.upper():
        number = number * 26 + each - 64
    return number
