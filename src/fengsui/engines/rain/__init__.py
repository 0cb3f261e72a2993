"""Rain behind the port: showers that decay as the district's own did (science/rain), kept as JSON of arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from fengsui.kernel.ports.forecaster import LessonLost, RainLesson, SeriesForecast, Values
from fengsui.science.contract import OutOfRange
from fengsui.science.rain.nowcast import SHARES, Showers, fit_showers, standing

VERSION = 1
LOW, MIDDLE, HIGH = (SHARES.index(each) for each in (0.05, 0.5, 0.95))
COVERAGE = 0.9
LEAST_OUTCOMES = 8


class Decaying:
    """Milliseconds a forecast."""

    method = "rain"

    def learn(self, rain: Values, leads: int, pause: int) -> RainLesson | None:
        try:
            made = fit_showers(rain, leads, pause)
        except OutOfRange:
            return None
        return RainLesson(_dumps(made), made.wet, tuple(made.kept.round(4).tolist()))

    def forecast(
        self, state: bytes, rain: Values, until: int, step_s: float, lines: Sequence[float]
    ) -> SeriesForecast | None:
        made = _loaded(state)
        said = made.forecast(rain)
        if said is None:
            return None
        told, total = said
        leads = np.arange(1, len(told) + 1)
        error, stays = _recent(made, rain)
        point, low, high = (float(total[k]) for k in (MIDDLE, LOW, HIGH))
        return SeriesForecast(
            until,
            until + np.rint(leads * step_s * 1e6).astype(np.int64),
            told[:, MIDDLE],
            told[:, LOW],
            told[:, HIGH],
            COVERAGE,
            error,
            stays,
            self.method,
            above=np.array([[_above(row, line) for line in lines] for row in told]).reshape(len(told), len(lines)),
            total=(point, low, high),
        )


def _above(row: Values, line: float) -> float:
    """The chance of at least `line`, from the quantiles of one lead."""
    return 1.0 - float(np.interp(line, row, SHARES, left=0.0, right=1.0))


def _recent(made: Showers, rain: Values) -> tuple[float | None, float | None]:
    """Mean absolute error at half the horizon while it rained lately, ours and that of "it stays"."""
    lead = max(len(made.kept) // 2, 1)
    if len(rain) <= lead:
        return None, None
    base, strength = standing(rain[:-lead, None], made.pause, made.edges)
    now, came = base[:, 0], rain[lead:]
    on = (np.nan_to_num(now) > 0) & np.isfinite(came)
    if on.sum() < LEAST_OUTCOMES:
        return None, None
    told = made.told(now[on], strength[on, 0])[:, lead - 1, MIDDLE]
    return float(np.abs(told - came[on]).mean()), float(np.abs(rain[:-lead][on] - came[on]).mean())


def _dumps(made: Showers) -> bytes:
    arrays = {name: np.round(getattr(made, name), 5).tolist() for name in ("edges", "kept", "ratios", "totals")}
    plain = {"version": VERSION, "pause": made.pause, "wet": made.wet, "most": made.most}
    return json.dumps(plain | arrays).encode()


@lru_cache(maxsize=16)
def _loaded(state: bytes) -> Showers:
    try:
        found = json.loads(state)
        if found["version"] != VERSION:
            raise LessonLost(f"version {found['version']}, wanted {VERSION}")
        arrays = {name: np.array(found[name], np.float64) for name in ("edges", "kept", "ratios", "totals")}
        step, total = map(float, found["most"])
        made = Showers(pause=int(found["pause"]), wet=int(found["wet"]), most=(step, total), **arrays)
        kinds = len(made.edges) + 2
        if made.ratios.shape != (kinds, len(made.kept), len(SHARES)) or made.totals.shape != (kinds, len(SHARES)):
            raise LessonLost("arrays of another shape")
        return made
    except (KeyError, TypeError, ValueError) as lost:
        raise LessonLost(str(lost)) from None
