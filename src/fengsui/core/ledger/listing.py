"""What a list shows: filters with facets, search, order, columns, page. All of it stands in the address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import CharField, Count, F, Q, QuerySet, TextField
from django.db.models.functions import Collate
from django.http import QueryDict

from fengsui.core.ledger.choices import Choice, Words
from fengsui.core.ledger.columns import Column, Number, Phone, Position, Ref, masked
from fengsui.core.ledger.lists import Refs
from fengsui.core.ledger.register import Register
from fengsui.core.maps import area
from fengsui.kernel.actor import Actor

PAGE = 50
FEW_VALUES = 24
FACETS_LATER = 5_000
"""Above so many rows the filters are counted after the page is there."""
MOST_ORDERS = 4
ON_MAP = 5_000
ON_PAGE = 1_000
CHINESE = "zh-x-icu"
EMPTY = "~"
"""Stands in an address for the empty value, which an address cannot hold."""


@dataclass(frozen=True)
class Wanted:
    """A list's question, read from its address. What cannot be read is left out, so an old bookmark still opens."""

    q: str = ""
    order: str = ""
    page: str = "1"
    columns: tuple[str, ...] = ()
    retired: bool = False
    within: str = ""
    """An area drawn on the map; rows without a position lie outside."""
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    view: str = ""
    """The saved view that this list began as; it goes with the address as long as that is so."""

    @classmethod
    def of(cls, register: Register, asked: QueryDict) -> Wanted:
        codes = register.by_code
        order = _order(codes, asked.getlist("sort"))
        filters = {
            code: tuple(value for value in asked.getlist(f"f.{code}") if value)[:50]
            for code in codes
            if asked.get(f"f.{code}")
        }
        shown = tuple(code for code in dict.fromkeys(",".join(asked.getlist("cols")).split(",")) if code in codes)
        return cls(
            q=asked.get("q", "").strip()[:80],
            order=order,
            page=asked.get("page", "1"),
            columns=shown,
            retired=asked.get("retired") == "1",
            within=asked.get("within", "") if area.corners(asked.get("within", "")) else "",
            filters={code: values for code, values in filters.items() if values},
            view=asked.get("view", "")[:36],
        )

    @property
    def orders(self) -> tuple[str, ...]:
        """The columns of the order, first one first; `-` before one turns it round."""
        return tuple(self.order.split(",")) if self.order else ()

    def query(self, **over: Any) -> str:
        """The address of the same list with something changed; the first page again."""
        pairs: list[tuple[str, str]] = []
        facts = {
            "view": self.view,
            "q": self.q,
            "sort": self.order,
            "cols": ",".join(self.columns),
            "retired": "1" if self.retired else "",
            "within": self.within,
        }
        facts |= {name: value for name, value in over.items() if name != "filters"}
        if facts["view"]:  # the address holds all: what the view says does not come back over it
            facts["changed"] = "1"
        pairs += [(name, value) for name, value in facts.items() if value]
        for code, values in over.get("filters", self.filters).items():
            pairs += [(f"f.{code}", value) for value in values]
        return urlencode(pairs)

    def toggled(self, code: str, value: str) -> str:
        held = self.filters.get(code, ())
        values = tuple(each for each in held if each != value) if value in held else (*held, value)
        return self.query(filters={**self.filters, code: values})

    def sorted_by(self, code: str) -> str:
        """By this column alone: up, then down, then not."""
        return self.query(sort={code: f"-{code}", f"-{code}": ""}.get(self.order, code))

    def also_by(self, code: str) -> str:
        """By this column after those that already order: up, then down, then out of it again."""
        held = [each.removeprefix("-") for each in self.orders]
        if code not in held:
            return self.query(sort=",".join([*self.orders, code][-MOST_ORDERS:]))
        at = held.index(code)
        turned = [] if self.orders[at].startswith("-") else [f"-{code}"]
        return self.query(sort=",".join([*self.orders[:at], *turned, *self.orders[at + 1 :]]))

    def rank(self, code: str) -> tuple[int, bool] | None:
        """(place from 1, downwards) of a column in the order; None where it does not order."""
        for place, each in enumerate(self.orders, 1):
            if each.removeprefix("-") == code:
                return place, each.startswith("-")
        return None

    def plainly(self) -> bool:
        """Whether nothing was asked: no filter, order, columns or word."""
        return not (self.q or self.order or self.columns or self.retired or self.within or self.filters)


def _order(codes: Any, given: Sequence[str]) -> str:
    """`a,-b` of what an address says, each column once; what is no column is left out."""
    found: dict[str, str] = {}
    for each in ",".join(given).split(","):
        code = each.removeprefix("-")
        if code in codes:
            found.setdefault(code, each)
    return ",".join(list(found.values())[:MOST_ORDERS])


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    word: str
    count: int
    on: bool


@dataclass(frozen=True, slots=True)
class Facet:
    column: Column
    values: tuple[FacetValue, ...]
    more: bool


def shown_columns(register: Register, wanted: Wanted) -> list[Column]:
    if wanted.columns:
        return [register.by_code[code] for code in wanted.columns]
    return [column for column in register.columns if column.shown]


def rows_of(register: Register, by: Actor, wanted: Wanted, *, but: str = "") -> QuerySet[Any]:
    """The queryset of a list; `but` leaves one column's filter out (for counting its values)."""
    rows = register.rows(by)
    if register.retire:
        rows = register.retire.out_of_use(rows) if wanted.retired else register.retire.in_use(rows)
    for code, values in wanted.filters.items():
        if code != but:
            rows = rows.filter(_any_of(register.by_code[code], values))
    if wanted.within and register.geometry:
        rows = rows.filter(**{f"{register.geometry.path}__within": area.polygon(area.corners(wanted.within))})
    for word in wanted.q.split():
        match = Q(pk__in=[])
        for column in register.columns:
            if column.search:
                match |= Q(**{f"{column.name_path}__icontains": word})
        rows = rows.filter(match)
    return rows


def word_of(register: Register, code: str, value: str) -> str:
    """A filter's value as people say it: the name of a row referred to, the word of a choice."""
    column = register.by_code[code]
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


def _any_of(column: Column, values: Sequence[str]) -> Q:
    match = Q(pk__in=[])
    for value in values:
        if value == EMPTY:
            match |= Q(**{f"{column.path}__isnull": True})
            if isinstance(column.kind, Choice) and "" in column.kind.words:
                match |= Q(**{column.path: ""})
        elif isinstance(column.kind, Words | Refs):
            match |= Q(**{f"{column.path}__contains": [value]})
        elif isinstance(column.kind, Number):
            try:
                match |= Q(**{column.path: float(value)})
            except ValueError:
                continue
        elif column.kind.name == "boolean":
            match |= Q(**{column.path: value == "True"})
        elif not isinstance(column.kind, Position | Phone):
            match |= Q(**{column.read_path: value})
    return match


def ordered(register: Register, rows: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    """By the asked columns, Chinese by pronunciation, empty ones last; equal ones by the register's own order."""
    own = register.by_code[register.order].path if register.order in register.by_code else register.order
    turns = []
    for each in wanted.orders:
        column = register.by_code[each.removeprefix("-")]
        if isinstance(column.kind, Position):
            continue
        by = sort_key(register, column)
        turns.append(by.desc(nulls_last=True) if each.startswith("-") else by.asc(nulls_last=True))
    return rows.order_by(*turns, own, "pk")


def sort_key(register: Register, column: Column) -> Any:
    """What rows are ordered by for a column: Chinese text by pronunciation, anything else by itself."""
    last = register.field_of(column.path)
    text = isinstance(last, CharField | TextField) or isinstance(column.kind, Ref)
    return Collate(F(column.name_path), CHINESE) if text and column.kind.name != "code" else F(column.name_path)


def facets(register: Register, by: Actor, wanted: Wanted) -> list[Facet]:
    """Values of each facet column with how many rows have them under the other filters: one query a facet."""
    found = []
    for column in register.columns:
        if not column.facet:
            continue
        rows = rows_of(register, by, wanted, but=column.code).order_by()
        paths = [column.read_path, *([column.name_path] if isinstance(column.kind, Ref) else [])]
        counted = list(
            rows.values_list(*paths).annotate(n=Count("pk")).order_by("-n", column.read_path)[: FEW_VALUES + 1]
        )
        held = wanted.filters.get(column.code, ())
        values = []
        for value, *name, n in counted[:FEW_VALUES]:
            word = str(name[0]) if name and name[0] else column.kind.show(value)
            if not word:
                continue
            asked = EMPTY if value == "" else str(value)
            values.append(FacetValue(asked, word, n, asked in held))
        if len(values) > 1 or held:
            found.append(Facet(column, tuple(values), len(counted) > FEW_VALUES))
    return found


def is_large(register: Register) -> bool:
    """Whether the table holds more rows than are counted by filters while a page waits; an estimate, at no cost."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [register.model._meta.db_table])
        return bool(cursor.fetchone()[0] > FACETS_LATER)


def page_of(register: Register, by: Actor, wanted: Wanted) -> Page[Any]:
    return Paginator(ordered(register, rows_of(register, by, wanted), wanted), PAGE).get_page(wanted.page)


def picked(register: Register, columns: Sequence[Column]) -> list[str]:
    """Paths of a `values_list`: the key, then each column's value, and a name beside each code referred to."""
    paths = ["pk"]
    for column in columns:
        paths.append(column.read_path)
        if isinstance(column.kind, Ref):
            paths.append(column.name_path)
    return paths


def plain_rows(
    register: Register, rows: Any, columns: Sequence[Column], chunk: int = 2000
) -> Iterator[tuple[Any, list[Any], list[str]]]:
    """(key, plain values, what a page says) of each row; telephone numbers are masked in both."""
    kinds = [column.kind.ready() for column in columns]
    listed = rows.values_list(*picked(register, columns))
    query = listed.query
    few = query.is_sliced and (query.high_mark or 0) - query.low_mark <= ON_PAGE  # one page needs no cursor of its own
    for row in listed if few else listed.iterator(chunk_size=chunk):
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


def features(register: Register, by: Actor, wanted: Wanted, url: Any) -> dict[str, Any]:
    """GeoJSON of what the list shows, at most ON_MAP rows; `left_off` counts the others."""
    column = register.geometry
    if column is None:
        return {"type": "FeatureCollection", "features": [], "left_off": 0}
    rows = rows_of(register, by, wanted).filter(**{f"{column.path}__isnull": False})
    title = register.by_code[register.title].path if register.title in register.by_code else register.title
    mark = register.provenance.path if register.provenance else "pk"
    listed = ordered(register, rows, wanted).values_list("pk", column.path, title, mark)
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
        for pk, where, name, nature in listed[:ON_MAP]
    ]
    left = max(0, rows.count() - ON_MAP) if len(found) == ON_MAP else 0
    return {"type": "FeatureCollection", "features": found, "left_off": left}
