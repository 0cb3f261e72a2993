"""The model: a flood by one of two schemes, and what is told of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, Remark, Var
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.godunov_run import Godunov
from fengsui.science.inundation.run import Run
from fengsui.science.inundation.seen import LEVELS_M
from fengsui.science.inundation.town import REACHED_M, cut, walls

SWIFT_SHARE = 0.01
"""Share of wet cells near the critical speed from which on the result says that fronts may come late."""


def _compute(flood: Flood) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    run = run_of(flood)
    run.advance(flood.until_s)
    return results(run), remarks(run)


def run_of(flood: Flood) -> Run:
    """At its start, by the scheme that is asked for."""
    return Godunov(flood) if flood.scheme == "godunov" else Run(flood)


def remarks(run: Run) -> tuple[Remark, ...]:
    found = [HAZARD]
    breach = any((np.diff(wall.crest_m.values) < 0).any() for wall in run.flood.walls)
    if run.flood.scheme == "inertial" and (breach or run.seen.swift > SWIFT_SHARE):
        found.append(FAST)
    return tuple(found)


HAZARD = Remark(
    "inundation.hazard",
    "危险度公式与分级为一般知识，未经核对",
    "The hazard rating's formula and classes are general knowledge",
    "G",
)
FAST = Remark(
    "inundation.swift",
    "有溃口，或部分水流近于或快于临界流，本算法略去对流项，水头到达时间可能偏晚；请改用 godunov 算法",
    "A breach, or water at or above the critical speed: this scheme leaves convection out, and fronts may come too "
    "late; ask for the Godunov scheme",
    "V",
)


def results(run: Run) -> dict[str, Any]:
    kept, account, buildings = run.seen, run.account, run.flood.buildings
    at_walls, people = np.zeros(0), 0.0
    if buildings is not None:
        at_walls = walls(kept.depth_m, buildings)
        people = float(buildings.people[at_walls >= REACHED_M].sum())
    return {
        "scheme": run.flood.scheme,
        "max_depth_m": kept.depth_m,
        "max_speed_m_s": kept.speed_m_s,
        "max_hazard": kept.hazard,
        "arrival_s": kept.arrival_s,
        "wet_s": kept.wet_s,
        "depth_m": run.h.astype(np.float64),
        "point_time_s": np.asarray(run.point_time_s),
        "point_depth_m": np.asarray(run.point_depth_m).reshape(len(run.point_time_s), -1),
        "road_cut_s": cut(kept.arrival_s, LEVELS_M, run.flood.roads),
        "building_depth_m": at_walls,
        "people_reached": people,
        "rain_m3": account.rain,
        "seeped_m3": account.seeped,
        "sources_m3": account.sources,
        "edges_m3": account.edges,
        "missing": account.missing(run.stored()),
        "swift": kept.swift,
    }


GRID = ("row", "column")
MODEL = Model(
    code="inundation",
    version="1",
    term=Term("inundation", "地表淹没", "inundation"),
    inputs=Flood,
    variables=(
        Var("scheme", "", (), "out", "inertial (A) or godunov (B)", "str"),
        Var("max_depth_m", "m", GRID, "out", "deepest water at any look", "float32"),
        Var("max_speed_m_s", "m/s", GRID, "out", "fastest water deeper than 5 cm", "float32"),
        Var("max_hazard", "m2/s", GRID, "out", "depth x (speed + 0.5) + debris factor, worst instant", "float32"),
        Var(
            "arrival_s",
            "s",
            ("level", *GRID),
            "out",
            "first time at 0.05, 0.15, 0.25, 0.5 m; infinite: never",
            "float32",
        ),
        Var("wet_s", "s", GRID, "out", "time with 0.15 m or more", "float32"),
        Var("depth_m", "m", GRID, "out", "water at the end"),
        Var("point_time_s", "s", ("look",), "out", "times of point_depth_m"),
        Var("point_depth_m", "m", ("look", "point"), "out", "depth at the points"),
        Var("road_cut_s", "s", ("vehicle", "road"), "out", "when a car (0.25 m), a lorry (0.5 m) cannot pass [G]"),
        Var("building_depth_m", "m", ("building",), "out", "deepest water at each building's walls"),
        Var("people_reached", "1", (), "out", "people in buildings with 0.15 m or more at a wall [G]"),
        Var("rain_m3", "m3", (), "out", "rain that fell"),
        Var("seeped_m3", "m3", (), "out", "water that seeped away"),
        Var("sources_m3", "m3", (), "out", "put in at sources less taken out"),
        Var("edges_m3", "m3", (), "out", "came in through edges less what went out"),
        Var("missing", "1", (), "out", "share of all water the account cannot explain"),
        Var("swift", "1", (), "out", "largest share of wet cells with a Froude number above 0.8"),
    ),
    compute=_compute,
    verified=True,
    papers=(
        "Bates, Horritt & Fewtrell 2010, J. Hydrol. 387",
        "de Almeida, Bates, Freer & Souvignet 2012, Water Resour. Res. 48",
        "de Almeida & Bates 2013, Water Resour. Res. 49",
        "Audusse, Bouchut, Bristeau, Klein & Perthame 2004, SIAM J. Sci. Comput. 25",
        "Toro 2001, Shock-Capturing Methods for Free-Surface Flows",
    ),
)
