"""What a map's address asks for: layers, moment, place, zoom, selected area, words. Nothing personal stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from urllib.parse import urlencode

from django.contrib.gis.geos import Polygon
from django.http import QueryDict
from django.utils import timezone

from fengsui.core.maps import area
from fengsui.core.ui.moments import moment
from fengsui.kernel.geo import Point
from fengsui.kernel.moments import MIDNIGHT, Unclear

HISTORY = timedelta(hours=72)
MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Asked:
    """`at` is None for now. `within`: corners (lon, lat) of the selected area, at least three, or empty."""

    layers: tuple[str, ...] | None = None
    at: datetime | None = None
    centre: Point | None = None
    zoom: float | None = None
    within: tuple[Point, ...] = ()
    q: str = ""

    @property
    def area(self) -> Polygon | None:
        """The selected area in EPSG:4326."""
        return area.polygon(self.within) if self.within else None

    @property
    def within_text(self) -> str:
        return ";".join(f"{lon:.5f},{lat:.5f}" for lon, lat in self.within)

    def query(self, **over: str) -> str:
        """The same question as an address; `over` replaces or, when empty, leaves out."""
        facts = {
            "layers": ",".join(self.layers or ()),
            "at": timezone.localtime(self.at).strftime(MINUTE) if self.at else "",
            "c": f"{self.centre[0]:.5f},{self.centre[1]:.5f}" if self.centre else "",
            "z": f"{self.zoom:.2f}" if self.zoom is not None else "",
            "within": self.within_text,
            "q": self.q,
        } | over
        return urlencode({name: value for name, value in facts.items() if value}, safe=",;:")


def read(asked: QueryDict, now: datetime) -> Asked:
    """What cannot be read is left out, so an old link still opens; a moment older than the history is its beginning."""
    named = asked.get("layers", "").split(",") if "layers" in asked else asked.getlist("l")
    layers = tuple(each for each in named if each) if named else None
    centre = area.points([asked.get("c", "")])
    try:
        asked_zoom = float(asked.get("z", ""))
        zoom = min(max(asked_zoom, 5.0), 18.0) if isfinite(asked_zoom) else None
    except ValueError:
        zoom = None
    return Asked(
        layers=layers,
        at=_moment(asked.get("at", ""), now),
        centre=centre[0] if centre else None,
        zoom=zoom,
        within=area.corners(asked.get("within", "")),
        q=asked.get("q", "").replace("\x00", "").strip()[:60],
    )


def _moment(text: str, now: datetime) -> datetime | None:
    try:
        at = moment(text, alone=MIDNIGHT)
    except Unclear:
        return None
    return None if at >= now else max(at, now - HISTORY)
