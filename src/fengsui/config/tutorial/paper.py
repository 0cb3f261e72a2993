"""The walk without a browser: what it would press, photograph and type, step by step, in either language.

This is how a test holds the tutorial's text against the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fengsui.config.tutorial.steps import Step
from fengsui.config.tutorial.words import shown
from fengsui.kernel.terms import Term


@dataclass
class Noted:
    """What one step does."""

    name: str
    pressed: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)


class PaperWindow:
    """Notes instead of doing; nothing is ever there twice."""

    def __init__(self, walk: PaperWalk) -> None:
        self.walk = walk

    def enter(self, account: str) -> None:
        self.walk.now.accounts.append(account)

    def press(self, text: str | Term, **values: object) -> None:
        for name in ("near", "last", "begins", "nav", "patience_s"):
            values.pop(name, None)
        self._note(text, values)

    def open(self, text: str | Term, **values: object) -> None:
        self._note(text, values)

    def open_row(self, text: str | Term) -> None:
        self._note(text, {})

    def _note(self, text: str | Term, values: dict[str, object]) -> None:
        label = shown(self.walk.language, text, **values)
        self.walk.now.pressed.append(label[:1].upper() + label[1:])

    def fill(self, label: str, value: str, **values: object) -> None:
        pass

    def tick(self, label: str | Term) -> None:
        shown(self.walk.language, label)

    def attach(self, label: str, name: str, data: bytes) -> None:
        pass

    def see(self, text: str | Term, patience_s: float = 0, **values: object) -> None:
        shown(self.walk.language, text, **values)

    def offers(self, text: str | Term, **values: object) -> bool:
        return False

    def shoot(self, name: str, at: str | Term = "") -> None:
        self.walk.now.pictures.append(name)

    def home(self) -> None:
        pass

    def menu(self, text: str | Term) -> None:
        self._note(text, {})

    def said(self, zh: str, en: str) -> str:
        return en if self.walk.language == "en" else zh


class PaperWalk:
    """One telling on paper."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.noted: list[Noted] = []
        self.known: set[str] = set()

    @property
    def now(self) -> Noted:
        return self.noted[-1]

    def person(self, account: str, *, phone: bool = False) -> PaperWindow:
        if account not in self.known:
            self.known.add(account)
            self.now.accounts.append(account)
        return PaperWindow(self)

    def door(self) -> PaperWindow:
        self.known.add("duty")
        return PaperWindow(self)

    def run(self, steps: list[Step]) -> list[Noted]:
        for each in steps:
            self.noted.append(Noted(shown(self.language, each.name)))
            each.do(self)
        return self.noted
