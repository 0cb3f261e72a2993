"""The wall's map as SVG: main roads and water of the base map, what is not normal, and labels that never overlap.

Drawn by the server in pixels of the hall's screen, so that letters have the size the distance asks for; nothing in the
browser grows from day to day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

NAME, VALUE, MARK = 34.0, 46.0, 40.0
"""Sizes in pixels at 100 %: a name, a value, a shape."""
_WORLD = 20_037_508.342789244
MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class Box:
    """What the map shows, in EPSG:3857, and the pixels of its panel."""

    west: float
    south: float
    east: float
    north: float
    width: int
    height: int

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x, y = mercator(lon, lat)
        return (
            (x - self.west) / (self.east - self.west) * self.width,
            (self.north - y) / (self.north - self.south) * self.height,
        )


@dataclass(frozen=True, slots=True)
class Symbol:
    """level: code of the shape, or "" with `letter` in a black square. value may be ""."""

    lon: float
    lat: float
    level: str
    letter: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A symbol with the place of its label: x, y of the first line and where the text is anchored; None: no room."""

    symbol: Symbol
    x: float
    y: float
    label: tuple[float, float, str] | None


@dataclass(frozen=True, slots=True)
class Drawing:
    box: Box
    roads: list[tuple[int, str]] = field(default_factory=list)
    water: list[tuple[bool, str]] = field(default_factory=list)
    symbols: list[Placed] = field(default_factory=list)
    unlabelled: int = 0
    illustrative: bool = True


def mercator(lon: float, lat: float) -> tuple[float, float]:
    """EPSG:4326 degrees to EPSG:3857 metres."""
    y = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / math.pi * _WORLD
    return lon / 180 * _WORLD, y


def box_of(points: Sequence[tuple[float, float]], width: int, height: int) -> Box:
    """The smallest box of the panel's proportions around all points (lon, lat), with a margin."""
    at = [mercator(*point) for point in points] or [(0.0, 0.0)]
    low_x, high_x = min(x for x, _ in at), max(x for x, _ in at)
    low_y, high_y = min(y for _, y in at), max(y for _, y in at)
    scale = max((high_x - low_x) / width, (high_y - low_y) / height, 2.0) * (1 + 2 * MARGIN)
    middle_x, middle_y = (low_x + high_x) / 2, (low_y + high_y) / 2
    half_x, half_y = scale * width / 2, scale * height / 2
    return Box(middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y, width, height)


def place(symbols: Sequence[Symbol], box: Box) -> list[Placed]:
    """Labels beside their symbols, the first symbols first; one without room has none and is counted."""
    at: list[tuple[float, float]] = []
    for symbol in symbols:
        x, y = box.at(symbol.lon, symbol.lat)
        while not symbol.level and any(abs(x - a) < MARK and abs(y - b) < MARK for a, b in at):
            x += MARK + 4  # a square beside the level that stands at the same place, never over it
        at.append((x, y))
    taken = [(x - MARK / 2, y - MARK / 2, x + MARK / 2, y + MARK / 2) for x, y in at]
    placed = []
    for symbol, (x, y) in zip(symbols, at, strict=True):
        found = next((each for each in _spots(symbol, x, y) if _is_free(each[1], taken, box)), None)
        if found:
            taken.append(found[1])
        placed.append(Placed(symbol, round(x, 1), round(y, 1), found[0] if found else None))
    return placed


def width_of(text: str, size: float) -> float:
    """About how wide a text is: a Chinese character is as wide as high, a Latin one a good half."""
    return sum(size if ord(each) > 0x2E80 else 0.58 * size for each in text)


Rect = tuple[float, float, float, float]


def _spots(symbol: Symbol, x: float, y: float) -> list[tuple[tuple[float, float, str], Rect]]:
    """Right, left, higher, lower, above, below: (x, y of the name's line, anchor) and the rectangle of both lines."""
    wide = max(width_of(symbol.name, NAME), width_of(symbol.value, VALUE))
    tall = NAME * 1.2 + (VALUE * 1.15 if symbol.value else 0)
    gap = MARK / 2 + 8
    middle, top, west = y - tall / 2, NAME, x - wide / 2
    over, under = y - gap - tall, y + gap
    found = [
        (x + gap, middle, "start", (x + gap, middle, x + gap + wide, middle + tall)),
        (x - gap, middle, "end", (x - gap - wide, middle, x - gap, middle + tall)),
        (x + gap, y - NAME * 0.7, "start", (x + gap, y - NAME * 0.7, x + gap + wide, y - NAME * 0.7 + tall)),
        (x + gap, y + NAME * 0.5 - tall, "start", (x + gap, y + NAME * 0.5 - tall, x + gap + wide, y + NAME * 0.5)),
        (x - gap, y - NAME * 0.7, "end", (x - gap - wide, y - NAME * 0.7, x - gap, y - NAME * 0.7 + tall)),
        (x - gap, y + NAME * 0.5 - tall, "end", (x - gap - wide, y + NAME * 0.5 - tall, x - gap, y + NAME * 0.5)),
        (x, over, "middle", (west, over, west + wide, y - gap)),
        (x, under, "middle", (west, under, west + wide, under + tall)),
    ]
    return [((round(at, 1), round(line + top, 1), anchor), rect) for at, line, anchor, rect in found]


def _is_free(rect: Rect, taken: Sequence[Rect], box: Box) -> bool:
    inside = rect[0] >= 6 and rect[1] >= 6 and rect[2] <= box.width - 6 and rect[3] <= box.height - 6
    return inside and not any(
        rect[0] < other[2] and other[0] < rect[2] and rect[1] < other[3] and other[1] < rect[3] for other in taken
    )
