"""What a first-timer's hand did, as numbers, and the table of all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fengsui.config.ops.home import REPO
from fengsui.config.story.table import width
from fengsui.kernel.terms import Term

MOST = 12
"""Interactions that a first task may take."""
PAGE = REPO / "docs" / "reference" / "journeys.md"
BEGINS, ENDS = "<!-- counted: written by ./fengsui test --journeys -->\n", "<!-- /counted -->\n"


@dataclass(frozen=True, slots=True)
class Count:
    """presses: buttons, links, shortcuts. fields: texts typed, choices made, files given. loads: documents loaded.

    tabs: Tab and Shift-Tab, only by keyboard; a step of the focus is no act of the task, so it is not in `acts`.
    """

    presses: int = 0
    fields: int = 0
    loads: int = 0
    tabs: int = 0

    @property
    def acts(self) -> int:
        return self.presses + self.fields

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, each) + getattr(other, each) for each in self.__slots__))

    def more(self, **by: int) -> Count:
        return replace(self, **{name: getattr(self, name) + n for name, n in by.items()})


@dataclass(frozen=True, slots=True)
class Walked:
    """One journey in one mode. `lost`: what did not stand on the page, or was not true in the end."""

    name: Term
    by_keys: bool
    count: Count
    took_s: float
    people: int
    lost: str = ""

    @property
    def good(self) -> bool:
        return not self.lost and self.count.acts <= MOST


def printed(rows: Sequence[Walked]) -> str:
    """The table on the terminal."""
    head = ("", "journey", "by", "acts", "presses", "fields", "loads", "tabs", "s")
    lines = [head]
    for row in rows:
        c = row.count
        tabs = str(c.tabs) if row.by_keys else ""
        by = "keys" if row.by_keys else "mouse"
        mark = "✓" if row.good else "✗"
        numbers = (str(c.acts), str(c.presses), str(c.fields), str(c.loads), tabs, f"{row.took_s:.1f}")
        lines.append((mark, row.name.en, by, *numbers))
    widths = [max(width(line[n]) for line in lines) for n in range(len(head))]
    left = {0, 1, 2}

    def cell(n: int, text: str) -> str:
        pad = " " * (widths[n] - width(text))
        return text + pad if n in left else pad + text

    return "\n".join("  ".join(cell(n, text) for n, text in enumerate(line)).rstrip() for line in lines)


def table(rows: Sequence[Walked]) -> str:
    """The table of the reference page: counts, which do not depend on the machine; no seconds."""
    by_name: dict[str, dict[bool, Walked]] = {}
    for row in rows:
        by_name.setdefault(row.name.code, {})[row.by_keys] = row
    lines = [
        "| | Task | People | Interactions | Presses | Fields, choices, files | Pages | By keyboard | Tabs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for number, found in enumerate(by_name.values(), 1):
        mouse, keys = found[False], found[True]
        c, k = mouse.count, keys.count
        numbers = (mouse.people, c.acts, c.presses, c.fields, c.loads, k.acts, k.tabs)
        lines.append(f"| {number} | {mouse.name.en} | " + " | ".join(str(n) for n in numbers) + " |")
    return "\n".join(lines) + "\n"


def write(rows: Sequence[Walked], page: Path = PAGE) -> bool:
    """Put the table where the page marks it. True where it said something else before."""
    before = page.read_text("utf-8")
    after = re.sub(
        f"{re.escape(BEGINS)}.*?{re.escape(ENDS)}",
        lambda _: BEGINS + "\n" + table(rows) + "\n" + ENDS,
        before,
        flags=re.DOTALL,
    )
    page.write_text(after, "utf-8")
    return after != before
