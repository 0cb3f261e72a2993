"""Filters of a list that are no column: whose, open or ended, overdue, owed in a unit. One value of each at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from fengsui.core.ledger.choices import in_english
from fengsui.kernel.actor import Actor
from fengsui.kernel.terms import Terms

ANY = "any"
"""Stands in an address for "whatever": what a filter with a default is set to when it should not narrow."""
Counted = list[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a filter: as the address has it, as people say it, the rows that it lets through."""

    value: str
    word: Any
    match: Q | Callable[[], Q]
    """As a function where making it asks the database: only what narrows or is counted is made."""

    @property
    def q(self) -> Q:
        return self.match() if callable(self.match) else self.match


@dataclass(frozen=True, eq=False)
class Filter:
    """`match` gives what a value lets through, None for a value that it does not know: then the default holds.

    `counted` gives (value, word, rows) of each value among rows, for one query or a few whatever their number.
    `default` holds where the address says nothing. A filter only ever narrows what the list's scope lets through.
    `knows`: whether a value is one of its own, where that is cheaper than `match`.
    """

    code: str
    label: Any
    match: Callable[[str, Actor], Q | None]
    counted: Callable[[QuerySet[Any], Actor], Counted]
    word: Callable[[str, Actor], str]
    default: str = ""
    knows: Callable[[str, Actor], bool] | None = None

    def holds(self, values: Sequence[str], by: Actor) -> str:
        """The value that holds for what an address says."""
        if self.knows is None:
            return self.asked(values, by)[0]
        return next((each for each in (*values, self.default) if each == ANY or (each and self.knows(each, by))), ANY)

    def asked(self, values: Sequence[str], by: Actor) -> tuple[str, Q]:
        """(the value that holds, what it lets through) for what an address says."""
        for value in (*values, self.default):
            if value == ANY:
                break
            found = self.match(value, by) if value else None
            if found is not None:
                return value, found
        return ANY, Q()


def few(
    code: str,
    label: Any,
    options: Callable[[Actor], Sequence[Option]],
    *,
    default: str = "",
    every: Any = _("全部"),
) -> Filter:
    """A filter with a closed list of values; their rows are counted by one query."""

    def match(value: str, by: Actor) -> Q | None:
        return next((each.q for each in options(by) if each.value == value), None)

    def counted(rows: QuerySet[Any], by: Actor) -> Counted:
        listed = options(by)
        numbers = {f"n{n}": Count("pk", filter=each.q) for n, each in enumerate(listed)}
        found = rows.order_by().aggregate(every=Count("pk"), **numbers)
        told = [(each.value, str(each.word), found[f"n{n}"]) for n, each in enumerate(listed)]
        return [*told, (ANY, str(every), found["every"])]

    def word(value: str, by: Actor) -> str:
        return next((str(each.word) for each in options(by) if each.value == value), value)

    def knows(value: str, by: Actor) -> bool:
        return any(each.value == value for each in options(by))

    return Filter(code, label, match, counted, word, default, knows)


OPEN = "open"


def of_states(label: Any, terms: Terms, ended: Collection[str], *, path: str = "status", default: str = OPEN) -> Filter:
    """By state: all that are not ended, or one state; the address says `f.state`."""

    def options(by: Actor) -> list[Option]:
        each = [Option(code, term.en if in_english() else term.zh, Q(**{path: code})) for code, term in terms.items()]
        return [Option(OPEN, _("未结"), Q(**{f"{path}__in": [code for code in terms if code not in ended]})), *each]

    return few("state", label, options, default=default)
