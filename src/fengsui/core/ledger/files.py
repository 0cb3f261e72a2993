"""Tables of a page as files, .xlsx and .csv: each cell stays what it is, nothing in it runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from fengsui.core.ledger.cells import safe

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Page = tuple[str, Sequence[str], Iterable[Sequence[Any]]]
"""Name, heads, rows."""
_BOLD = Font(bold=True)


def workbook(pages: Sequence[Page], notes: Sequence[str]) -> bytes:
    """A workbook of these pages; `notes` stand below the first. Times are written in the district's time."""
    book = Workbook(write_only=True)
    for number, (name, heads, rows) in enumerate(pages):
        page = book.create_sheet(name[:31])
        page.freeze_panes = "A2"
        for index in range(len(heads)):
            page.column_dimensions[get_column_letter(index + 1)].width = 20
        page.append([_cell(page, each, bold=True) for each in heads])
        for row in rows:
            page.append([_cell(page, each) for each in row])
        for note in notes if number == 0 else ():
            page.append([_cell(page, note)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(page: Page, notes: Sequence[str]) -> bytes:
    """One page as .csv in UTF-8 with its mark, so that spreadsheets read the Chinese; `notes` stand below it."""
    out = io.StringIO()
    writer = csv.writer(out)
    _, heads, rows = page
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_plain(each) for each in row])
    for note in notes:
        writer.writerow([note])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else safe(value)


def _cell(page: Any, value: Any, *, bold: bool = False) -> Any:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(page, value=timezone.localtime(value).replace(tzinfo=None))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
        return cell
    cell = WriteOnlyCell(page, value=safe(value))
    if isinstance(value, str):
        cell.data_type = "s"
    if bold:
        cell.font = _BOLD
    return cell


def notes(at: datetime, *, exercise: str, illustrative: bool) -> list[str]:
    """What a reader of the file has to know: when, and what it is not."""
    said = [_("%(at)s 导出") % {"at": timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")}]
    if exercise:
        said.append(_("演练：%(name)s，不对外") % {"name": exercise})
    if illustrative:
        said.append(_("含示意数据，非真实情况"))
    return said
