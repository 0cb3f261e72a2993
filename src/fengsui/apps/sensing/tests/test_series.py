"""Windows of readings: exact extremes, gaps by the stream's period, and kept days that never say what was before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fengsui.apps.sensing import actions, book, series
from fengsui.apps.sensing.hot import microseconds
from fengsui.apps.sensing.models import KeptDay
from fengsui.apps.sensing.tests.make import US0, columns, make_stream, moment
from fengsui.science.series import quality as q

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 8, 30, 5, 0, tzinfo=UTC)
HOURS = 24 * 60


def store(at_minutes, value, ago: timedelta) -> None:
    """Readings of the only stream, `at_minutes` after NOW - ago, as a device sends them."""
    at = microseconds(NOW - ago) + np.asarray(at_minutes, np.int64) * 60_000_000
    n = len(at)
    given = np.zeros(n, np.int16)
    actions.store_readings(book.read(), np.zeros(n, np.intp), at, np.asarray(value, float), at + 500_000, given)


def test_readings_come_with_flags_and_the_silence_after_them():
    stream = make_stream()
    actions.store_readings(book.read(), *columns([(0, 0, 0.01), (0, 60, 9.0), (0, 120, 0.06)]))
    found = series.thinned(stream, moment(0), moment(600), moment(600)).piece
    assert list(zip(found.at - US0, found.value, found.flags, strict=True)) == [
        (0, 0.01, 0), (60_000_000, 9.0, q.RANGE), (120_000_000, 0.06, 0),
    ]  # fmt: skip
    assert (found.gaps - US0).tolist() == [[120_000_000, 600_000_000]]
    assert (found.of, found.refused) == (3, 1)


def test_the_time_to_come_is_no_gap():
    stream = make_stream()
    actions.store_readings(book.read(), *columns([(0, 0, 0.01), (0, 60, 0.02)]))
    assert series.thinned(stream, moment(0), moment(86_400), moment(120)).piece.gaps.tolist() == []


def test_a_peak_of_one_reading_stays_when_there_are_many():
    stream = make_stream()
    readings = [(0, 10 * i, 0.02 + 0.0001 * (i % 7)) for i in range(5000)]
    readings[3333] = (0, 33_330, 0.045)
    actions.store_readings(book.read(), *columns(readings))
    found = series.thinned(stream, moment(0), moment(50_000), moment(50_000), most=200).piece
    assert len(found.at) <= 200
    assert found.value.max() == 0.045
    assert (found.at[0] - US0, found.at[-1] - US0) == (0, 49_990_000_000)


def test_a_long_window_says_the_same_from_kept_days_as_from_every_reading():
    stream = make_stream(period_s=1800)
    chance = np.random.default_rng(4)
    minutes = np.flatnonzero(chance.random(60 * 48) < 0.9) * 30
    store(minutes, 0.02 + 0.0001 * chance.integers(0, 9, len(minutes)), timedelta(days=60))
    low, silent = NOW - timedelta(days=60), series.gap_us(stream)
    every = series.join([series.raw(stream.pk, low, NOW, silent)], microseconds(low), microseconds(NOW), silent)
    for _ in range(2):  # made, then read back
        found = series.window(stream, low, NOW, NOW)
        assert found.gaps.tolist() == every.gaps.tolist()
        assert (found.of, found.refused) == (every.of, every.refused)
        assert (found.value.min(), found.value.max()) == (every.value.min(), every.value.max())
        assert (found.at[0], found.at[-1]) == (every.at[0], every.at[-1])
    assert KeptDay.objects.filter(datastream=stream).count() == 57  # not the last two days, nor parts of days


def test_a_late_reading_is_seen_in_a_kept_day():
    stream = make_stream(period_s=1800)
    store(range(0, 60 * HOURS, 30), np.full(60 * 48, 0.02), timedelta(days=60))
    low = NOW - timedelta(days=60)
    assert series.window(stream, low, NOW, NOW).value.max() == 0.02
    before = KeptDay.objects.count()
    store([20 * HOURS + 7], [0.04], timedelta(days=60))
    assert KeptDay.objects.count() == before - 1
    found = series.window(stream, low, NOW, NOW)
    assert (found.of, found.refused) == (60 * 48 + 1, 1)
    assert found.value.max() == 0.04
    assert KeptDay.objects.count() == before


def test_kept_days_are_made_again_when_the_period_changes():
    stream = make_stream(period_s=1800)
    store(range(0, 50 * HOURS, 120), np.full(50 * 12, 0.02), timedelta(days=50))
    low, high = NOW - timedelta(days=50), NOW - timedelta(hours=2)
    assert len(series.window(stream, low, high, NOW).gaps) == 50 * 12 - 1
    actions.set_speed(topics=[stream.topic], speed=1, period_s=7200)
    stream.refresh_from_db()
    assert series.window(stream, low, high, NOW).gaps.tolist() == []
    assert set(KeptDay.objects.values_list("gap_us", flat=True)) == {3 * 7200 * 1_000_000}


def test_the_nightly_job_keeps_the_settled_days_once():
    stream = make_stream(period_s=1800)
    store(range(0, 10 * HOURS, 30), np.full(10 * 48, 0.02), timedelta(days=10))
    assert series.keep_settled(NOW) == 7
    assert series.keep_settled(NOW) == 0
    assert sum(KeptDay.objects.filter(datastream=stream).values_list("of", flat=True)) == 7 * 48
