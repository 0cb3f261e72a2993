"""The model: a kept series, and what the checks say of each of its readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fengsui.kernel.errors import Invalid
from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, Remark, Var, within
from fengsui.science.series.batch import Times, Values
from fengsui.science.series.change import LEAST, MOST, changes
from fengsui.science.series.quality import SUSPECT
from fengsui.science.series.rule import NEAR_MOST, Rule
from fengsui.science.series.watch import Watch

Array = npt.NDArray[np.float64]


def _check(time_s: Array, value: Array, least: int) -> None:
    if time_s.ndim != 1 or time_s.shape != value.shape:
        raise Invalid("series.shapes", field="value", times=list(time_s.shape), values=list(value.shape))
    within("time_s", len(time_s), least, None, why="a series has readings")
    within("time_s", float(np.abs(time_s).max(initial=0.0)), None, 9e12, unit="s", why="times are kept in microseconds")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Readings of another stream that sees the same weather; seconds and its own unit, NaN where it is silent."""

    time_s: Array
    value: Array

    def __post_init__(self) -> None:
        _check(self.time_s, self.value, 0)


@dataclass(frozen=True, slots=True)
class KeptSeries:
    """time_s: seconds since any origin, in the order of arrival, shape (n,). value: in the stream's unit, NaN where it
    is silent. Neighbours are judged by the same rule."""

    time_s: Array
    value: Array
    rule: Rule
    neighbours: tuple[Neighbour, ...] = field(default=())

    def __post_init__(self) -> None:
        _check(self.time_s, self.value, 1)
        within("neighbours", len(self.neighbours), 0, NEAR_MOST, why="more of them add little and cost their square")


def _columns(asked: KeptSeries) -> tuple[npt.NDArray[np.intp], Times, Values, npt.NDArray[np.intp]]:
    """stream, at, value and row of all that spoke; a neighbour's reading of the same moment comes first."""
    every = [(k + 1, each.time_s, each.value) for k, each in enumerate(asked.neighbours)]
    every.append((0, asked.time_s, asked.value))
    stream = np.concatenate([np.full(len(at), k, np.intp) for k, at, _ in every])
    at = np.rint(np.concatenate([at for _, at, _ in every]) * 1e6).astype(np.int64)
    value = np.concatenate([value for _, _, value in every])
    row = np.concatenate([np.arange(len(at), dtype=np.intp) for _, at, _ in every])
    spoke = np.flatnonzero(~np.isnan(value))
    # Own readings keep their order of arrival; neighbours' come in by the newest time that has been heard.
    heard = np.concatenate([np.maximum.accumulate(at[stream == k]) for k, _, _ in every])
    order = spoke[np.argsort(heard[spoke], kind="stable")]
    return stream[order], at[order], value[order], row[order]


def _compute(asked: KeptSeries) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    watch = Watch()
    others = list(range(1, len(asked.neighbours) + 1))
    watch.add_many([asked.rule] * (len(others) + 1), [others] + [[]] * len(others))
    stream, at, value, row = _columns(asked)
    seen = watch.feed(stream, at, value, at)
    own = stream == 0
    n = len(asked.time_s)
    flags = np.zeros(n, np.int16)
    flags[row[own]] = seen.flags[own]
    told: dict[str, Any] = {"time_s": asked.time_s, "flags": flags}
    for name in ("detail", "median", "z", "course", "drift"):
        told[name] = np.full(n, np.nan)
        told[name][row[own]] = getattr(seen, name)[own]
    good = np.flatnonzero(np.isfinite(asked.value) & ((flags & SUSPECT) == 0))
    remarks = [CHOSEN]
    starts, means = np.zeros(0), np.zeros(0)
    if LEAST <= len(good) <= MOST["level"]:
        found = changes(asked.value[good], resolution=asked.rule.limit.resolution)
        starts, means = asked.time_s[good][found.starts], found.means
    else:
        remarks.append(NO_CHANGES)
    return told | {"change_s": starts, "change_mean": means}, tuple(remarks)


CHOSEN = Remark(
    "series.bounds",
    "各检查的界限按噪声试验选定，未经本区数据核对；标记只作提示，不删读数",
    "The checks' bounds were chosen on noise, not on this district's data; a mark remarks and deletes nothing",
    "G",
)
NO_CHANGES = Remark(
    "series.no_changes",
    "可信读数过少或过多，未求突变点",
    "Too few or too many good readings: change points were not looked for",
    "V",
)
AXIS = ("reading",)
MODEL = Model(
    code="series-checks",
    version="1",
    term=Term("series-checks", "序列检查", "series checks"),
    inputs=KeptSeries,
    variables=(
        Var("time_s", "s", AXIS, "out", "as asked"),
        Var("flags", "1", AXIS, "out", "bits of series/marks.py, 0: nothing to say", "int16"),
        Var("detail", "as the worst flag", AXIS, "out", "figure behind the worst flag of the first row"),
        Var("median", "as value", AXIS, "out", "median of the window before"),
        Var("z", "1", AXIS, "out", "distance from the slow mean, multiples of its scatter"),
        Var("course", "1", AXIS, "out", "larger CUSUM of the own innovations, negative downwards"),
        Var("drift", "1", AXIS, "out", "the same of what neighbours leave unexplained"),
        Var("change_s", "s", ("piece",), "out", "start of each piece of one level (PELT)"),
        Var("change_mean", "as value", ("piece",), "out", "mean of each piece"),
    ),
    compute=_compute,
    verified=True,
    papers=(
        "Page 1954, Biometrika 41",
        "Davies & Gather 1993, J. Am. Stat. Assoc. 88",
        "Gelper, Fried & Croux 2010, J. Forecast. 29",
        "Alwan & Roberts 1988, J. Bus. Econ. Stat. 6",
        "Killick, Fearnhead & Eckley 2012, J. Am. Stat. Assoc. 107",
    ),
)
