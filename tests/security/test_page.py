"""The page of requirements names only tests that there are, and says a state of each."""

from __future__ import annotations

import re

from fengsui.config.ops.home import REPO

PAGE = REPO / "docs/reference/security.md"
STATES = {"met", "partly", "not met", "none here", "not looked at"}


def known() -> set[str]:
    found = set()
    for root in ("src", "tests"):
        for path in (REPO / root).rglob("test_*.py"):
            found |= set(re.findall(r"def (test_\w+)", path.read_text()))
    return found


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| (V?\d[\w.,\- ]*) \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_test_that_the_page_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    assert len(named) > 60
    assert not named - known()


def test_every_requirement_has_a_state():
    listed = rows()
    assert len(listed) > 130
    for row in listed:
        assert row[2] in STATES, row
    assert [row[0].strip("| ") for row in listed[:12]] == [str(n) for n in range(1, 13)]


def test_what_is_met_says_by_what():
    """`met` without a test or a sentence is a claim."""
    bare = [row[0] for row in rows() if row[2] == "met" and len(row) < 4]
    assert set(bare) <= {"V3.7.1", "V6.4.2"}, bare
