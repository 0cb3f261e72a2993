from __future__ import annotations

import numpy as np
import pytest

from fengsui.science.series.trend import Trend, line_crossings

S = 1_000_000
MIN = 60 * S
T0 = 1_700_000_000 * S


def test_forecast_when_the_rise_is_straight():
    at = T0 + np.arange(30, dtype=np.int64) * MIN
    value = 0.1 + 0.01 * np.arange(30)
    got = Trend().forecast(at, value, horizon_us=10 * MIN, step_us=MIN)
    assert got is not None
    assert got.point == pytest.approx(0.39 + 0.01 * np.arange(1, 11))
    assert got.error == pytest.approx(0.0, abs=1e-12)
    assert got.persistence == pytest.approx(0.06)
    assert got.high - got.point == pytest.approx(np.full(10, 0.01))
    lines = line_crossings(got, float(value[-1]), {1: 0.15, 2: 0.44, 3: 0.9})
    assert [(c.level, c.line, c.chance) for c in lines] == [(2, 0.44, pytest.approx(1.0)), (3, 0.9, pytest.approx(0.0))]
    assert lines[1].at is lines[1].earliest is None
    assert lines[0].at == pytest.approx(int(at[-1]) + 5 * MIN, abs=10)
    assert lines[0].earliest == pytest.approx(int(at[-1]) + 4 * MIN + MIN * 1 // 5, abs=MIN)
    assert lines[0].latest == pytest.approx(int(at[-1]) + 6 * MIN, abs=10)


def test_forecast_refuses_when_there_are_too_few_readings():
    at = T0 + np.arange(3, dtype=np.int64) * MIN
    assert Trend().forecast(at, np.ones(3), horizon_us=10 * MIN, step_us=MIN) is None


def test_forecast_marks_its_width_from_scatter_when_young():
    at = T0 + np.arange(5, dtype=np.int64) * MIN
    got = Trend().forecast(at, np.array([0.1, 0.12, 0.14, 0.16, 0.18]), horizon_us=10 * MIN, step_us=MIN)
    assert got is not None
    assert got.error is None
    assert (got.high > got.point).all()
    assert (np.diff(got.high - got.low) >= 0).all()


def test_forecast_is_not_moved_by_one_spike():
    at = T0 + np.arange(20, dtype=np.int64) * MIN
    value = 0.1 + 0.01 * np.arange(20)
    value[-3] = 1.5
    got = Trend().forecast(at, value, horizon_us=5 * MIN, step_us=MIN)
    assert got is not None
    assert got.point[-1] == pytest.approx(value[-1] + 0.05, abs=0.021)
