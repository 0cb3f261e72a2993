"""The model behind `./fengsui science level-forecast`: learn from one record, forecast through another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, Remark, Var
from fengsui.science.rivers.forecast import Forecaster
from fengsui.science.rivers.station import History, Station


@dataclass(frozen=True, slots=True)
class LevelForecast:
    """`past`: what is learned from; `stream`: what is forecast through, step by step; `lines`: levels of warning."""

    station: Station
    past: History
    stream: History
    lines: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.stream.time_s):
            raise ValueError("a stream has readings")


FEW = Remark(
    "rivers.few_floods",
    "历史洪水太少，未采用学习型成员，仅用持续性、趋势与卡尔曼滤波",
    "Too few floods in the past to learn from: persistence, trend and Kalman filter only",
    "V",
)
SMALLER = Remark(
    "rivers.bigger_flood",
    "预报时段水位超过历史最高，区间依据较小洪水",
    "The level forecast through rises above all of the past: intervals rest on smaller floods",
    "V",
)


def _compute(asked: LevelForecast) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    forecaster = Forecaster.fit(asked.station, (asked.past,))
    past = forecaster.over(asked.stream, asked.lines)
    remarks = []
    if not any(each.deployed[3:].any() for each in forecaster.reports):
        remarks.append(FEW)
    if np.nanmax(past.grid.y) > np.nanmax(asked.past.level):
        remarks.append(SMALLER)
    values = {
        "time_s": past.grid.start_s + np.arange(len(past.grid.y)) * asked.station.step_s,
        "level_m": past.grid.y,
        "lead_s": np.array(asked.station.leads) * asked.station.step_s,
        "median_m": past.median,
        "low_m": past.low,
        "high_m": past.high,
        "above": past.above,
    }
    return values, tuple(remarks)


STEPS = ("step", "lead")
MODEL = Model(
    code="level-forecast",
    version="2",
    term=Term("level-forecast", "水位预报", "level forecast"),
    inputs=LevelForecast,
    variables=(
        Var("time_s", "s", ("step",), "out", "times of issue"),
        Var("level_m", "m", ("step",), "out", "level read, empty where none"),
        Var("lead_s", "s", ("lead",), "out", "how far ahead"),
        Var("median_m", "m", STEPS, "out", "forecast of each lead"),
        Var("low_m", "m", STEPS, "out", "lower end of the interval"),
        Var("high_m", "m", STEPS, "out", "upper end of the interval"),
        Var("above", "1", (*STEPS, "line"), "out", "probability of standing at or above each line"),
    ),
    compute=_compute,
    verified=True,
    papers=(
        "Gibbs & Candes 2021, NeurIPS 34 (adaptive conformal intervals)",
        "Angelopoulos, Candes & Tibshirani 2023, NeurIPS 36 (quantile tracking)",
        "Papadopoulos, Vovk & Gammerman 2011, J. Artificial Intelligence Research 40 (normalised scores)",
        "Harvey 1989 (local linear trend)",
        "Friedman 2001, Ann. Stat. 29 (boosted trees)",
    ),
)
