"""Times and ways from team bases to a place, by the Router port; a straight line, said as such, where it is down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.utils.translation import gettext_noop as mark

from fengsui.apps.command import queries
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.geo import distance_m
from fengsui.kernel.ports.roads import Closure, Point, RoadsAbsent, Router

log = structlog.get_logger(__name__)

STRAIGHT_FACTOR = 1.4
STRAIGHT_KMH = 30.0
"""Where no road engine answers: straight distance times 1.4 at 30 km/h [U]."""
ESTIMATED = mark("直线估算")
"""Stands where an engine's name would; orders keep it, pages say it in their language."""
VEHICLE_OF_SKILL = {"drainage": "pump_truck", "rescue": "fire_engine"}


@dataclass(frozen=True, slots=True)
class Time:
    """seconds: with closures, None = no way; free_s: as if nothing were closed; estimated: straight line."""

    seconds: float | None
    metres: float | None
    free_s: float | None
    estimated: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One way drawn. `steps`: turns in words; `others`: further ways of the same team."""

    line: tuple[tuple[float, float], ...]
    seconds: float
    metres: float
    source: str
    steps: tuple[str, ...] = ()
    others: tuple[Way, ...] = ()


def vehicle_for(skill: str) -> str:
    return VEHICLE_OF_SKILL.get(skill, "fire_engine")


def closures_of(world: UUID) -> list[Closure]:
    return [
        Closure(
            str(each.pk),
            tuple((float(lon), float(lat)) for lon, lat in each.line.coords),
            each.reason,
            "water" if each.kind == "flooded" else "control",
        )
        for each in queries.closures_now(world)
    ]


def _straight(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    metres = distance_m(a, b) * STRAIGHT_FACTOR
    return metres / (STRAIGHT_KMH / 3.6), metres


def router() -> Router | None:
    try:
        found: Router = port("router")
        found.network()
    except (PortAbsent, RoadsAbsent):
        return None
    return found


def times(origins: Sequence[tuple[float, float]], to: tuple[float, float], world: UUID, vehicle: str) -> list[Time]:
    """One Time per origin (lon, lat). Two questions: with the closures and without, so that a detour can be said."""
    engine = router()
    if engine is not None:
        try:
            points, target = [Point(*each) for each in origins], [Point(*to)]
            closed = closures_of(world)
            with_them = engine.matrix(points, target, vehicle=vehicle, closures=closed)
            free = engine.matrix(points, target, vehicle=vehicle) if closed else with_them
            return [
                _straight_time(origin, to)
                if reach[0].problem in ("origin_off", "target_off")
                else Time(reach[0].seconds, reach[0].metres, clear[0].seconds, False)
                for origin, reach, clear in zip(origins, with_them, free, strict=True)
            ]
        except FengsuiError as error:
            log.warning("dispatch.router_down", code=error.code)
    return [_straight_time(origin, to) for origin in origins]


def _straight_time(origin: tuple[float, float], to: tuple[float, float]) -> Time:
    seconds, metres = _straight(origin, to)
    return Time(seconds, metres, seconds, True)


def way(origin: tuple[float, float], to: tuple[float, float], world: UUID, vehicle: str) -> Way:
    """The way to drive, alternatives beside it; a straight line where there is no engine or no way."""
    engine = router()
    if engine is not None:
        try:
            routes = engine.route(
                Point(*origin), Point(*to), vehicle=vehicle, closures=closures_of(world), alternatives=2
            )
            network = engine.network()
            source = f"{network.engine}{'（示意路网）' if network.illustrative else ''}"
            ways = [Way(tuple(each.line), each.seconds, each.metres, source, tuple(each.steps)) for each in routes]
            first, *others = ways
            return Way(first.line, first.seconds, first.metres, source, first.steps, tuple(others))
        except FengsuiError as error:
            log.warning("dispatch.no_route", code=error.code)
    seconds, metres = _straight(origin, to)
    return Way((origin, to), seconds, metres, ESTIMATED)
