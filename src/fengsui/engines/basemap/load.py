"""The offline base map: one .osm.pbf into the schema `basemap`, tiles from `basemap.tile(z, x, y)`.

Everything happens in one transaction on a connection of its own; tables are filled beside the ones in use and renamed
at the end, so a map that is being looked at is never empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import osmium
import psycopg
from osmium.osm import Area, Way

from fengsui.engines.roads.pbf import is_illustrative, pbf_hash

RECIPE = 1
"""Raise when the same PBF must give other tables."""

_SQL = Path(__file__).with_name("tables.sql")
_LOCK = 0x66_65_6E_67  # one loader at a time
_RANKS = {
    "motorway": 0, "trunk": 0, "primary": 1, "secondary": 2, "rail": 3, "tertiary": 3, "unclassified": 4,
    "residential": 4, "living_street": 5, "service": 5, "pedestrian": 5, "track": 6, "footway": 6, "cycleway": 6,
    "path": 6, "steps": 6,
}  # fmt: skip
_WATERWAYS = {"river": 2, "canal": 4, "stream": 5, "drain": 6, "ditch": 6}
_AREAS: tuple[tuple[str, dict[str, str]], ...] = (
    ("landuse", {"residential": "residential", "industrial": "industrial", "commercial": "commercial",
                 "retail": "commercial", "forest": "green", "grass": "green", "meadow": "green",
                 "recreation_ground": "green", "cemetery": "green", "education": "education"}),
    ("leisure", {"park": "green", "garden": "green", "pitch": "green", "nature_reserve": "green"}),
    ("natural", {"wood": "green", "grassland": "green", "scrub": "green"}),
    ("amenity", {"school": "education", "university": "education", "college": "education", "hospital": "health"}),
)  # fmt: skip
_COLUMNS = {
    "road": "id, name, class, rank, bridge, tunnel, oneway, geom",
    "water": "id, name, class, rank, geom",
    "area": "id, name, class, rank, geom",
}
_SHAPES = {  # how the copied degrees become the stored geometry and its coarse twin
    "road": ("{m}", "CASE WHEN rank < 4 THEN ST_Simplify({m}, 20) END"),
    "water": (
        "{m}",
        "CASE WHEN rank < 4 AND (ST_Dimension({m}) = 1 OR ST_Area({m}) > 20000) THEN ST_Simplify({m}, 20) END",
    ),
    "area": ("ST_Multi({m})", "CASE WHEN rank < 2 AND ST_Area({m}) > 20000 THEN ST_Multi(ST_Simplify({m}, 20)) END"),
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """rows per table; fresh is False when the file was already loaded and nothing was done."""

    key: str
    rows: dict[str, int]
    fresh: bool


def load_basemap(pbf: Path, connection: psycopg.Connection[Any], *, again: bool = False) -> Loaded:
    """Fill the base map from an extract. Commits. Returns at once when this file with this recipe is already in."""
    key = f"{pbf_hash(pbf)[:24]}-{RECIPE}"
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_SQL.read_text("utf-8"))
        cursor.execute("SELECT key FROM basemap.build")
        present = cursor.fetchone()
        if present and present[0] == key and not again:
            return Loaded(key, {table: _count(cursor, table) for table in _COLUMNS}, fresh=False)
        for table, columns in _COLUMNS.items():
            like = f"SELECT {columns} FROM basemap.{table} WITH NO DATA"
            cursor.execute(f"CREATE TEMP TABLE incoming_{table} ON COMMIT DROP AS {like}")
            cursor.execute(f"ALTER TABLE incoming_{table} ALTER geom TYPE geometry(Geometry) USING geom")
        _copy(pbf, cursor)
        rows = {table: _swap(cursor, table) for table in _COLUMNS}
        _register(cursor, pbf, key)
    return Loaded(key, rows, fresh=True)


def _copy(pbf: Path, cursor: psycopg.Cursor[Any]) -> None:
    """Two readings: ways as lines, then areas with their holes put together."""
    shapes = osmium.geom.WKBFactory()
    for tables, rows in ((("road", "water"), _lines), (("area", "water"), _surfaces)):
        collected: dict[str, list[Row]] = {table: [] for table in tables}
        for table, row in rows(pbf, shapes):
            collected[table].append(row)
        for table, kept in collected.items():
            with cursor.copy(f"COPY incoming_{table} ({_COLUMNS[table]}) FROM STDIN") as copy:
                for row in kept:
                    copy.write_row(row)


def _lines(pbf: Path, shapes: Any) -> Iterator[tuple[str, Row]]:
    keys = osmium.filter.KeyFilter("highway", "railway", "waterway")
    for way in osmium.FileProcessor(str(pbf)).with_locations().with_filter(keys):
        if not isinstance(way, Way):
            continue
        tags = {tag.k: tag.v for tag in way.tags}
        kind = tags.get("highway", "").removesuffix("_link") or ("rail" if tags.get("railway") == "rail" else "")
        if kind in _RANKS and tags.get("area") != "yes":
            shape = _shape(shapes.create_linestring, way)
            flags = (tags.get(key, "no") not in {"no", "0", "false"} for key in ("bridge", "tunnel", "oneway"))
            if shape:
                yield "road", (way.id, tags.get("name", ""), kind, _RANKS[kind], *flags, shape)
        elif tags.get("waterway") in _WATERWAYS:
            shape = _shape(shapes.create_linestring, way)
            if shape:
                yield "water", (way.id, tags.get("name", ""), tags["waterway"], _WATERWAYS[tags["waterway"]], shape)


def _surfaces(pbf: Path, shapes: Any) -> Iterator[tuple[str, Row]]:
    keys = osmium.filter.KeyFilter("building", "landuse", "leisure", "natural", "amenity", "waterway")
    for area in osmium.FileProcessor(str(pbf)).with_areas().with_filter(keys):
        if not isinstance(area, Area):
            continue
        tags = {tag.k: tag.v for tag in area.tags}
        table, kind, rank = _classified(tags)
        shape = _shape(shapes.create_multipolygon, area) if kind else None
        if shape:
            yield table, (area.id, tags.get("name", ""), kind, rank, shape)


def _classified(tags: dict[str, str]) -> tuple[str, str, int]:
    """Table, class, rank; class "" is not drawn."""
    if (
        tags.get("natural") == "water"
        or tags.get("waterway") == "riverbank"
        or tags.get("landuse") in {"reservoir", "basin"}
    ):
        return "water", "river" if tags.get("water") == "river" or "waterway" in tags else "lake", 0
    if tags.get("building", "no") != "no":
        return "area", "building", 4
    for key, kinds in _AREAS:
        if tags.get(key) in kinds:
            return "area", kinds[tags[key]], 2 if key == "amenity" else 0
    return "area", "", 0


def _shape(create: Callable[[Any], str], thing: Any) -> str | None:
    """Hexadecimal WKB; None for a way that leaves the extract or is too short."""
    try:
        return create(thing)
    except (osmium.InvalidLocationError, RuntimeError):
        return None


def _swap(cursor: psycopg.Cursor[Any], table: str) -> int:
    """Fill a twin with indexes, then rename: the table in use is locked only from here to the commit."""
    metres = "ST_Transform(ST_SetSRID(geom, 4326), 3857)"
    fine, coarse = (shape.replace("{m}", "shape") for shape in _SHAPES[table])
    plain = _COLUMNS[table].removesuffix(", geom")
    cursor.execute(f"CREATE TABLE basemap.{table}_next (LIKE basemap.{table} INCLUDING DEFAULTS)")
    cursor.execute(
        f"INSERT INTO basemap.{table}_next ({plain}, geom, coarse) SELECT {plain}, {fine}, {coarse} "
        f"FROM (SELECT *, {metres} AS shape FROM incoming_{table}) t WHERE ST_IsValid(shape) ORDER BY rank, geom"
    )
    rows = cursor.rowcount
    for column in ("geom", "coarse"):
        where = " WHERE coarse IS NOT NULL" if column == "coarse" else ""
        cursor.execute(f"CREATE INDEX ON basemap.{table}_next USING gist ({column}){where}")
    cursor.execute(f"ANALYZE basemap.{table}_next")
    cursor.execute(f"DROP TABLE basemap.{table}")
    cursor.execute(f"ALTER TABLE basemap.{table}_next RENAME TO {table}")
    return rows


def _register(cursor: psycopg.Cursor[Any], pbf: Path, key: str) -> None:
    illustrative = is_illustrative(pbf)
    attribution = (
        "示意路网，非实测 · Illustrative, not surveyed" if illustrative else "© OpenStreetMap contributors (ODbL)"
    )
    cursor.execute("DELETE FROM basemap.build")
    cursor.execute(
        "WITH b AS (SELECT ST_Transform(ST_SetSRID(ST_Extent(geom)::geometry, 3857), 4326) AS g FROM basemap.road)"
        " INSERT INTO basemap.build (key, source, illustrative, attribution, west, south, east, north)"
        " SELECT %s, %s, %s, %s, coalesce(ST_XMin(g), 0), coalesce(ST_YMin(g), 0),"
        " coalesce(ST_XMax(g), 0), coalesce(ST_YMax(g), 0) FROM b",
        [key, pbf.name, illustrative, attribution],
    )


def _count(cursor: psycopg.Cursor[Any], table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM basemap.{table}")
    found = cursor.fetchone()
    return int(found[0]) if found else 0
