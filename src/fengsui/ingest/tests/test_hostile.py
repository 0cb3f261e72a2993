"""Any batch of any messages: each ends as readings or as a kept rejection, and a second delivery changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.apps.sensing.models import CurrentValue, Observation, RejectedMessage
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.catalog.sensors.contract import MAX_BYTES
from fengsui.catalog.sensors.tests.test_fuzz import HOSTILE, messages
from fengsui.ingest.decode import columns
from fengsui.ingest.service import Service
from fengsui.ingest.tests.test_service import Queue
from fengsui.kernel.ports.devices import Message
from fengsui.science.series import quality as q

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
TOPICS = [
    "fs/ST01/water_depth",
    "fs/RG01/rain_gauge",
    "fs/ST99/water_depth",
    "fs/ST01/water_depth/x",
    "fs/a//b",
    "x\0",
    "深",
]


def batch(payloads, topic="fs/ST01/water_depth"):
    return [Message(topic, each, NOW + timedelta(seconds=i), i) for i, each in enumerate(payloads)]


def kept():
    return (
        list(Observation.objects.order_by("datastream_id", "at", "value").values()),
        list(RejectedMessage.objects.order_by("id").values()),
        list(CurrentValue.objects.order_by("datastream_id").values("at", "value", "flags", "level", "memory")),
    )


@pytest.fixture
def working(transactional_db):
    make_stream("ST01")
    make_stream("RG01", kind="rain_gauge", unit="mm", ladder={})
    return Service(Queue([]))


class Undo(Exception):
    pass


def judge(working, given_messages):
    """Store twice, look, undo."""
    found = columns(working.book, given_messages)
    try:
        with transaction.atomic():
            working._store(given_messages, (working.book, found))
            readings, rejections, current = kept()
            keys = {(found.stream[i], found.at[i], found.value[i]) for i in range(len(found.at))}
            assert len(readings) == len(keys)
            assert len(rejections) == len(found.rejections)
            assert not RejectedMessage.objects.filter(
                code__in=["sensing.store.failed", "sensor.decode.broken"]
            ).exists()
            heard = set(zip(found.stream, found.received_at, strict=True)) | {
                (None, each.received_at) for each in found.rejections
            }
            assert len(heard) >= len({each.received_at for each in given_messages})
            working._store(given_messages, (working.book, found))
            assert kept() == (readings, rejections, current)
            raise Undo
    except Undo:
        pass


def test_hostile_messages_are_kept_when_in_one_batch_with_sound_ones(working):
    sound = orjson.dumps({"t": NOW.isoformat(), "v": 0.02, "unit": "m"})
    given_messages = batch([*HOSTILE, sound])
    judge(working, given_messages)
    working.store(given_messages)
    assert Observation.objects.filter(at=NOW, value=0.02).exists()
    assert set(RejectedMessage.objects.values_list("code", flat=True)) >= {
        "sensor.decode.not_json",
        "sensor.decode.time",
    }


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def _any_batch(working, data):
    bodies = data.draw(
        st.lists(messages() | st.binary(max_size=60) | st.sampled_from(HOSTILE), min_size=1, max_size=12)
    )
    topics = [data.draw(st.sampled_from(TOPICS)) for _ in bodies]
    judge(
        working,
        [
            Message(topic, body, NOW + timedelta(milliseconds=i), i)
            for i, (topic, body) in enumerate(zip(topics, bodies, strict=True))
        ],
    )


def test_each_message_is_kept_once_when_the_batch_is_anything(working):
    _any_batch(working)


@settings(max_examples=60, deadline=None)
@given(
    readings=st.lists(
        st.tuples(
            st.integers(-5, 5) | st.sampled_from([-(10**8), -90_000, 3_600, 10**9]),
            st.sampled_from([0.01, 0.02, -0.0, 0.0, 9.9, 1e308, -1e308, 5e-324]),
        ),
        min_size=1,
        max_size=30,
    )
)
def _any_order(working, readings):
    judge(
        working,
        batch(
            [orjson.dumps({"t": (NOW + timedelta(seconds=s)).isoformat(), "v": v, "unit": "m"}) for s, v in readings]
        ),
    )


def test_each_reading_is_kept_once_when_times_and_values_collide(working):
    _any_order(working)


def test_two_values_of_one_moment_are_both_kept_and_flagged_when_in_one_batch(working):
    at = NOW.isoformat()
    working.store(batch([orjson.dumps({"t": at, "v": v, "unit": "m"}) for v in (0.01, 0.012, 0.01, 0.012)]))
    assert list(Observation.objects.order_by("value").values_list("value", "flags")) == [
        (0.01, 0),
        (0.012, q.DUPLICATE),
    ]


def test_sound_rows_are_stored_and_the_message_is_kept_whole_when_one_row_is_bad(working):
    rows = [[(NOW + timedelta(seconds=i)).isoformat(), 0.01 if i != 150 else None] for i in range(200)]
    body = orjson.dumps({"unit": "m", "readings": rows})
    assert len(body) > 4096
    working.store(batch([body]))
    assert Observation.objects.count() == 199
    row = RejectedMessage.objects.get()
    assert (row.code, bytes(row.payload), row.facts["rows"]) == ("sensor.decode.rows", body, "151")


def test_an_oversized_message_is_kept_by_its_beginning_and_its_size(working):
    working.store(batch([b"x" * (MAX_BYTES + 1)]))
    row = RejectedMessage.objects.get()
    assert (row.code, len(row.payload), row.size) == ("sensor.decode.too_large", 4096, MAX_BYTES + 1)


def test_a_fault_of_ours_with_a_key_sets_its_message_aside_instead_of_blocking_the_stream(working, monkeypatch):
    from fengsui.apps.sensing import actions

    def broken(*_):
        raise KeyError("ours")

    monkeypatch.setattr(actions, "store_readings", broken)
    working.store(batch([orjson.dumps({"t": NOW.isoformat(), "v": 0.01, "unit": "m"})]))
    assert RejectedMessage.objects.get().code == "sensing.store.failed"


def test_a_retained_message_counts_only_with_its_own_time(working):
    dated, undated = ({"t": NOW.isoformat(), "v": 0.01, "unit": "m"}, {"v": 0.02, "unit": "m"})
    working.store(
        [
            Message("fs/ST01/water_depth", orjson.dumps(body), NOW + timedelta(seconds=i), i, retained=True)
            for i, body in enumerate((dated, undated))
        ]
    )
    assert list(Observation.objects.values_list("value", flat=True)) == [0.01]
    assert RejectedMessage.objects.get().code == "sensing.message.undated"
