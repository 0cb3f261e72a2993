"""A sheet of 500 shelters as an office keeps it: title line, own words for columns, mixed forms; some rows wrong.

And how the person at the desk mends it: he looks at the remarks beside each row and writes the right thing there.
"""

from __future__ import annotations

import io

from openpyxl import load_workbook

from tests.ledger.make import workbook

ROWS, WRONG = 500, 7
HEAD = ["编号", "名称", "街道", "坐标", "类别", "有效面积（亩）", "人均面积", "开放天数", "容量"]
STREETS = ("启工街道", "兴华街道")


def dirty(code: str) -> bytes:
    """500 rows; every 70th is wrong: an unknown street, a number in words, a position in the sea."""
    rows = [["铁西区应急避难场所登记表"], [], HEAD]
    for n in range(ROWS):
        lon, lat = 123.30 + (n % 25) * 0.003, 41.79 + (n // 25) * 0.001
        at = f"{lon:.4f}，{lat:.4f}" if n % 3 else f"{lon:.4f}, {lat:.4f}"
        row = [
            f"J{code}{n:03d}",
            f" 第{n + 1}避难场所",
            STREETS[n % 2],
            at,
            "紧急",
            3 + n % 5,
            1.5,
            "3 天" if n % 4 else 3,
            1000 + n,
        ]
        if n % 70 == 35:
            row[(2, 8, 3)[n // 70 % 3]] = ("起工街", "千余人", "看图")[n // 70 % 3]
        rows.append(row)
    rows.append(["填表：街道应急办"])
    return workbook(rows)


def mended(remarked: bytes) -> bytes:
    """The downloaded sheet with the wrong cells put right, as its remarks say; rows without a remark untouched."""
    book = load_workbook(io.BytesIO(remarked))
    page = book.active
    for cells in page.iter_rows():
        if str(cells[2].value) == "起工街":
            cells[2].value = "启工街道"
        if str(cells[8].value) == "千余人":
            cells[8].value = 1000
        if str(cells[3].value) == "看图":
            cells[3].value = "123.345，41.806"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
