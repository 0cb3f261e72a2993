"""From marks to a doubt and back, and what the pages say of it: one of neighbours, once, and nobody is called."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.apps.sensing import course_board, courses
from fengsui.apps.sensing.doubts import Doubt, alone, follow
from fengsui.apps.sensing.models import Course, CourseMark
from fengsui.apps.sensing.tests.make import make_stream, moment
from fengsui.apps.sensing.tests.test_courses import MINUTE, NOW, US0, gauges, rounds, store
from fengsui.apps.sensing.tests.test_pages import log_in
from fengsui.core.models import Clock
from fengsui.science.series.marks import ALONE, AWAY, BORNE, DRIFT, SHIFT, SPIKE


@pytest.fixture
def quick(db, settings, monkeypatch):
    """An hour is long enough, so that the courses here may be short."""
    settings.FENGSUI_DOUBT_AFTER_S = 3_600
    monkeypatch.setattr(courses, "HELD_PERIODS", 60)


def drifting(minutes=620, streams=5, until=None, seed=4):
    """Gauge 2 drifts from minute 320 by two millimetres a minute, until it is set right."""
    stream, at, value, received, given_ = rounds(minutes, streams, seed)
    minute = (at - US0) // MINUTE
    off = np.where(minute < (until or minutes), np.maximum(minute - 320, 0) * 0.002, 0.0)
    return stream, at, np.round(value + np.where(stream == 2, off, 0.0), 3), received, given_


def look(readings):
    """Stored and checked hour by hour, as it comes."""
    for low in range(0, len(readings[0]), 300):
        store(readings, low, low + 300)
        courses.check_all(NOW)


def doubted():
    return list(Course.objects.filter(doubted_at__isnull=False).values_list("pk", flat=True))


def test_a_drift_that_holds_is_doubted_and_its_neighbours_are_not(quick):
    streams = gauges(5)
    look(drifting())
    assert doubted() == [streams[2].pk]
    row = Course.objects.get(pk=streams[2].pk)
    assert row.drift_at > moment(320 * 60)
    assert row.doubted_at == NOW
    assert not Clock.objects.all_worlds("test").exists()


def test_a_drift_that_ends_is_doubted_no_more(quick):
    streams = gauges(5)
    look(drifting(760, until=600))
    assert doubted() == []
    row = Course.objects.get(pk=streams[2].pk)
    assert (row.settled_at, row.drift_at) == (NOW, None)


def test_an_hour_is_no_doubt_by_the_rule_that_runs(db):
    gauges(5)
    look(drifting())
    assert CourseMark.objects.exists()
    assert doubted() == []


def test_with_one_neighbour_nobody_knows_which_of_the_two_drifts(quick):
    gauges(2)
    stream, *rest = drifting()
    few = (stream == 2) | (stream == 0)
    look(((stream[few] > 0).astype(np.intp), *(column[few] for column in rest)))
    assert CourseMark.objects.exists()
    assert doubted() == []


def test_of_neighbours_that_drift_together_the_first_goes_on():
    first, later, apart = Doubt(drift_at=10), Doubt(drift_at=20), Doubt(drift_at=30)
    found = alone({1: first, 2: later, 3: apart}, {1: [2], 2: [1], 3: []}, {}, dict.fromkeys((1, 2, 3), 99))
    assert [found[k].drift_at for k in (1, 2, 3)] == [10, 99, 30]
    assert alone({2: later}, {2: [1, 7]}, {7: 5}, {2: 99})[2].drift_at == 99


BITS = st.sampled_from([0, DRIFT, SHIFT | AWAY, SHIFT | AWAY | ALONE, SHIFT | BORNE, SHIFT, AWAY])
READ = st.tuples(BITS, st.floats(-2, 2), st.one_of(st.floats(-2, 2), st.just(float("nan"))), st.booleans())


@settings(max_examples=200)
@given(st.lists(READ, max_size=30), st.integers(0, 30), st.integers(0, 8))
def test_a_doubt_does_not_depend_on_the_cuts(read, cut, near):
    columns = (
        [k * 10 for k in range(len(read))], [r[1] for r in read], [r[0] for r in read], [r[2] for r in read],
        [float("nan") if r[3] else 1.0 for r in read],
    )  # fmt: skip
    whole = follow(Doubt(), near, *columns)
    first = follow(Doubt(), near, *(column[:cut] for column in columns))
    again = follow(first, near, *(column[cut:] for column in columns))
    assert repr(again) == repr(whole)
    if near < 2:
        assert whole.drift_at is None


def test_a_shift_is_due_by_who_could_be_asked():
    alone_ = follow(Doubt(), 2, [0], [1.0], [SHIFT | AWAY | ALONE], [0.0], [0.0])
    asked_nobody = follow(Doubt(), 0, [0], [1.0], [SHIFT | AWAY], [0.0], [float("nan")])
    assert (alone_.due(99, 100, None), alone_.due(100, 100, None)) == ("", "shift")
    assert (asked_nobody.due(10**9, 100, None), asked_nobody.due(500, 100, 500)) == ("", "shift")
    assert follow(alone_, 2, [1], [0.1], [0], [0.4], [0.0]).shift_at is None  # back by more than half
    assert follow(alone_, 2, [1], [0.9], [0], [0.6], [0.0]).shift_at == 0
    assert follow(alone_, 2, [1], [0.9], [SHIFT | BORNE], [0.9], [0.0]).shift_at is None


def test_page_curve_and_list_show_marks_and_doubt(client, quick):
    streams = gauges(5)
    readings = drifting()
    # As if the last of them came just now: pages show the last hours.
    gone = int((timezone.now().replace(microsecond=0) - moment(0)).total_seconds()) * 1_000_000 - 619 * MINUTE
    stream, at, value, received, given_ = readings
    look((stream, at + gone, value, received + gone, given_))
    duty = log_in(client)
    page = duty.get("/stations/G2/").content.decode()
    for words in ("走势核对", "存疑：相对邻站漂移", "洪水、潮汐和闸坝调度也会这样", "离散度不小于"):
        assert words in page
    assert '/stations/G1/?kind=river_stage">G1站</a>' in page
    other = duty.get("/stations/G1/").content.decode()
    assert "走势核对" in other
    assert "存疑：" not in other
    part = duty.get("/stations/G2/?kind=river_stage&part=course").content.decode()
    assert "存疑：相对邻站漂移" in part
    assert "<html" not in part
    rows = duty.get("/stations/?course=doubted").content.decode()
    assert "G2站" in rows
    assert "G1站" not in rows
    assert "走势存疑 <b>1</b>" in rows
    [series] = duty.get("/stations/G2/series.json?kind=river_stage&hours=24").json()["series"]
    assert "漂移" in series["marks"][0][2]
    assert streams[2].pk in doubted()
    duty.cookies["django_language"] = "en"
    assert "Doubted: drifts from its neighbours" in duty.get("/stations/G2/").content.decode()


def test_a_run_of_marks_is_drawn_once_and_what_is_only_away_is_not(db):
    [stream] = gauges(1)
    store(rounds(30, 1))
    bits = {3: SPIKE, 5: AWAY, 10: DRIFT, 11: DRIFT | AWAY, 12: DRIFT, 25: DRIFT, 26: DRIFT | SPIKE}
    for minute, mark in bits.items():
        CourseMark.objects.create(datastream=stream, at=moment(minute * 60), marks=mark, far=1.0)
    found = course_board.drawn(stream, moment(0), moment(0) + timedelta(hours=1), 60.0)
    minutes = [round(at / 60_000 - moment(0).timestamp() / 60) for at, _, _ in found]
    assert minutes == [3, 10, 25, 26]
    assert [row[0] for row in course_board.drawn(stream, moment(0), moment(11 * 60), 60.0)] == [x[0] for x in found[:2]]


def test_a_kind_without_checks_has_no_panel(client, db):
    make_stream("RG01", "rain_gauge", "mm", ladder={})
    assert "走势核对" not in log_in(client).get("/stations/RG01/").content.decode()
