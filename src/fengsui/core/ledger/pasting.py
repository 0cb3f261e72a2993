"""Cells pasted from a spreadsheet become a sheet: by their heading where they have one, else by their place."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError

from fengsui.core.ledger import export, listing
from fengsui.core.ledger.columns import Column, Position
from fengsui.core.ledger.fields import typed
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.sheet import understand
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid

MOST_CHARACTERS = 5_000_000
HEADING, PLACE, ORDER = "heading", "place", "order"
"""How the columns were known: by a heading, from the cell where it was pasted, by the order of the list's columns."""


def rows_of(text: str) -> list[list[str]]:
    """Cells of what a spreadsheet puts on the clipboard. Raises Invalid("core.ledger.paste_empty" | …)."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid("core.ledger.file_large", field="text", most=MOST_CHARACTERS // 1_000_000)
    told = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").replace("\x00", "")
    if not told.strip():
        raise Invalid("core.ledger.paste_empty", field="text")
    head = told.partition("\n")[0]
    mark = "\t" if "\t" in told or "," not in head else ","
    try:
        return [row for row in csv.reader(io.StringIO(told), delimiter=mark) if any(cell.strip() for cell in row)]
    except csv.Error:
        raise Invalid("core.ledger.file_unreadable", field="text") from None


def sheet_of(
    register: Register, by: Actor, text: str, shown: Sequence[Column], ids: Sequence[str], at: str
) -> tuple[bytes, str]:
    """(a .csv that an import reads, how its columns were known).

    `ids`: keys of the rows from the cell on where it was pasted, `at`: that cell's column; both empty for the box.
    """
    rows = rows_of(text)
    if _has_heading(register, rows):
        return _bytes(rows), HEADING
    codes = [column.code for column in shown]
    if ids and at in codes:
        return _bytes(_placed(register, by, rows, shown[codes.index(at) :], ids)), PLACE
    heads = export.headers(export.exported(register, shown))
    return _bytes([_filled(heads, rows), *rows]), ORDER


def _has_heading(register: Register, rows: Sequence[Sequence[str]]) -> bool:
    try:
        understand(_bytes(rows[:3]), "paste.csv", register.columns)
    except Invalid as wrong:
        return wrong.code != "core.ledger.no_header"
    return True


def _placed(
    register: Register, by: Actor, rows: list[list[str]], targets: Sequence[Column], ids: Sequence[str]
) -> list[list[str]]:
    """The rows below a heading, each with the key of the row it was pasted on; what hangs over has none."""
    width, reached = max(len(row) for row in rows), list[Column]()
    for column in targets:  # as far to the right as was pasted
        if len(export.headers(reached)) < width:
            reached.append(column)
    held = {column.code for column in reached}
    leads = not all(each.code in held for each in register.keys)
    columns = (
        [each for each in register.columns if (each.key or each.telling) and each.code not in held] if leads else []
    )
    heads = [*export.headers(columns), *export.headers(reached)]
    known: dict[str, list[str]] = {}
    if columns:
        convert, asked = register.model._meta.pk.to_python, []
        for each in ids[: len(rows)]:
            with suppress(ValidationError, ValueError):  # a key that is none belongs to no row
                asked.append(convert(each))
        found = register.rows(by).filter(pk__in=asked)
        for key, values, _words in listing.plain_rows(register, found, columns):
            known[str(key)] = [_key(column, value) for column, value in zip(columns, values, strict=True)]
    empty = [""] * len(columns)
    lead = [known.get(ids[n], empty) if n < len(ids) else empty for n in range(len(rows))]
    body = [[*before, *row] for before, row in zip(lead, rows, strict=True)]
    return [_filled(heads, body), *body]


def _key(column: Column, value: Any) -> str:
    return "" if isinstance(column.kind, Position) else typed(column, value)


def _filled(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A heading as wide as the widest row: columns that hang over are named, and so reported as not used."""
    width = max(len(row) for row in rows)
    over = [f"({n + 1})" for n in range(len(heads), width)]
    return [*heads[:width], *over]


def _bytes(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
