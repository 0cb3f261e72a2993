"""Cards of a register's rows: one to cut out for each, with a QR code that opens the row's page here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import batched
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse

from fengsui.core.ledger import listing
from fengsui.core.ledger.columns import degrees
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.wanted import Wanted
from fengsui.kernel.actor import Actor

MOST = 400
"""Cards at once: 50 sheets of A4. Whoever wants more filters."""
SHEETS = {"a4": 8, "a3": 16}
"""Cards a sheet; they are of one size, so those of both papers go into one box."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One card as it is drawn. `answerable`: `post name` of who answers, in order, as far as the reader sees them."""

    code: str
    name: str
    where: str
    position: str
    says: tuple[tuple[str, str], ...]
    answerable: tuple[str, ...]
    illustrative: bool
    page: str


def chosen(register: Register, by: Actor, wanted: Wanted, keys: Sequence[str]) -> QuerySet[Any]:
    """The rows meant: those ticked, else all that the list shows; never outside the scope of who asks."""
    if not keys:
        return listing.rows_of(register, by, wanted)
    convert, found = register.model._meta.pk.to_python, []
    for each in keys[:MOST]:
        with suppress(ValidationError, ValueError):  # a key that is none belongs to no row
            found.append(convert(each))
    return register.rows(by).filter(pk__in=found)


def address(wanted: Wanted, keys: Sequence[str]) -> str:
    """The query of a page of cards: the list's own, and the rows that were ticked."""
    return "&".join(filter(None, [wanted.query(), urlencode([("rows", key) for key in keys])]))


def cards(register: Register, rows: QuerySet[Any], by: Actor, wanted: Wanted) -> list[Shown]:
    """Of the first MOST rows, in the list's order: a few queries, however many."""
    card, found = register.card, register.by_code
    assert card is not None
    listed = listing.ordered(register, rows, wanted)[:MOST]
    read = list(listing.plain_rows(register, listed, register.columns))
    at = {column.code: place for place, column in enumerate(register.columns)}
    answers = card.answers([key for key, _values, _words in read], by) if card.answers else {}
    made = []
    for key, values, words in read:
        point = values[at[register.geometry.code]] if register.geometry else None
        nature = values[at[register.provenance.code]] if register.provenance else ""
        code, title = words[at[register.keys[0].code]], words[at[register.title]]
        own = register.page(code) if register.page else ""
        made.append(
            Shown(
                code=code,
                name=title,
                where=words[at["area"]] if "area" in at else "",
                position=degrees(point),
                says=tuple((found[each].title(), words[at[each]]) for each in card.says if words[at[each]]),
                answerable=tuple(answers.get(key, ())),
                illustrative=nature == "illustrative",
                page=own or reverse("ledger:row-show", args=[register.code, str(key)]),
            )
        )
    return made


def sheets(made: Iterable[Shown], size: str) -> list[tuple[Shown, ...]]:
    return list(batched(made, SHEETS[size]))
