"""The model of a flood over sewers: what `Both` does, declared, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, Remark, Var
from fengsui.science.drainage.asked import Sewers
from fengsui.science.drainage.dual import Both, Dual
from fengsui.science.drainage.exchange import Opening, Values
from fengsui.science.drainage.mouths import BANK_M, Mouth, gated, mouths
from fengsui.science.drainage.sewers import PAPERS, VARIABLES, doubts, values
from fengsui.science.inundation import flood as surface
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.ground import Marks

RIM_OFF_M = 0.3
"""Difference of a manhole's surveyed rim and the terrain from which on the result says so."""


@dataclass(frozen=True, slots=True)
class Corner:
    """The grid's north-western corner on the network's plane, metres: every manhole on the grid becomes an opening, and
    every free outfall on it feels its water."""

    west_m: float
    north_m: float


@dataclass(frozen=True, slots=True)
class Drained:
    """`flood` above, `sewers` below, joined at `openings`, or at all manholes of a network by the grid's `corner`.

    `mouths`: free outfalls that feel the flood; by the corner those that lie on the grid, where none is named.
    `piped`: cells whose rain SWMM's catchments take, so that it enters once. `interval_s`: 1 to 5, between exchanges.
    """

    flood: Flood
    sewers: Sewers
    openings: tuple[Opening, ...] = ()
    corner: Corner | None = None
    interval_s: int = 2
    piped: Marks | None = None
    mouths: tuple[Mouth, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.openings) == (self.corner is not None):
            raise ValueError("openings, or the grid's corner and a network or sheets")
        self.dual()

    def dual(self) -> Dual:
        """Raises ValueError where the parts do not go together."""
        project, _ = self.sewers.built()
        openings = self.openings or self._manholes()
        return Dual(self.flood, project, openings, self.interval_s, self.piped, self.mouths or self._mouths())

    def _mouths(self) -> tuple[Mouth, ...]:
        network, _ = self.sewers.known()
        if network is None or self.corner is None:
            return ()
        return mouths(network, self.flood.ground, self.corner.west_m, self.corner.north_m)

    def _manholes(self) -> tuple[Opening, ...]:
        network, _ = self.sewers.known()
        if network is None or self.corner is None:
            raise ValueError("a project says nothing of where its manholes are: name the openings")
        cell, (rows, columns) = self.flood.ground.cell_m, self.flood.ground.bed_m.shape
        built, found = self.flood.ground.built, []
        for each in network.manholes:
            row = int(np.floor((self.corner.north_m - each.y_m) / cell))
            column = int(np.floor((each.x_m - self.corner.west_m) / cell))
            inside = 0 <= row < rows and 0 <= column < columns
            if inside and (built is None or not built[row, column]):
                found.append(Opening(each.code, row, column))
        return tuple(found)


def _compute(asked: Drained) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    _, remarks = asked.sewers.built()
    dual = asked.dual()
    with Both(dual) as both:
        both.advance(asked.flood.until_s)
        ledger = both.ledger()
        output = both.finish()
        rim_off = (both.places.crest - both.rim[both.places.node]).astype(np.float64)
    told = {f"sewers_{name}": value for name, value in values(output, ledger.pipes).items()}
    told |= {
        "sewers_drained_m3": ledger.outfalls,
        **surface.results(both.run),
        "sources_m3": both.run.account.sources - both.run.exchanged,
        "opening_m3": both.passed,
        "opening_down_m3_s": both.most_down,
        "opening_up_m3_s": both.most_up,
        "rim_off_m": rim_off,
        "down_m3": ledger.down,
        "up_m3": ledger.up,
        "under_way_m3": ledger.under_way,
        "all_missing": ledger.missing,
        "mouths": tuple(each.node for each in dual.mouths),
        "mouth_m3": both.mouths.passed,
        "onto_m3": ledger.out,
        "back_m3": ledger.back,
    }
    own = doubts(output.error_percent)
    return told, (*remarks, *surface.remarks(both.run), *own, *_rims(rim_off), *_outfalls(both), LAW)


LAW = Remark(
    "drainage.exchange",
    "检查井交换系数取自室内试验（Rubinato 等 2017），浅水淹没段的公式写法未经核对",
    "Exchange coefficients are a laboratory's (Rubinato et al. 2017); the form for shallow drowned rims is unchecked",
    "U",
)


def _rims(off_m: Values) -> tuple[Remark, ...]:
    wrong = int((np.abs(off_m) > RIM_OFF_M).sum())
    if not wrong:
        return ()
    worst = float(off_m[np.abs(off_m).argmax()])
    return (
        Remark(
            "drainage.rims",
            f"{wrong} 处井口高程与地形相差超过 {RIM_OFF_M} 米（最大 {worst:+.2f} 米），一律按地形计算",
            f"At {wrong} openings rim and terrain differ by over {RIM_OFF_M} m (worst {worst:+.2f}); the terrain holds",
            "V",
        ),
    )


def _outfalls(both: Both) -> tuple[Remark, ...]:
    """Which of them feel the flood, and how those do that end below the ground."""
    felt, below = len(both.mouths.sill), int((both.mouths.sill > both.mouths.invert).sum())
    ends = both.facts.kinds.count("outfall")
    gates = len(gated(both.dual.project) & {each.node for each in both.dual.mouths})
    shut_zh = f"；受顶托的有 {gates} 个装了拍门，只出不进" if gates else ""
    shut_en = f"; {gates} of those that feel it have a flap gate and let nothing in" if gates else ""
    return (
        Remark(
            "drainage.outfalls",
            f"{ends} 个排放口中 {felt} 个受水顶托，也会倒灌；其中 {below} 个低于地面，水没过地面才算"
            f"（按位置找到的要没过 {BANK_M} 米）；其余不受顶托{shut_zh}",
            f"Of {ends} outfalls {felt} feel the flood, which may come in by them; {below} of them end below ground"
            f" and do once water stands over it ({BANK_M} m if found by their place); the others do not{shut_en}",
            "U",
        ),
    )


OPENING, MOUTH = ("opening",), ("mouth",)
MODEL = Model(
    code="drainage-flood",
    version="2",
    term=Term("drainage-flood", "地表与管网耦合淹没", "flood over sewers"),
    inputs=Drained,
    variables=(
        *surface.MODEL.variables,
        *(Var(f"sewers_{each.name}", each.unit, each.dims, each.intent, each.doc, each.dtype) for each in VARIABLES),
        Var("opening_m3", "m3", OPENING, "out", "what went down each opening less what came up"),
        Var("opening_down_m3_s", "m3/s", OPENING, "out", "largest flow down"),
        Var("opening_up_m3_s", "m3/s", OPENING, "out", "largest flow up"),
        Var("rim_off_m", "m", OPENING, "out", "terrain less the rim that the network says; the terrain is used"),
        Var("down_m3", "m3", (), "out", "all water that went down"),
        Var("up_m3", "m3", (), "out", "all water that came up"),
        Var("under_way_m3", "m3", (), "out", "handed to SWMM and not yet in its books; less a project's own inflows"),
        Var("mouths", "1", MOUTH, "out", "codes of the outfalls that feel the flood", "str"),
        Var("mouth_m3", "m3", MOUTH, "out", "what they put on the grid less what came back"),
        Var("onto_m3", "m3", (), "out", "all water that outfalls put on the grid"),
        Var("back_m3", "m3", (), "out", "all water that came back through outfalls"),
        Var("all_missing", "1", (), "out", "share of all water, above and below, that no line explains"),
    ),
    compute=_compute,
    verified=True,
    papers=(
        "Rubinato, Martins, Kesserwani, Leandro, Djordjevic & Shucksmith 2017, J. Hydrol. 552",
        *PAPERS,
        *surface.MODEL.papers,
    ),
)
