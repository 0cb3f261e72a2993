"""The ingest process: fetch, decode, judge, store, commit - and only then acknowledge.

A reading whose device got its PUBACK is in the broker's stream on disk; it leaves the stream after the commit. So a
kill at any moment loses nothing, and what is delivered again changes nothing.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError, close_old_connections
from django.db.transaction import atomic
from django.utils import timezone
from prometheus_client import Counter, Gauge, Histogram, start_http_server
from psycopg_pool import PoolTimeout

from fengsui.apps.sensing import actions, book
from fengsui.apps.sensing.book import StreamBook
from fengsui.apps.sensing.hot import StreamGone
from fengsui.core import proofs
from fengsui.engines.devices.mqtt import MqttStream
from fengsui.engines.devices.nats_stream import NatsStream, mqtt_greeting
from fengsui.ingest.decode import UNKNOWN, Columns, columns
from fengsui.kernel.ports.devices import DeviceStream, Message, StreamClosed

log = structlog.get_logger(__name__)
BATCH = 1000
BATCH_BYTES = 8_000_000
"""Payload from which on a batch waits for no more messages."""
WAIT_S = 1.0
LOOK_S = 2.0
"""How often the streams' settings are looked at again."""
BACKOFF_S = (0.1, 0.3, 1.0, 2.0)
AWAY = (DatabaseError, InterfaceError, PoolTimeout)
"""What passes by itself: the server is gone, a deadlock, a table in the hands of a migration."""
REFUSED = (DataError, IntegrityError)
"""What the database has against the data; trying again would not help."""
Decoded = tuple[StreamBook, Columns]

READINGS = Counter("fengsui_ingest_readings_total", "Readings committed")
FLAGGED = Counter("fengsui_ingest_flagged_total", "Readings stored with a quality flag")
AGAIN = Counter("fengsui_ingest_again_total", "Readings delivered again that changed nothing")
DELAY = Histogram("fengsui_ingest_delay_seconds", "From the broker to the commit, first message of a batch")
REJECTED = Counter("fengsui_ingest_rejected_total", "Messages kept because they could not be used")
CROSSINGS = Counter("fengsui_ingest_crossings_total", "Levels moved")
WAITING = Gauge("fengsui_ingest_waiting", "Messages in the broker's stream that are not stored yet")
BATCHES = Histogram("fengsui_ingest_batch_seconds", "Decode, judge, store and commit one batch")


class Service:
    """One worker. A second one loses and doubles nothing, but only a single one keeps the order in a stream."""

    def __init__(self, stream: DeviceStream) -> None:
        self.stream = stream
        actions.make_partitions(timezone.now())
        self.book = book.read()
        self._looked = 0.0
        self._partitions_on = timezone.now().date()

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Columns of a batch and the book they refer to."""
        found = columns(self.book, messages)
        if any(each.code == UNKNOWN for each in found.rejections):
            self.look()  # perhaps a station that was added a moment ago
            found = columns(self.book, messages)
        return self.book, found

    def store(self, messages: Sequence[Message], decoded: Decoded | None = None) -> None:
        """One batch, one transaction. Raises what AWAY names while the database is away; then nothing of it is stored
        and nothing acknowledged. A message that the database refuses does not stop the others.
        """
        close_old_connections()
        try:
            self._store(messages, decoded or self.decode(messages))
        finally:
            close_old_connections()

    def _store(self, messages: Sequence[Message], decoded: Decoded) -> None:
        known, found = decoded
        try:
            with BATCHES.time(), atomic():
                kept = actions.keep_rejections(known, found.rejections)
                stored = actions.store_readings(known, *found.arrays())
        except StreamGone:
            self.book = book.read()
            raise OperationalError("the streams changed") from None
        except Exception as wrong:
            if isinstance(wrong, AWAY) and not isinstance(wrong, REFUSED):
                raise
            log.exception("ingest.refused", messages=len(messages))
            if len(messages) > 1:
                half = len(messages) // 2
                for part in (messages[:half], messages[half:]):
                    self._store(part, self.decode(part))
            else:
                self._set_aside(messages[0], wrong)
            return
        READINGS.inc(stored.rows)
        FLAGGED.inc(stored.flagged)
        AGAIN.inc(stored.readings - stored.rows)
        REJECTED.inc(kept)
        CROSSINGS.inc(stored.crossings)
        DELAY.observe(max(0.0, (timezone.now() - messages[0].received_at).total_seconds()))

    def _set_aside(self, message: Message, wrong: Exception) -> None:
        """The last resort for one message: keep it as rejected, so that it neither vanishes nor blocks the stream."""
        facts = {"detail": f"{type(wrong).__name__}: {wrong}"[:300]}
        topic = message.topic.encode("utf-8", "replace").decode()
        actions.keep_rejections(
            self.book, [actions.Rejection(topic, message.payload, message.received_at, "sensing.store.failed", facts)]
        )
        REJECTED.inc()

    def look(self) -> None:
        """Read the book again where a stream was added or its rules changed; make partitions in time."""
        close_old_connections()
        try:
            if book.version() != self.book.version:
                self.book = book.read()
            if (today := timezone.now().date()) != self._partitions_on:
                actions.make_partitions(timezone.now())
                self._partitions_on = today
            proofs.prove("core.link", "ingest", at=timezone.now(), how="消息流已连", coarse_s=15)
        finally:
            close_old_connections()

    async def run(self, ending: asyncio.Event) -> None:
        """Until told to end, or StreamClosed. Pending messages are stored before it returns.

        While one batch waits for the database, the next is fetched and decoded; stores follow each other in order.
        """
        loop = asyncio.get_running_loop()
        storing: asyncio.Task[None] | None = None
        watch = asyncio.create_task(self._drain_at(ending))
        try:
            while True:
                if loop.time() - self._looked > LOOK_S:
                    await _patiently(self.look)
                    if isinstance(self.stream, NatsStream):
                        WAITING.set(await self.stream.pending())
                    self._looked = loop.time()
                if ending.is_set():
                    await self.stream.drain()
                messages = await self.stream.fetch(BATCH, WAIT_S)
                size = sum(len(each.payload) for each in messages)
                while storing and not storing.done() and 0 < len(messages) < BATCH and size < BATCH_BYTES:
                    await asyncio.wait([storing], timeout=0.01)
                    more = await self.stream.fetch(BATCH - len(messages), 0.0)
                    size += sum(len(each.payload) for each in more)
                    messages += more
                decoded = await _patiently(self.decode, messages) if messages else None
                if storing:
                    await storing
                    storing = None
                if messages:
                    storing = asyncio.create_task(self._keep(messages, decoded))
                elif ending.is_set():
                    return
        finally:
            watch.cancel()
            if storing:  # never two stores at once, whatever ended this one's loop
                await asyncio.wait([storing])

    async def _drain_at(self, ending: asyncio.Event) -> None:
        """A fetch that waits must not make the end wait."""
        await ending.wait()
        await self.stream.drain()

    async def _keep(self, messages: Sequence[Message], decoded: Decoded | None) -> None:
        tried = False

        def store() -> None:
            nonlocal tried
            first, tried = not tried, True
            self.store(messages, decoded if first else None)  # the book may have changed meanwhile

        await _patiently(store)
        await self.stream.ack(messages[-1])


async def _patiently[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Again and again until the database is back: the stream keeps what is not acknowledged."""
    tries = 0
    while True:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except AWAY as error:
            log.warning("ingest.database", error=type(error).__name__, tries=tries)
            await asyncio.sleep(BACKOFF_S[min(tries, len(BACKOFF_S) - 1)])
            tries += 1


async def _open() -> DeviceStream:
    """NATS by default. FENGSUI_DEVICES=mqtt: any MQTT broker, whose promise a PUBACK then is."""
    host, port = os.environ.get("FENGSUI_MQTT_HOST", "127.0.0.1"), int(os.environ.get("FENGSUI_MQTT_PORT", "1883"))
    if os.environ.get("FENGSUI_DEVICES", "nats") == "mqtt":
        return await MqttStream.open(
            host,
            port,
            user=os.environ.get("FENGSUI_MQTT_USER", ""),
            password=os.environ.get("FENGSUI_MQTT_PASSWORD", ""),
            shared=os.environ.get("FENGSUI_MQTT_SHARED", ""),
        )
    parts = urlsplit(settings.FENGSUI_NATS_URL)
    greeting = mqtt_greeting(host, port, unquote(parts.username or ""), unquote(parts.password or ""))
    return await NatsStream.open(settings.FENGSUI_NATS_URL, ensure_stream=greeting)


async def serve() -> None:
    """Connect, work, and connect again for as long as nobody says stop."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    tries = 0
    while not ending.is_set():
        stream = None
        try:
            stream = await _open()
            service = await _started(stream)
            log.info("ingest.up", streams=len(service.book.streams))
            tries = 0
            await service.run(ending)
        except (StreamClosed, OSError) as gone:
            log.warning("ingest.broker", error=str(gone)[:200], tries=tries)
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), BACKOFF_S[min(tries, len(BACKOFF_S) - 1)])
            tries += 1
        finally:
            if stream is not None:
                with suppress(Exception):
                    await stream.close()
    log.info("ingest.down")


async def _started(stream: DeviceStream) -> Service:
    made: list[Service] = []
    await _patiently(lambda: made.append(Service(stream)))
    return made[0]


def main(arguments: Sequence[str] = ()) -> int:
    if port := os.environ.get("FENGSUI_INGEST_METRICS_PORT"):
        start_http_server(int(port), "127.0.0.1")
    tune()
    asyncio.run(serve())
    return 0


def tune() -> None:
    """For a process whose one thread reads the broker while the other talks to the database."""
    # Each answer of the database would wait up to 5 ms for the thread that parses messages.
    sys.setswitchinterval(0.0003)
    # Batches make tens of thousands of short-lived tuples: collecting at each 700 of them costs a tenth of the rate.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
