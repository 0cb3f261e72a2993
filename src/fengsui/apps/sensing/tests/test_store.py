from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from fengsui.apps.sensing import actions, boards, book, rules
from fengsui.apps.sensing.models import CurrentValue, Datastream, Observation, RejectedMessage
from fengsui.apps.sensing.tests.make import LADDER, US0, columns, make_stream, moment
from fengsui.core.models import StoredEvent
from fengsui.core.ui import present
from fengsui.core.worlds import LIVE
from fengsui.science.series import quality as q

pytestmark = pytest.mark.django_db


def rows():
    return list(Observation.objects.order_by("datastream_id", "at", "value").values_list("at", "value", "flags"))


def test_store_readings_when_they_are_new():
    stream = make_stream()
    stored = actions.store_readings(book.read(), *columns([(0, 0, 0.01), (0, 60, 0.02)]))
    assert (stored.readings, stored.rows, stored.flagged, stored.crossings) == (2, 2, 0, 0)
    assert rows() == [(moment(0), 0.01, 0), (moment(60), 0.02, 0)]
    now = CurrentValue.objects.get(datastream=stream)
    assert (now.at, now.value, now.good_value, now.level, now.watched) == (moment(60), 0.02, 0.02, 0, False)
    assert StoredEvent.objects.count() == 0


def test_store_readings_changes_nothing_when_delivered_again():
    make_stream()
    readings = columns([(0, 0, 0.01), (0, 60, 0.12), (0, 60, 0.13), (0, 30, 9.0), (0, 120, 0.14)])
    actions.store_readings(book.read(), *readings)
    before = rows(), list(CurrentValue.objects.values()), StoredEvent.objects.count()
    again = actions.store_readings(book.read(), *readings)
    assert (again.rows, again.crossings) == (0, 0)
    assert (rows(), list(CurrentValue.objects.values()), StoredEvent.objects.count()) == before


def test_store_readings_keeps_bad_values_with_flag_and_does_not_climb():
    make_stream()
    stored = actions.store_readings(
        book.read(), *columns([(0, 0, 0.01), (0, 60, 9.0), (0, 120, 3.0), (0, 180, 0.01), (0, 180, 0.3)])
    )
    assert [row[2] for row in rows()] == [0, q.RANGE, q.RATE, 0, q.DUPLICATE]
    assert (stored.flagged, stored.crossings) == (3, 0)
    now = CurrentValue.objects.get()
    assert (now.at, now.value, now.level) == (moment(180), 0.01, 0)


def test_store_readings_flags_a_second_value_when_the_first_is_already_stored():
    make_stream()
    actions.store_readings(book.read(), *columns([(0, 0, 0.01), (0, 60, 0.02), (0, 120, 0.02)]))
    actions.store_readings(book.read(), *columns([(0, 60, 0.03)]))
    assert rows()[2] == (moment(60), 0.03, q.DUPLICATE | q.LATE)


def test_store_readings_announces_a_crossing_in_the_chain_of_its_first_reading():
    stream = make_stream(ladder={**LADDER, "up_count": 2})
    actions.store_readings(book.read(), *columns([(0, 0, 0.01), (0, 60, 0.06), (0, 120, 0.12)]))
    assert StoredEvent.objects.count() == 0
    assert CurrentValue.objects.get().watched is True
    stored = actions.store_readings(book.read(), *columns([(0, 180, 0.16), (0, 240, 0.17)]))
    assert stored.crossings == 2
    first, second = StoredEvent.objects.order_by("id")
    assert first.name == "sensing.ThresholdCrossed"
    assert first.correlation == second.correlation == rules.chain_of(stream.id, US0 + 60_000_000)
    assert [(e.payload["level_from"], e.payload["level_to"], e.payload["value"]) for e in (first, second)] == [
        ("none", "blue", 0.16),
        ("blue", "yellow", 0.17),
    ]
    assert first.payload["first_at"] == moment(60).isoformat()
    assert (first.payload["line"], first.payload["unit"], first.payload["station_code"]) == (0.1, "m", "ST01")
    assert CurrentValue.objects.get().correlation == first.correlation


def test_store_readings_keeps_streams_and_worlds_apart():
    make_stream("ST01")
    make_stream("ST02")
    stored = actions.store_readings(book.read(), *columns([(1, 0, 0.5), (0, 0, 0.01), (1, 60, 0.5)]))
    assert stored.rows == 3
    assert list(CurrentValue.objects.order_by("datastream_id").values_list("level", flat=True)) == [0, 4]


def test_store_readings_puts_absurd_times_into_the_other_partition():
    make_stream()
    actions.store_readings(book.read(), *columns([(0, -40 * 365 * 86_400, 0.01, 40 * 365 * 86_400), (0, 0, 0.01)]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT flags FROM sensing_observation_other")
        assert cursor.fetchall() == [(q.ANCIENT,)]


def test_make_partitions_moves_rows_out_of_the_other_partition():
    make_stream()
    actions.store_readings(book.read(), *columns([(0, 400 * 86_400, 0.01, 1)]))
    made = actions.make_partitions(moment(400 * 86_400), months_ahead=0)
    assert made == ["sensing_observation_2027_11", "sensing_observation_2027_12"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sensing_observation_2027_12")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT count(*) FROM sensing_observation_other")
        assert cursor.fetchone() == (0,)


def test_keep_rejections_keeps_one_row_when_delivered_again():
    make_stream()
    known = book.read()
    one = actions.Rejection(
        "fs/ST01/water_depth", b'{"v": \x00}', moment(0), "sensor.decode.not_json", {"detail": "\0 x"}, 0
    )
    assert actions.keep_rejections(known, [one, one]) == 1
    assert actions.keep_rejections(known, [one]) == 0
    row = RejectedMessage.objects.get()
    assert (row.code, row.size, row.datastream_id, row.world_id) == (
        "sensor.decode.not_json",
        8,
        known.streams[0].id,
        LIVE,
    )


def test_book_reads_a_stream_with_a_broken_ladder_as_one_without():
    make_stream(ladder={"blue": 0.5, "yellow": 0.1})
    assert book.read().ladders == [None]


@pytest.mark.parametrize(
    ("age", "speed", "expected"),
    [(60, 1, "fresh"), (121, 1, "late"), (181, 1, "lost"), (4, 60, "fresh"), (14, 60, "late"), (16, 60, "lost")],
)
def test_freshness_by_periods(age, speed, expected):
    now = datetime(2026, 11, 20, 3, tzinfo=UTC)
    period = boards.wall_period_s(Datastream(period_s=60, speed=speed))
    assert present.age(now - timedelta(seconds=age), now, period).state == expected
