"""What the port promises: a past without floods teaches nothing, a lesson is bytes, and broken ones say so."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import numpy as np
import pytest

from fengsui.engines.levels import Gauges
from fengsui.kernel.ports.forecaster import LessonLost, Lived, Wanted
from fengsui.science.rivers import kept
from fengsui.science.rivers.tests.test_kept import river

WANTED = Wanted(leads_s=(900.0, 3600.0), flood=1.0, resolution=0.01, kinds=("rain",))


def lived(n: int = 3000, seed: int = 3) -> Lived:
    past = river(n, seed)
    return Lived(1_700_000_000_000_000, 900.0, past.level, past.inputs)


@pytest.fixture(scope="module")
def lesson():
    made = Gauges().learn(lived(), WANTED)
    assert made is not None
    return made


def test_a_past_without_floods_teaches_nothing():
    assert Gauges().learn(lived(), replace(WANTED, flood=99.0)) is None
    assert Gauges().learn(lived(100), WANTED) is None


def test_forecast_is_issued_at_the_end_with_an_interval_and_chances(lesson):
    recent = lived(600, seed=8)
    said = Gauges().forecast(lesson.state, recent, (0.0, 1.0, 99.0))
    assert said is not None
    assert said.issued_at == recent.until
    assert (said.at - said.issued_at).tolist() == [900_000_000, 3_600_000_000]
    assert (said.low <= said.point).all()
    assert (said.point <= said.high).all()
    assert said.above.shape == (2, 3)
    assert (said.above[:, 0], said.above[:, 2]) == (pytest.approx(1.0), pytest.approx(0.0))
    assert said.error is not None
    assert said.error < said.persistence


def test_same_lesson_says_the_same_again(lesson):
    recent = lived(600, seed=8)
    one, two = (Gauges().forecast(lesson.state, recent, (1.0,)) for _ in range(2))
    np.testing.assert_array_equal(one.point, two.point)
    np.testing.assert_array_equal(one.above, two.above)


def test_nothing_read_nothing_said(lesson):
    silent = replace(lived(600), own=np.full(600, np.nan))
    assert Gauges().forecast(lesson.state, silent, ()) is None


def test_members_that_lose_to_the_trend_take_no_part(lesson):
    for each in lesson.leads:
        assert "trend" in each.members
        assert each.best <= each.trend


def test_bytes_that_are_no_lesson_or_an_older_one_are_lost(lesson):
    older = json.loads(zlib.decompress(lesson.state)) | {"version": kept.VERSION - 1}
    for state in (b"", b"no lesson", lesson.state[:-20], zlib.compress(json.dumps(older).encode())):
        with pytest.raises(LessonLost):
            Gauges().steps(state)
