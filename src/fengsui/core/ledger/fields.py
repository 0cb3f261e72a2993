"""A column as a field of a form: the text it holds, what may be chosen, how it is explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fengsui.core.ledger.choices import Choice
from fengsui.core.ledger.columns import Column, Position, Ref
from fengsui.core.ledger.lists import Refs
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.resolving import out_of_use

OFFERED = 2000


def typed(column: Column, plain: Any) -> str:
    """A value as a form's field holds it; read back it is the same value. A telephone number is masked."""
    if plain is None:
        return ""
    if isinstance(column.kind, Position):
        return f"{plain[0]!r}, {plain[1]!r}"
    if isinstance(column.kind, Refs):
        kind = column.kind if column.kind.names is not None else column.kind.ready()
        return str(kind.sheet(plain)).replace("、", "\n")
    return str(column.kind.sheet(plain))


def fields(
    register: Register, given: Mapping[str, str], faults: Mapping[str, str], fixed: bool
) -> list[dict[str, Any]]:
    """Every writable column as a field; `fixed` where the keys stand and cannot be changed."""
    return [
        field(column, given.get(column.code, ""), faults.get(column.code, ""), fixed and column.key)
        for column in register.writable
    ]


def field(column: Column, value: str = "", error: str = "", fixed: bool = False) -> dict[str, Any]:
    options: list[tuple[str, str]] = [(word, word) for word in column.kind.allowed()]
    if isinstance(column.kind, Choice):  # kept as its Chinese word, read in the page's language
        options = [(words[0], column.kind.show(code)) for code, words in column.kind.words.items()]
    if isinstance(column.kind, Ref) and column.kind.model is not None:
        rows = column.kind.model._base_manager.order_by(column.kind.by)
        if out_of_use(column.kind.model):
            rows = rows.filter(retired_at__isnull=True)
        listed = rows.values_list(column.kind.by, column.kind.called)[:OFFERED]
        options = [(str(code), f"{code} {called}") for code, called in listed]
    return {
        "column": column,
        "value": value,
        "error": error,
        "options": options,
        "closed": bool(column.kind.allowed()),
        "fixed": fixed,
        "help": column.note or column.kind.says(),
        "needed": column.required or column.key,
        "long": isinstance(column.kind, Refs) or (column.kind.name == "text" and not column.kind.longest),
    }
