"""Kinds of columns that fewer registers need: lines on the map, and moments that nobody types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.gis.geos import GEOSGeometry, LineString
from django.utils import timezone
from django.utils.translation import gettext as _

from fengsui.core.ledger import cells
from fengsui.core.ledger.cells import BadCell
from fengsui.core.ledger.columns import Column, Kind, Read


@dataclass(frozen=True, eq=False)
class Line(Kind):
    """A line in one cell: `lon lat; lon lat; …` in degrees of WGS 84."""

    name: str = "line"

    def reader(self, column: Column) -> Read:
        def read(value: Any) -> str:
            text = cells.text_of(value)
            if not text:
                return ""
            points = []
            for part in re.split(r"[;；\n]+", text):
                pair = [each for each in re.split(r"[\s,，]+", part.strip()) if each]
                if not pair:
                    continue
                if len(pair) != 2:
                    raise BadCell("not_line", text=text[:40])
                lon, lat = cells.degrees_of(pair[0], "lon"), cells.degrees_of(pair[1], "lat")
                points.append(f"{lon!r} {lat!r}")
            if len(points) < 2:
                raise BadCell("not_line", text=text[:40])
            return "; ".join(points)

        return read

    def plain(self, stored: Any) -> Any:
        if isinstance(stored, str):  # from a cursor: hex EWKB
            stored = GEOSGeometry(stored)
        return "; ".join(f"{x!r} {y!r}" for x, y, *_z in stored.coords) if stored else ""

    def store(self, plain: Any) -> Any:
        if not plain:
            return None
        points = [tuple(float(each) for each in part.split()) for part in plain.split("; ")]
        return LineString(points, srid=4326).ewkt

    def show(self, plain: Any) -> str:
        return _("%(n)d 个点的线") % {"n": plain.count(";") + 1} if plain else ""

    def says(self) -> str:
        return _("经度 纬度; 经度 纬度，至少两点")


@dataclass(frozen=True, eq=False)
class Moment(Kind):
    """When something happened; set by the system, never typed."""

    name: str = "moment"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": ["string", "null"], "format": "date-time"})

    def plain(self, stored: Any) -> Any:
        return stored.isoformat() if stored else None

    def show(self, plain: Any) -> str:
        return timezone.localtime(datetime.fromisoformat(plain)).strftime("%Y-%m-%d %H:%M") if plain else ""
