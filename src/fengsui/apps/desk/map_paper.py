"""The map on a sheet of paper: vector, to a round scale, with what a reader needs who was not at the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from fengsui.apps.desk import map_items, map_state, map_tree
from fengsui.apps.desk.map_asked import Asked
from fengsui.apps.desk.map_items import RANK, RANKS, Item
from fengsui.apps.desk.map_tree import Entry
from fengsui.apps.desk.models import MapPrint
from fengsui.apps.desk.rules import PAPERS
from fengsui.apps.people import queries as people
from fengsui.core.maps import tiles
from fengsui.core.ports import PortAbsent, port
from fengsui.core.ui.press import pdf_of as pressed
from fengsui.kernel.geo import mercator

SCREEN_PX = 1_100
"""So wide was about what the person saw; the sheet shows at least as much."""
PIXEL_M = 78_271.516964
"""Metres of EPSG:3857 in one pixel at zoom 0 of 512 px tiles."""
SCALES = [n * 10**e for e in range(2, 7) for n in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5)]
MARGIN, LEGEND, HEAD, FOOT = 8, 58, 13, 9
CELL = 11
"""mm: symbols nearer than this become one with a count."""
DRAWN = 5_000
NAMED = 40
ROADS = 45
WEIGHTS = {0: 1.1, 1: 1.0, 2: 0.8, 3: 0.6, 4: 0.45, 5: 0.3}


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of ground on a rectangle of paper. per_mm: metres of EPSG:3857 in a millimetre."""

    box: tuple[float, float, float, float]
    width: float
    height: float
    per_mm: float
    scale: int

    def place(self, x: float, y: float) -> tuple[float, float]:
        return round((x - self.box[0]) / self.per_mm, 2), round((self.box[3] - y) / self.per_mm, 2)

    def at(self, lonlat: Sequence[float]) -> tuple[float, float]:
        return self.place(*mercator((lonlat[0], lonlat[1])))

    def holds(self, spot: tuple[float, float]) -> bool:
        return 0 <= spot[0] <= self.width and 0 <= spot[1] <= self.height

    @property
    def detail(self) -> int:
        """Zoom of a screen that shows as much, 0.26 mm a pixel."""
        return max(5, min(16, round(math.log2(PIXEL_M / (self.per_mm * 0.26)))))


@dataclass(frozen=True, slots=True)
class Mark:
    """A symbol on the sheet: its place in mm, its level or character, how many it stands for."""

    x: float
    y: float
    level: str
    mark: str
    frame: str
    name: str
    count: int = 1


def framed(paper: str, centre: tuple[float, float], zoom: float) -> Frame:
    """The roundest scale that shows at least what the screen showed across."""
    wide, high = PAPERS[paper]
    width, height = wide - 2 * MARGIN - LEGEND, high - 2 * MARGIN - HEAD - FOOT
    stretch = 1 / math.cos(math.radians(centre[1]))
    wanted = SCREEN_PX * PIXEL_M / 2**zoom / stretch / (width / 1000)
    scale = int(next((each for each in SCALES if each >= wanted * 0.98), SCALES[-1]))
    per_mm = scale / 1000 * stretch
    x, y = mercator(centre)
    box = (x - width * per_mm / 2, y - height * per_mm / 2, x + width * per_mm / 2, y + height * per_mm / 2)
    return Frame(box, width, height, per_mm, scale)


def bar(frame: Frame) -> tuple[int, float]:
    """A round length on the ground, m, and how long it is on paper, mm: up to 50."""
    most = frame.scale / 1000 * 50
    length = max(each for each in SCALES if each <= most and each % 1 == 0)
    return int(length), round(length / (frame.scale / 1000), 2)


def gathered(items: Sequence[Item], entry: Entry, frame: Frame) -> list[Mark]:
    """Symbols of a layer; where they would lie upon each other, one with the worst status and the count."""
    cells: dict[tuple[int, int], list[tuple[float, float, Item]]] = {}
    for item in items:
        if item.geometry["type"] == "Point" and frame.holds(spot := frame.at(item.geometry["coordinates"])):
            cells.setdefault((int(spot[0] // CELL), int(spot[1] // CELL)), []).append((*spot, item))
    square = {"incidents": "round", "places": "square", "names": "name"}.get(entry.kind, "")
    found = []
    for held in cells.values():
        worst = max(held, key=lambda each: RANK.get(each[2].level, 0))[2]
        x = sum(each[0] for each in held) / len(held)
        y = sum(each[1] for each in held) / len(held)
        found.append(
            Mark(round(x, 2), round(y, 2), worst.level, worst.mark or entry.symbol[1], square, worst.name, len(held))
        )
    return found


def pdf_of(row: MapPrint, now: datetime) -> bytes:
    """The sheet that was asked for."""
    body, _pages = pressed(html_of(row, now))
    return body


def html_of(row: MapPrint, now: datetime) -> str:
    """What stands on it, as the person may see it now."""
    by = people.actor_for(row.person_id, row.world_id)
    asked = row.asked
    centre, zoom = (asked["centre"][0], asked["centre"][1]), float(asked["zoom"])
    at = datetime.fromisoformat(asked["at"]) if asked.get("at") else None
    frame, question = framed(row.paper, centre, zoom), Asked(at=at)
    shown = [each for each in map_tree.entries(by) if each.id in asked["layers"]]
    marks: list[Mark] = []
    lines: list[tuple[str, Item]] = []
    legend: list[dict[str, Any]] = []
    for entry in shown:
        items, count = map_items.items(entry, by, question, now, DRAWN)
        own = gathered(items, entry, frame)
        marks += own
        lines += [
            (" ".join(f"{x},{y}" for x, y in map(frame.at, item.geometry["coordinates"])), item)
            for item in items
            if item.geometry["type"] == "LineString"
        ]
        state = map_state.of(entry, by, question, now)
        legend.append({"entry": entry, "count": count, "age": state["age"], "cut": count > len(items)})
    marks.sort(key=lambda each: RANK.get(each.level, 0))
    context = {
        "print": row,
        "frame": frame,
        "marks": marks,
        "lines": lines,
        "legend": legend,
        "levels": RANKS[::-1],
        "leveled": any(each.kind in ("stations", "warnings", "ahead") for each in shown),
        "paper": dict(zip(("w", "h"), PAPERS[row.paper], strict=True)),
        "margin": MARGIN,
        "column": LEGEND,
        "base": tiles.base_shapes(frame.box, frame.detail),
        "weights": WEIGHTS,
        "roads": [(name, *frame.place(x, y)) for name, x, y in tiles.base_names(frame.box, ROADS)],
        "named": len(marks) <= NAMED,
        "bar": bar(frame),
        "at": at,
        "area": " ".join(f"{x},{y}" for x, y in map(frame.at, asked.get("within") or [])),
        "language": "en" if asked.get("language") == "en" else "zh-CN",
        "district": _district(),
        "centre": centre,
        "made": timezone.localtime(now),
    }
    return render_to_string("desk/map_paper.html", context)


def _district() -> str:
    try:
        return str(port("district").name)
    except PortAbsent:
        return ""
