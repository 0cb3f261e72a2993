"""Filters of a list with how many rows each of their values has under the other filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count

from fengsui.core.ledger.choices import Words
from fengsui.core.ledger.columns import Column, Ref
from fengsui.core.ledger.filters import ANY, Filter
from fengsui.core.ledger.listed import Listed
from fengsui.core.ledger.listing import EMPTY, rows_of
from fengsui.core.ledger.lists import Refs
from fengsui.core.ledger.wanted import Wanted
from fengsui.kernel.actor import Actor

FEW_VALUES = 24
MANY_VALUES = 80
"""Of a filter, whose values are counted anyway; the list of them scrolls."""
FACETS_LATER = 5_000
"""Above so many rows the filters are counted after the page is there."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    word: str
    count: int
    on: bool
    query: str
    """The address of the list with this value taken, or left again."""


@dataclass(frozen=True, slots=True)
class Facet:
    code: str
    label: Any
    values: tuple[FacetValue, ...]
    more: bool
    on: bool
    """Whether it narrows the list now."""


def facets(listed: Listed, by: Actor, wanted: Wanted) -> list[Facet]:
    """One query a facet column; one or a few a filter."""
    found = [facet for each in listed.filters if (facet := _of_filter(listed, each, by, wanted))]
    for column in listed.columns:
        if column.facet and (facet := _of_column(listed, column, by, wanted)):
            found.append(facet)
    return found


def _of_filter(listed: Listed, each: Filter, by: Actor, wanted: Wanted) -> Facet | None:
    now = each.holds(wanted.filters.get(each.code, ()), by)
    counted = each.counted(rows_of(listed, by, wanted, but=each.code), by)
    values = [
        FacetValue(value, word, n, value == now, wanted.turned(each, value, by))
        for value, word, n in counted[:MANY_VALUES]
        if n or value in (now, ANY, each.default)
    ]
    if now != ANY and now not in [value.value for value in values]:
        values.append(FacetValue(now, each.word(now, by), 0, True, wanted.turned(each, now, by)))
    if now == ANY and not any(value.count for value in values if value.value != ANY):
        return None
    return Facet(each.code, each.label, tuple(values), len(counted) > MANY_VALUES, now != ANY)


def _of_column(listed: Listed, column: Column, by: Actor, wanted: Wanted) -> Facet | None:
    rows = rows_of(listed, by, wanted, but=column.code).order_by()
    paths = [column.read_path, *([column.name_path] if isinstance(column.kind, Ref) else [])]
    counted = list(rows.values_list(*paths).annotate(n=Count("pk")).order_by("-n", column.read_path)[: FEW_VALUES + 1])
    held = wanted.filters.get(column.code, ())
    values = []
    for value, *name, n in counted[:FEW_VALUES]:
        word = str(name[0]) if name and name[0] else column.kind.show(value)
        if not word:
            continue
        asked = EMPTY if value == "" else str(value)
        values.append(FacetValue(asked, word, n, asked in held, wanted.toggled(column.code, asked)))
    if len(values) < 2 and not held:
        return None
    return Facet(column.code, column.label, tuple(values), len(counted) > FEW_VALUES, bool(held))


def is_large(listed: Listed) -> bool:
    """Whether the table holds more rows than are counted by filters while a page waits; an estimate, at no cost."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [listed.model._meta.db_table])
        return bool(cursor.fetchone()[0] > FACETS_LATER)


def said(listed: Listed, by: Actor, wanted: Wanted) -> Iterator[tuple[Any, list[str]]]:
    """(label, words) of everything that narrows the list, as paper and an empty list say it."""
    for code, values in wanted.narrowed(listed, by).items():
        each = listed.by_filter.get(code)
        if each is not None:
            yield each.label, [each.word(value, by) for value in values]
        else:
            yield listed.by_code[code].label, [word_of(listed, code, value) for value in values]


def word_of(listed: Listed, code: str, value: str) -> str:
    """A filter's value as people say it: the name of a row referred to, the word of a choice."""
    column = listed.by_code[code]
    kind = column.kind
    if value == EMPTY:
        return "—"
    if isinstance(kind, Ref) and kind.model is not None:
        named = kind.model._base_manager.filter(**{kind.by: value}).values_list(kind.called, flat=True).first()
        return str(named or value)
    if kind.name == "boolean":
        return kind.show(value == "True")
    return (
        kind.show([value]) if isinstance(kind, Words | Refs) else kind.show(value) if kind.name != "number" else value
    )
