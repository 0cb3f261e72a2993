"""What the page of the system shows, part by part; said by those who know it (config lies above the page's app)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what, its value, and what is to be known about it. bad: somebody should look."""

    name: str
    value: str
    note: str = ""
    basis: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the page, worded in the reader's language."""

    code: str
    title: str
    note: str
    lines: Sequence[Line]


Teller = Callable[[datetime], Part]
_tellers: list[Teller] = []


def tell(teller: Teller) -> Teller:
    _tellers.append(teller)
    return teller


def parts(now: datetime) -> list[Part]:
    return [each(now) for each in _tellers]
