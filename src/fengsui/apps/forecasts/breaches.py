"""A dike drawn on the map and where it gives way: how it is written, what is refused and why, in words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from fengsui.apps.forecasts import rules
from fengsui.kernel import geo
from fengsui.kernel.errors import Invalid
from fengsui.kernel.ports.floods import Breach

Corner = tuple[float, float]
LIMITS = {
    "crest_m": (0.5, 15.0), "at": (0.0, 100.0), "width_m": (5.0, 500.0), "opens_min": (0.0, 180.0),
    "erodes_min": (1.0, 180.0),
}  # fmt: skip
VALUES = {"level": (0.2, 15.0), "inflow": (1.0, 2000.0)}
"""Metres above the ground at the breach, or m3/s."""
CORNERS = (2, 40)
WIDEST_FINE_M = 1500
"""With a breach a 5 m grid is computed for squares up to this: scheme B takes some ten times as long."""


def line_of(text: str) -> list[Corner]:
    """Of lines "lon,lat". Raises Invalid for what is none."""
    found = []
    for each in re.split(r"[\n;；]+", text.strip()):
        parts = [part for part in re.split(r"[\s,，]+", each.strip()) if part]
        try:
            lon, lat = (round(float(part), 6) for part in parts)
        except ValueError:
            raise Invalid("forecasts.flood.breach_corner", field="breach_line", corner=each.strip()[:40]) from None
        if not (70 <= lon <= 140 and -60 <= lat <= 60):
            raise Invalid("forecasts.flood.breach_corner", field="breach_line", corner=each.strip()[:40])
        found.append((lon, lat))
    return found


def text_of(line: Sequence[Sequence[float]]) -> str:
    return "\n".join(f"{lon:.6f},{lat:.6f}" for lon, lat in line)


def sound(asked: Mapping[str, Any]) -> None:
    """Raises Invalid by the field of the page."""
    it = asked.get("breach")
    if not it:
        return
    for name, (low, high) in {**LIMITS, "value": VALUES[_water(it)]}.items():
        if not low <= float(it[name]) <= high:
            raise Invalid("forecasts.flood.breach_number", field=f"breach_{name}", low=f"{low:g}", high=f"{high:g}")
    if it["side"] not in ("left", "right"):
        raise Invalid("forecasts.flood.breach_side", field="breach_side")
    if it["water"] == "level" and it["value"] > it["crest_m"]:
        raise Invalid("forecasts.flood.breach_over", field="breach_value", crest=f"{it['crest_m']:g}")
    if asked["cell_m"] < 10 and asked["width_m"] > WIDEST_FINE_M:
        raise Invalid("forecasts.flood.breach_cells", field="cell_m", most=WIDEST_FINE_M)
    if it["width_m"] < asked["cell_m"]:
        raise Invalid("forecasts.flood.breach_narrow", field="breach_width_m", cell=asked["cell_m"])
    whole = float(asked["rain"]["duration_min"]) + rules.FLOOD_AFTER_S / 60
    if it["opens_min"] >= whole:
        raise Invalid("forecasts.flood.breach_late", field="breach_opens_min", whole=f"{whole:g}")
    _lies(asked, it)


def _water(it: Mapping[str, Any]) -> str:
    if it["water"] not in VALUES:
        raise Invalid("forecasts.flood.breach_water", field="breach_water")
    return str(it["water"])


def _lies(asked: Mapping[str, Any], it: Mapping[str, Any]) -> None:
    """The line lies in the square, crosses itself nowhere, and is long enough for its breach."""
    low, high = CORNERS
    line = metres(asked, it["line"])
    if not low <= len(line) <= high:
        raise Invalid("forecasts.flood.breach_corners", field="breach_line", low=low, high=high)
    half = float(asked["width_m"]) / 2 - float(asked["cell_m"])
    if any(max(abs(x), abs(y)) >= half for x, y in line):
        raise Invalid("forecasts.flood.breach_outside", field="breach_line", width=asked["width_m"])
    lengths = [math.dist(a, b) for a, b in pairwise(line)]
    if min(lengths) < 1.0:
        raise Invalid("forecasts.flood.breach_twice", field="breach_line")
    if _crosses_itself(line):
        raise Invalid("forecasts.flood.breach_crosses", field="breach_line")
    long, wide = sum(lengths), float(it["width_m"])
    if long < wide:
        raise Invalid("forecasts.flood.breach_short", field="breach_line", long=f"{long:.0f}", wide=f"{wide:g}")
    middle = long * float(it["at"]) / 100
    if middle < wide / 2 or middle > long - wide / 2:
        raise Invalid(
            "forecasts.flood.breach_end", field="breach_at", low=f"{math.ceil(50 * wide / long)}",
            high=f"{math.floor(100 - 50 * wide / long)}",
        )  # fmt: skip


def metres(asked: Mapping[str, Any], line: Sequence[Sequence[float]]) -> list[Corner]:
    """East and north of the square's middle."""
    lon0, lat0 = float(asked["lon"]), float(asked["lat"])
    east, north = geo.move((lon0, lat0), 1000.0, 1000.0)
    return [((lon - lon0) / (east - lon0) * 1000, (lat - lat0) / (north - lat0) * 1000) for lon, lat in line]


def middle(asked: Mapping[str, Any], line: Sequence[Sequence[float]], at: float) -> tuple[float, float]:
    """Where the breach is: [lon, lat] at a share `at` of the line's length in metres."""
    corners = metres(asked, line)
    left = at * sum(math.dist(a, b) for a, b in pairwise(corners))
    for (a, b), (start, stop) in zip(pairwise(corners), pairwise(line), strict=True):
        long = math.dist(a, b)
        if left <= long:
            part = left / long if long else 0.0
            return start[0] + (stop[0] - start[0]) * part, start[1] + (stop[1] - start[1]) * part
        left -= long
    return float(line[-1][0]), float(line[-1][1])


def shown(asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """GeoJSON for the map: the line with the side of its water, and the breach; None where none was asked."""
    it = asked.get("breach")
    if not it:
        return None

    def feature(kind: str, coordinates: Any, **properties: str) -> dict[str, Any]:
        geometry = {"type": kind, "coordinates": coordinates}
        return {"type": "Feature", "geometry": geometry, "properties": {**properties, "said": said(asked)}}

    at = middle(asked, it["line"], float(it["at"]) / 100)
    return {
        "type": "FeatureCollection",
        "features": [
            feature("LineString", it["line"], name=_("假设的堤"), side=it["side"]),
            feature("Point", at, name=_("溃口")),
        ],
    }


def _crosses_itself(line: Sequence[Corner]) -> bool:
    stretches = list(pairwise(line))
    return any(
        _cross(*stretches[one], *stretches[other])
        for one in range(len(stretches))
        for other in range(one + 2, len(stretches))
    )


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    def side(p: Corner, q: Corner, r: Corner) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0


def breach_of(asked: Mapping[str, Any]) -> Breach | None:
    it = asked.get("breach")
    if not it:
        return None
    level = it["water"] == "level"
    return Breach(
        line=tuple((float(lon), float(lat)) for lon, lat in it["line"]), crest_m=float(it["crest_m"]),
        side=it["side"], at=float(it["at"]) / 100, width_m=float(it["width_m"]),
        opens_s=float(it["opens_min"]) * 60, erodes_s=float(it["erodes_min"]) * 60,
        level_m=float(it["value"]) if level else None, inflow_m3_s=None if level else float(it["value"]),
    )  # fmt: skip


def said(asked: Mapping[str, Any]) -> str:
    """In a sentence, for a page; empty where none was asked."""
    it = asked.get("breach")
    if not it:
        return ""
    facts = {
        "wide": f"{it['width_m']:g}", "at": f"{it['at']:g}", "opens": f"{it['opens_min']:g}",
        "erodes": f"{it['erodes_min']:g}", "crest": f"{it['crest_m']:g}", "value": f"{it['value']:g}",
    }  # fmt: skip
    water = (
        _("堤后水深 %(value)s m") if it["water"] == "level" else _("来水 %(value)s m³/s")
    ) % facts  # fmt: skip
    return _("堤高 %(crest)s m，%(water)s；线上 %(at)s %% 处，%(opens)s 分钟起 %(erodes)s 分钟内冲开 %(wide)s m") % {
        **facts, "water": water,
    }  # fmt: skip
