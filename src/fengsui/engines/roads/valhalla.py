"""The Router port on Valhalla: one per world and process, one Actor per thread, closures by live traffic.

Traps this file keeps out: without a date closures are silently ignored; `alternates` come only with an invariant date
(type 3), not with type 0; one place that fails to snap fails the whole matrix; edge ids change with each build.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from valhalla import Actor, ValhallaError

from fengsui.engines.roads import tiles
from fengsui.engines.roads.coverage import covered
from fengsui.engines.roads.csr import CsrGraph
from fengsui.engines.roads.locate import (
    NO_EDGE,
    EngineFailed,
    decoded,
    edges_along,
    location,
    nearest,
    off_network,
    too_tight,
)
from fengsui.engines.roads.traffic import Traffic
from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.geo import distance_m
from fengsui.kernel.ports.roads import (
    VEHICLES,
    Closure,
    Coverage,
    Leg,
    Line,
    Network,
    NoPath,
    OffNetwork,
    Point,
    Reach,
    RoadsAbsent,
    Route,
    Snapped,
    Vehicle,
)
from fengsui.science.reach.steps import steps

_NO_PATH = frozenset({170, 441, 442})  # 170: the places lie on unconnected pieces
_CURRENT = {"type": 3, "value": "current"}
_NOW = {"type": 0}
_BATCH = 1000
_TURNS = {
    **dict.fromkeys((1, 2, 3), "start"), **dict.fromkeys((4, 5, 6), "arrive"),
    9: "slight_right", 10: "right", 11: "sharp_right", 12: "u_turn", 13: "u_turn",
    14: "sharp_left", 15: "left", 16: "slight_left", **dict.fromkeys((17, 18, 19, 20, 21), "ramp"),
    23: "slight_right", 24: "slight_left", **dict.fromkeys((25, 37, 38), "merge"),
    **dict.fromkeys((26, 27), "roundabout"),
}  # fmt: skip


class _Generation:
    """One build as one process and world sees it. Threads that are inside an old one finish in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process = os.getpid()  # a forked child must not write into its parent's traffic
        self.build = tiles.read(home)
        self.traffic = Traffic(home / "traffic.tar")
        self.config = tiles.configuration(home, self.traffic.path)
        self._edges: dict[Line, tuple[frozenset[int], tuple[str, ...]]] = {}
        self._graph: CsrGraph | None = None
        self._lock = threading.Lock()

    def graph(self) -> CsrGraph:
        """Read when first asked for: most processes never do."""
        with self._lock:
            if self._graph is None:
                try:
                    self._graph = CsrGraph.load(self.home)
                except FileNotFoundError as missing:  # built by an older version; the next preparation makes it
                    raise RoadsAbsent(folder=self.home.name) from missing
            return self._graph

    def closed(self, actor: Actor, line: Line) -> tuple[frozenset[int], tuple[str, ...]]:
        """Ids of the directed edges that a closure covers, and the streets' names. Kept: geometry does not change."""
        known = self._edges.get(line)
        if known is None:
            known = self._edges[line] = edges_along(actor, line)
        return known


class ValhallaRouter:
    """`folder`: what `tiles.build` filled; `world`: "live" or an exercise's key, each with closures of its own."""

    def __init__(self, folder: Path, world: str = "live") -> None:
        self.folder, self.world = folder, world
        self._lock = threading.Lock()
        self._now: _Generation | None = None
        self._mine = threading.local()

    def network(self) -> Network:
        build = self._generation().build
        return Network(build.key, build.source, build.illustrative, f"valhalla {build.valhalla}")

    def route(
        self, origin: Point, target: Point, *, vehicle: str, closures: Sequence[Closure] = (), alternatives: int = 2
    ) -> list[Route]:
        generation, actor = self._open()
        request = {
            "locations": [location(origin), location(target)],
            "alternates": alternatives,
            "date_time": _CURRENT,
            "units": "kilometers",
            **_costing(VEHICLES[vehicle]),
        }
        try:
            tight = too_tight(actor, (origin, target), VEHICLES[vehicle])
            with generation.traffic.holding(_edges(generation, actor, closures) | tight):
                answer = json.loads(actor.route(json.dumps(request)))
        except ValhallaError as error:
            raise self._reason(error, actor, origin, target) from error
        trips = [answer["trip"], *(each["trip"] for each in answer.get("alternates", ()))]
        # Valhalla minimises a cost that also weighs turns and street classes; whoever is sent wants the fastest first.
        return sorted((_route(trip, origin, target) for trip in trips), key=lambda route: route.seconds)

    def matrix(
        self, origins: Sequence[Point], targets: Sequence[Point], *, vehicle: str, closures: Sequence[Closure] = ()
    ) -> list[list[Reach]]:
        if not origins or not targets:
            return [[] for _ in origins]
        generation, actor = self._open()
        edges = _edges(generation, actor, closures)
        costing = _costing(VEHICLES[vehicle])
        rows: list[list[Reach]] = [[] for _ in origins]
        for start in range(0, len(targets), _BATCH):
            batch = targets[start : start + _BATCH]
            with generation.traffic.holding(edges):
                part = _table(actor, origins, batch, costing)
            lost = [n for n in range(len(batch)) if any(row[n].problem == "no_path" for row in part)]
            again = [batch[n] for n in lost]
            if lost and (tight := too_tight(actor, [*origins, *again], VEHICLES[vehicle])):
                with generation.traffic.holding(edges | tight):
                    better = _table(actor, origins, again, costing)
                for row, reaches in zip(part, better, strict=True):
                    for n, reach in zip(lost, reaches, strict=True):
                        row[n] = reach if row[n].problem == "no_path" else row[n]
            for row, more in zip(rows, part, strict=True):
                row.extend(more)
        return rows

    def coverage(
        self,
        origins: Sequence[Point],
        targets: Sequence[Point],
        *,
        vehicle: str,
        limits_s: Sequence[float],
        closures: Sequence[Closure] = (),
        delays_s: Sequence[float] = (),
    ) -> Coverage:
        """By the own graph of the same build: Valhalla would take a question per origin."""
        generation = self._generation()
        found = covered(generation.graph(), origins, targets, VEHICLES[vehicle], limits_s, closures, delays_s)
        return replace(found, band=generation.build.band)

    def nearest(self, point: Point) -> Snapped | None:
        _, actor = self._open()
        return nearest(actor, point)

    def streets_closed(self, closures: Sequence[Closure]) -> dict[str, tuple[str, ...]]:
        generation, actor = self._open()
        return {closure.id: generation.closed(actor, closure.line)[1] for closure in closures}

    def _generation(self) -> _Generation:
        home = tiles.current(self.folder)  # one readlink: a swap is seen by the next question
        if home is None:
            raise RoadsAbsent(folder=self.folder.name)
        now = self._now
        if now is None or (now.home, now.process) != (home, os.getpid()):
            with self._lock:
                now = self._now
                if now is None or (now.home, now.process) != (home, os.getpid()):
                    now = self._now = _Generation(home)
        return now

    def _open(self) -> tuple[_Generation, Actor]:
        generation = self._generation()
        held = getattr(self._mine, "held", None)
        if held is None or held[0] is not generation:
            held = self._mine.held = (generation, Actor(generation.config))
        return generation, cast(Actor, held[1])

    def _reason(self, error: ValhallaError, actor: Actor, origin: Point, target: Point) -> FengsuiError:
        if error.code in _NO_PATH or error.code == NO_EDGE:
            for end, point in (("origin", origin), ("target", target)):
                if nearest(actor, point) is None:
                    return OffNetwork(end=end, lon=point.lon, lat=point.lat)
            return NoPath(world=self.world)  # on the network, but every road about it is closed or leads nowhere
        return EngineFailed(error)


@lru_cache(maxsize=32)
def shared(folder: Path, world: str = "live") -> ValhallaRouter:
    """The one router of this process for a world; what config wires to the port."""
    return ValhallaRouter(folder, world)


def _edges(generation: _Generation, actor: Actor, closures: Sequence[Closure]) -> frozenset[int]:
    return frozenset().union(*(generation.closed(actor, closure.line)[0] for closure in closures))


def _costing(vehicle: Vehicle) -> dict[str, Any]:
    if vehicle.costing == "auto":
        return {"costing": "auto"}
    sizes = {
        "height": vehicle.height_m,
        "width": vehicle.width_m,
        "length": vehicle.length_m,
        "weight": vehicle.weight_t,
    }
    return {"costing": vehicle.costing, "costing_options": {vehicle.costing: sizes}}


def _route(trip: dict[str, Any], origin: Point, target: Point) -> Route:
    leg = trip["legs"][0]
    line = tuple(decoded(leg["shape"]))
    legs = tuple(
        Leg(
            turn=_TURNS.get(each["type"], "straight"),
            street=next(iter(each.get("street_names", ())), ""),
            metres=each["length"] * 1000,
            seconds=each["time"],
            bearing_deg=each.get("bearing_after", 0),
        )
        for each in leg["maneuvers"]
    )
    first, last = line[0], line[-1]
    return Route(
        seconds=trip["summary"]["time"],
        metres=trip["summary"]["length"] * 1000,
        line=line,
        steps=steps(legs),
        legs=legs,
        start=Snapped(*first, away_m=distance_m((origin.lon, origin.lat), first), street=legs[0].street),
        end=Snapped(
            *last, away_m=distance_m((target.lon, target.lat), last), street=legs[-1].street or legs[-2].street
        ),
        cost=trip["summary"]["cost"],
    )


def _table(
    actor: Actor, origins: Sequence[Point], targets: Sequence[Point], costing: dict[str, Any]
) -> list[list[Reach]]:
    """One batch. When a place does not snap, the ones that fail are found, left out and named."""
    request = {
        "sources": [location(each) for each in origins],
        "targets": [location(each) for each in targets],
        "date_time": _NOW,
        "verbose": False,
        "units": "kilometers",
        **costing,
    }
    try:
        table = json.loads(actor.matrix(json.dumps(request)))["sources_to_targets"]
    except ValhallaError as error:
        if error.code != NO_EDGE and error.code not in _NO_PATH:
            raise EngineFailed(error) from error
        return _without_the_lost(actor, origins, targets, costing, error)
    return [
        [_reach(seconds, km) for seconds, km in zip(times, lengths, strict=True)]
        for times, lengths in zip(table["durations"], table["distances"], strict=True)
    ]


def _reach(seconds: float | None, km: float | None) -> Reach:
    return Reach(None, None, "no_path") if seconds is None or km is None else Reach(seconds, km * 1000)


def _without_the_lost(
    actor: Actor,
    origins: Sequence[Point],
    targets: Sequence[Point],
    costing: dict[str, Any],
    error: ValhallaError,
) -> list[list[Reach]]:
    points = list({*origins, *targets})
    problems = dict.fromkeys(off_network(actor, points), "off")
    if not problems and error.code == NO_EDGE:  # on the network, but every road about it is closed
        problems = dict.fromkeys(_shut_in(actor, points, costing), "no_path")
    if not problems:
        return [[Reach(None, None, "no_path") for _ in targets] for _ in origins]
    kept_origins = [each for each in origins if each not in problems]
    kept_targets = [each for each in targets if each not in problems]
    table = _table(actor, kept_origins, kept_targets, costing) if kept_origins and kept_targets else []
    inner = iter(table)
    rows = []
    for origin in origins:
        row = iter(next(inner)) if origin not in problems and kept_targets else iter(())
        rows.append([_pair(origin, target, problems, row) for target in targets])
    return rows


def _pair(origin: Point, target: Point, problems: dict[Point, str], row: Any) -> Reach:
    if problems.get(origin) == "off":
        return Reach(None, None, "origin_off")
    if problems.get(target) == "off":
        return Reach(None, None, "target_off")
    if origin in problems or target in problems:
        return Reach(None, None, "no_path")
    return cast(Reach, next(row))


def _shut_in(actor: Actor, points: Sequence[Point], costing: dict[str, Any]) -> list[Point]:
    """The places from which no journey can begin as things are closed now, found by halving."""
    request = {"sources": [location(points[0])], "targets": [location(each) for each in points], "verbose": False}
    try:
        actor.matrix(json.dumps({**request, "date_time": _NOW, **costing}))
    except ValhallaError as error:
        if error.code == NO_EDGE and len(points) == 1:
            return list(points)
        if error.code == NO_EDGE:
            half = len(points) // 2
            return _shut_in(actor, points[:half], costing) + _shut_in(actor, points[half:], costing)
    return []
