"""Stations on the map: as vector tiles, and as GeoJSON for small maps."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fengsui.apps.sensing import boards, rules
from fengsui.catalog.sensors import display, kinds
from fengsui.core.maps import registry
from fengsui.core.ui.present import LOST_PERIODS

SHOWN = 2_000
"""So many streams are sent as GeoJSON; of more a browser would rather have tiles."""
COLUMNS = (
    "station__code", "station__name", "station__place__name", "station__place__name_en", "station__location",
    "station__provenance", "kind", "unit", "current__good_value", "level_now", "is_watched", "old",
)  # fmt: skip

# As each kind is said; codes and units are our own words, from folders of the catalogue.
_SAID = " ".join(
    f"WHEN d.kind = '{code}' THEN round((d.value * {each.display.factor})::numeric, {each.display.decimals})::text"
    f" || ' {each.display.unit.replace('%', '%%')}'"
    for code, each in kinds().items()
)
# A single station says the value of its worst stream; the trigger of the migration `on_the_map` keeps its rank.
_WORST = """
LEFT JOIN LATERAL (
    SELECT o.kind, o.unit, c.good_value AS value, c.good_at
    FROM sensing_datastream o LEFT JOIN sensing_currentvalue c ON c.datastream_id = o.id
    WHERE o.station_id = p.ref AND o.is_active ORDER BY c.level DESC NULLS LAST, o.id LIMIT 1
) d ON true
"""
_DETAIL = f""", CASE WHEN d.value IS NULL THEN '' {_SAID}
    ELSE round(d.value::numeric, 2)::text || ' ' || d.unit END AS label, extract(epoch FROM d.good_at)::int AS at"""
STATIONS = registry.add(
    registry.PointLayer("stations", in_world=True, detail=_DETAIL, joins=_WORST, url="/stations/%s/")
)


def features(world: UUID, now: datetime, limit: int = SHOWN) -> dict[str, Any]:
    """GeoJSON of a world's stations in one query; a station with several streams shows the worst.

    At most `limit` streams, the worst first: `left_off` counts the others, which are normal unless very many are not.
    """
    rows = boards.listing(world, now)
    english, words = boards.english(), {code: boards.word(kind.term) for code, kind in kinds().items()}
    found: dict[str, dict[str, Any]] = {}
    listed = list(rows.values_list(*COLUMNS)[:limit])
    for code, name, zh, en, where, nature, kind, unit, value, level, watched, old in listed:
        if code in found:  # the worst came first
            continue
        silent = old is None or old > LOST_PERIODS
        shown = display(kind, unit)
        found[code] = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [where.x, where.y]},
            "properties": {
                "level": "lost" if silent and not level and not watched else rules.shown_level(level, watched),
                "name": (en if english and en else zh) or name,
                "label": f"{shown.text(value)} {shown.unit}" if value is not None else "",
                "url": f"/stations/{code}/",
                "said": words.get(kind, kind),
                "illustrative": nature == "illustrative",
            },
        }
    left_off = rows.count() - limit if len(listed) == limit else 0
    return {"type": "FeatureCollection", "features": list(found.values()), "left_off": left_off}
