"""How good forecasts are: on floods only, always beside "it stays" and "it goes on" at the same lead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.science.rivers import members
from fengsui.science.rivers.forecast import Past
from fengsui.science.rivers.members import STAYS, TREND
from fengsui.science.rivers.station import Marks, Station, Values, floods


@dataclass(frozen=True, slots=True)
class Score:
    """One lead on floods of the test side: rows whose issue or outcome lies in a flood.

    Mean absolute errors of `stays`, `trend`, the `mix`, and of each member; `skill` over persistence, `beats`: share by
    which the mix misses less than the better of the two; `pinball` (0.05, 0.95) mean. Covers: on `floods`, while water
    is `rising` (last hour's change is above twice the resolution), where it came to stand higher (`higher`, known
    afterwards only), over `all` of the test side. `half`: mean half-width on floods.
    """

    lead_s: float
    rows: int
    stays: float
    trend: float
    mix: float
    members: tuple[float, ...]
    skill: float
    beats: float
    pinball: float
    floods: float
    rising: float
    higher: float
    all: float
    half: float


def score(station: Station, pasts: list[Past], k: int, floods_of: list[Marks] | None = None) -> Score:
    """Of lead number k over the test side's histories."""
    lead = station.leads[k]
    said: list[Values] = []
    errors: list[Values] = []
    inside: list[Marks] = []
    marks: list[Marks] = []
    for n, past in enumerate(pasts):
        y = past.grid.y
        now, later = y[:-lead], y[lead:]
        wet = floods(y, station) if floods_of is None else floods_of[n]
        hour = members.hour(station)
        rose = np.concatenate([np.full(hour, np.nan), y[hour:] - y[:-hour]])[:-lead]
        known = np.isfinite(now) & np.isfinite(later) & np.isfinite(past.median[:-lead, k])
        with np.errstate(invalid="ignore"):
            marks.append(np.column_stack([
                known, known & (wet[:-lead] | wet[lead:]), rose > 2 * station.resolution,
                later - now > 2 * station.resolution,
            ]))  # fmt: skip
            low, high = past.low[:-lead, k], past.high[:-lead, k]
            inside.append((later >= low) & (later <= high))
        said.append(np.column_stack([low - later, high - later]))
        errors.append(np.abs(np.column_stack([past.members[:-lead, k], past.median[:-lead, k]]) - later[:, None]))
    mark, good = np.concatenate(marks), np.concatenate(inside)
    e, ends = np.concatenate(errors), np.concatenate(said)
    wet = mark[:, 1]
    with np.errstate(invalid="ignore"):
        mean = np.array([float(np.nanmean(c)) if np.isfinite(c).any() else np.nan for c in e[wet].T])
    mixed, stays, trend = float(mean[-1]), float(mean[STAYS]), float(mean[TREND])
    return Score(
        lead * station.step_s, int(wet.sum()), stays, trend, mixed, tuple(map(float, mean[:-1])), 1 - mixed / stays,
        1 - mixed / min(stays, trend), _pinball(ends[wet]), _share(good, wet), _share(good, wet & mark[:, 2]),
        _share(good, wet & mark[:, 3]), _share(good, mark[:, 0]), float(np.mean(ends[wet, 1] - ends[wet, 0]) / 2),
    )  # fmt: skip


def _share(good: Marks, rows: Marks) -> float:
    return float(good[rows].mean()) if rows.any() else np.nan


def _pinball(ends: Values) -> float:
    """Mean of the quantile losses of both ends; `ends` (rows, 2): end minus outcome."""
    below, above = ends[:, 0], ends[:, 1]
    low = np.where(below <= 0, -0.05 * below, 0.95 * below)
    high = np.where(above <= 0, -0.95 * above, 0.05 * above)
    return float(np.mean(low + high) / 2)


@dataclass(frozen=True, slots=True)
class Warnings:
    """Of one line: `hits` and `misses` among its crossings, `false` alarms, `lead_s` of the hits."""

    crossings: int
    hits: int
    false: int
    lead_s: tuple[float, ...]


def warnings(y: Values, said: Marks, line: float, horizon: int, step_s: float) -> Warnings:
    """A crossing: at or above the line after `horizon` steps below it. A warning within the horizon before it is a hit,
    its lead counted from the first of them; a spell of warnings (apart by more than the horizon) that no crossing
    follows within the horizon is a false alarm. `said` (n,) counts only while the level is below the line."""
    with np.errstate(invalid="ignore"):
        above = y >= line
    said = said & ~above
    at = np.flatnonzero(above)
    starts = [int(t) for k, t in enumerate(at) if k == 0 or t - at[k - 1] > horizon]
    if starts and starts[0] == 0:
        starts = starts[1:]
    leads: list[float] = []
    for t in starts:
        before = np.flatnonzero(said[max(0, t - horizon) : t])
        if len(before):
            leads.append(float(min(horizon, t) - before[0]) * step_s)
    told = np.flatnonzero(said)
    spells = np.split(told, np.flatnonzero(np.diff(told) > horizon) + 1) if len(told) else []
    false = sum(not any(_follows(at, int(t), horizon) for t in spell) for spell in spells)
    return Warnings(len(starts), len(leads), false, tuple(leads))


def _follows(at: npt.NDArray[np.intp], t: int, horizon: int) -> bool:
    k = int(np.searchsorted(at, t))
    return k < len(at) and int(at[k]) - t <= horizon
