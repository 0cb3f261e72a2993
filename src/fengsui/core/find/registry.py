"""What can be found: each app declares its kinds once; every register is one by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Model, QuerySet

from fengsui.core.ledger.register import registers
from fengsui.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Said:
    """One row as the index holds it. `title` is what people call it; `more` are other words by which it is sought.

    Nothing personal beyond a name: no telephone number, no address of a person.
    """

    key: str
    title: str
    title_en: str = ""
    code: str = ""
    more: tuple[str, ...] = ()
    detail: str = ""
    detail_en: str = ""
    url: str = ""
    is_open: bool = False
    """Still running: stands before what is over."""


@dataclass(frozen=True, eq=False)
class Findable:
    """One kind. `visible_to` is the scope of its own list page: nobody finds what that page does not show.

    `view(by)`: may this person open the list at all. `say(rows)` turns rows of `visible_to` into what the index holds.
    `current` keeps rows that are out of use away. `weight` orders kinds that match equally well.
    """

    code: str
    name: Any
    model: type[Model]
    visible_to: Callable[[Actor], QuerySet[Any]]
    view: Callable[[Actor], bool]
    say: Callable[[QuerySet[Any]], Iterable[Said]]
    current: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows
    weight: int = 0

    @property
    def label(self) -> str:
        """What the record calls a row's kind."""
        return self.model._meta.label_lower


_declared: dict[str, Findable] = {}


def add(kind: Findable) -> Findable:
    """Declare a kind. Raises ValueError where its code is taken."""
    if kind.code in _declared:
        raise ValueError(f"findable {kind.code!r} defined twice")
    _declared[kind.code] = kind
    return kind


def findables() -> dict[str, Findable]:
    """All kinds by code: the declared ones, then every register whose rows no app declared otherwise."""
    return _all(len(_declared), len(registers()))


@cache
def _all(declared: int, listed: int) -> dict[str, Findable]:
    """Read once; more declared kinds or registers are another question."""
    from fengsui.core.find.registers import of_registers

    covered = {kind.model for kind in _declared.values()}
    return _declared | {kind.code: kind for kind in of_registers() if kind.model not in covered}


def of_label(label: str) -> Sequence[Findable]:
    return [kind for kind in findables().values() if kind.label == label]
