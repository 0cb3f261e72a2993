"""The chance of a line that a run stated, or that its interval implies. No database here."""

from __future__ import annotations

import numpy as np

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.sensing import rules as sensing_rules
from fengsui.science.verify.chance import chance_of


def chance(run: ForecastRun, level: int, line: float, upto: int | None = None) -> float:
    """Of standing at or above a line at any of the run's first `upto` times (all of them: None)."""
    points = np.asarray(run.points, float).reshape(-1, 4)[:upto]
    stated = [each for each in run.chances.get(str(level), [])[: len(points)] if each is not None]
    if stated:
        return float(max(stated))
    sign = rules.sign_of(run.lines)
    ends = np.sort(points[:, 2:4] * sign, axis=1)
    return chance_of(points[:, 1] * sign, ends[:, 0], ends[:, 1], run.coverage, line * sign)


def ahead(run: ForecastRun) -> list[tuple[int, float, float]]:
    """Level, line and chance of each line that was not reached when the run was made, lowest first."""
    sign = rules.sign_of(run.lines)
    lines = sensing_rules.lines_of(run.lines)
    return [(level, line, chance(run, level, line)) for level, line in lines.items() if run.value * sign < line * sign]
