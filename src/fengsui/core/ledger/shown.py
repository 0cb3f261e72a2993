"""Columns of lists that are only read: what a row shows may follow from several fields, or from other tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.expressions import Combinable
from django.utils import timezone

from fengsui.core.ledger.choices import Choice
from fengsui.core.ledger.columns import Column, Kind
from fengsui.core.ledger.shapes import Moment
from fengsui.core.ui.present import chip


@dataclass(frozen=True, eq=False)
class Shown(Column):
    """`of(row)` gives the plain value of a presented row; without it the path is followed.

    `by` is what rows are ordered by where that is not the path: another path, an expression, '' for "cannot be".
    """

    of: Callable[[Any], Any] | None = None
    by: str | Combinable | None = None
    editable: bool = False

    @property
    def turning(self) -> bool:
        return self.by != "" if isinstance(self.by, str) else True

    def value(self, row: Any, within: str = "") -> Any:
        """Of a presented row; `within` names its part that is the table's row."""
        if self.of is not None:
            return self.of(row)
        found = getattr(row, within) if within else row
        for part in self.path.split("__"):
            found = getattr(found, part, None)
        return found


@dataclass(frozen=True, eq=False)
class Word(Choice):
    """One of some terms, in the language of the page, in a file too: such a file is not brought back."""

    name: str = "word"

    def ready(self) -> Kind:
        """With the words that a function lists read once, not once a row."""
        return replace(self, of=[(code, *words) for code, words in self.words.items()]) if callable(self.of) else self

    def sheet(self, plain: Any) -> Any:
        return self.show(plain)


@dataclass(frozen=True, eq=False)
class Grade(Word):
    """A scale of its own: outlined, without hue."""

    name: str = "grade"


@dataclass(frozen=True, eq=False)
class LevelOf(Word):
    """A warning colour: shape and word."""

    name: str = "level"


@dataclass(frozen=True, eq=False)
class At(Moment):
    """A moment; in a file to the second, in the district's time."""

    name: str = "at"

    def plain(self, stored: Any) -> Any:
        return stored

    def show(self, plain: Any) -> str:
        return timezone.localtime(plain).strftime("%Y-%m-%d %H:%M") if plain else ""

    def sheet(self, plain: Any) -> Any:
        return timezone.localtime(plain).strftime("%Y-%m-%d %H:%M:%S") if isinstance(plain, datetime) else ""


@dataclass(frozen=True, eq=False)
class Due(Kind):
    """A clock: its chip on the page, its words on paper, the time when it is due in a file."""

    name: str = "clock"

    def show(self, plain: Any) -> str:
        return chip(plain, timezone.now()).text if plain else ""

    def sheet(self, plain: Any) -> Any:
        return timezone.localtime(plain.due_at).strftime("%Y-%m-%d %H:%M:%S") if plain else ""


def ranked(path: str, codes: Any) -> Case:
    """The place of a code in the order of its terms, for ordering by what the words mean."""
    return Case(
        *(When(**{path: code}, then=Value(n)) for n, code in enumerate(codes)),
        default=Value(-1),
        output_field=IntegerField(),
    )


def turn(by: str | Combinable) -> Any:
    return F(by) if isinstance(by, str) else by
