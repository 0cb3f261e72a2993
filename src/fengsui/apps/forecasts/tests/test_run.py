from __future__ import annotations

import pytest

from fengsui.apps.forecasts import actions, queries
from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.sensing import actions as sensing
from fengsui.apps.sensing import book
from fengsui.apps.sensing.tests.make import columns, make_stream, moment
from fengsui.core.models import StoredEvent

pytestmark = pytest.mark.django_db


def feed(readings, **over):
    stream = make_stream(**over)
    sensing.store_readings(book.read(), *columns(readings))
    return stream


def test_run_waiting_forecasts_a_rising_stream_and_tells_when_lines_are_reached():
    stream = feed([(0, 60 * i, 0.01 + 0.004 * i) for i in range(16)])
    assert actions.run_waiting(moment(900)) == 1
    run = queries.latest(stream.id)
    assert (run.method, run.value, run.issued_at) == ("trend", pytest.approx(0.07), moment(900))
    assert [(c["level"], c["line"]) for c in run.crossings] == [(1, 0.1), (2, 0.15), (3, 0.25)]
    assert run.crossings[0]["in_s"] == pytest.approx(450, abs=1)
    assert len(run.points) == 12
    event = StoredEvent.objects.get(name="forecasts.ForecastReady")
    assert event.payload["crossings"] == run.crossings
    assert event.correlation == run.correlation == book_correlation(stream)


def book_correlation(stream):
    return stream.current.correlation


def test_run_waiting_does_nothing_when_nothing_new_was_read():
    feed([(0, 60 * i, 0.01 + 0.004 * i) for i in range(16)])
    assert actions.run_waiting(moment(900)) == 1
    assert actions.run_waiting(moment(960)) == 0
    assert ForecastRun.objects.all_worlds("test").count() == 1


def test_run_waiting_leaves_normal_streams_alone():
    feed([(0, 60 * i, 0.01) for i in range(16)])
    assert actions.run_waiting(moment(900)) == 0


def test_run_counts_seconds_on_the_waters_clock_in_a_replay():
    stream = feed([(0, 4 * i, 0.01 + 0.004 * i, 0.1) for i in range(16)], speed=15)
    assert actions.run_waiting(moment(60)) == 1
    run = queries.latest(stream.id)
    assert run.crossings[0]["in_s"] == pytest.approx(450, abs=2)
    assert run.points[-1][0] - run.points[0][0] == 11 * 300_000 // 15


def test_run_tells_once_more_when_no_line_will_be_reached():
    stream = feed([(0, 60 * i, 0.01 + 0.004 * i) for i in range(16)])
    actions.run_waiting(moment(900))
    sensing.store_readings(book.read(), *columns([(0, 960 + 60 * i, 0.07 - 0.001 * i) for i in range(12)]))
    actions.run_waiting(moment(1700))
    latest = queries.latest(stream.id)
    assert latest.crossings == []
    assert min(low for _at, _point, low, _high in latest.points) == -0.02, "no interval ends below what can be read"
    told = StoredEvent.objects.filter(name="forecasts.ForecastReady").order_by("id")
    assert [bool(event.payload["crossings"]) for event in told] == [True, False]
