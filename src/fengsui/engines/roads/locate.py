"""Where on the road a place is, and which directed edges a closure covers, asked of one Actor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from valhalla import Actor, ValhallaError

from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.geo import distance_m
from fengsui.kernel.ports.roads import SNAP_LIMIT_M, Line, Point, Snapped, Vehicle
from fengsui.science.reach.plane import covers, distance_to_line_m, resampled

NO_EDGE = 171
_BATCH = 200
_SAMPLE_M, _SAMPLE_RADIUS_M = 20.0, 30


class EngineFailed(FengsuiError):
    """Valhalla refused for another reason than the roads. Facts: number, detail."""

    status = 500

    def __init__(self, error: ValhallaError) -> None:
        super().__init__("roads.engine.failed", number=error.code, detail=error.message)


def location(point: Point) -> dict[str, Any]:
    # The reach keeps cut-off fragments out (with 5, a tenth of the pairs in one extract had no way); the default cutoff
    # of 35 km makes snapping slow.
    return {"lon": point.lon, "lat": point.lat, "search_cutoff": int(SNAP_LIMIT_M), "minimum_reachability": 50}


def nearest(actor: Actor, point: Point) -> Snapped | None:
    """Without a date, so closures do not count: a closed road is still a road."""
    request = {"locations": [location(point)], "costing": "auto", "verbose": True}
    try:
        found = json.loads(actor.locate(json.dumps(request)))[0].get("edges") or []
    except ValhallaError as error:
        if error.code == NO_EDGE:
            return None
        raise EngineFailed(error) from error
    here = (point.lon, point.lat)
    spots = [(distance_m(here, (each["correlated_lon"], each["correlated_lat"])), each) for each in found]
    if not spots:
        return None
    away, best = min(spots, key=lambda spot: spot[0])
    if away > SNAP_LIMIT_M:
        return None
    street = next(iter(best["edge_info"].get("names", ())), "")
    return Snapped(best["correlated_lon"], best["correlated_lat"], away, street)


def too_tight(actor: Actor, points: Sequence[Point], vehicle: Vehicle) -> frozenset[int]:
    """Directed edges at these places that the vehicle may not use for its size or weight.

    A route would begin or end on them all the same, and a matrix would find no way at all: to be held closed, so that
    whoever is sent to a place under a low bridge is led to its mouth.
    """
    sizes = {
        "max_height": vehicle.height_m,
        "max_width": vehicle.width_m,
        "max_length": vehicle.length_m,
        "max_weight": vehicle.weight_t,
    }
    found: set[int] = set()
    if vehicle.costing == "auto":
        return frozenset()
    for start in range(0, len(points), _BATCH):
        request = {
            "locations": [location(each) for each in points[start : start + _BATCH]],
            "costing": "auto",
            "verbose": True,
        }
        try:
            spots = json.loads(actor.locate(json.dumps(request)))
        except ValhallaError:  # one far outside the tiles: the question itself will say so
            continue
        for edge in (edge for spot in spots for edge in spot.get("edges") or ()):
            limits = edge.get("access_restrictions") or ()
            if any(each["value"] < sizes.get(each["type"], 0.0) for each in limits if each.get(vehicle.costing)):
                found.add(edge["edge_id"]["value"])
    return frozenset(found)


def off_network(actor: Actor, points: Sequence[Point]) -> list[Point]:
    """Those of many that have no road near, closures not regarded."""
    lost: list[Point] = []
    for start in range(0, len(points), _BATCH):
        batch = points[start : start + _BATCH]
        request = {"locations": [location(each) for each in batch], "costing": "auto", "verbose": False}
        try:
            found = json.loads(actor.locate(json.dumps(request)))
        except ValhallaError:  # one that is far outside the tiles fails them all
            lost.extend(each for each in batch if nearest(actor, each) is None)
            continue
        lost.extend(each for each, spot in zip(batch, found, strict=True) if not spot.get("edges"))
    return lost


def edges_along(actor: Actor, line: Line) -> tuple[frozenset[int], tuple[str, ...]]:
    places = resampled(line, _SAMPLE_M)
    locations = [
        {"lon": lon, "lat": lat, "radius": _SAMPLE_RADIUS_M if len(line) > 1 else 0, "search_cutoff": 100}
        for lon, lat in places
    ]
    edges: dict[int, dict[str, Any]] = {}
    for start in range(0, len(locations), 10):  # ten at a time stays under the limit of locations
        request = {"locations": locations[start : start + 10], "costing": "auto", "verbose": True}
        for spot in json.loads(actor.locate(json.dumps(request))):
            for edge in spot.get("edges") or []:
                edges[edge["edge_id"]["value"]] = edge
    shapes = {number: decoded(edge["edge_info"]["shape"]) for number, edge in edges.items()}
    if len(line) == 1:
        gaps = {number: distance_to_line_m(line[0], shape) for number, shape in shapes.items()}
        smallest = min(gaps.values(), default=0.0)
        chosen = [number for number, gap in gaps.items() if gap <= min(smallest + 1.0, 50.0)]
    else:
        chosen = [number for number, shape in shapes.items() if covers(line, shape)]
    streets = dict.fromkeys(next(iter(edges[number]["edge_info"].get("names", ())), "") for number in chosen)
    return frozenset(chosen), tuple(streets)


def decoded(shape: str) -> list[tuple[float, float]]:
    """Valhalla's polyline of six decimals -> (lon, lat)."""
    places, index, lat, lon = [], 0, 0, 0
    while index < len(shape):
        moves = []
        for _ in range(2):
            value = shift = 0
            while True:
                byte = ord(shape[index]) - 63
                index += 1
                value |= (byte & 0x1F) << shift
                shift += 5
                if byte < 0x20:
                    break
            moves.append(~(value >> 1) if value & 1 else value >> 1)
        lat, lon = lat + moves[0], lon + moves[1]
        places.append((lon / 1e6, lat / 1e6))
    return places
