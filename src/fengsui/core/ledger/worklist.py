"""Lists of what is under way - incidents, clocks, tasks, warnings - declared like registers, but read only.

An app's `lists.py` says which columns, filters and views; search, order, facets with counts, choice of columns, saved
views, files and paper come from the same parts as a register's. The rows belong to the app: its queryset is the scope,
its `present` adds what a page shows beside the row (names, the clock that is due first) for many rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import batched
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from fengsui.core import policy
from fengsui.core.ledger.columns import Column
from fengsui.core.ledger.listed import Given, Listed
from fengsui.core.ledger.register import registers
from fengsui.core.ledger.shown import Shown
from fengsui.core.policy import Rule
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

CHUNK = 1_000
Old = Mapping[str, tuple[str, Mapping[str, str] | None]]
"""An earlier word of the address: its word now, and its values now where they are other ones."""


def _as_they_are(rows: Sequence[Any]) -> Sequence[Any]:
    return rows


@dataclass(frozen=True, eq=False, kw_only=True)
class Deed:
    """What may be done to many rows at once: an action that the app has anyway (core.ledger.deeds).

    `do(key, by, now, reason)` does it to one row; `may(by)`: whether this person is offered it at all.
    """

    code: str
    label: Any
    do: Callable[[UUID, Actor, datetime, str], object]
    may: Callable[[Actor], bool]
    reason: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Worklist(Listed):
    """`page` names the list's URL; `link(row)` is where a presented row leads; `views` come before people's own.

    `topics`: what the open page listens to. `also(word)`: what a word finds beside the columns marked `search`.
    """

    page: str
    link: Callable[[Any], str]
    views: Sequence[Given]
    topics: str = ""
    present: Callable[[Sequence[Any]], Sequence[Any]] = _as_they_are
    within: str = ""
    """Which part of a presented row is the table's row, where `present` wraps it."""
    also: Callable[[str], Q] | None = None
    more: tuple[Any, Callable[[Any], str]] | None = None
    """A second link of each row: its words, its address."""
    share: Rule | None = None
    """Who may keep a view for everybody."""
    before: Old | None = None
    deeds: Sequence[Deed] = ()
    named: Sequence[str] = ()
    """Columns that tell a row from the next one where a deed lists them; the title alone if none are named."""
    nothing: tuple[Any, Any] = ("", "")
    """What stands in place of rows where there are none, and what to do then."""
    everything = "view=all&changed=1"

    @property
    def home(self) -> str:
        return reverse(self.page)

    @property
    def given(self) -> Sequence[Given]:
        return self.views

    def may_share(self, by: Actor) -> bool:
        return policy.can(by, f"{self.verb}.share")

    @cached_property
    def narrowing(self) -> frozenset[str]:
        return frozenset([*(column.code for column in self.columns if column.facet), *self.by_filter])

    @cached_property
    def turning(self) -> frozenset[str]:
        return frozenset(column.code for column in self.columns if not isinstance(column, Shown) or column.turning)

    def old(self, asked: dict[str, list[str]]) -> dict[str, list[str]]:
        """Links of before `f.` lead to the same rows; an address that this page wrote itself has none."""
        if not self.before or "changed" in asked:
            return asked
        found = dict(asked)
        for word, (now, values) in self.before.items():
            given = found.pop(word, []) if word != now else []
            said = [value if values is None else values.get(value, "") for value in given]
            if any(said) and now not in asked:
                found[now] = said
            elif word == "view" and not any(said):
                found[word] = given
        return found

    def lines(self, rows: Iterable[Any], columns: Sequence[Column]) -> list[dict[str, Any]]:
        """Rows as a page shows them: key, address, and of each column its label, its value and its words."""
        found, kinds = [], [column.kind.ready() for column in columns]
        labels = [str(column.label) for column in columns]
        given = list(rows)
        for each, row in zip(given, self.present(given), strict=True):
            values = [column.value(row, self.within) if isinstance(column, Shown) else None for column in columns]
            cells = [
                {"column": column, "label": label, "value": value, "word": kind.show(value)}
                for column, label, kind, value in zip(columns, labels, kinds, values, strict=True)
            ]
            found.append(
                {
                    "key": str(each.pk),
                    "url": self.link(row),
                    "cells": cells,
                    "more": self.more[1](row) if self.more else "",
                }
            )
        return found

    def plain_rows(self, rows: QuerySet[Any], columns: Sequence[Column]) -> Iterator[tuple[Any, list[Any], list[str]]]:
        """(key, plain values, words) of each row, presented by the thousand."""
        for some in batched(rows.iterator(chunk_size=CHUNK), CHUNK):
            for line in self.lines(some, columns):
                yield line["url"], [each["value"] for each in line["cells"]], [each["word"] for each in line["cells"]]


_worklists: dict[str, Worklist] = {}


def add(listed: Worklist) -> Worklist:
    """Declare a list; who may see it and who may share a view of it become policy. Raises ValueError."""
    if listed.code in _worklists or listed.code in registers():
        raise ValueError(f"list {listed.code!r} defined twice")
    if len(listed.by_code) != len(listed.columns) or len(listed.by_filter) != len(listed.filters):
        raise ValueError(f"list {listed.code!r} has two columns or two filters of one name")
    _worklists[listed.code] = listed
    policy.rule(f"{listed.verb}.view")(listed.view)
    if listed.share is not None:
        policy.rule(f"{listed.verb}.share")(listed.share)
    return listed


def worklists() -> dict[str, Worklist]:
    """All declared ones: each app's `lists.py` is imported when the apps are ready."""
    return _worklists


def listed(code: str) -> Listed:
    """A register or a list. Raises NotFound("core.ledger.no_register")."""
    found = registers().get(code) or _worklists.get(code)
    if found is None:
        raise NotFound("core.ledger.no_register", register=code)
    return found
