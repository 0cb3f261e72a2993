"""The empty sheets: a header row to fill in below, and a second page that says what belongs into each column."""

from __future__ import annotations

import io

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from fengsui.config.district.forms import Field, Form
from fengsui.config.district.sheets import GUIDE

ROWS = 2_000
MOST_LIST = 250
"""A spreadsheet takes a list of choices up to so many characters."""
NEEDED = PatternFill("solid", fgColor="FFF2CC")
BOLD, WRAP = Font(bold=True), Alignment(vertical="top", wrap_text=True)


def head(field: Field) -> str:
    unit = f"（{field.unit}）" if field.unit else ""
    return f"{field.zh}{unit}{'*' if field.required else ''}"


def template(form: Form) -> bytes:
    """The sheet as .xlsx. Required columns are coloured and starred; choices can be picked."""
    book = Workbook(write_only=True)
    page = book.create_sheet(form.zh)
    cells = []
    for index, field in enumerate(form.fields, 1):
        letter = get_column_letter(index)
        page.column_dimensions[letter].width = max(10, 2 * len(head(field)) + 2)
        cell = WriteOnlyCell(page, head(field))
        cell.font = BOLD
        if field.required:
            cell.fill = NEEDED
        cells.append(cell)
        words = [zh for zh, _en in (field.choices or {}).values()]
        if words and field.kind == "choice" and len(joined := ",".join(words)) < MOST_LIST:
            rule = DataValidation(type="list", formula1=f'"{joined}"', allow_blank=not field.required)
            rule.add(f"{letter}2:{letter}{ROWS}")
            page.data_validations.append(rule)
    page.freeze_panes = "A2"
    page.append(cells)
    guide = book.create_sheet(GUIDE)
    for letter, width in zip("ABCDEF", (18, 22, 10, 60, 60, 30), strict=True):
        guide.column_dimensions[letter].width = width
    guide.append(["列", "Column", "必填", "填什么", "What belongs here", "例（示意）"])
    for field, example in zip(form.fields, form.example, strict=True):
        row = [WriteOnlyCell(guide, text) for text in (
            head(field), field.en, "*" if field.required else "", explained(field, True), explained(field, False),
            example
        )]  # fmt: skip
        for cell in row:
            cell.alignment = WRAP
        guide.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def explained(field: Field, chinese: bool) -> str:
    """What belongs into a column, in one line."""
    parts = [field.note_zh if chinese else field.note_en]
    if field.choices:
        parts.append("、".join(zh for zh, _ in field.choices.values()) if chinese else ", ".join(field.choices))
    if field.of:
        parts.append(f"填{field.of}表里的代码" if chinese else f"a code of the sheet {field.of}")
    if field.default not in (None, ""):
        parts.append(f"不填即 {field.default}" if chinese else f"empty: {field.default}")
    return ("；" if chinese else "; ").join(each for each in dict.fromkeys(parts) if each)
