"""A list's question as its address holds it: search, filters, order, columns, page, and the view that it began as."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from fengsui.core.ledger.filters import ANY, Filter
from fengsui.core.ledger.listed import Listed
from fengsui.core.maps import area
from fengsui.kernel.actor import Actor

MOST_ORDERS = 4


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
    def of(cls, listed: Listed, given: QueryDict) -> Wanted:
        asked = QueryDict(mutable=True)
        for name, values in listed.old({name: given.getlist(name) for name in given}).items():
            asked.setlist(name, values)
        filters = {
            code: tuple(value for value in asked.getlist(f"f.{code}") if value)[:50]
            for code in (*listed.by_code, *listed.by_filter)
            if code in listed.narrowing and asked.get(f"f.{code}")
        }
        codes = listed.by_code
        shown = tuple(code for code in dict.fromkeys(",".join(asked.getlist("cols")).split(",")) if code in codes)
        return cls(
            q=asked.get("q", "").strip()[:80],
            order=_order(listed.turning, asked.getlist("sort")),
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

    def turned(self, each: Filter, value: str, by: Actor) -> str:
        """With a filter at this value; pressed again it no longer narrows."""
        now = each.holds(self.filters.get(each.code, ()), by)
        value = ANY if now == value else value
        held = () if value == (each.default or ANY) else (value,)
        return self.query(filters={**self.filters, each.code: held})

    def narrowed(self, listed: Listed, by: Actor) -> dict[str, tuple[str, ...]]:
        """What narrows the list by code, with what holds where the address says nothing."""
        found = {code: values for code, values in self.filters.items() if code not in listed.by_filter}
        for each in listed.filters:
            value = each.holds(self.filters.get(each.code, ()), by)
            if value != ANY:
                found[each.code] = (value,)
        return found

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


def _order(codes: Collection[str], given: Sequence[str]) -> str:
    """`a,-b` of what an address says, each column once; what is no column is left out."""
    found: dict[str, str] = {}
    for each in ",".join(given).split(","):
        code = each.removeprefix("-")
        if code in codes:
            found.setdefault(code, each)
    return ",".join(list(found.values())[:MOST_ORDERS])
