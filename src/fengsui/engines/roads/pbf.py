"""Reading road ways from an OpenStreetMap extract: the one place that knows which tags make a road drivable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import osmium
from osmium.osm import Way

GENERATOR = "fengsui-illustrative"
"""The `generator` in the file header of a network that this package made up."""

_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
DRIVABLE = frozenset(
    (*_MAIN, *(f"{kind}_link" for kind in _MAIN), "unclassified", "residential", "living_street", "service")
)


@dataclass(frozen=True, slots=True)
class Road:
    """One way. nodes: (id, (lon, lat)) in drawing order; kph and height_m are the tagged maxima or None."""

    kind: str
    name: str
    nodes: tuple[tuple[int, tuple[float, float]], ...]
    forward: bool
    backward: bool
    kph: float | None
    height_m: float | None = None


def pbf_hash(pbf: Path) -> str:
    """SHA-256 of the file, hexadecimal."""
    with open(pbf, "rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def is_illustrative(pbf: Path) -> bool:
    """True for a network that this package generated; read from the file's header."""
    with osmium.io.Reader(str(pbf)) as reader:
        return str(reader.header().get("generator", "")).startswith(GENERATOR)


def drivable_roads(pbf: Path) -> Iterator[Road]:
    """Roads that a car may use; nodes outside the extract are left out."""
    for way in osmium.FileProcessor(str(pbf)).with_locations().with_filter(osmium.filter.KeyFilter("highway")):
        if not isinstance(way, Way):
            continue
        tags = {tag.k: tag.v for tag in way.tags}
        if tags["highway"] not in DRIVABLE or _shut(tags):
            continue
        nodes = tuple((node.ref, (node.lon, node.lat)) for node in way.nodes if node.location.valid())
        if len(nodes) >= 2:
            yield Road(
                tags["highway"], tags.get("name", ""), nodes, *_directions(tags), _speed_kph(tags), _height_m(tags)
            )


def _shut(tags: dict[str, str]) -> bool:
    allowed = tags.get("motor_vehicle") or tags.get("vehicle") or tags.get("access")
    return allowed in {"no", "private", "agricultural", "forestry"}


def _directions(tags: dict[str, str]) -> tuple[bool, bool]:
    oneway = tags.get("oneway", "")
    if oneway == "-1":
        return False, True
    implied = tags.get("junction") == "roundabout" or tags["highway"] in {"motorway", "motorway_link"}
    return True, not (oneway in {"yes", "true", "1"} or (implied and oneway != "no"))


def _height_m(tags: dict[str, str]) -> float | None:
    """Metres, with or without the unit; other spellings (feet, "below default") are not judged."""
    try:
        return float(tags.get("maxheight", "").removesuffix("m").strip()) or None
    except ValueError:
        return None


def _speed_kph(tags: dict[str, str]) -> float | None:
    tagged = tags.get("maxspeed", "").split()
    if not tagged or not tagged[0].isdigit() or int(tagged[0]) == 0:
        return None
    return int(tagged[0]) * (1.609 if tagged[-1] == "mph" else 1.0)
