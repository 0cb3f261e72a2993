"""How long what is kept: each rule is declared beside the job that follows it, and shown on the page of the system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """days: for how long, None for ever. basis: V verified in the named source, G general, U local. job: who removes.

    what and note are Chinese source text of the catalogue (gettext_noop), worded by the page.
    """

    code: str
    what: str
    days: Callable[[], float | None]
    basis: str
    note: str
    job: str = ""


_rules: dict[str, Rule] = {}


def declare(*rules: Rule) -> None:
    for each in rules:
        if each.code in _rules:
            raise ValueError(f"retention of {each.code} declared twice")
        _rules[each.code] = each


def rules() -> Mapping[str, Rule]:
    return _rules
