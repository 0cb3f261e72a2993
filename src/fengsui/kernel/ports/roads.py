"""Port: the road network. Routes with reasons, travel times between many places, closures that count at once.

Positions are WGS 84 degrees, distances metres, times seconds. Closures are kept by geometry by the caller and given
with each question, so an answer never depends on what somebody else closed meanwhile; an engine may cache them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fengsui.kernel.errors import FengsuiError, Invalid, Refused
from fengsui.kernel.terms import Basis, Term, Terms

Line = tuple[tuple[float, float], ...]
"""(lon, lat) pairs in order."""

SNAP_LIMIT_M = 1000.0
"""A place farther than this from every road is off the network [G]: its first metres cannot be timed by roads."""

CLOSURE_KINDS = Terms(
    "closure kind",
    Term("water", "积水封闭", "Flooded"),
    Term("control", "交通管制", "Traffic control"),
    Term("damage", "道路损毁", "Damaged"),
    Term("works", "施工占道", "Roadworks"),
)

TURNS = Terms(
    "turn",
    Term("start", "出发", "Start"),
    Term("straight", "直行", "Continue"),
    Term("slight_right", "稍向右", "Bear right"),
    Term("right", "右转", "Turn right"),
    Term("sharp_right", "向右后方转", "Turn sharp right"),
    Term("u_turn", "掉头", "Make a U-turn"),
    Term("sharp_left", "向左后方转", "Turn sharp left"),
    Term("left", "左转", "Turn left"),
    Term("slight_left", "稍向左", "Bear left"),
    Term("ramp", "驶入匝道", "Take the ramp"),
    Term("merge", "汇入", "Merge"),
    Term("roundabout", "经环岛", "Enter the roundabout"),
    Term("arrive", "到达", "Arrive"),
)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What moves. Sizes in metres, weight in tonnes. They are configuration; `basis` and `note` are shown with them."""

    code: str
    zh: str
    en: str
    costing: Literal["auto", "truck", "bus"]
    height_m: float
    width_m: float
    length_m: float
    weight_t: float
    basis: Basis = "G"
    note: str = "常见车型量级，以装备台账为准"


VEHICLES: Mapping[str, Vehicle] = {
    vehicle.code: vehicle
    for vehicle in (
        Vehicle("car", "小型车", "Car", "auto", 1.9, 1.9, 4.8, 2.0),
        Vehicle("fire_engine", "消防车", "Fire engine", "truck", 3.6, 2.5, 9.0, 18.0),
        Vehicle("pump_truck", "移动泵车", "Pump truck", "truck", 3.4, 2.5, 8.5, 14.0),
        Vehicle("supply_truck", "物资运输车", "Supply truck", "truck", 3.8, 2.5, 9.6, 18.0),
        Vehicle("bus", "转运客车", "Coach", "bus", 3.3, 2.5, 12.0, 16.0),
    )
}


@dataclass(frozen=True, slots=True)
class Point:
    """A place in degrees."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Closure:
    """A stretch of road that nobody may use, by geometry. `line`: at least one position; one closes the nearest road.

    Every road that runs along the line within 15 m is closed in both directions, from junction to junction.
    """

    id: str
    line: Line
    reason: str = ""
    kind: str = "control"


@dataclass(frozen=True, slots=True)
class Snapped:
    """The place on the road nearest to a position. `away_m`: straight distance from the position to it."""

    lon: float
    lat: float
    away_m: float
    street: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch along one street: the turn that enters it (a code of TURNS), its name, its length and time.

    `bearing_deg`: direction in which it is entered, clockwise from north.
    """

    turn: str
    street: str
    metres: float
    seconds: float
    bearing_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Route:
    """One way from origin to target. `cost`: what the engine minimised, in seconds that also weigh turns and small
    streets; closing a road never lowers it, while `seconds` alone may fall by a little.

    `start` and `end` tell where on the road it really begins and ends: the target of a pump is often on the closed
    road itself, and the route then ends at the barrier."""

    seconds: float
    metres: float
    line: Line
    steps: tuple[str, ...]
    legs: tuple[Leg, ...] = ()
    start: Snapped | None = None
    end: Snapped | None = None
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Time and distance of one pair. Both None when there is no way; `problem` says why. None is never nought.

    problem: "" | "no_path" (every way is closed or one-way against it) | "origin_off" | "target_off" (off the network).
    """

    seconds: float | None
    metres: float | None
    problem: Literal["", "no_path", "origin_off", "target_off"] = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How soon the first of many origins is at each target, and how many road junctions any of them reaches in time.

    seconds: one per target; None: no way or off the network, never nought. junctions: all of the network's;
    junctions_within: those reached within each limit. band: 5th percentile, median and 95th of the routing engine's
    times over the ones used here, as measured at the build; empty where that was not possible.
    """

    seconds: tuple[float | None, ...]
    junctions: int
    junctions_within: tuple[int, ...]
    band: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """What answered. Every result that is kept should keep this with it.

    key: hash of the network file; illustrative: the network was generated, not surveyed.
    """

    key: str
    source: str
    illustrative: bool
    engine: str


class NoPath(Refused):
    """Both ends are on the network but nothing leads from one to the other."""

    def __init__(self, **facts: Any) -> None:
        super().__init__("roads.route.no_path", **facts)


class OffNetwork(Invalid):
    """A place is farther than SNAP_LIMIT_M from any road. Facts: end ("origin" | "target"), lon, lat."""

    def __init__(self, **facts: Any) -> None:
        super().__init__("roads.snap.off_network", **facts)


class RoadsAbsent(FengsuiError):
    """No network has been built yet; pages say so and show straight-line distances marked as such."""

    status = 503

    def __init__(self, **facts: Any) -> None:
        super().__init__("roads.build.absent", **facts)


class Router(Protocol):
    """Safe to call from many threads. All methods may raise RoadsAbsent; an unknown vehicle is KeyError."""

    def network(self) -> Network: ...

    def route(
        self, origin: Point, target: Point, *, vehicle: str, closures: Sequence[Closure] = (), alternatives: int = 2
    ) -> list[Route]:
        """The fastest way first, then at most `alternatives` others. Raises NoPath, OffNetwork."""
        ...

    def matrix(
        self, origins: Sequence[Point], targets: Sequence[Point], *, vehicle: str, closures: Sequence[Closure] = ()
    ) -> list[list[Reach]]:
        """One row per origin, one Reach per target. A place off the network does not spoil the others."""
        ...

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
        """Many places at once, by one search. delays_s: seconds before each origin sets out, none without.

        Times are coarser than a route's: no turn costs and no turn restrictions; `Coverage.band` says how much.
        """
        ...

    def nearest(self, point: Point) -> Snapped | None:
        """The nearest drivable road within SNAP_LIMIT_M, closures not regarded; None when off the network."""
        ...

    def streets_closed(self, closures: Sequence[Closure]) -> dict[str, tuple[str, ...]]:
        """For each closure id the streets it really closes ("" for one without name). An empty tuple: it lies on no
        road and closes nothing, which whoever drew it must be told."""
        ...
