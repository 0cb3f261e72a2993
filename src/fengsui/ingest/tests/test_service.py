from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.db import DataError, OperationalError

from fengsui.apps.sensing import actions
from fengsui.apps.sensing.models import Observation, RejectedMessage
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.ingest import service
from fengsui.ingest.service import Service
from fengsui.kernel.ports.devices import Message, StreamClosed

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


class Queue:
    """The port's twin in memory: at least once, in order."""

    durable = True

    def __init__(self, messages, ending=None, broken_after=None):
        self.waiting, self.acked, self.ending, self.left = list(messages), [], ending, broken_after

    async def fetch(self, count, timeout):
        if self.left == 0:
            raise StreamClosed("gone")
        if self.left is not None:
            self.left -= 1
        got, self.waiting = self.waiting[:count], self.waiting[count:]
        if not self.waiting and self.ending:
            self.ending.set()
        return got

    async def ack(self, upto):
        self.acked.append(upto.key)

    async def drain(self):
        pass

    async def close(self):
        pass


def messages(count, start=0):
    return [
        Message("fs/ST01/water_depth", orjson.dumps({"t": when(i).isoformat(), "v": 0.01, "unit": "m"}), when(i), i)
        for i in range(start, start + count)
    ]


def when(i):
    return NOW + timedelta(seconds=i)


def run(queue, ending):
    asyncio.run(Service(queue).run(ending))


def test_run_stores_and_acknowledges_batch_by_batch(monkeypatch):
    make_stream()
    monkeypatch.setattr(service, "BATCH", 10)
    ending = asyncio.Event()
    queue = Queue(messages(25), ending)
    run(queue, ending)
    assert Observation.objects.count() == 25
    assert queue.acked == [9, 19, 24]


def test_run_does_not_acknowledge_before_the_database_is_back(monkeypatch):
    make_stream()
    ending, real, seen = asyncio.Event(), actions.store_readings, []
    queue = Queue(messages(5), ending)

    def failing(*args):
        seen.append(list(queue.acked))
        if len(seen) < 3:
            raise OperationalError("away")
        return real(*args)

    monkeypatch.setattr(actions, "store_readings", failing)
    run(queue, ending)
    assert seen == [[], [], []]
    assert (Observation.objects.count(), queue.acked) == (5, [4])


def test_store_sets_one_refused_message_aside_and_keeps_the_others(monkeypatch):
    make_stream()
    real = actions.store_readings

    def picky(book, stream, at, *rest):
        if any(each == int(when(3).timestamp()) * 1_000_000 for each in at.tolist()):
            raise DataError("no")
        return real(book, stream, at, *rest)

    monkeypatch.setattr(actions, "store_readings", picky)
    Service(Queue([])).store(messages(8))
    assert Observation.objects.count() == 7
    row = RejectedMessage.objects.get()
    assert (row.code, row.received_at) == ("sensing.store.failed", when(3))


def test_run_finishes_the_store_in_hand_when_the_broker_goes(monkeypatch):
    make_stream()
    queue = Queue(messages(5), broken_after=1)
    with pytest.raises(StreamClosed):
        run(queue, asyncio.Event())
    assert (Observation.objects.count(), queue.acked) == (5, [4])


def test_decode_finds_a_station_that_was_added_a_moment_ago():
    working = Service(Queue([]))
    make_stream()
    working.store(messages(1))
    assert (Observation.objects.count(), RejectedMessage.objects.count()) == (1, 0)


def test_store_keeps_a_message_whose_decoder_breaks():
    make_stream()
    working = Service(Queue([]))

    def broken(payload):
        raise ZeroDivisionError("ours")

    stream = working.book.streams[0]
    object.__setattr__(stream, "kind", type("Kind", (), {"decode": staticmethod(broken), "code": "water_depth"})())
    working.store(messages(1))
    assert RejectedMessage.objects.get().code == "sensor.decode.broken"
