"""A sewer network as the district knows it: manholes, pipes, outfalls, subcatchments. Frozen; a wrong one is refused.

Lengths in metres, levels in metres above the terrain's datum, places in metres on a plane (x east, y north).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fengsui.science.contract import within

CODE = re.compile(r"^[^\s\";\[\]][^\s\";]{0,59}$")
SMALLEST_M, LARGEST_M = 0.1, 6.0
"""Diameters or widths of pipes that are taken for one."""


@dataclass(frozen=True, slots=True)
class Manhole:
    code: str
    x_m: float
    y_m: float
    invert_m: float
    rim_m: float

    def __post_init__(self) -> None:
        coded(self.code)
        within("depth_m", self.rim_m - self.invert_m, 0.1, 60.0, unit="m", why="the rim lies above the invert")


@dataclass(frozen=True, slots=True)
class Outfall:
    """`stage_m`: level of the water outside; None: it falls freely. `gated`: a flap gate lets nothing in."""

    code: str
    x_m: float
    y_m: float
    invert_m: float
    stage_m: float | None = None
    gated: bool = False

    def __post_init__(self) -> None:
        coded(self.code)
        within("invert_m", self.invert_m, -500.0, 9000.0, unit="m", why="it is a level")


@dataclass(frozen=True, slots=True)
class Pipe:
    """From `start` down to `stop`. `height_m` None: round, of `diameter_m`; else a box so wide. `start_invert_m`,
    `stop_invert_m`: of its own ends, those of the nodes where None. `roughness` Manning's."""

    code: str
    start: str
    stop: str
    length_m: float
    diameter_m: float
    height_m: float | None = None
    roughness: float = 0.013
    start_invert_m: float | None = None
    stop_invert_m: float | None = None

    def __post_init__(self) -> None:
        coded(self.code)
        within("length_m", self.length_m, 0.5, 20_000.0, unit="m", why="it is a pipe")
        within("diameter_m", self.diameter_m, SMALLEST_M, LARGEST_M, unit="m", why="metres, not millimetres")
        if self.height_m is not None:
            within("height_m", self.height_m, SMALLEST_M, LARGEST_M, unit="m", why="metres, not millimetres")
        within("roughness", self.roughness, 0.005, 0.1, unit="s/m^(1/3)", why="it is Manning's")


@dataclass(frozen=True, slots=True)
class Subcatchment:
    """Ground whose rain runs into `node`. `width_m` of its sheet flow (area over its length); `impervious` a share."""

    code: str
    node: str
    area_m2: float
    impervious: float = 0.7
    width_m: float | None = None
    slope: float = 0.005

    def __post_init__(self) -> None:
        coded(self.code)
        within("area_m2", self.area_m2, 1.0, 1e8, unit="m2", why="square metres, not hectares")
        within("impervious", self.impervious, 0.0, 1.0, why="it is a share")
        within("slope", self.slope, 1e-5, 1.0, unit="m/m", why="water runs down it")
        if self.width_m is not None:
            within("width_m", self.width_m, 0.1, 1e5, unit="m", why="water runs over it")


@dataclass(frozen=True)
class Network:
    """All of one. Raises ValueError for codes twice, ends that are not there, manholes from which nothing runs off."""

    manholes: tuple[Manhole, ...]
    pipes: tuple[Pipe, ...]
    outfalls: tuple[Outfall, ...]
    subcatchments: tuple[Subcatchment, ...] = ()

    def __post_init__(self) -> None:
        for each in faults(self.manholes, self.pipes, self.outfalls, self.subcatchments):
            raise ValueError(f"{each.sheet} {each.code}: {each.en}")

    @cached_property
    def inverts(self) -> dict[str, float]:
        return _inverts(self.manholes, self.outfalls)


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """`sheet`: manholes, pipes, outfalls, subcatchments; `code` of the thing; `field` of it that is wrong."""

    sheet: str
    code: str
    field: str
    zh: str
    en: str


def coded(code: str) -> None:
    if not CODE.match(code):
        raise ValueError(f"{code[:30]!r} is no code: up to 60 characters without spaces, quotes, brackets or ;")


def faults(
    manholes: Sequence[Manhole], pipes: Sequence[Pipe], outfalls: Sequence[Outfall], grounds: Sequence[Subcatchment]
) -> list[NetworkFault]:
    """Everything that does not go together, in the order of the sheets."""
    found: list[NetworkFault] = []

    def fault(sheet: str, code: str, field: str, zh: str, en: str) -> None:
        found.append(NetworkFault(sheet, code, field, zh, en))

    inverts, ends = _inverts(manholes, outfalls), {each.code for each in outfalls}
    things: tuple[tuple[str, Sequence[Manhole | Outfall | Pipe | Subcatchment]], ...] = (
        ("manholes", manholes), ("outfalls", outfalls), ("pipes", pipes), ("subcatchments", grounds),
    )  # fmt: skip
    for sheet, these in things:
        for code in _twice(each.code for each in these):
            fault(sheet, code, "code", "编号重复", "this code is there twice")
    for code in sorted({each.code for each in manholes} & ends):
        fault("outfalls", code, "code", "与检查井同号", "a manhole has the same code")
    if not ends:
        fault("outfalls", "", "", "没有排放口，水无处可去", "no outfall: the water has nowhere to go")
    for pipe in pipes:
        for field in ("start", "stop"):
            if (end := getattr(pipe, field)) not in inverts:
                fault("pipes", pipe.code, field, f"没有 {end} 这个井或排放口", f"there is no {end}")
        if pipe.start == pipe.stop:
            fault("pipes", pipe.code, "stop", "起点与终点相同", "it ends where it begins")
        for field, node in (("start_invert_m", pipe.start), ("stop_invert_m", pipe.stop)):
            own = getattr(pipe, field)
            if own is not None and own < inverts.get(node, own) - 1e-6:
                fault("pipes", pipe.code, field, f"低于 {node} 的井底", f"it lies below the bottom of {node}")
    for code, count in Counter(end for pipe in pipes for end in (pipe.start, pipe.stop)).items():
        if code in ends and count > 1:
            fault("outfalls", code, "code", "接了不止一根管道（SWMM 只许一根）", "SWMM takes one pipe to an outfall")
    for ground in grounds:
        if ground.node not in inverts:
            fault("subcatchments", ground.code, "node", f"没有 {ground.node} 这个井", f"there is no {ground.node}")
    if not found:
        for code in sorted({each.code for each in manholes} - _drained(pipes, ends)):
            fault("manholes", code, "code", "没有管道通到排放口", "no pipe leads from it to an outfall")
    return found


def _twice(codes: Iterable[str]) -> list[str]:
    return [code for code, count in Counter(codes).items() if count > 1]


def _inverts(manholes: Sequence[Manhole], outfalls: Sequence[Outfall]) -> dict[str, float]:
    return {each.code: each.invert_m for each in manholes} | {each.code: each.invert_m for each in outfalls}


def _drained(pipes: Sequence[Pipe], outfalls: Iterable[str]) -> set[str]:
    """Nodes joined to an outfall, whichever way the pipes run."""
    beside: dict[str, list[str]] = {}
    for pipe in pipes:
        beside.setdefault(pipe.start, []).append(pipe.stop)
        beside.setdefault(pipe.stop, []).append(pipe.start)
    reached: set[str] = set()
    front = list(outfalls)
    while front:
        here = front.pop()
        if here not in reached:
            reached.add(here)
            front += beside.get(here, [])
    return reached
