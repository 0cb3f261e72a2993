"""Levels behind the port: a gauge learned from its floods by science/rivers, kept as bytes between two forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from fengsui.kernel.ports.forecaster import AtLead, Lesson, LessonLost, Lived, SeriesForecast, Wanted
from fengsui.science.rivers import fit, kept
from fengsui.science.rivers.forecast import Forecaster, Past
from fengsui.science.rivers.members import NAMES, STAYS, TREND
from fengsui.science.rivers.station import Channel, History, Station

ABOUT_H = 12.0
"""So much before and after water stands at flood level belongs to the flood, a tenth of it where an hour is the
longest lead [G]; as on the rivers of `./fengsui bench rivers`."""
LEAST_STEPS = 500
RECENT = 96
"""Steps over which a lesson goes on learning what its intervals should be, and its recent error is told."""


class Gauges:
    """Learned in this process; seconds a gauge."""

    method = "levels"

    def learn(self, lived: Lived, wanted: Wanted) -> Lesson | None:
        """See the port. A past without LEAST flood steps teaches nothing that the trend does not know."""
        far_h = wanted.leads_s[-1] / 3600.0
        about = round(min(ABOUT_H, 2.0 * far_h) * 3600.0 / lived.step_s)
        station = Station(
            lived.step_s,
            tuple(round(lead / lived.step_s) for lead in wanted.leads_s),
            wanted.flood,
            about,
            about,
            inputs=tuple(Channel(f"beside-{k}", kind) for k, kind in enumerate(wanted.kinds)),
            resolution=wanted.resolution,
            coverage=wanted.coverage,
        )
        known = np.isfinite(lived.own)
        with np.errstate(invalid="ignore"):
            flood = int((lived.own >= wanted.flood).sum())
        if known.sum() < LEAST_STEPS or flood < fit.LEAST:
            return None
        made = Forecaster.fit(station, [_history(lived)])
        return Lesson(kept.dumps(made), flood, tuple(_at_lead(station, each) for each in made.reports))

    def knows(self, head: bytes) -> bool:
        return kept.version(head) == kept.VERSION

    def steps(self, state: bytes) -> int:
        return _loaded(state).station.memory + RECENT + _loaded(state).station.leads[-1]

    def forecast(self, state: bytes, lived: Lived, lines: Sequence[float]) -> SeriesForecast | None:
        made = _loaded(state)
        if not np.isfinite(lived.own).any():
            return None
        past = made.over(_history(lived), lines)
        good = np.isfinite(past.median[-1])
        if not good.any():
            return None
        leads = np.array(made.station.leads)[good]
        at = lived.until + np.rint(leads * lived.step_s * 1e6).astype(np.int64)
        error, stays = _recent(made.station, past)
        return SeriesForecast(
            lived.until,
            at,
            past.median[-1, good],
            past.low[-1, good],
            past.high[-1, good],
            made.station.coverage,
            error,
            stays,
            self.method,
            above=past.above[-1, good],
        )


@lru_cache(maxsize=64)
def _loaded(state: bytes) -> Forecaster:
    """Not moved by being asked: `over` works on copies."""
    try:
        return kept.loads(state)
    except kept.NotKept as lost:
        raise LessonLost(str(lost)) from None


def _history(lived: Lived) -> History:
    n = len(lived.own)
    time_s = lived.until / 1e6 + (np.arange(n, dtype=np.float64) - (n - 1)) * lived.step_s
    return History(time_s, lived.own, lived.beside)


def _at_lead(station: Station, report: fit.Report) -> AtLead:
    used = np.flatnonzero(report.deployed)
    return AtLead(
        report.lead * station.step_s,
        float(report.error[STAYS]),
        float(report.error[TREND]),
        float(np.nanmin(report.error[used])),
        tuple(NAMES[k] for k in used),
        {name: float(e) for name, e in zip(NAMES, report.error, strict=True) if np.isfinite(e)},
    )


def _recent(station: Station, past: Past) -> tuple[float | None, float | None]:
    """Mean absolute error at half the horizon over the last RECENT outcomes, ours and that of "it stays"."""
    k = int(np.argmin(np.abs(np.array(station.leads) - station.leads[-1] / 2)))
    lead, y = station.leads[k], past.grid.y
    ours, stays = np.abs(past.median[:-lead, k] - y[lead:]), np.abs(y[:-lead] - y[lead:])
    both = np.flatnonzero(np.isfinite(ours) & np.isfinite(stays))[-RECENT:]
    return (float(ours[both].mean()), float(stays[both].mean())) if len(both) >= 8 else (None, None)
