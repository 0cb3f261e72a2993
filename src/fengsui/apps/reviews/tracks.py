"""What stood where at any moment of a story: tracks of states, as the replay draws them. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fengsui.kernel.terms import Term, Terms

KINDS = Terms(
    "replay_kinds",
    Term("incidents", "事件", "incident"),
    Term("stations", "测站", "stations"),
    Term("areas", "预警", "warnings"),
    Term("teams", "队伍", "teams"),
    Term("routes", "路线", "routes"),
    Term("closures", "封控", "closures"),
)
"""In the order of the list beside the map; the codes are the kinds that the map draws."""
SPEEDS = (1, 10, 60, 300, 1800)
"""Seconds of the story in one second of replay, one to choose."""


@dataclass(frozen=True, slots=True)
class State:
    """From `at_s` (seconds since the window's start) on. said: a sentence; gone: no longer on the map.

    point: (lon, lat) where it moved, None where it stays at its track's geometry.
    """

    at_s: float
    said: str
    level: str = "none"
    label: str = ""
    gone: bool = False
    point: tuple[float, float] | None = None
    style: str = ""
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One thing on the map. geometry: GeoJSON. stale_s: after so long without a state nothing is known of it."""

    id: str
    kind: str
    name: str
    geometry: Mapping[str, Any]
    states: Sequence[State] = field(default_factory=list)
    url: str = ""
    mark: str = ""
    stale_s: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A track at one moment; lost: its last state is older than it should be."""

    track: Track
    state: State
    lost: bool

    @property
    def level(self) -> str:
        return "lost" if self.lost else self.state.level


def state_at(track: Track, at_s: float) -> State | None:
    """The newest state not later than `at_s`; None before the first."""
    index = bisect_right(track.states, at_s, key=lambda each: each.at_s)
    return track.states[index - 1] if index else None


def seen_at(tracks: Sequence[Track], at_s: float) -> list[Seen]:
    """All that was there at one moment, in the order of the kinds. The browser does the same (frontend/src/replay)."""
    found = []
    for track in tracks:
        state = state_at(track, at_s)
        if state is not None and not state.gone:
            lost = track.stale_s is not None and at_s - state.at_s > track.stale_s
            found.append(Seen(track, state, lost))
    order = list(KINDS)
    return sorted(found, key=lambda each: order.index(each.track.kind))


def circle(lat: float, lon: float, radius_km: float, corners: int = 48) -> dict[str, Any]:
    """A circle of a CAP message as a GeoJSON polygon; flat-earth, its error is below 0.1 % under 50 km."""
    ring = []
    for corner in range(corners + 1):
        turn = 2 * math.pi * (corner % corners) / corners
        north, east = radius_km * math.cos(turn) / 110.574, radius_km * math.sin(turn)
        ring.append([round(lon + east / (111.320 * math.cos(math.radians(lat))), 6), round(lat + north, 6)])
    return {"type": "Polygon", "coordinates": [ring]}


def area_of(circles: Sequence[str], polygons: Sequence[str]) -> dict[str, Any] | None:
    """The first area of a CAP message as GeoJSON: `lat,lon radius` or `lat,lon lat,lon …`; None where it has none."""
    if polygons:
        pairs = [pair.split(",") for pair in polygons[0].split()]
        return {"type": "Polygon", "coordinates": [[[float(lon), float(lat)] for lat, lon in pairs]]}
    if circles:
        centre, radius = circles[0].split()
        lat, lon = (float(part) for part in centre.split(","))
        return circle(lat, lon, float(radius))
    return None


def clamp(asked: str, span_s: float) -> float:
    """A moment from an address, inside the window; its end where it is no number."""
    try:
        wanted = float(asked)
    except ValueError:
        return span_s
    return min(max(wanted, 0.0), span_s) if math.isfinite(wanted) else span_s
