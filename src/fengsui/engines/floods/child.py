"""`python -m fengsui.engines.floods.child FOLDER NICE`: reads question.json, tells the share, writes the answer."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fengsui.engines.floods import breach, pictures, relief, sewers
from fengsui.engines.floods.written import question_of, write_answer
from fengsui.kernel.ports.floods import DEPTHS_M, Answer, Cut, Question, Street, Told
from fengsui.science.contract import digest
from fengsui.science.inundation.asked import Flood, Rain
from fengsui.science.inundation.flood import MODEL, remarks, run_of
from fengsui.science.inundation.ground import Edge, Horton, Series, Source, steady
from fengsui.science.inundation.town import Road

LOOK_S = 30.0
ILLUSTRATIVE = ("U", "地形为示意（程序生成），不是测量成果；结果只供熟悉流程", "The terrain is made up, not surveyed")
DRAINED = (
    "U",
    "管网与土壤按各处相同的速率排走，未算管网",
    "Sewers and soil take up the same everywhere; the sewers themselves are not computed",
)
STANDING = (
    "U",
    "降雨开始前各已知低洼处已有积水，按水平面填入",
    "Water stands in the known hollows before the rain, with a level surface",
)
NO_HOLLOW = (
    "U",
    "范围里没有已知低洼处，起始积水没有加",
    "No hollow is known in this square: no water stands there at the start",
)


def main(folder: Path, lower: int = 0) -> int:
    os.nice(lower)
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    question = question_of(json.loads((folder / "question.json").read_text()))
    write_answer(folder, answer(question, lambda share: print(f"{share:.3f}", flush=True)))
    return 0


def _end_with_the_asker() -> None:
    sys.stdin.read()
    os._exit(1)


def answer(question: Question, told: Any) -> Answer:
    """Compute. Raises OutOfRange, ValueError for what cannot be; ArithmeticError when water was lost or made."""
    with ExitStack() as open_until_the_end:
        return _answer(question, told, open_until_the_end)


def _answer(question: Question, told: Any, stack: ExitStack) -> Answer:
    began, square = time.perf_counter(), relief.square_of(question)
    ground = relief.ground(question)
    dike = breach.dike(question.breach, square, ground.bed_m) if question.breach else None
    flood = _flood(question, square, ground, dike)
    below = sewers.below(question, square, flood, None if dike is None else dike.strip)
    dry_side = np.ones(ground.bed_m.shape, np.bool_) if dike is None else ~dike.strip
    both = None if below is None else stack.enter_context(below.begin())
    run = run_of(flood) if both is None else both.run
    advance = run.advance if both is None else both.advance
    streets = [(each, _cells(each, square, dry_side)) for each in question.streets if len(each.line) > 1]
    states: list[dict[str, float]] = [{} for _ in streets]
    frames: list[tuple[float, bytes]] = []
    depths: list[list[float]] = [[] for _ in question.spots]
    places = [square.cell(each.at) for each in question.spots]
    places = [cell if cell is not None and dry_side[cell] else None for cell in places]
    steps = max(1, math.ceil(question.until_s / LOOK_S))
    for number in range(steps + 1):
        at = min(number * LOOK_S, question.until_s)
        advance(at)
        depth = run.h.astype(np.float64)
        for state, (_street, cells) in zip(states, streets, strict=True):
            _see(state, depth.ravel()[cells], at, question.cut_m)
        if round(at) % round(question.frame_s) == 0 or number == steps:
            frames.append((at, pictures.png(depth)))
            for cell, own in zip(places, depths, strict=True):
                own.append(float(depth[cell]) if cell else 0.0)
        told(at / question.until_s)
    seen, account = run.seen, run.account
    deepest = seen.depth_m.astype(np.float64)
    behind = _Behind() if dike is None else _behind(dike, flood, run)
    cuts = [
        _cut(street, cells, state, square)
        for (street, cells), state in zip(streets, states, strict=True)
        if "from" in state
    ]
    pipes = sewers.NONE if below is None or both is None else below.account(both)
    inputs = digest(flood) if below is None else below.digest()
    return Answer(
        box=square.box,
        frames=tuple(frames),
        deepest=pictures.png(deepest),
        grid=pictures.geotiff(deepest, square),
        told=tuple(
            _spot(each.key, cell, own, seen) for each, cell, own in zip(question.spots, places, depths, strict=True)
        ),
        cuts=tuple(sorted(cuts, key=lambda each: each.from_s)),
        water={
            "initial": account.start - behind.start, "rain": account.rain, "drained": account.seeped,
            "pumped": -(account.sources - pipes.exchanged - behind.gave),
            "out": -account.edges, "left": run.stored() - behind.stored,
            **({} if dike is None else {"breach": behind.gave + behind.start - behind.stored + pipes.river}),
            "missing": account.missing(run.stored()) if pipes.missing is None else pipes.missing, **pipes.water,
        },
        flooded_m2=float((deepest >= DEPTHS_M[1]).sum(where=dry_side)) * question.cell_m**2,
        remarks=(
            ILLUSTRATIVE, *(pipes.remarks or (DRAINED,)),
            *_standing(question, flood), *_remarks(dike),
            *((each.basis, each.zh, each.en) for each in remarks(run)),
        ),
        facts={
            "model": MODEL.code, "version": MODEL.version, "scheme": "A" if dike is None else "B",
            "inputs": inputs, "cells": deepest.size,
            "took_s": round(time.perf_counter() - began, 2), "steps": run.steps, **pipes.facts,
        },
    )  # fmt: skip


def _flood(question: Question, square: relief.Square, ground: Any, dike: breach.Dike | None) -> Flood:
    sources = []
    for pump in question.pumps:
        if cell := square.cell(pump.at):
            begin = max(pump.from_s, 1.0)
            rate = Series(np.array([0.0, begin - 0.5, begin]), np.array([0.0, 0.0, -pump.m3_s]))
            sources.append(Source(*cell, rate))
    out = tuple(Edge(side, "normal", steady(1 / 1000)) for side in ("west", "east", "north", "south"))
    drained = Horton(question.drained_m_s, question.drained_m_s, 0.0) if question.drained_m_s > 0 else None
    flood = Flood(
        ground, question.until_s, rain=Rain(np.asarray(question.rain_s), np.asarray(question.rain_m)), edges=out,
        sources=tuple(sources), horton=drained, look_s=LOOK_S, debris=1.0,
        depth_m=relief.standing(question, square, ground.bed_m),
    )  # fmt: skip
    if dike is None:
        return flood
    # By scheme B: without the convection that A leaves out, a front comes too late. In double precision: what a held
    # level gives in thousands of steps is more than single precision books to a millionth.
    depth = dike.depth_m if flood.depth_m is None else np.where(dike.strip, dike.depth_m, flood.depth_m)
    return replace(
        flood, scheme="godunov", precision="float64", walls=dike.walls, pools=dike.pools,
        sources=(*flood.sources, *dike.sources), depth_m=depth,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Behind:
    """m3 behind a dike: at the start, at the end, given by the pool or the inflow meanwhile."""

    start: float = 0.0
    stored: float = 0.0
    gave: float = 0.0


def _behind(dike: breach.Dike, flood: Flood, run: Any) -> _Behind:
    area = flood.ground.cell_m**2
    inflow = float(run.given[len(flood.sources) - len(dike.sources) : len(flood.sources)].sum())
    return _Behind(
        float(dike.depth_m.astype(run.kind).sum(dtype=np.float64)) * area,
        float(run.h[dike.strip].sum(dtype=np.float64)) * area,
        run.pooled + inflow,
    )


def _remarks(dike: breach.Dike | None) -> tuple[tuple[str, str, str], ...]:
    if dike is None:
        return ()
    wide = f"{dike.width_m:g}"
    return ((
        "U",
        f"堤线、堤顶、堤后的水和溃口都是人画定的假设；溃口按网格算作 {wide} 米宽；"
        "因为有溃口，用方案 B 算（方案 A 水头偏晚）",
        f"Dike, crest, the water behind it and the breach are what somebody assumed; on the grid the breach is {wide} m"
        " wide; computed by scheme B, for with scheme A fronts come late",
    ),)  # fmt: skip


def _standing(question: Question, flood: Flood) -> tuple[tuple[str, str, str], ...]:
    if question.standing_m <= 0:
        return ()
    return (NO_HOLLOW,) if flood.depth_m is None else (STANDING,)


def _cells(street: Street, square: relief.Square, dry_side: Any) -> Any:
    """Flat places of the cells that it runs over, none outside of the square, nor in the water behind a dike."""
    half = square.cells * square.cell_m / 2
    east, north = np.array([square.metres(at) for at in street.line]).T
    road = Road(street.name, (half - north) / square.cell_m, (east + half) / square.cell_m)
    cells = road.cells((square.cells, square.cells))
    return cells[dry_side.ravel()[cells]]


def _see(state: dict[str, float], depth: Any, at: float, cut_m: float) -> None:
    """When the street was first under too much water, when no more, and where it was deepest."""
    if not depth.size:
        return
    worst = int(depth.argmax())
    if depth[worst] > cut_m:
        state.setdefault("from", at)
        state.pop("until", None)
    elif "from" in state:
        state.setdefault("until", at)
    if depth[worst] > state.get("deepest", 0.0):
        state["deepest"], state["place"] = float(depth[worst]), worst


def _cut(street: Street, cells: Any, state: dict[str, float], square: relief.Square) -> Cut:
    row, column = divmod(int(cells[int(state["place"])]), square.cells)
    half = square.cells * square.cell_m / 2
    east, north = (column + 0.5) * square.cell_m - half, half - (row + 0.5) * square.cell_m
    return Cut(
        street.name, state["from"], state.get("until"), state["deepest"], square.degrees(east, north), street.line
    )


def _spot(key: str, cell: tuple[int, int] | None, depth: list[float], seen: Any) -> Told:
    if cell is None:
        return Told(key, 0.0, (None,) * len(DEPTHS_M), tuple(depth))
    arrival = [float(each) for each in seen.arrival_s[(slice(None), *cell)]]
    return Told(
        key, float(seen.depth_m[cell]), tuple(each if math.isfinite(each) else None for each in arrival), tuple(depth)
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
