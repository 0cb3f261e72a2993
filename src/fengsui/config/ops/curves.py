"""Curves over two axes as SVG: the pictures of the models' handbook."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

import numpy as np

from fengsui.config.ops.charts import HUES, INK
from fengsui.science.handbook import Line, Plot

WIDE, TALL, LEFT, TOP, RIGHT, BELOW = 640, 360, 70, 34, 20, 48
MOST = 400
"""Points a curve is drawn with at most; of more, each piece shows its lowest and its highest."""


def svg(plot: Plot) -> str:
    """Raises ValueError for a plot without one finite point."""
    x0, x1 = _ends([each.x for each in plot.lines])
    y0, y1 = _ends([each.y for each in plot.lines])

    def at(x: float, y: float) -> str:
        return f"{LEFT + (x - x0) / (x1 - x0) * WIDE:.0f} {TOP + (y1 - y) / (y1 - y0) * TALL:.0f}"

    bottom, wide, tall = TOP + TALL, LEFT + WIDE + RIGHT, TOP + TALL + BELOW + 18 * math.ceil(len(plot.lines) / 3)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        'font-family="sans-serif" font-size="12">',
        f'<text x="{LEFT}" y="18" fill="{INK}" font-size="14">{escape(plot.title)}</text>',
    ]
    for tick in _ticks(x0, x1):
        to = at(tick, y0).split()[0]
        parts.append(
            f'<path d="M{to} {TOP}V{bottom}" stroke="{INK}" stroke-opacity="0.25"/>'
            f'<text x="{to}" y="{bottom + 16}" fill="{INK}" text-anchor="middle">{tick:g}</text>'
        )
    for tick in _ticks(y0, y1):
        to = at(x0, tick).split()[1]
        parts.append(
            f'<path d="M{LEFT} {to}H{LEFT + WIDE}" stroke="{INK}" stroke-opacity="0.25"/>'
            f'<text x="{LEFT - 8}" y="{int(to) + 4}" fill="{INK}" text-anchor="end">{tick:g}</text>'
        )
    parts.append(
        f'<text x="{LEFT + WIDE}" y="{bottom + 34}" fill="{INK}" text-anchor="end">{escape(plot.x)}</text>'
        f'<text x="14" y="{TOP}" fill="{INK}" text-anchor="end" transform="rotate(-90 14 {TOP})">'
        f"{escape(plot.y)}</text>"
    )
    for number, each in enumerate(plot.lines):
        hue, dashes = HUES[number % len(HUES)], ' stroke-dasharray="6 4"' if each.dashed else ""
        path = "".join(f"M{'L'.join(at(x, y) for x, y in piece)}" for piece in _pieces(each))
        key_x, key_y = LEFT + number % 3 * 210, bottom + 52 + number // 3 * 18
        parts += [
            f'<path d="{path}" fill="none" stroke="{hue}" stroke-width="1.8"{dashes}/>',
            f'<path d="M{key_x} {key_y - 4}h24" stroke="{hue}" stroke-width="1.8"{dashes}/>'
            f'<text x="{key_x + 30}" y="{key_y}" fill="{INK}">{escape(each.name)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _ends(values: list[np.ndarray[tuple[int], np.dtype[np.float64]]]) -> tuple[float, float]:
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    if not every.size:
        raise ValueError("a plot without one finite point")
    low, high = float(every.min()), float(every.max())
    if low >= 0 and low < 0.3 * high:
        low = 0.0
    if math.isclose(low, high, abs_tol=1e-12):
        return low - 0.5, high + 0.5
    step = _step(low, high)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _step(low: float, high: float) -> float:
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(each for each in (1, 2, 5, 10) if each * power >= rough * (1 - 1e-9))


def _ticks(low: float, high: float) -> Iterator[float]:
    step = _step(low, high)
    for number in range(round(low / step), round(high / step) + 1):
        yield round(number * step, 12)


def _pieces(line: Line) -> Iterator[list[tuple[float, float]]]:
    """Unbroken parts, each thinned so that its lowest and highest values stay."""
    whole = np.isfinite(line.x) & np.isfinite(line.y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], whole, [False]]).astype(np.int8)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        chosen = np.arange(begin, end)
        if chosen.size > MOST:
            parts = np.array_split(chosen, MOST // 2)
            kept = [sorted({part[np.argmin(line.y[part])], part[np.argmax(line.y[part])]}) for part in parts]
            chosen = np.array([each for part in kept for each in part])
        yield [(float(line.x[each]), float(line.y[each])) for each in chosen]
