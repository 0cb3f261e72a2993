"""What a list shows: filters with facets, search, order, columns, page. All of it stands in the address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, F, Q, QuerySet, TextField
from django.db.models.functions import Collate

from fengsui.core.ledger.choices import Choice, Words
from fengsui.core.ledger.columns import Column, Number, Phone, Position, Ref, masked
from fengsui.core.ledger.listed import Listed
from fengsui.core.ledger.lists import Refs
from fengsui.core.ledger.shown import Shown, turn
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.worklist import Worklist
from fengsui.core.maps import area
from fengsui.kernel.actor import Actor

PAGE = 50
ON_MAP = 5_000
ON_PAGE = 1_000
CHINESE = "zh-x-icu"
EMPTY = "~"
"""Stands in an address for the empty value, which an address cannot hold."""


def shown_columns(listed: Listed, wanted: Wanted) -> list[Column]:
    if wanted.columns:
        return [listed.by_code[code] for code in wanted.columns]
    return [column for column in listed.columns if column.shown]


def rows_of(listed: Listed, by: Actor, wanted: Wanted, *, but: str = "") -> QuerySet[Any]:
    """The queryset of a list; `but` leaves one filter out (for counting its values). It lies in the list's scope."""
    rows = listed.rows(by)
    if listed.retire:
        rows = listed.retire.out_of_use(rows) if wanted.retired else listed.retire.in_use(rows)
    for code, values in wanted.filters.items():
        if code != but and code not in listed.by_filter:
            rows = rows.filter(_any_of(listed.by_code[code], values))
    for each in listed.filters:
        if each.code != but:
            _value, match = each.asked(wanted.filters.get(each.code, ()), by)
            rows = rows.filter(match) if match else rows
    if wanted.within and listed.geometry:
        rows = rows.filter(**{f"{listed.geometry.path}__within": area.polygon(area.corners(wanted.within))})
    for word in wanted.q.split():
        match = Q(pk__in=[])
        for column in listed.columns:
            if column.search:
                match |= Q(**{f"{column.name_path}__icontains": word})
        if isinstance(listed, Worklist) and listed.also:
            match |= listed.also(word)
        rows = rows.filter(match)
    return rows


def _any_of(column: Column, values: Sequence[str]) -> Q:
    match = Q(pk__in=[])
    for value in values:
        if value == EMPTY:
            match |= Q(**{f"{column.path}__isnull": True})
            if isinstance(column.kind, Choice) and "" in column.kind.words:
                match |= Q(**{column.path: ""})
        elif isinstance(column.kind, Words | Refs):
            match |= Q(**{f"{column.path}__contains": [value]})
        elif isinstance(column.kind, Choice) and (code := _code(column.kind, value)) is not None:
            match |= Q(**{column.path: code})
        elif isinstance(column.kind, Number):
            try:
                match |= Q(**{column.path: float(value)})
            except ValueError:
                continue
        elif column.kind.name == "boolean":
            match |= Q(**{column.path: value == "True"})
        elif not isinstance(column.kind, Position | Phone | Choice):
            match |= Q(**{column.read_path: value})
    return match


def _code(kind: Choice, value: str) -> Any:
    """A choice's code as the table has it, number or text; None where the text is no code of a list of numbers."""
    found = next((code for code in kind.words if str(code) == value), None)
    numbers = any(isinstance(code, int) for code in kind.words)
    return value if found is None and not numbers else found


def ordered(listed: Listed, rows: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    """By the asked columns, Chinese by pronunciation, empty ones last; equal ones by the register's own order."""
    own = listed.by_code[listed.order].path if listed.order in listed.by_code else listed.order
    turns = []
    for each in wanted.orders:
        by = sort_key(listed, listed.by_code[each.removeprefix("-")])
        last = None if _always_there(listed, by) else True  # else no index serves the order turned round
        turns.append(by.desc(nulls_last=last) if each.startswith("-") else by.asc(nulls_last=last))
    return rows.order_by(*turns, own, "pk")


def _always_there(listed: Listed, by: Any) -> bool:
    """Whether rows are ordered by a field of their own table that is never empty."""
    path = str(getattr(by, "name", "")) if isinstance(by, F) else ""
    return bool(path) and "__" not in path and not listed.field_of(path).null


def sort_key(listed: Listed, column: Column) -> Any:
    """What rows are ordered by for a column: Chinese text by pronunciation, anything else by itself."""
    if isinstance(column, Shown) and column.by is not None:
        return turn(column.by)
    last = listed.field_of(column.path)
    text = isinstance(last, CharField | TextField) or isinstance(column.kind, Ref)
    return Collate(F(column.name_path), CHINESE) if text and column.kind.name != "code" else F(column.name_path)


def page_of(listed: Listed, by: Actor, wanted: Wanted) -> Page[Any]:
    return Paginator(ordered(listed, rows_of(listed, by, wanted), wanted), PAGE).get_page(wanted.page)


def picked(columns: Sequence[Column]) -> list[str]:
    """Paths of a `values_list`: the key, then each column's value, and a name beside each code referred to."""
    paths = ["pk"]
    for column in columns:
        paths.append(column.read_path)
        if isinstance(column.kind, Ref):
            paths.append(column.name_path)
    return paths


def plain_rows(
    listed: Listed, rows: Any, columns: Sequence[Column], chunk: int = 2000
) -> Iterator[tuple[Any, list[Any], list[str]]]:
    """(key, plain values, what a page says) of each row; telephone numbers are masked in both."""
    if isinstance(listed, Worklist):
        yield from listed.plain_rows(rows, columns)
        return
    kinds = [column.kind.ready() for column in columns]
    found = rows.values_list(*picked(columns))
    query = found.query
    few = query.is_sliced and (query.high_mark or 0) - query.low_mark <= ON_PAGE  # one page needs no cursor of its own
    for row in found if few else found.iterator(chunk_size=chunk):
        at, values, words = 1, [], []
        for column, kind in zip(columns, kinds, strict=True):
            value = kind.plain(row[at])
            at += 1
            if column.personal:
                value = masked(value)
            values.append(value)
            if isinstance(column.kind, Ref):
                words.append(str(row[at] or value or ""))
                at += 1
            else:
                words.append(kind.show(value))
        yield row[0], values, words


def features(listed: Listed, by: Actor, wanted: Wanted, url: Any) -> dict[str, Any]:
    """GeoJSON of what the list shows, at most ON_MAP rows; `left_off` counts the others."""
    column = listed.geometry
    if column is None:
        return {"type": "FeatureCollection", "features": [], "left_off": 0}
    rows = rows_of(listed, by, wanted).filter(**{f"{column.path}__isnull": False})
    title = listed.by_code[listed.title].path if listed.title in listed.by_code else listed.title
    mark = listed.provenance.path if listed.provenance else "pk"
    chosen = ordered(listed, rows, wanted).values_list("pk", column.path, title, mark)
    found = [
        {
            "type": "Feature",
            "id": str(pk),
            "geometry": {"type": "Point", "coordinates": [where.x, where.y]},
            "properties": {
                "name": str(name),
                "label": str(name),
                "url": url(pk),
                "illustrative": nature == "illustrative",
            },
        }
        for pk, where, name, nature in chosen[:ON_MAP]
    ]
    left = max(0, rows.count() - ON_MAP) if len(found) == ON_MAP else 0
    return {"type": "FeatureCollection", "features": found, "left_off": left}
