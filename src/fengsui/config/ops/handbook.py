"""`python -m fengsui.config handbook [--check]`: the models' pages in docs/handbook, computed anew.

`--check` compares with what is kept, number by number: the same program on another processor may differ in the last
digits, so two numbers that are within a hundredth of one another are the same.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from fengsui.config.ops.curves import svg
from fengsui.config.ops.home import REPO
from fengsui.science.handbook import Check, Page, pages

FOLDER = REPO / "docs/handbook"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
SAME = 0.01
TINY = 1e-5
"""Below that a number is rounding: two of them are the same whatever their ratio."""


def files() -> Iterator[tuple[Path, str]]:
    """Each page, its pictures, and the index."""
    made = pages()
    yield FOLDER / "README.md", _index(made)
    for page in made:
        yield FOLDER / f"{page.code}.md", _text(page)
        for plot in page.plots:
            yield FOLDER / f"images/{page.code}-{plot.name}.svg", svg(plot)


def outdated() -> list[Path]:
    """What is missing or says something else, and what no model makes any more."""
    made = dict(files())
    left = {*FOLDER.glob("*.md"), *FOLDER.glob("images/*.svg")} - made.keys()
    return sorted(left | {path for path, text in made.items() if not path.exists() or not same(path.read_text(), text)})


def same(one: str, two: str) -> bool:
    """Equal words, and numbers that differ by less than a hundredth."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", two):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(two), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=SAME, abs_tol=TINY) for a, b in pairs)


def main(*, check: bool) -> int:
    if check:
        for path in (old := outdated()):
            print(f"{path.relative_to(REPO)}: out of date; run python -m fengsui.config handbook", file=sys.stderr)
        return 1 if old else 0
    (FOLDER / "images").mkdir(parents=True, exist_ok=True)
    made = dict(files())
    for left in ({*FOLDER.glob("*.md"), *FOLDER.glob("images/*.svg")}) - made.keys():
        left.unlink()
    for path, text in made.items():
        if not path.exists() or not same(path.read_text(), text):
            path.write_text(text, "utf-8")
    wrong = [f"{page.code}: {each.what}" for page in pages() for each in page.checks if not each.holds]
    for each in wrong:
        print(f"does not hold: {each}", file=sys.stderr)
    return 1 if wrong else 0


def _index(made: list[Page]) -> str:
    lines = [
        "# Handbook of the models",
        "",
        "What each hazard model can say and cannot, what it was checked against, and how to run it alone. The pages",
        "and their pictures are computed by `python -m fengsui.config handbook`; a test does so again and compares.",
        "",
        "| Model | Checks | Hold |",
        "|---|---|---|",
    ]
    for page in made:
        held = sum(each.holds for each in page.checks)
        lines.append(f"| [{page.title}]({page.code}.md) | {len(page.checks)} | {held} |")
    return "\n".join(lines) + "\n"


def _text(page: Page) -> str:
    lines = [f"# {page.title}", "", page.says.strip(), ""]
    for plot in page.plots:
        lines += [f"![{plot.title}](images/{page.code}-{plot.name}.svg)", ""]
    lines += ["## What it was checked against", "", "| What | Expected | Found | | From |", "|---|---|---|---|---|"]
    lines += [_row(each) for each in page.checks]
    return "\n".join(lines) + "\n"


def _row(check: Check) -> str:
    found = f"{rounded(check.found)} {check.unit}".strip()
    cells = (check.what, check.expected, found, "✓" if check.holds else "**missed**", check.source)
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"


def rounded(value: float) -> str:
    """Three digits; what is rounding is 0, so that another processor's rounding is no news."""
    return "0" if abs(value) < TINY else f"{value:.3g}"
