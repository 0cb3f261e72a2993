from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.rivers import kept
from fengsui.science.rivers.forecast import Forecaster
from fengsui.science.rivers.station import Channel, History, Station


def river(n: int = 3000, seed: int = 3) -> History:
    """Floods after rain, made up: a linear store."""
    rng = np.random.default_rng(seed)
    rain = np.where(rng.random(n) < 0.02, rng.exponential(6.0, n), 0.0)
    rain = np.convolve(rain, np.ones(4))[:n]
    level = np.empty(n)
    store = 0.0
    for i in range(n):
        store = store * 0.97 + rain[max(i - 6, 0)] * 0.02
        level[i] = 0.5 + store
    return History(np.arange(n) * 900.0, np.round(level, 3), rain[:, None])


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    station = Station(900.0, (1, 4), 1.0, 24, 24, inputs=(Channel("rain", "rain"),))
    return Forecaster.fit(station, [river()])


def test_what_comes_back_forecasts_the_same(forecaster):
    again = kept.loads(kept.dumps(forecaster))
    assert again.station == forecaster.station
    other = river(400, seed=8)
    a, b = forecaster.over(other, (1.0,)), again.over(other, (1.0,))
    for name in ("median", "low", "high", "members", "above"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert np.isfinite(a.median[-1]).all()


def test_another_version_is_learned_again(forecaster):
    whole = json.loads(zlib.decompress(kept.dumps(forecaster)))
    whole["version"] = 0
    with pytest.raises(kept.NotKept, match="version 0"):
        kept.loads(zlib.compress(json.dumps(whole).encode()))


def test_version_is_told_by_the_first_bytes(forecaster):
    assert kept.version(kept.dumps(forecaster)[:512]) == kept.VERSION
    assert [kept.version(each) for each in (b"", b"no lesson", zlib.compress(b"[]"))] == [None, None, None]


def test_only_known_classes_come_from_bytes(forecaster):
    whole = json.loads(zlib.decompress(kept.dumps(forecaster)))
    whole["usual"] = {"": "Forecaster", "station": None}
    with pytest.raises(kept.NotKept):
        kept.loads(zlib.compress(json.dumps(whole).encode()))


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_nothing_else_is_raised(data):
    with pytest.raises(kept.NotKept):
        kept.loads(data)
    with pytest.raises(kept.NotKept):
        kept.loads(zlib.compress(data))
