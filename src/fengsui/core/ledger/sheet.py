"""Opening a spreadsheet: which rows are its header, what each column is, which rows are data and which are remarks.

Read with calamine (.xlsx, .xls, .ods) or as text (.csv in UTF-8 or GB 18030). Row numbers are those that the user sees.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from fengsui.core.ledger.cells import factor, folded
from fengsui.core.ledger.columns import Column, Number, Position
from fengsui.core.ledger.packed import refuse_harmful, refuse_vast
from fengsui.kernel.errors import Invalid

HEADER_WITHIN = 15
MOST_ROWS = 200_000
_BRACKETS = re.compile(r"[（(\[【]([^）)\]】]*)[）)\]】]")
_GCJ = re.compile(r"gcj|火星|高德|腾讯|百度坐标以外", re.I)
_REMARK = re.compile(
    r"^[（(]?\s*(注|备注|说明|填表|填报|制表|审核|审批|联系人|合计|总计|小计|单位负责人|note|total)\s*[0-9一二三]*\s*[:：、.)）]?",
    re.I,
)
LON = ("经度", "东经", "longitude", "lon", "lng", "x")
LAT = ("纬度", "北纬", "latitude", "lat", "y")
BOTH = ("坐标", "经纬度", "coordinates")
MARKED = ("坐标系", "crs")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a register's column stands in the sheet. For a position `at` is longitude and `lat_at` latitude."""

    column: Column
    at: int
    scale: float = 1.0
    lat_at: int = -1
    gcj: bool = False


@dataclass
class Sheet:
    """A sheet with its header understood."""

    name: str
    rows: Sequence[Sequence[Any]]
    first: int
    """Row number (from 1) of the first row of data."""
    places: list[Place] = field(default_factory=list)
    crs_at: int = -1
    remarks_at: int = -1
    """The column of our own remarks in a sheet that comes back mended."""
    ignored: list[str] = field(default_factory=list)
    remarks: list[tuple[int, str]] = field(default_factory=list)

    def data(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Rows of data with their numbers. Empty rows are passed over; remarks are kept aside and reported."""
        for index in range(self.first - 1, len(self.rows)):
            row = self.rows[index]
            held = [cell for cell in row if cell not in ("", None)]
            if not held:
                continue
            text = held[0] if isinstance(held[0], str) else ""
            if len(held) <= 2 and len(self.places) > 2 and text and _REMARK.match(text.strip()):
                self.remarks.append((index + 1, text.strip()[:80]))
                continue
            yield index + 1, row


@cache
def remark_heads() -> tuple[str, ...]:
    """What heads the column of remarks: Chinese as sheets are, English read too."""
    found = []
    for language in ("zh-hans", "en"):
        with override(language):
            found.append(_("问题与改法"))
    return tuple(found)


def bare(header: Any) -> str:
    """A header without stars, breaks, blanks, brackets and case."""
    text = folded(str(header or "")).replace("*", "").replace("＊", "")
    return re.sub(r"\s+", "", _BRACKETS.sub("", text)).lower().rstrip(":：")


def _inside(header: Any) -> str:
    found = _BRACKETS.search(folded(str(header or "")).replace("（", "(").replace("）", ")"))
    return found[1].strip() if found else ""


def open_file(body: bytes, name: str) -> list[tuple[str, list[list[Any]]]]:
    """Every sheet as (name, rows). Raises Invalid("core.ledger.file.…")."""
    if not body:
        raise Invalid("core.ledger.file_empty", field="file")
    if body[:4] == b"PK\x03\x04":
        refuse_harmful(body)
    if body[:4] == b"\xd0\xcf\x11\xe0":
        refuse_vast(body)
    if body[:4] == b"PK\x03\x04" or body[:4] == b"\xd0\xcf\x11\xe0":
        return _workbook(body)
    if name.lower().endswith((".xlsx", ".xls", ".ods", ".et")):
        raise Invalid("core.ledger.file_unreadable", field="file")
    return [("csv", _text(body))]


def _workbook(body: bytes) -> list[tuple[str, list[list[Any]]]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        found = []
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.height > MOST_ROWS:
                raise Invalid("core.ledger.file_long", field="file", most=MOST_ROWS)
            # iter_rows gives the empty rows above the first used one too, so an index is a row's number less one.
            found.append((name, list(sheet.iter_rows()) if sheet.start else []))
        return found
    except PasswordError:
        raise Invalid("core.ledger.file_locked", field="file") from None
    except (CalamineError, ValueError, OSError, KeyError) as error:
        if isinstance(error, Invalid):
            raise
        raise Invalid("core.ledger.file_unreadable", field="file") from None


def _text(body: bytes) -> list[list[Any]]:
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        try:
            text = body.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Invalid("core.ledger.file_unreadable", field="file")
    if "\x00" in text[:1000]:
        raise Invalid("core.ledger.file_unreadable", field="file")
    head = text[:4000].splitlines()[0] if text.strip() else ""
    delimiter = max(",\t;", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        raise Invalid("core.ledger.file_unreadable", field="file") from None
    if len(rows) > MOST_ROWS:
        raise Invalid("core.ledger.file_long", field="file", most=MOST_ROWS)
    return [list(row) for row in rows]


def understand(body: bytes, name: str, columns: Sequence[Column]) -> Sheet:
    """The sheet whose header fits the register best.

    Raises Invalid("core.ledger.no_header") where none does, ("core.ledger.column_missing") where a key's column is not
    there, ("core.ledger.column_twice"), ("core.ledger.unit_unknown").
    """
    best: tuple[int, Sheet] | None = None
    for title, rows in open_file(body, name):
        for at in range(min(HEADER_WITHIN, len(rows))):
            for deep in (1, 2):
                if at + deep > len(rows):
                    continue
                sheet = Sheet(title, rows, at + deep + 1)
                score = _fit(sheet, _heads(rows[at : at + deep]), columns)
                if score and (best is None or score > best[0]):
                    best = (score, sheet)
    wanted = "、".join(str(column.label) for column in columns if column.key)
    if best is None:
        raise Invalid("core.ledger.no_header", field="file", wanted=wanted)
    sheet = best[1]
    _check_header(sheet, columns)
    return sheet


def _heads(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, Any]]:
    """(group, header) of each column; a merged group stands only in its first cell."""
    if len(rows) == 1:
        return [("", cell) for cell in rows[0]]
    heads, group = [], ""
    upper, lower = list(rows[0]), list(rows[1])
    for index in range(max(len(upper), len(lower))):
        above = upper[index] if index < len(upper) else ""
        below = lower[index] if index < len(lower) else ""
        group = above or group
        heads.append((group if below else "", below or above))
    return heads


def _fit(sheet: Sheet, heads: list[tuple[Any, Any]], columns: Sequence[Column]) -> int:
    """Fill in the sheet's places; returns how many columns were recognised (0: this is no header)."""
    plain = {index: bare(head) for index, (_group, head) in enumerate(heads) if bare(head)}
    taken: set[int] = set()
    for column in columns:
        if isinstance(column.kind, Position):
            place = _position(column, heads, plain)
            if place:
                sheet.places.append(place)
                taken |= {place.at, place.lat_at} - {-1}
            continue
        names = {bare(each) for each in column.names()}
        for index, text in plain.items():
            if text in names and index not in taken:
                sheet.places.append(Place(column, index))
                taken.add(index)
                break
    for index, text in plain.items():
        if text in MARKED:
            sheet.crs_at = index
            taken.add(index)
        if text in {bare(each) for each in remark_heads()} and index not in taken:
            sheet.remarks_at = index
            taken.add(index)
    sheet.ignored = [str(heads[index][1]).strip() for index in plain if index not in taken]
    keys = [place for place in sheet.places if place.column.key]
    if not keys:
        return 0
    for number, place in enumerate(sheet.places):
        if isinstance(place.column.kind, Number) and place.column.unit and (unit := _inside(heads[place.at][1])):
            known = factor(unit, str(place.column.unit))
            sheet.places[number] = Place(place.column, place.at, known if known is not None else float("nan"))
    return len(taken) * 10 - len(sheet.ignored)


def _position(column: Column, heads: list[tuple[Any, Any]], plain: dict[int, str]) -> Place | None:
    lon = next((index for index, text in plain.items() if text in LON), -1)
    lat = next((index for index, text in plain.items() if text in LAT), -1)
    both = {bare(each) for each in column.names()} | set(BOTH)
    at = lon if lon >= 0 else next((index for index, text in plain.items() if text in both), -1)
    if at < 0 or (lon >= 0 and lat < 0):
        return None
    said = " ".join(str(part) for part in heads[at])
    return Place(column, at, 1.0, lat if lon >= 0 else -1, bool(_GCJ.search(said)))


def _check_header(sheet: Sheet, columns: Sequence[Column]) -> None:
    found = {place.column.code for place in sheet.places}
    for column in columns:
        if column.key and column.code not in found:
            raise Invalid("core.ledger.column_missing", field="file", column=str(column.label))
    for place in sheet.places:
        if place.scale != place.scale:  # a unit that nobody knows
            raise Invalid(
                "core.ledger.unit_unknown", field="file", column=str(place.column.label), unit=str(place.column.unit)
            )
