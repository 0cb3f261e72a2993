"""What a step is, and the people and windows that the walk of the tutorial opens one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fengsui.kernel.terms import Term

DRAWN_S = 30.0


class Window(Protocol):
    """What a person can do with a page. `text` is Chinese as in the templates, or a term; `near` a word of its row."""

    def enter(self, account: str) -> None: ...
    def press(
        self,
        text: str | Term,
        *,
        near: str = "",
        last: bool = False,
        begins: bool = False,
        nav: bool = False,
        patience_s: float = DRAWN_S,
        **values: object,
    ) -> None: ...
    def open(self, text: str | Term, **values: object) -> None: ...
    def open_row(self, text: str | Term) -> None: ...
    def fill(self, label: str, value: str, **values: object) -> None: ...
    def tick(self, label: str | Term) -> None: ...
    def attach(self, label: str, name: str, data: bytes) -> None: ...
    def see(self, text: str | Term, patience_s: float = DRAWN_S, **values: object) -> None: ...
    def offers(self, text: str | Term, **values: object) -> bool: ...
    def shoot(self, name: str, at: str | Term = "") -> None: ...
    def home(self) -> None: ...
    def menu(self, text: str | Term) -> None: ...
    def said(self, zh: str, en: str) -> str: ...


class Walk(Protocol):
    """One telling: `person` gives the window of an account, opened and logged in when first asked for."""

    def person(self, account: str, *, phone: bool = False) -> Window: ...
    def door(self) -> Window: ...


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is the heading in the tutorial, in both languages."""

    name: Term
    do: Callable[[Walk], None]


STEPS: list[Step] = []


def step(code: str, zh: str, en: str) -> Callable[[Callable[[Walk], None]], Callable[[Walk], None]]:
    """Add a function to the walk under its heading, in the order of the file."""

    def add(do: Callable[[Walk], None]) -> Callable[[Walk], None]:
        STEPS.append(Step(Term(code, zh, en), do))
        return do

    return add
