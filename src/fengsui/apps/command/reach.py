"""What the teams that stand ready reach in time, closures included: one question of the road port for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from fengsui.apps.command import queries
from fengsui.apps.command.ways import closures_of, router, vehicle_for
from fengsui.apps.places import queries as places
from fengsui.apps.resources import queries as resources
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.ports.roads import Coverage, Network, Point

log = structlog.get_logger(__name__)

LIMITS_MIN = (5, 10, 15)
SHOWN = ("shelter", "waterlogging_point", "depot", "checkpoint")
STREETS, JUNCTIONS = "street", "junction"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of place: how many there are, how many are reached within each of LIMITS_MIN, and without closures."""

    kind: str
    count: int
    within: tuple[int, ...]
    free: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Late:
    """A place that nobody ready reaches within the last limit. seconds None: no way, or off the network.

    lost: it would be reached if nothing were closed."""

    kind: str
    name: str
    seconds: float | None
    lost: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """rows: kinds in order; late: the places beyond the last limit, those without any way first; ready of teams."""

    rows: tuple[Row, ...]
    late: tuple[Late, ...]
    ready: int
    teams: int
    closed: tuple[str, ...]
    network: Network
    band: tuple[float, ...]


def reached(by: Actor, *, skill: str = "", assembly: bool = False) -> Reached | None:
    """By teams in readiness and not on a task, with the skill where one is named. None where no road engine answers.

    assembly: each sets out after the minutes that it needs to assemble; otherwise driving time alone."""
    engine = router()
    if engine is None:
        return None
    busy = queries.committed(by.world)
    teams = list(resources.teams(skill))
    ready = [team for team in teams if team.readiness == "ready" and team.pk not in busy]
    spots = list(_spots())
    closures = closures_of(by.world)
    question: dict[str, Any] = {
        "origins": [Point(team.base.x, team.base.y) for team in ready],
        "targets": [point for _, _, point in spots],
        "vehicle": vehicle_for(skill),
        "limits_s": [minutes * 60 for minutes in LIMITS_MIN],
        "delays_s": [team.assembly_min * 60.0 for team in ready] if assembly else (),
    }
    try:
        now = engine.coverage(**question, closures=closures)
        free = engine.coverage(**question) if closures else now
        network = engine.network()
    except FengsuiError as error:
        log.warning("reach.router_down", code=error.code)
        return None
    kinds = dict.fromkeys([STREETS, *SHOWN])
    rows = [Row(JUNCTIONS, now.junctions, now.junctions_within, free.junctions_within)]
    rows += [_row(kind, [n for n, spot in enumerate(spots) if spot[0] == kind], now, free) for kind in kinds]
    last = LIMITS_MIN[-1] * 60
    late = [
        Late(kind, name, seconds, before is not None and before <= last)
        for (kind, name, _), seconds, before in zip(spots, now.seconds, free.seconds, strict=True)
        if seconds is None or seconds > last
    ]
    late.sort(key=lambda each: (not each.lost, each.seconds is not None, -(each.seconds or 0)))
    names = tuple(each.name for each in queries.closures_now(by.world)) if closures else ()
    return Reached(
        tuple(row for row in rows if row.count), tuple(late), len(ready), len(teams), names, network, now.band
    )


def _spots() -> Iterable[tuple[str, str, Point]]:
    """Kind, name and position: centres of streets, then places in use."""
    for area in places.streets():
        assert area.centre is not None  # asked for
        yield STREETS, places.place_word(area), Point(area.centre.x, area.centre.y)
    for place in places.of_kinds(SHOWN):
        yield place.kind, places.place_word(place), Point(place.location.x, place.location.y)


def _row(kind: str, numbers: list[int], now: Coverage, free: Coverage) -> Row:
    def within(found: Coverage) -> tuple[int, ...]:
        times = [found.seconds[n] for n in numbers]
        return tuple(sum(each is not None and each <= minutes * 60 for each in times) for minutes in LIMITS_MIN)

    return Row(kind, len(numbers), within(now), within(free))
