"""One run beside what came: told, measured, and what could have been said without a model. No database here.

Everything is asked at the moments of the run's own points, and seconds are those of the water's clock: in a replay N
times faster an hour ahead has passed after 60 / N minutes of the wall. Of a low-water stream (`falling`) signs are
turned, so that danger is always up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.chances import chance
from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.sensing import rules as sensing_rules
from fengsui.apps.sensing.hot import microseconds
from fengsui.science.rain.tips import heard
from fengsui.science.verify import outcome
from fengsui.science.verify.episodes import Call

LEADS_S = (900, 1800, 3600, 10_800, 21_600)
RISE_S = 900
"""What rose by more than the sensor's resolution in this time before the issue was rising [U]."""


def lead_of(asked: Mapping[str, Any]) -> int:
    """The lead, s, that a page is asked for by `lead`, in minutes; half an hour for one that is not scored."""
    minutes = str(asked.get("lead", ""))
    return next((each for each in LEADS_S if str(each // 60) == minutes), LEADS_S[1])


@dataclass(frozen=True, slots=True)
class Readings:
    """Trusted readings of a stream, oldest first; a silence longer than `gap_us` is a gap. least: its resolution.

    step_us: where values are sums (rain), what came is that of the step that ends at a moment, as the amount of one
    reading: `share` of a step. 0: values are states.
    """

    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    gap_us: int
    least: float
    step_us: int = 0
    share: float = 1.0
    _reached: dict[tuple[float, float], npt.NDArray[np.int64]] = field(default_factory=dict)

    def came(self, wanted: npt.NDArray[np.int64]) -> float:
        """At the one moment `wanted`; NaN where nobody knows."""
        if not self.step_us:
            return float(outcome.value_at(self.at, self.value, wanted, self.gap_us)[0])
        at, edges = (self.at - wanted[0]) / 1e6, np.array([-self.step_us / 1e6, 0.0])
        return float(heard(at, self.value, edges, gap_s=self.gap_us / 1e6)[0]) * self.share

    def reached(self, line: float, sign: float) -> npt.NDArray[np.int64]:
        """Moments at which the line was reached from below (from above, by sign -1); found once for many runs."""
        key = (line, sign)
        if key not in self._reached:
            self._reached[key] = outcome.upcrossings(self.at, self.value * sign, line * sign, self.gap_us)
        return self._reached[key]


@dataclass(frozen=True, slots=True)
class AtLead:
    """A run at one lead. lines: (level, chance that it is reached by then, whether it was: None = nobody knows)."""

    lead_s: int
    told: float
    low: float
    high: float
    came: float
    stays: float
    trend: float
    lines: tuple[tuple[int, float, bool | None], ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """calls: level -> (line, what was said about it), of lines that lay ahead and whose outcome is known."""

    run: ForecastRun
    is_rising: bool
    leads: tuple[AtLead, ...]
    calls: dict[int, tuple[float, Call]]


def compare(run: ForecastRun, readings: Readings) -> Compared:
    """What the run told at each lead beside what came."""
    points = np.asarray(run.points, float).reshape(-1, 4)
    issued = microseconds(run.issued_at)
    at, scale = (points[:, 0] * 1000).astype(np.int64), 1e6 / run.speed
    sign = rules.sign_of(run.lines)
    known = readings.at <= issued
    before = (readings.at[known][-3:], readings.value[known][-3:])
    lines = {level: line for level, line in sensing_rules.lines_of(run.lines).items() if run.value * sign < line * sign}
    leads = []
    for lead_s in LEADS_S:
        k = _at(at, issued + round(lead_s * scale), round(150 * scale))
        if k is not None:
            came = readings.came(at[k : k + 1])
            if len(before[0]):
                trend = float(outcome.damped_trend(*before, at[k : k + 1] - before[0][-1])[0])
            else:
                trend = run.value
            asked = [_line(run, k + 1, readings, each, sign, issued, int(at[k])) for each in lines.items()]
            told, low, high = points[k, 1:].tolist()
            leads.append(AtLead(lead_s, told, low, high, came, run.value, trend, tuple(asked)))
    rising = outcome.is_rising(
        readings.at, readings.value * sign, np.array([issued]), round(RISE_S * scale), readings.least, readings.gap_us
    )
    return Compared(run, bool(rising[0]), tuple(leads), dict(_calls(run, readings, lines, sign, issued)))


def _at(at: npt.NDArray[np.int64], wanted: int, within: int) -> int | None:
    """Which point is the one of that moment; None where the run does not look so far."""
    if not len(at):
        return None
    k = int(np.argmin(np.abs(at - wanted)))
    return k if abs(int(at[k]) - wanted) <= within else None


def _line(
    run: ForecastRun,
    points: int,
    readings: Readings,
    asked: tuple[int, float],
    sign: float,
    issued: int,
    until: int,
) -> tuple[int, float, bool | None]:
    level, line = asked
    return level, round(chance(run, level, line, points), 4), _came(readings, line, sign, issued, until)[1]


def _came(readings: Readings, line: float, sign: float, issued: int, until: int) -> tuple[int | None, bool | None]:
    """When the line was reached in (issued, until], and whether: None where a gap hides it."""
    moment = outcome.first_in(readings.reached(line, sign), issued, until)
    if moment is not None:
        return moment, True
    return None, False if outcome.was_heard(readings.at, issued, until, readings.gap_us) else None


def _calls(
    run: ForecastRun, readings: Readings, lines: dict[int, float], sign: float, issued: int
) -> Iterable[tuple[int, tuple[float, Call]]]:
    told: set[Any] = {each["level"] for each in run.crossings if each["in_s"] is not None}
    until = issued + round(run.horizon_s * 1e6 / run.speed)
    for level, line in lines.items():
        moment, came = _came(readings, line, sign, issued, until)
        if came is not None:
            yield level, (line, Call(issued, level in told, moment))
