"""Port: where water goes when it rains here. One question, one answer; the asking is a job's, it may take minutes.

Positions are WGS 84 degrees; the square asked about is laid out in metres around its middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fengsui.kernel.errors import FengsuiError

Position = tuple[float, float]
"""(lon, lat)."""
DEPTHS_M = (0.05, 0.15, 0.25, 0.5)
"""Arrival is told for these depths, in this order."""


@dataclass(frozen=True, slots=True)
class Hollow:
    """Ground that lies lower than the terrain model says, as a bowl: an underpass below its deck, a known low spot."""

    at: Position
    radius_m: float
    depth_m: float


@dataclass(frozen=True, slots=True)
class Pump:
    """Water taken out at one place from `from_s` on, m3/s; no more than there is."""

    at: Position
    m3_s: float
    from_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place whose depth is told over time. `key` is the asker's own."""

    key: str
    at: Position


@dataclass(frozen=True, slots=True)
class Street:
    """A road: the ground along it lies somewhat lower, and it is cut where the water stands too deep."""

    name: str
    line: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class MadeUpSewers:
    """Sewers as they might lie under the streets, made for a storm of `return_period_a` years of the formula
    q = a (1 + c lg P) / (t + b)^n, L/(s ha) and minutes. `name`: the formula's."""

    name: str
    a: float
    c: float
    b: float
    n: float
    return_period_a: float


@dataclass(frozen=True, slots=True)
class Breach:
    """A dike along `line`, its top `crest_m` above the ground at the breach, and water on the `side` of it, seen along
    the line as drawn: standing at `level_m` above that ground, or coming at `inflow_m3_s`; one of the two.

    At the share `at` of the line `width_m` of it give way: from `opens_s` after the rain began, within `erodes_s`, to
    the ground.
    """

    line: tuple[Position, ...]
    crest_m: float
    side: Literal["left", "right"]
    at: float
    width_m: float
    opens_s: float
    erodes_s: float
    level_m: float | None = None
    inflow_m3_s: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A square of `width_m` around `middle`, cells of `cell_m`, until `until_s` after the rain began.

    rain_s, rain_m: edges of intervals (one more than depths) and the depth of each, metres, everywhere alike.
    drained_m_s: what sewers and soil take up everywhere; with `sewers`, which are computed, what the soil alone does.
    cut_m: a street with more water is cut. frame_s: between two pictures. standing_m: water that stands in each hollow
    when the rain begins, above its lowest ground, with a level surface. gates "shut": nothing leaves the sewers by
    their outfalls, which only `sewers` have; "open": water before an outfall comes in by it.
    """

    middle: Position
    width_m: float
    cell_m: float
    until_s: float
    rain_s: tuple[float, ...]
    rain_m: tuple[float, ...]
    drained_m_s: float = 0.0
    cut_m: float = 0.25
    frame_s: float = 300.0
    hollows: tuple[Hollow, ...] = ()
    pumps: tuple[Pump, ...] = ()
    spots: tuple[Spot, ...] = ()
    streets: tuple[Street, ...] = ()
    sewers: MadeUpSewers | None = None
    gates: Literal["open", "shut"] = "open"
    standing_m: float = 0.0
    breach: Breach | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Of one spot: deepest water, when it came to each of DEPTHS_M (None: never), depth at each frame."""

    key: str
    deepest_m: float
    arrival_s: tuple[float | None, ...]
    depth_m: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A street under more than `cut_m`: from when on, until when (None: still at the end), how deep and where."""

    name: str
    from_s: float
    until_s: float | None
    deepest_m: float
    at: Position
    line: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """box: west, south, east, north. frames: (seconds, PNG with transparency), the last one at the end; deepest: the
    same of the deepest water of all times; grid: the deepest depth as GeoTIFF. water: m3 by what became of it;
    `initial` stood there before the rain, `breach` came through or over a dike, `outfalls` is the part of what went
    into the `sewers`, less what outfalls put on the ground again, that left by them. remarks: (basis, Chinese,
    English). facts: model, version, scheme, SHA-256 of the inputs, seconds it took."""

    box: tuple[float, float, float, float]
    frames: tuple[tuple[float, bytes], ...]
    deepest: bytes
    grid: bytes
    told: tuple[Told, ...]
    cuts: tuple[Cut, ...]
    water: dict[str, float]
    flooded_m2: float
    remarks: tuple[tuple[str, str, str], ...]
    facts: dict[str, Any]
    illustrative: bool = True
    """The terrain was made up, not surveyed."""


class Stopped(FengsuiError):
    """The asker did not want the answer any more."""

    def __init__(self, **facts: Any) -> None:
        super().__init__("floods.run.stopped", **facts)


class Refused(FengsuiError):
    """It cannot be computed so; `why` in words. Nothing is to be had by asking again."""

    def __init__(self, **facts: Any) -> None:
        super().__init__("floods.run.refused", **facts)


class Floods(Protocol):
    def run(self, question: Question, told: Callable[[float], bool]) -> Answer:
        """`told` is given the share done, several times a second at most, and says whether to go on.

        Raises Stopped, Refused. A process of its own computes: it ends with the asker.
        """
        ...
