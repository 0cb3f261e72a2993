"""Registers as files: what is shown as .xlsx and .csv, the empty sheet, and a sheet with remarks of its faults."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from zipfile import BadZipFile

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from fengsui.core.ledger.cells import safe
from fengsui.core.ledger.check import Fault
from fengsui.core.ledger.columns import Code, Column, Number, Position, Ref
from fengsui.core.ledger.listed import Listed
from fengsui.core.ledger.listing import plain_rows
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.sheet import Sheet, remark_heads
from fengsui.core.ledger.words import sentence
from fengsui.core.ledger.worklist import Worklist

MOST = 100_000
_BOLD = Font(bold=True)
_NEEDED = PatternFill("solid", fgColor="FFF2CC")
_BAD = PatternFill("solid", fgColor="F8D7DA")
_WRAP = Alignment(vertical="top", wrap_text=True)
TEMPLATE_ROWS = 2000
MARKED_ROWS = 5_000
"""A longer sheet is written anew: opening it whole to mark some cells takes a minute."""
ILLUSTRATIVE = "illustrative"


def headers(columns: Sequence[Column]) -> list[str]:
    found = []
    for column in columns:
        found += [_("经度"), _("纬度")] if isinstance(column.kind, Position) else [column.title()]
    return found


def cells_of(columns: Sequence[Column], values: Sequence[Any]) -> list[Any]:
    """A row of a file: nothing in it that a spreadsheet would run."""
    found: list[Any] = []
    for column, value in zip(columns, values, strict=True):
        if isinstance(column.kind, Position):
            found += value or ["", ""]
        else:
            found.append(safe(column.kind.sheet(value)))
    return found


def ready(columns: Sequence[Column]) -> list[Column]:
    """The columns with the words that their kinds read from a table."""
    return [replace(column, kind=column.kind.ready()) for column in columns]


def exported(register: Listed, columns: Sequence[Column]) -> list[Column]:
    """The shown columns, the key and the kind of data: without these a file could not be brought back or judged."""
    listed = [*register.keys, *columns]
    if register.provenance:
        listed.append(register.provenance)
    return list({column.code: column for column in listed}.values())


def note(register: Listed, at: datetime, illustrative: bool, drill: bool = False) -> str:
    """The line below an export; importing it again passes over it."""
    text = _("注：%(name)s，%(at)s 导出") % {
        "name": register.name,
        "at": timezone.localtime(at).strftime("%Y-%m-%d %H:%M"),
    }
    told = [_("演练，不对外")] if drill else []
    told += [_("含示意数据，非真实情况")] if illustrative else []
    return "；".join([text, *told])


def csv_lines(
    register: Listed, rows: QuerySet[Any], columns: Sequence[Column], at: datetime, *, drill: bool = False
) -> Iterator[str]:
    """Lines of a .csv in UTF-8 with its mark, so that spreadsheets read the Chinese."""
    out = csv.writer(_Echo())
    yield "\ufeff" + out.writerow(headers(columns))
    invented, worded = _belongs_to_invented(register, rows), ready(columns)
    for _key, values, _words in plain_rows(register, rows[:MOST], columns):
        invented = invented or _invented(register, columns, values)
        yield out.writerow(["" if each is None else each for each in cells_of(worded, values)])
    yield out.writerow([note(register, at, invented, drill)])


def holds_invented(listed: Listed, rows: QuerySet[Any]) -> bool:
    """Whether some of these rows are illustrative, or belong to what is."""
    path = listed.provenance.path if listed.provenance else listed.origin
    if path:
        return rows.filter(**{path: ILLUSTRATIVE}).exists()
    return isinstance(listed, Worklist)  # one that does not say it names people and places, made up or not: be careful


def _belongs_to_invented(listed: Listed, rows: QuerySet[Any]) -> bool:
    """Asked before the rows are read, unless each of them says it itself (`_invented`)."""
    return listed.provenance is None and holds_invented(listed, rows)


def _invented(register: Listed, columns: Sequence[Column], values: Sequence[Any]) -> bool:
    return register.provenance is not None and values[columns.index(register.provenance)] == ILLUSTRATIVE


class _Echo:
    def write(self, text: str) -> str:
        return text


def xlsx(
    register: Listed, rows: QuerySet[Any], columns: Sequence[Column], at: datetime, *, drill: bool = False
) -> bytes:
    """What is shown, as a workbook."""
    book = Workbook(write_only=True)
    page = book.create_sheet(str(register.name)[:31])
    _shape(page, columns)
    page.append([_head(page, text) for text in headers(columns)])
    invented, worded = _belongs_to_invented(register, rows), ready(columns)
    for _key, values, _words in plain_rows(register, rows[:MOST], columns):
        invented = invented or _invented(register, columns, values)
        page.append([_typed(page, each) for each in cells_of(worded, values)])
    page.append([note(register, at, invented, drill)])
    return _bytes(book)


def template(register: Register) -> bytes:
    """The empty sheet: what is needed is coloured, each header says what belongs below it, lists can be picked from."""
    columns = register.writable
    book = Workbook(write_only=True)
    page = book.create_sheet(str(register.name)[:31])
    _shape(page, columns)
    at = 0
    for column in columns:
        width = 2 if isinstance(column.kind, Position) else 1
        letter = get_column_letter(at + 1)
        allowed = column.kind.allowed()
        if allowed and len(joined := ",".join(allowed)) < 250:
            rule = DataValidation(type="list", formula1=f'"{joined}"', allow_blank=not (column.required or column.key))
            rule.error = _("请从下拉列表中选")
            rule.add(f"{letter}2:{letter}{TEMPLATE_ROWS}")
            page.data_validations.append(rule)
        at += width
    heads = []
    for column in columns:
        for text in headers([column]):
            head = _head(page, f"{text}*" if column.required or column.key else text)
            if column.required or column.key:
                head.fill = _NEEDED
            head.comment = Comment(explained(column), "fengsui", width=280, height=120)
            heads.append(head)
    page.append(heads)
    guide = book.create_sheet(_("填写说明"))
    for letter, width in zip("ABCDE", (18, 8, 44, 60, 44), strict=True):
        guide.column_dimensions[letter].width = width
    guide.append([_head(guide, text) for text in (_("列"), _("必填"), _("填什么"), _("可填的值"), _("说明"))])
    for column in columns:
        allowed_text = "、".join(column.kind.allowed()) or (_references(column) if isinstance(column.kind, Ref) else "")
        needed = _("是") if column.required or column.key else ""
        row = [column.title(), needed, column.kind.says(), allowed_text, str(column.note)]
        guide.append([_wrapped(guide, text) for text in row])
    guide.append([_("已在册的编号会更新那一行，新的编号增加一行；没有的列不改动；停用在页面上办。")])
    return _bytes(book)


def explained(column: Column) -> str:
    """What belongs into a column, in a sentence or two."""
    parts = [column.kind.says()]
    if column.unit:
        parts.append(_("单位 %(unit)s") % {"unit": column.unit})
    if column.kind.allowed():
        parts.append("、".join(column.kind.allowed()))
    if column.note:
        parts.append(str(column.note))
    return "；".join(parts)


def _references(column: Column) -> str:
    assert isinstance(column.kind, Ref)
    assert column.kind.model is not None
    rows = column.kind.model._base_manager.order_by(column.kind.by).values_list(column.kind.by, column.kind.called)[:40]
    return "；".join(f"{code} {name}" for code, name in rows)


def remarked(opened: Sheet, faults: dict[int, list[Fault]], register: Register, body: bytes = b"") -> bytes:
    """The same sheet with a column that says what is wrong with each row and how to mend it; faulty cells marked.

    `body`: the file as it was sent. An .xlsx of usual length keeps its own looks, sheets and formulas; another file, or
    a very long one, is written anew with its values. Either way it can be mended and brought again: the column of
    remarks is known and passed over.
    """
    if body[:4] == b"PK\x03\x04" and len(opened.rows) <= MARKED_ROWS:
        with suppress(BadZipFile, KeyError, ValueError, InvalidFileException):
            return _marked(opened, faults, register, body)
    return _written(opened, faults, register)


def _told(register: Register, found: Sequence[Fault]) -> str:
    return "；".join(sentence(register, each) for each in found)


def _marked(opened: Sheet, faults: dict[int, list[Fault]], register: Register, body: bytes) -> bytes:
    book = load_workbook(io.BytesIO(body))
    page = book[opened.name]
    at = {place.column.code: place.at for place in opened.places}
    last = opened.remarks_at + 1 if opened.remarks_at >= 0 else max((len(row) for row in opened.rows), default=0) + 1
    head = page.cell(opened.first - 1, last, remark_heads()[0])
    head.font = _BOLD
    page.column_dimensions[get_column_letter(last)].width = 60
    for number in range(opened.first, len(opened.rows) + 1):
        found = faults.get(number, [])
        if not found and opened.remarks_at < 0:
            continue
        cell = page.cell(number, last)
        cell.value, cell.alignment = safe(_told(register, found)) or None, _WRAP
        for each in found:
            if each.column in at:
                wrong = page.cell(number, at[each.column] + 1)
                wrong.fill = _BAD
                wrong.comment = Comment(sentence(register, each), "fengsui", width=280, height=80)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _written(opened: Sheet, faults: dict[int, list[Fault]], register: Register) -> bytes:
    book = Workbook(write_only=True)
    page = book.create_sheet(opened.name[:31] or "1")
    at = {place.column.code: place.at for place in opened.places}
    width = max((len(row) for row in opened.rows), default=0)
    last = opened.remarks_at if opened.remarks_at >= 0 else width
    page.column_dimensions[get_column_letter(last + 1)].width = 60
    for number, row in enumerate(opened.rows, 1):
        found = faults.get(number, [])
        bad = {at[each.column] for each in found if each.column in at}
        written = [_typed(page, safe(cell)) for cell in [*row, *[""] * (width - len(row))]]
        for index in bad:
            written[index].fill = _BAD
        remark = remark_heads()[0] if number == opened.first - 1 else _told(register, found)
        written[last : last + 1] = [_wrapped(page, remark)]
        page.append(written)
    return _bytes(book)


def _shape(page: Any, columns: Sequence[Column]) -> None:
    page.freeze_panes = "A2"
    at = 0
    for column in columns:
        for _each in headers([column]):
            at += 1
            page.column_dimensions[get_column_letter(at)].width = (
                12 if isinstance(column.kind, Number | Position) else 20
            )
            if isinstance(column.kind, Code | Ref):
                page.column_dimensions[get_column_letter(at)].number_format = "@"


def _head(page: Any, text: str) -> Any:
    cell = WriteOnlyCell(page, value=text)
    cell.font = _BOLD
    return cell


def _typed(page: Any, value: Any) -> Any:
    """A cell whose text stays text, whatever it begins with."""
    cell = WriteOnlyCell(page, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
        if value.isdigit():
            cell.number_format = "@"
    return cell


def _wrapped(page: Any, text: Any) -> Any:
    cell = WriteOnlyCell(page, value=safe(str(text)))
    cell.data_type = "s"
    cell.alignment = _WRAP
    return cell


def _bytes(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_dicts(register: Register, rows: Any, columns: Sequence[Column]) -> Iterable[dict[str, Any]]:
    """Rows as the API gives them."""
    for key, values, _words in plain_rows(register, rows, columns):
        yield {"id": str(key), **{column.code: value for column, value in zip(columns, values, strict=True)}}
