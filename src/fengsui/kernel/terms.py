"""Domain words as data: one English word per Chinese term, with legal source and basis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Basis = Literal["V", "G", "U"]
"""V: verified in the named source. G: general professional knowledge. U: uncertain or local."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of the trade. `source` names law and clause; what is not V is shown with `note`.

    `means` and `means_en` say in a sentence or two what it is, for whoever meets it first at 3 a.m.
    """

    code: str
    zh: str
    en: str
    source: str = ""
    basis: Basis = "G"
    note: str = ""
    means: str = ""
    means_en: str = ""

    def __str__(self) -> str:
        return self.zh


class Terms(Mapping[str, Term]):
    """A closed set of terms in display order; iterating gives codes. Registered for the glossary."""

    registered: dict[str, Terms] = {}

    def __init__(self, name: str, *terms: Term) -> None:
        if name in Terms.registered:
            raise ValueError(f"terms {name!r} defined twice")
        codes = [term.code for term in terms]
        if len(set(codes)) != len(codes):
            raise ValueError(f"terms {name!r} repeat a code")
        self.name = name
        self._by_code = {term.code: term for term in terms}
        Terms.registered[name] = self

    def __getitem__(self, code: str) -> Term:
        return self._by_code[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)

    def term(self, code: str) -> Term:
        """The term of a code; one that says the code itself where data hold an unknown one, so nothing vanishes."""
        return self._by_code.get(code) or Term(code, code, code)

    def zh(self, code: str) -> str:
        """Chinese word for a code, as `term`."""
        return self.term(code).zh

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(term.code, term.zh) for term in self._by_code.values()]
