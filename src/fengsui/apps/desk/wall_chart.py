"""The wall's large curve as SVG: measured solid, gaps hatched holes, forecast dashed with its interval, lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.utils import timezone

LEFT, RIGHT, TOP, BOTTOM = 84, 190, 20, 52
LABEL = 46
"""Least distance of two labels at the right."""


@dataclass(frozen=True, slots=True)
class Line:
    level: str
    y: float
    label_y: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Pixels of a panel `width` x `height`; paths are SVG."""

    width: int
    height: int
    measured: str
    forecast: str
    band: str
    gaps: list[tuple[float, float]]
    lines: list[Line]
    ticks_x: list[tuple[float, str]]
    ticks_y: list[tuple[float, str]]
    now_x: float
    end: tuple[float, float] | None
    issued: str = ""
    top: int = TOP
    bottom: int = field(default=BOTTOM)


Points = list[tuple[float, float]]


def curve(
    points: Points, gaps: list[tuple[float, float]], ladder: list[tuple[str, float, str]], low_s: float, now_s: float,
    ahead: Points, band: list[tuple[float, float, float]], issued: datetime | None, width: int, height: int,
) -> Curve:  # fmt: skip
    """points, ahead: (seconds, value) in the shown unit; gaps: (from, to) in seconds; ladder: (level, value, text);
    band: (seconds, low, high). width, height: pixels at 100 %."""
    high_s = max([now_s, *(t for t, _ in ahead)])
    values = [v for _, v in points] + [v for _, v in ahead] + [h for _, _, h in band]
    top, step = _scale(max(values, default=1.0), [v for _, v, _ in ladder])
    inner_w, inner_h = width - LEFT - RIGHT, height - TOP - BOTTOM

    def x(t: float) -> float:
        return round(LEFT + (t - low_s) / max(high_s - low_s, 1.0) * inner_w, 1)

    def y(v: float) -> float:
        return round(TOP + inner_h * (1 - min(max(v, 0.0), top) / top), 1)

    lines = [(level, y(v), text) for level, v, text in ladder if v <= top]
    heights = _spread([each[1] for each in lines], TOP + 12, height - BOTTOM + 10)
    return Curve(
        width,
        height,
        _path(points, gaps, x, y),
        "M" + "L".join(f"{x(t)} {y(v)}" for t, v in ahead) if ahead else "",
        _band(band, x, y),
        [(x(max(a, low_s)), x(min(b, high_s))) for a, b in gaps if b > low_s],
        [Line(level, at, label, text) for (level, at, text), label in zip(lines, heights, strict=True)],
        [
            (x(t), f"{timezone.localtime(datetime.fromtimestamp(t, UTC)):%H:%M}")
            for t in _moments(low_s, high_s, max(2, inner_w // 150))
        ],
        [(y(n * step), f"{n * step:g}") for n in range(int(top / step + 1.001))],
        x(now_s),
        (x(points[-1][0]), y(points[-1][1])) if points else None,
        f"{timezone.localtime(issued):%H:%M}" if issued else "",
    )


def _path(points: Points, gaps: list[tuple[float, float]], x, y) -> str:  # type: ignore[no-untyped-def]  # two scales of this page
    path, before, holes = [], None, sorted(a for a, _ in gaps)
    for t, v in points:
        broken = before is None or any(before <= a < t for a in holes)
        path.append(f"{'M' if broken else 'L'}{x(t)} {y(v)}")
        before = t
    return "".join(path)


def _band(band: list[tuple[float, float, float]], x, y) -> str:  # type: ignore[no-untyped-def]  # two scales of this page
    if not band:
        return ""
    over = [f"{x(t)} {y(h)}" for t, _, h in band]
    under = [f"{x(t)} {y(low)}" for t, low, _ in reversed(band)]
    return "M" + "L".join([*over, *under]) + "Z"


def _scale(highest: float, lines: list[float]) -> tuple[float, float]:
    """The top of the axis has room for the next line; about five steps of 1, 2 or 5."""
    ahead = [v for v in sorted(lines) if v > highest]
    top = max([highest, *ahead[:1], *(v for v in lines if v <= highest)], default=1.0) or 1.0
    power = 10.0 ** len(str(int(top / 5))) / 10 if top >= 5 else 0.1
    step = next(k * power for k in (1, 2, 5, 10, 20, 50) if k * power * 5 >= top)
    return step * -(-top * 1.02 // step), step


def _moments(low_s: float, high_s: float, most: int) -> list[float]:
    span = high_s - low_s
    step = next((s for s in (60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600) if span / s <= most), 86_400)
    return [float(t) for t in range(int(-(-low_s // step) * step), int(high_s) + 1, step)]


def _spread(wanted: list[float], top: float, bottom: float) -> list[float]:
    """Heights pushed apart so that labels never overlap, in the same order."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    out, floor = list(wanted), top
    for i in order:
        out[i] = max(out[i], floor)
        floor = out[i] + LABEL
    ceiling = bottom
    for i in reversed(order):
        out[i] = min(out[i], ceiling)
        ceiling = out[i] - LABEL
    return out
