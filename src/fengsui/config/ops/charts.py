"""A chart per bench for the page of figures: each path's cost beside the others, on a scale of tens.

A dot is the median, its line the spread of the rounds. On the line 1 ours takes as long as the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fengsui.config.ops.figures import Figure, Spread

LEFT, WIDE, RIGHT, ROW, TOP = 330, 380, 60, 18, 26
HUES = ("#1d8a99", "#a8662c", "#6b6b6b", "#7a5195")
"""One a side that ours stands beside; each is read on white and on black."""
INK = "#808080"


def has(figures: Iterable[Figure]) -> bool:
    return any(each.cost for each in figures)


def draw(figures: Sequence[Figure], folder: Path) -> None:
    """NAME.svg for each bench; charts of benches that are not among the figures go."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.svg"):
        left.unlink()
    for bench in dict.fromkeys(each.bench for each in figures):
        rows = [each for each in figures if each.bench == bench]
        if has(rows):
            (folder / f"{bench}.svg").write_text(svg(rows), "utf-8")


def svg(figures: Sequence[Figure]) -> str:
    others = list(dict.fromkeys(name for each in figures for name in each.cost))
    lines = [(each.path, name, each.cost[name]) for each in figures for name in others if name in each.cost]
    low = math.floor(math.log10(min(cost.low for *_, cost in lines)))
    high = max(math.ceil(math.log10(max(cost.high for *_, cost in lines))), low + 1)
    bottom = TOP + ROW * len(lines)
    wide, tall = LEFT + WIDE + RIGHT, bottom + 24 + ROW

    def x(value: float) -> float:
        return round(LEFT + (math.log10(value) - low) / (high - low) * WIDE, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        'font-family="sans-serif" font-size="11">'
    ]
    for power in range(low, high + 1):
        at, strong = x(10**power), power == 0
        parts.append(
            f'<path d="M{at} {TOP - 6}V{bottom}" stroke="{INK}" stroke-opacity="{0.9 if strong else 0.3}"/>'
            f'<text x="{at}" y="{TOP - 12}" fill="{INK}" text-anchor="middle">{10.0**power:g} x</text>'
        )
    before = ""
    for at, (path, name, cost) in enumerate(lines):
        parts += _line(TOP + ROW * at + ROW / 2, "" if path == before else path, cost, HUES[others.index(name) % 4], x)
        before = path
    for at, name in enumerate(others):
        parts.append(
            f'<circle cx="{LEFT + 10 + at * 120}" cy="{bottom + 20}" r="4" fill="{HUES[at % 4]}"/>'
            f'<text x="{LEFT + 19 + at * 120}" y="{bottom + 24}" fill="{INK}">beside {escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(y: float, path: str, cost: Spread, hue: str, x: object) -> list[str]:
    assert callable(x)
    name = path if len(path) < 52 else f"{path[:50]}…"
    return [
        f'<text x="{LEFT - 10}" y="{y + 4}" fill="{INK}" text-anchor="end">{escape(name)}</text>' if name else "",
        f'<path d="M{x(cost.low)} {y}H{x(cost.high)}" stroke="{hue}" stroke-width="3" stroke-opacity="0.45"/>'
        f'<circle cx="{x(cost.median)}" cy="{y}" r="4" fill="{hue}"/>',
    ]
