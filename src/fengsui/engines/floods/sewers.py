"""Made-up sewers under a question's streets, exchanging water with the flood above (science/drainage). Illustrative."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fengsui.engines.floods.relief import Square
from fengsui.kernel.ports.floods import MadeUpSewers, Question
from fengsui.science.contract import Remark, digest
from fengsui.science.drainage import inp
from fengsui.science.drainage.dual import Both, Dual
from fengsui.science.drainage.exchange import Opening
from fengsui.science.drainage.mouths import BANK_M, Mouth, mouths
from fengsui.science.drainage.network import Network
from fengsui.science.drainage.planned import Planned, Terrain, plan
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.ground import Marks, Series
from fengsui.science.rain.formula import Formula

JOINED_M = 40.0
"""Corners of streets that lie closer are one junction: a base map draws a bend by many."""
OUTFALLS = 4
ABOVE_M = 50.0
EXCHANGE_S = 2
RIVER_M = 200.0
"""Outfalls no farther from the water behind a dike end in it [U]."""
SHUT = (
    "U",
    "闸门全关：进了管网的水出不去，管网满后留在街上；土壤下渗另按所填速率",
    "All gates are shut: what goes into the sewers stays there, and above once they are full; soil takes up what was"
    " asked for",
)


@dataclass(frozen=True, slots=True)
class Pipes:
    """What an answer says of them. `missing`: share of all water, above and below, that no line explains; `exchanged`:
    m3 that came onto the grid less what left it, which the surface books among its sources; `river`: of these, what
    outfalls gave to the water behind a dike, less what came in from there."""

    water: dict[str, float] = field(default_factory=dict)
    remarks: tuple[tuple[str, str, str], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    missing: float | None = None
    exchanged: float = 0.0
    river: float = 0.0


NONE = Pipes()


@dataclass(frozen=True, slots=True)
class Below:
    """A network and its openings under a flood."""

    asked: Planned
    network: Network
    remarks: tuple[Remark, ...]
    dual: Dual
    shut: bool = False
    river: Marks | None = None

    def begin(self) -> Both:
        return Both(self.dual)

    def digest(self) -> str:
        return hashlib.sha256((digest(self.dual.flood) + digest(self.asked) + "shut" * self.shut).encode()).hexdigest()

    def account(self, both: Both) -> Pipes:
        """Ends SWMM. Raises Failed where its books do not close."""
        ledger = both.ledger()
        both.finish()
        passed, mouths = both.mouths.passed, self.dual.mouths
        in_river = np.array(
            [self.river is not None and bool(self.river[each.row, each.column]) for each in mouths], bool
        )
        river = float(passed[in_river].sum())
        return Pipes(
            {
                "sewers": ledger.down - ledger.up - float(passed[~in_river].sum()),
                "outfalls": 0.0 if self.shut else max(ledger.outfalls + river, 0.0),
            },
            (SHUT if self.shut else self._outlets(), *((each.basis, each.zh, each.en) for each in self.remarks)),
            {"manholes": len(self.network.manholes), "sewers_km": round(_km(self.network), 1)},
            ledger.missing,
            ledger.exchanged,
            river,
        )

    def _outlets(self) -> tuple[str, str, str]:
        """Which outfalls feel water."""
        all_of_them, felt = len(self.network.outfalls), len(self.dual.mouths)
        return (
            "U",
            f"算了管网，土壤下渗另按所填速率；{all_of_them} 个管网出口中 {felt} 个受顶托：堤后河水，"
            f"或出口处地面积水超过 {BANK_M} 米时，管网排水受阻，水也会倒灌；其余出口自由出流，都没有拍门",
            f"Sewers are computed, soil takes up what was asked for; of {all_of_them} outfalls {felt} feel water: the"
            f" river behind the dike, or more than {BANK_M} m above the ground, holds the sewers back and comes in; the"
            " others fall freely, and none has a flap gate",
        )


def below(question: Question, square: Square, flood: Flood, river: Marks | None = None) -> Below | None:
    """None where nobody asked for sewers. Raises ValueError where the square has no street to lay them under, or gates
    are to be shut that nobody laid. No opening lies in the `river`."""
    shut = question.gates == "shut"
    if question.sewers is None:
        if shut:
            raise ValueError("gates: only sewers have outfalls to shut")
        return None
    x, y, starts, stops = _junctions(question, square)
    if not len(starts):
        raise ValueError("no street in this square: sewers are laid under streets")
    half = square.cells * square.cell_m / 2
    flood = _levelled(flood)
    terrain = Terrain(flood.ground.bed_m, square.cell_m, -half, half)
    asked = Planned(
        x, y, starts, stops, terrain, _formula(question.sewers), question.sewers.return_period_a, outfalls=OUTFALLS
    )
    network, remarks = plan(asked)
    network = replace(network, subcatchments=())  # rain falls on the grid and goes down at the openings
    openings = []
    for each in network.manholes:
        row, column = int((half - each.y_m) // square.cell_m), int((each.x_m + half) // square.cell_m)
        drowned = river is not None and bool(river[row, column])
        openings.append(Opening(each.code, row, column, clogged=1.0 if drowned else 0.0))
    project = inp.project(network, None, flood.until_s + 60, report_s=600, shut=shut)
    given = () if shut else _mouths(network, flood, half, river)
    dual = Dual(flood, project, tuple(openings), EXCHANGE_S, mouths=given)
    return Below(asked, network, remarks, dual, shut, river)


def _lies(mouth: Mouth, river: Marks | None) -> bool:
    return river is not None and bool(river[mouth.row, mouth.column])


def _mouths(network: Network, flood: Flood, half_m: float, river: Marks | None) -> tuple[Mouth, ...]:
    """Outfalls beside the river end in it; others where they lie. None gives into the river but so."""
    found = {each.node: each for each in mouths(network, flood.ground, -half_m, half_m)}
    if river is None:
        return tuple(found.values())
    rows, columns = np.nonzero(river)
    east, north = (columns + 0.5) * flood.ground.cell_m - half_m, half_m - (rows + 0.5) * flood.ground.cell_m
    for each in network.outfalls:
        away = np.hypot(east - each.x_m, north - each.y_m)
        if len(away) and away.min() <= RIVER_M:
            nearest = int(away.argmin())
            found[each.code] = Mouth(each.code, int(rows[nearest]), int(columns[nearest]))
    return tuple(found.values())


def _levelled(flood: Flood) -> Flood:
    """The same ground some metres above nought: made-up heights have no datum, a pipe's must be levels."""
    bed = flood.ground.bed_m
    up = ABOVE_M - float(np.floor(bed.min()))
    return replace(
        flood,
        ground=replace(flood.ground, bed_m=bed + up),
        walls=tuple(replace(each, crest_m=_lifted(each.crest_m, up)) for each in flood.walls),
        pools=tuple(replace(each, level_m=_lifted(each.level_m, up)) for each in flood.pools),
    )


def _lifted(levels: Series, up_m: float) -> Series:
    return Series(levels.time_s, levels.values + up_m)


def _junctions(question: Question, square: Square) -> tuple[Any, Any, Any, Any]:
    """Places (n,), and streets between two of them (m,), inside of the square."""
    half = square.cells * square.cell_m / 2 - square.cell_m
    at: dict[tuple[int, int], int] = {}
    places: list[tuple[float, float]] = []
    stretches: set[tuple[int, int]] = set()
    for street in question.streets:
        before = None
        for position in street.line:
            east, north = square.metres(position)
            if max(abs(east), abs(north)) >= half:
                before = None
                continue
            key = round(east / JOINED_M), round(north / JOINED_M)
            here = at.setdefault(key, len(places))
            if here == len(places):
                places.append((east, north))
            if before is not None and before != here:
                stretches.add((min(before, here), max(before, here)))
            before = here
    x, y = np.array(places, np.float64).reshape(-1, 2).T
    starts, stops = np.array(sorted(stretches), np.float64).reshape(-1, 2).T
    return x, y, starts, stops


def _formula(asked: MadeUpSewers) -> Formula:
    return Formula(asked.name, asked.a, asked.c, asked.b, asked.n, basis="U")


def _km(network: Network) -> float:
    return sum(each.length_m for each in network.pipes) / 1000
