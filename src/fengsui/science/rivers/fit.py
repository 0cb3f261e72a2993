"""A station learned from its past: members fitted, tried on floods they did not see, weighted, and their errors kept.

Every number that weighs a member or widens an interval comes from floods held back from it (four parts, cut so that
each holds a quarter of the flood; with one flood only, pieces of it). Nothing after the histories' end is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import OutOfRange
from fengsui.science.rivers import kalman, linear, members, mix
from fengsui.science.rivers import trees as boosting
from fengsui.science.rivers.features import Rows
from fengsui.science.rivers.members import NAMES, OWN, TREND, Learned, Seen, Usual
from fengsui.science.rivers.station import Grid, History, Marks, Station, Values, floods, gridded

FOLDS = 4
CALM = 0.05
"""What a calm hour weighs beside one of a flood."""
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1)
ROWS = 8000
"""Most rows a member is fitted on; calm ones are thinned first."""
LEAST = 60
"""Rows of flood below which nothing is learned: persistence, trend and Kalman forecast alone."""


@dataclass(frozen=True, slots=True)
class Report:
    """How the members did on floods held back, one lead: mean absolute errors (members,), who is deployed."""

    lead: int
    flood_rows: int
    error: Values
    deployed: npt.NDArray[np.bool_]
    ridge: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Past:
    """All histories; `cut` (histories, FOLDS + 1): first rows of the parts of each."""

    what: tuple[Seen, ...]
    flood: tuple[Marks, ...]
    fold: tuple[npt.NDArray[np.int64], ...]


def past(station: Station, histories: Sequence[History]) -> tuple[Usual, _Past]:
    histories = [each for each in histories if len(each.time_s)]
    grids = [gridded(station, each) for each in histories]
    if not grids:
        raise OutOfRange("histories", 0.0, low=1.0, why="a station is learned from its past")
    flood = [floods(a.y, station, b.flood) for a, b in zip(grids, histories, strict=True)]
    usual = Usual(float(np.nanmedian(np.concatenate([each.y for each in grids]))), _usual_inputs(station, grids))
    what = tuple(members.seen(station, each, kalman.SETTINGS) for each in grids)
    total = sum(int(each.sum()) for each in flood)
    folds: list[npt.NDArray[np.int64]] = []
    before = 0
    for each in flood:
        folds.append(np.minimum((before + np.cumsum(each)) * FOLDS // max(total, 1), FOLDS - 1))
        before += int(each.sum())
    return usual, _Past(what, tuple(flood), tuple(folds))


def _usual_inputs(station: Station, grids: list[Grid]) -> Values:
    both = np.concatenate([each.x for each in grids])
    return np.array([np.nanmedian(both[:, k]) if np.isfinite(both[:, k]).any() else 0.0 for k in range(both.shape[1])])


@dataclass(slots=True)
class _Table:
    """One lead's rows for fitting, of all histories: from `history`, at `row`."""

    history: npt.NDArray[np.intp]
    row: Rows
    fold: npt.NDArray[np.int64]
    own: Values
    wide: Values | None
    target: Values
    weight: Values
    pace: Values


def _table(station: Station, usual: Usual, seen: _Past, lead: int) -> _Table:
    parts: list[tuple[Any, ...]] = []
    for k, (what, flood, fold) in enumerate(zip(seen.what, seen.flood, seen.fold, strict=True)):
        rows = np.flatnonzero(np.isfinite(what.raw[:-lead]) & np.isfinite(what.raw[lead:]))
        own, wide = members.views(station, usual, what, rows, lead)
        target = what.raw[rows + lead] - what.raw[rows]
        wet = flood[rows] | flood[rows + lead]
        parts.append((np.full(len(rows), k), rows, fold[rows], own, wide, target, wet,
                      members.pace(station, what.y, rows, lead)))  # fmt: skip
    columns = list(zip(*parts, strict=True))
    wet = np.concatenate(columns[6])
    keep = _thinned(wet, np.isfinite(np.concatenate(columns[3])).all(1))
    weight = np.where(wet, 1.0, CALM * max(1.0, float((~wet).sum()) / max(int((~wet[keep]).sum()), 1)))
    wide = None if columns[4][0] is None else np.concatenate(columns[4])[keep]
    return _Table(
        np.concatenate(columns[0])[keep], np.concatenate(columns[1])[keep], np.concatenate(columns[2])[keep],
        np.concatenate(columns[3])[keep], wide, np.concatenate(columns[5])[keep], weight[keep],
        np.concatenate(columns[7])[keep],
    )  # fmt: skip


def _thinned(wet: Marks, good: Marks) -> Rows:
    """Floods whole (evenly thinned beyond ROWS), calm rows evenly so that all together are ROWS."""
    floods, calm = np.flatnonzero(wet & good), np.flatnonzero(~wet & good)
    floods = floods[:: max(1, -(-len(floods) // ROWS))]
    room = max(ROWS - len(floods), ROWS // 4)
    return np.sort(np.concatenate([floods, calm[:: max(1, -(-len(calm) // room))]]))


def learn(
    station: Station, usual: Usual, seen: _Past, lead: int, *, learned: bool = True
) -> tuple[Learned, mix.Mix, Report]:
    """One lead: members, their mix and how they did on floods held back. `learned`: see Forecaster.fit."""
    setting, still = _kalman(station, seen, lead), _still(station, seen, lead)
    said = [np.full((len(each.raw), len(NAMES)), np.nan) for each in seen.what]
    plenty = learned and sum(int(each.sum()) for each in seen.flood) >= LEAST
    table = _table(station, usual, seen, lead)
    ridge = _ridges(station, table, lead) if plenty else (RIDGES[-1], RIDGES[-1])
    for fold in range(FOLDS):
        made = _fitted(station, table, _others(table, fold, lead), lead, setting, still, ridge, plenty)
        for what, part, out in zip(seen.what, seen.fold, said, strict=True):
            rows = np.flatnonzero(part == fold)
            if len(rows):
                out[rows] = members.predict(station, usual, made, what, rows)
    every = np.ones(len(table.row), bool)
    made = _fitted(station, table, every, lead, setting, still, ridge, plenty)
    mixed, report = _mixed(station, seen, said, made, ridge, plenty)
    return made, mixed, report


def _others(table: _Table, fold: int, lead: int) -> Marks:
    """Rows of other parts whose outcome does not lie in this one."""
    held = table.fold == fold
    if not held.any():
        return np.ones(len(held), bool)
    keep = ~held
    for k in np.unique(table.history[held]):
        inside = held & (table.history == k)
        low, high = table.row[inside].min(), table.row[inside].max()
        keep &= (table.history != k) | (table.row < low - lead) | (table.row > high + lead)
    return keep if keep.sum() >= 20 else ~held


def _fitted(
    station: Station,
    table: _Table,
    which: Marks,
    lead: int,
    setting: int,
    still: tuple[float, float],
    ridge: tuple[float, float],
    trees: bool,
) -> Learned:
    own = _linear(station, table.own, table, which, ridge[0])
    if own is None:
        own = linear.Linear(np.zeros(table.own.shape[1]))
    wide = None if table.wide is None else _linear(station, table.wide, table, which, ridge[1])
    model = None
    if trees:
        base = own if wide is None or table.wide is None else wide
        view = table.own if wide is None or table.wide is None else table.wide
        model = _trees(base, view, table, which, lead)
    return Learned(lead, setting, still, own, wide, model)


def _linear(station: Station, view: Values, table: _Table, which: Marks, ridge: float) -> linear.Linear | None:
    rows = which & np.isfinite(view).all(1)
    if rows.sum() < 20:
        return None
    return linear.fit(view[rows], table.target[rows], table.weight[rows], ridge, station.resolution)


def _trees(base: linear.Linear, view: Values, table: _Table, which: Marks, lead: int) -> boosting.Trees | None:
    change = base.of(view)
    rows = which & np.isfinite(change)
    if rows.sum() < 200:
        return None
    change, s = change[rows], table.pace[rows] + np.abs(change[rows]) / lead
    rest = np.clip((table.target[rows] - change) / s, -3.0 * lead, 3.0 * lead)
    return boosting.fit(members.tree_view(view[rows], change, s), rest, table.weight[rows] * s)


def _ridges(station: Station, table: _Table, lead: int) -> tuple[float, float]:
    """Of those tried the one that misses least on floods held back; for the gauge alone, and for all there is."""
    found = []
    for view in (table.own, table.wide):
        missed = np.zeros(len(RIDGES))
        for k, ridge in enumerate(RIDGES if view is not None else ()):
            assert view is not None
            for fold in range(FOLDS):
                model = _linear(station, view, table, _others(table, fold, lead), ridge)
                test = (table.fold == fold) & np.isfinite(view).all(1)
                if model is not None and test.any():
                    rest = np.abs(table.target[test] - model.of(view[test]))
                    missed[k] += float((rest * table.weight[test]).sum())
        found.append(RIDGES[int(np.argmin(missed))])
    return found[0], found[1]


def _kalman(station: Station, seen: _Past, lead: int) -> int:
    """The setting that missed least on floods; two numbers chosen among thirty need no part held back."""
    reach, total = kalman.reach(kalman.SETTINGS, lead), np.zeros(len(kalman.SETTINGS))
    for what, flood in zip(seen.what, seen.flood, strict=True):
        rows = np.flatnonzero(flood[:-lead] & np.isfinite(what.raw[:-lead]) & np.isfinite(what.raw[lead:]))
        if not len(rows):
            rows = np.flatnonzero(np.isfinite(what.raw[:-lead]) & np.isfinite(what.raw[lead:]))
        said = what.kalman[rows, 0] + reach * what.kalman[rows, 1]
        total += np.abs(said - what.raw[rows + lead][:, None]).sum(0)
    return int(np.argmin(total))


def _still(station: Station, seen: _Past, lead: int) -> tuple[float, float]:
    """What a calm level moves in an hour and in the lead, 0.9 quantile outside of floods; at least the resolution."""
    found = []
    for back in (members.hour(station), lead):
        every = np.concatenate([
            np.abs(members.changed(what.y, np.arange(len(flood)), back))[~flood]
            for what, flood in zip(seen.what, seen.flood, strict=True)
        ])  # fmt: skip
        every = every[np.isfinite(every)]
        found.append(max(station.resolution, float(np.quantile(every, 0.9))) if len(every) else station.resolution)
    return found[0], found[1]


def _mixed(
    station: Station, seen: _Past, said: list[Values], made: Learned, ridge: tuple[float, float], plenty: bool
) -> tuple[mix.Mix, Report]:
    """Who is deployed, and a mix that has lived through the past with members that did not know it."""
    lead, count = made.lead, len(NAMES)
    kinds: list[npt.NDArray[np.int64]] = []
    missed: list[Values] = []
    wet: list[Marks] = []
    for what, out, flood in zip(seen.what, said, seen.flood, strict=True):
        rows = np.arange(len(out))
        kinds.append(members.kinds(station, made, what, rows, out))
        later = np.concatenate([what.raw[lead:], np.full(lead, np.nan)])
        missed.append(np.abs(out - later[:, None]))
        wet.append((flood | np.concatenate([flood[lead:], np.zeros(lead, bool)])) & np.isfinite(what.raw))
    e, kind, flood = np.concatenate(missed), np.concatenate(kinds), np.concatenate(wet)
    if not (flood & np.isfinite(e[:, TREND])).any():
        flood = np.isfinite(e[:, TREND])
    error = np.array([_mean(e[flood, m]) for m in range(count)])
    # A member is held against the trend on the rows where both spoke.
    against = np.array([_mean(np.where(np.isfinite(e[flood, m]), e[flood, TREND], np.nan)) for m in range(count)])
    deployed = np.isfinite(error) & (error <= against)
    deployed[TREND] = True
    if not plenty:
        deployed[OWN:] = False
    loss = np.array([[_mean(e[flood & (kind == k), m]) for m in range(count)] for k in range(mix.KINDS)])
    loss = np.where(np.isfinite(loss), loss, np.where(np.isfinite(error), error, 1e9))
    mixed = mix.fresh(count, lead, loss, deployed, station.coverage)
    for what, out, which in zip(seen.what, said, kinds, strict=True):
        mixed.begin()
        s = members.pace(station, what.y, members.told(what.raw, np.arange(len(out))), lead)
        mixed.run(what.raw, out, s, which, station.resolution / 2)
    mixed.begin()
    return mixed, Report(lead, int(flood.sum()), error, deployed, ridge)


def _mean(values: Values) -> float:
    good = values[np.isfinite(values)]
    return float(good.mean()) if len(good) else np.nan
