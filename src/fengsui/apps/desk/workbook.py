"""Series as a workbook: one sheet that says what it is, then one a stream, with every reading or with the drawn ones.

openpyxl makes the book, its heads and styles. The rows, half a million a stream and year, are written into its sheets
as text: through openpyxl's cells they would take twenty seconds of a web process.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from xml.sax.saxutils import escape

import numpy as np
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from fengsui.apps.desk import lanes
from fengsui.apps.sensing import boards, series
from fengsui.apps.sensing.models import Datastream
from fengsui.core.ledger.cells import safe
from fengsui.kernel.errors import Refused
from fengsui.science.series.quality import SUSPECT
from fengsui.science.series.thin import Piece

SHEET_ROWS = 1_048_576
"""Rows of a sheet in Excel, its head included; what is over goes to a second sheet."""
MOST_ROWS = 1_200_000
_HEAD_ROWS = 1
_DAY_US, _EXCEL_1970 = 86_400e6, 25_569
_SAMPLE = re.compile(rb'<row r="2"[^>]*>.*?s="(\d+)".*?</row>', re.S)
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet: so many rows of one stream."""

    title: str
    head: list[str]
    rows: Piece
    factor: float
    decimals: int


def book(streams: Sequence[Datastream], window: lanes.Window, now: datetime, *, raw: bool, drill: str) -> IO[bytes]:
    """An open temporary file, at its beginning. drill: name of the exercise, or "".

    Raises Refused("desk.series.too_many_rows") where every reading was asked for and there are too many.
    """
    if raw and (count := _count(streams, window)) > MOST_ROWS:
        raise Refused("desk.series.too_many_rows", count=count, most=MOST_ROWS)
    found = [_rows(stream, window, now, raw) for stream in streams]
    parts = [part for stream, piece in zip(streams, found, strict=True) for part in _parts(stream, piece, drill)]
    frame = _frame(_said(streams, found, window, now, raw, drill), parts)
    out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever is answered closes it
    with zipfile.ZipFile(frame) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as new:
        sheets = {f"xl/worksheets/sheet{n + 2}.xml": part for n, part in enumerate(parts)}
        for name in old.namelist():
            body, part = old.read(name), sheets.get(name)
            if part is None:
                new.writestr(name, body)
                continue
            with new.open(name, "w", force_zip64=True) as sheet:
                for piece_of_xml in _filled(body, part):
                    sheet.write(piece_of_xml)
    out.seek(0)
    return out


def _count(streams: Sequence[Datastream], window: lanes.Window) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sensing_observation WHERE datastream_id = ANY(%s) AND at >= %s AND at < %s",
            [[each.pk for each in streams], window.low, window.high],
        )
        return int(cursor.fetchone()[0])


def _rows(stream: Datastream, window: lanes.Window, now: datetime, raw: bool) -> Piece:
    if raw:
        return series.raw(stream.pk, window.low, window.high, series.gap_us(stream))
    return series.thinned(stream, window.low, window.high, now).piece


def _parts(stream: Datastream, found: Piece, drill: str) -> Iterator[Part]:
    shown, key = boards.display_of(stream), lanes.key_of(stream)
    head = [_("时间"), f"{boards.kind_word(stream)} {shown.unit}", _("未采用的原因")]
    room = SHEET_ROWS - _HEAD_ROWS
    for n, begin in enumerate(range(0, max(len(found.at), 1), room)):
        rows = slice(begin, begin + room)
        title = f"{_('演练') if drill else ''}{key}"[:26] + (f" ({n + 1})" if n else "")
        part = Piece(found.at[rows], found.value[rows], found.flags[rows], found.gaps[:0], 0, 0)
        yield Part(re.sub(r"[\[\]:*?/\\]", "_", title), head, part, shown.factor, shown.decimals)


def _said(
    streams: Sequence[Datastream], found: Sequence[Piece], window: lanes.Window, now: datetime, raw: bool, drill: str
) -> list[list[Any]]:
    """The first sheet: what this is, of when, how it was made, and of what nature each stream is."""

    def hms(at: datetime) -> str:
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"

    lines: list[list[Any]] = [[_("演练：%(name)s，不对外") % {"name": drill}]] if drill else []
    lines += [
        [_("过程线")],
        [_("时段"), f"{hms(window.low)} — {hms(window.high)}"],
        [_("取出"), hms(now)],
        [_("内容"), _("全部读数，未采用的也在，写明原因") if raw else
         _("抽稀：每个时段只留首、末、最低、最高读数，极值与时刻不变；不是全部读数")],
        [],
        [_("站码.类别"), _("测站"), _("单位"), _("时段内读数"), _("写出"), _("未采用"), _("断数"), _("回放倍速"),
         _("数据性质")],
    ]  # fmt: skip
    for stream, piece in zip(streams, found, strict=True):
        lines.append([
            lanes.key_of(stream), lanes.name_of(stream), boards.display_of(stream).unit, piece.of, len(piece.at),
            piece.refused, len(piece.gaps), stream.speed, boards.nature(stream.station),
        ])  # fmt: skip
    return lines


def _frame(said: list[list[Any]], parts: Sequence[Part]) -> io.BytesIO:
    """The book with heads and, in each sheet, one row from which the style of a time is learnt."""
    frame = Workbook(write_only=True)
    sheet = frame.create_sheet(_("说明"))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 30, 48
    for line in said:
        sheet.append([safe(cell) for cell in line])
    for part in parts:
        sheet = frame.create_sheet(part.title)
        sheet.freeze_panes = "A2"
        for letter, width in (("A", 22), ("B", 16), ("C", 24)):
            sheet.column_dimensions[letter].width = width
        sheet.append(part.head)
        sheet.append([datetime(2026, 1, 1)])  # noqa: DTZ001 - a sheet knows no zones
    out = io.BytesIO()
    frame.save(out)
    out.seek(0)
    return out


def _filled(body: bytes, part: Part) -> Iterator[bytes]:
    sample = _SAMPLE.search(body)
    assert sample, "the frame has its sample row"
    style = sample.group(1).decode()
    yield body[: sample.start()]
    rows = part.rows
    value = np.round(rows.value * part.factor, part.decimals)
    zone = timezone.get_current_timezone()
    why = {int(f): escape(boards.flag_words(int(f))) for f in np.unique(rows.flags & SUSPECT) if f}
    for begin in range(0, len(rows.at), _CHUNK):
        at = rows.at[begin : begin + _CHUNK]
        offset = datetime.fromtimestamp(int(at[0]) / 1e6, zone).utcoffset()
        day = at / _DAY_US + _EXCEL_1970 + (offset.total_seconds() / 86_400 if offset else 0.0)
        flags = (rows.flags[begin : begin + _CHUNK] & SUSPECT).tolist()
        yield "".join([
            f'<row><c s="{style}"><v>{d:.8f}</v></c><c><v>{v!r}</v></c>'
            + (f'<c t="inlineStr"><is><t>{why[f]}</t></is></c>' if f else "") + "</row>"
            for d, v, f in zip(day.tolist(), value[begin : begin + _CHUNK].tolist(), flags, strict=True)
        ]).encode()  # fmt: skip
    yield body[sample.end() :]
