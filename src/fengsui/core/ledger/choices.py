"""Kinds of columns that hold words with codes: one of a closed list, or several in one cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.core.ledger import cells
from fengsui.core.ledger.cells import BadCell
from fengsui.core.ledger.columns import Column, Kind, Read
from fengsui.kernel.terms import Terms


def in_english() -> bool:
    return (get_language() or "").startswith("en")


def _words_of(listed: Terms | Iterable[Any]) -> dict[Any, tuple[str, str]]:
    if isinstance(listed, Terms):
        return {code: (term.zh, term.en) for code, term in listed.items()}
    return {each[0]: (str(each[1]), str(each[-1])) for each in listed}


@dataclass(frozen=True, eq=False)
class Choice(Kind):
    """One of some terms; a cell may hold the Chinese word, the English one, or the code.

    `of`: terms, (code, Chinese, English) each, or a function that gives such: what the district's files list.
    """

    of: Any = ()
    name: str = "choice"

    @property
    def words(self) -> dict[Any, tuple[str, str]]:
        return _words_of(self.of()) if callable(self.of) else self._fixed

    @cached_property
    def _fixed(self) -> dict[Any, tuple[str, str]]:
        return _words_of(self.of)

    def reader(self, column: Column) -> Read:
        known: dict[str, Any] = {}
        for code, words in self.words.items():
            known |= {cells.folded(str(each)).lower(): code for each in (code, *words)}

        def read(value: Any) -> Any:
            text = cells.folded(cells.text_of(value)).lower()
            if text in known:
                return known[text]
            if text in cells.MISSING:
                return None
            raise BadCell("not_allowed", text=text, allowed="、".join(zh for zh, _en in self.words.values()))

        return read

    def show(self, plain: Any) -> str:
        words = self.words.get(plain)
        if words is None:
            return "" if plain is None else str(plain)
        return words[1] if in_english() else words[0]

    def sheet(self, plain: Any) -> Any:
        words = self.words.get(plain)
        return words[0] if words else plain

    def allowed(self) -> list[str]:
        return [zh for zh, _en in self.words.values()]

    def says(self) -> str:
        return _("从下列值中选一个")


@dataclass(frozen=True, eq=False)
class Words(Kind):
    """Several words in one cell; with `of`, each is a term."""

    of: Terms | None = None
    name: str = "words"

    def reader(self, column: Column) -> Read:
        known = {word: code for code, term in (self.of or {}).items() for word in (code, term.zh, term.en)}

        def read(value: Any) -> list[str]:
            return [known.get(each, each) for each in cells.words_of(value)]

        return read

    def show(self, plain: Any) -> str:
        if self.of and in_english():
            return ", ".join(self.of[each].en if each in self.of else each for each in plain or [])
        return self.sheet(plain)

    def sheet(self, plain: Any) -> str:
        return "、".join(self.of.zh(each) if self.of else each for each in plain or [])

    def plain(self, stored: Any) -> Any:
        return list(stored or [])

    def says(self) -> str:
        if self.of:
            return _("几个词，用顿号隔开；有约定的词：%(words)s") % {"words": self.show(list(self.of))}
        return _("几个词，用顿号隔开")

    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "array", "items": {"type": "string"}})
