"""The checks behind the commit: the bits of science however cut, none skipped or doubled by a kill, floods no doubt."""

from __future__ import annotations

import itertools
from datetime import timedelta

import numpy as np
import psycopg
import pytest
from django.utils import timezone

from fengsui.apps.sensing import actions, book, courses, neighbours
from fengsui.apps.sensing.models import Course, CourseMark, CurrentValue, Datastream
from fengsui.apps.sensing.tests.make import US0, make_stream, moment
from fengsui.core.models import World
from fengsui.core.worlds import LIVE
from fengsui.science.series import kept, marks
from fengsui.science.series.watch import Watch

pytestmark = pytest.mark.django_db
MINUTE = 60_000_000
NOW = moment(0) + timedelta(days=2)


def gauges(count, **over):
    return [make_stream(f"G{i}", "river_stage", ladder={}, **over) for i in range(count)]


def rounds(count, streams, seed=1, level=None):
    """Readings of all streams minute by minute, in their order of arrival: stream, at, value, received, given."""
    rng = np.random.default_rng(seed)
    water = np.cumsum(rng.normal(0, 0.005, count)) if level is None else level
    order = np.concatenate([rng.permutation(streams) for _ in range(count)])
    at = US0 + np.repeat(np.arange(count), streams) * MINUTE
    value = np.round(np.repeat(water, streams) + rng.normal(0, 0.012, count * streams), 3) + 1.0
    received = at + 500_000 + np.tile(np.arange(streams), count) * 1_000
    return order.astype(np.intp), at, value, received, np.zeros(count * streams, np.int16)


def store(readings, low=0, high=None):
    actions.store_readings(book.read(), *(column[low:high] for column in readings))


def kept_marks():
    rows = CourseMark.objects.order_by("datastream_id", "at").values_list("datastream_id", "at", "marks", "far")
    return [(pk, int((at - moment(0)).total_seconds()), bits, np.float64(far).tobytes()) for pk, at, bits, far in rows]


def of_science(streams, readings, batch=False):
    """The same of `Watch` over the same readings in the same order, as one whole."""
    watch = Watch()
    near = neighbours.near([(s.pk, s.station.location.x, s.station.location.y) for s in streams], 40.0)
    place = {s.pk: i for i, s in enumerate(streams)}
    rule = courses.rule("river_stage", 60, {}, {})
    watch.add_many([rule] * len(streams), [[place[each] for each in near[s.pk]] for s in streams])
    seen = (watch.batch if batch else watch.feed)(*readings)
    found = []
    for r in np.flatnonzero(seen.flags & marks.REMARKS):
        bits = int(seen.flags[r]) & marks.REMARKS
        far = seen.drift[r] if bits & marks.DRIFT else seen.z[r]
        found.append((streams[readings[0][r]].pk, (int(readings[1][r]) - US0) // 1_000_000, bits, far.tobytes()))
    return sorted(found, key=lambda row: row[:2])


def odd(readings, streams):
    """One gauge jumps, one drifts away, one reading is a spike."""
    stream, at, value, received, given = readings
    minute = (at - US0) // MINUTE
    value = value + np.where((stream == 1) & (minute > 400), 0.15, 0.0)
    value = value + np.where((stream == 2) & (minute > 300), (minute - 300) * 0.001, 0.0)
    value = np.where((stream == 0) & (minute == 350), value + 0.18, value)
    return stream, at, np.round(value, 3), received, given


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pieces_through_the_database_give_the_bits_of_science(seed):
    streams = gauges(4)
    readings = odd(rounds(480, 4, seed), 4)
    rng = np.random.default_rng(seed)
    cuts = [0, *sorted(rng.choice(len(readings[0]), 9, replace=False).tolist()), None]
    for low, high in itertools.pairwise(cuts):
        store(readings, low, high)
        if rng.random() < 0.7:
            courses.check_all(NOW)
    courses.check_all(NOW)
    found = kept_marks()
    assert found == of_science(streams, readings)
    assert {bit for _, _, bits, _ in found for bit in (marks.SPIKE, marks.SHIFT, marks.DRIFT) if bits & bit} == {
        marks.SPIKE, marks.SHIFT, marks.DRIFT,
    }  # fmt: skip
    if seed == 1:
        assert found == of_science(streams, readings, batch=True)


def test_a_backlog_is_taken_up_in_step_and_gives_the_same_bits(monkeypatch):
    streams = gauges(3)
    readings = odd(rounds(420, 3), 3)
    store(readings, 0, 3)
    courses.check_all(NOW)  # before the backlog: all that follows lies behind the cursor
    store(readings, 3)
    monkeypatch.setattr(courses, "ROWS", 1)
    pieces = 0
    while courses.check(LIVE, NOW).more:
        pieces += 1
    assert pieces == 8  # of 50 minutes each
    assert kept_marks() == of_science(streams, readings)


def test_one_straggler_holds_up_nobody(monkeypatch):
    gauges(12)
    readings = rounds(60, 12)
    late = readings[0] == 5
    store([column[~late] for column in readings])
    courses.check_all(NOW)
    monkeypatch.setattr(courses, "LEAST_EACH", 10)
    monkeypatch.setattr(courses, "ROWS", 1)
    store([column[late] for column in readings])
    others = np.array([i for i in range(12) if i != 5], np.intp)
    at = np.full(11, US0 + 60 * MINUTE)
    store([others, at, np.ones(11), at + 1, np.zeros(11, np.int16)])
    courses.check(LIVE, NOW)
    upto = dict(Course.objects.values_list("datastream__topic", "upto"))
    assert upto["fs/G0/river_stage"] == moment(3600)
    assert upto["fs/G5/river_stage"] == moment(540)


@pytest.mark.parametrize("where", ["_mark", "_keep"])
def test_a_kill_in_the_middle_neither_skips_nor_doubles_a_mark(where, monkeypatch):
    streams = gauges(4)
    readings = odd(rounds(480, 4), 4)
    store(readings, 0, 1_000)
    courses.check_all(NOW)
    before = kept_marks(), list(Course.objects.order_by("pk").values())
    store(readings, 1_000)
    whole = getattr(courses, where)

    def dies(*args):
        whole(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(courses, where, dies)
        with pytest.raises(KeyboardInterrupt):
            courses.check_all(NOW)
    assert (kept_marks(), list(Course.objects.order_by("pk").values())) == before
    courses.check_all(NOW)
    assert kept_marks() == of_science(streams, readings)
    assert courses.check_all(NOW).readings == 0


def test_what_the_ingest_refused_and_what_comes_behind_marks_nothing():
    gauges(2)
    readings = rounds(120, 2)
    store(readings)
    courses.check_all(NOW)
    assert kept_marks() == []
    late = [np.array([0], np.intp), readings[1][50:51] + 7, np.array([5.0]), readings[3][-1:], np.zeros(1, np.int16)]
    store(late)
    broken = [np.array([0], np.intp), readings[1][-1:] + MINUTE, np.array([99.0]), readings[3][-1:] + MINUTE,
              np.zeros(1, np.int16)]  # fmt: skip
    store(broken)
    assert courses.check_all(NOW).readings == 1
    assert kept_marks() == []


def test_another_period_is_learnt_anew():
    [stream] = gauges(1)
    readings = rounds(130, 1)
    store(readings, 0, 70)
    courses.check_all(NOW)
    actions.set_speed(topics=[stream.topic], speed=1.0, period_s=120)
    store(readings, 70)
    courses.check_all(NOW)
    row = Course.objects.get()
    assert row.taught.endswith(" 120 1")
    state = np.frombuffer(bytes(row.kept), kept.STATE, count=1)[0]
    assert state["known"] == 60


def test_a_stream_that_is_first_looked_at_begins_with_its_last_periods():
    gauges(1)
    readings = rounds(400, 1)
    store(readings)
    assert courses.check_all(NOW).readings == courses.START_PERIODS
    make_stream("RG01", "rain_gauge", "mm", ladder={})
    courses.check_all(NOW + timedelta(days=1))
    assert Course.objects.count() == 1  # rain has no course


class Counting(psycopg.Cursor):
    """What goes past Django's own count."""

    asked = 0

    def execute(self, *args, **kwargs):
        Counting.asked += 1
        return super().execute(*args, **kwargs)


@pytest.mark.parametrize("count", [3, 40])
def test_the_number_of_queries_does_not_grow_with_the_streams(count, monkeypatch, django_assert_max_num_queries):
    gauges(count)
    readings = odd(rounds(80, count), count)
    store(readings, 0, 79 * count)
    courses.check_all(NOW)
    store(readings, 79 * count)
    monkeypatch.setattr(courses.psycopg, "Cursor", Counting)
    Counting.asked = 0
    with django_assert_max_num_queries(7):
        assert courses.check(LIVE, NOW).readings == count
    assert Counting.asked <= 4


def test_worlds_are_kept_apart_and_one_that_ended_is_left_alone():
    world = World.objects.create(kind="exercise", name="演练")
    gauges(2)
    for i in range(2):
        make_stream(f"G{i}", "river_stage", ladder={}, world_id=world.pk, topic=f"x/G{i}/river_stage")
    store(rounds(80, 4))
    courses.check_all(NOW)
    near = {row.pk: row.near for row in Course.objects.select_related("datastream")}
    worlds = dict(Datastream.objects.all_worlds("test").values_list("pk", "world_id"))
    assert all(len(row) == 1 and worlds[row[0]] == worlds[pk] for pk, row in near.items())
    World.objects.filter(pk=world.pk).update(ended_at=NOW)
    CurrentValue.objects.update(at=NOW)
    courses.check_all(NOW)
    assert {worlds[pk] for pk in Course.objects.filter(upto=NOW).values_list("pk", flat=True)} == {LIVE}


def test_neighbours_are_the_nearest_eight_within_reach_and_follow_the_streams():
    members = [(i, 123.0 + i * 0.05, 41.8) for i in range(20)]  # about 4.1 km apart
    found = neighbours.near(members, 10.0)
    assert found[5] == [4, 6, 3, 7]
    assert neighbours.near(members, 500.0)[0] == [1, 2, 3, 4, 5, 6, 7, 8]
    streams = gauges(3)
    store(rounds(20, 3))
    courses.check_all(NOW)
    Datastream.objects.in_world(LIVE).filter(pk=streams[1].pk).update(is_active=False, changed_at=timezone.now())
    courses.check_all(NOW)
    assert Course.objects.get(pk=streams[0].pk).near == [streams[2].pk]
