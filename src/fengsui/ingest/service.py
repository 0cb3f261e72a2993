"""The ingest process: fetch, decode, judge, store, commit - and only then acknowledge.

A reading whose device got its PUBACK is in the broker's stream on disk; it leaves the stream after the commit. So a
kill at any moment loses nothing, and what is delivered again changes nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.transaction import atomic
from prometheus_client import Counter, Histogram

from fengsui.apps.sensing import actions, book
from fengsui.engines.devices.nats_stream import NatsStream, mqtt_greeting
from fengsui.ingest.decode import columns
from fengsui.kernel.ports.devices import DeviceStream, Message, StreamClosed

log = structlog.get_logger(__name__)
BATCH = 1000
WAIT_S = 1.0
LOOK_S = 2.0
"""How often the streams' settings are looked at again."""
BACKOFF_S = (0.1, 0.3, 1.0, 2.0)

READINGS = Counter("fengsui_ingest_readings_total", "Readings committed")
REJECTED = Counter("fengsui_ingest_rejected_total", "Messages kept because they could not be used")
CROSSINGS = Counter("fengsui_ingest_crossings_total", "Levels moved")
BATCHES = Histogram("fengsui_ingest_batch_seconds", "Decode, judge, store and commit one batch")


class Service:
    """One worker. Several may run: they share the stream, and lock streams in the same order."""

    def __init__(self, stream: DeviceStream) -> None:
        self.stream = stream
        self.book = book.read()
        self._looked = 0.0

    def store(self, messages: Sequence[Message]) -> None:
        """One batch, one transaction. Raises DatabaseError; then nothing of it is stored and nothing acknowledged."""
        close_old_connections()
        try:
            with BATCHES.time():
                found = columns(self.book, messages)
                with atomic():
                    kept = actions.keep_rejections(self.book, found.rejections)
                    stored = actions.store_readings(self.book, *found.arrays())
            READINGS.inc(stored.rows)
            REJECTED.inc(kept)
            CROSSINGS.inc(stored.crossings)
        finally:
            close_old_connections()

    def look(self) -> None:
        """Read the book again where a stream was added or its rules changed."""
        close_old_connections()
        try:
            if book.version() != self.book.version:
                self.book = book.read()
        finally:
            close_old_connections()

    async def run(self, ending: asyncio.Event) -> None:
        """Until told to end, or StreamClosed. Pending messages are stored before it returns."""
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() - self._looked > LOOK_S:
                await _patiently(self.look)
                self._looked = loop.time()
            if ending.is_set():
                await self.stream.drain()
            messages = await self.stream.fetch(BATCH, WAIT_S)
            if messages:
                await _patiently(self.store, messages)
                await self.stream.ack(messages[-1])
            elif ending.is_set():
                return


async def _patiently(work, *args) -> None:  # type: ignore[no-untyped-def]
    """Again and again until the database is back: the stream keeps what is not acknowledged."""
    tries = 0
    while True:
        try:
            await asyncio.to_thread(work, *args)
            return
        except DatabaseError as error:
            log.warning("ingest.database", error=type(error).__name__, tries=tries)
            await asyncio.sleep(BACKOFF_S[min(tries, len(BACKOFF_S) - 1)])
            tries += 1


async def _open() -> NatsStream:
    url = settings.FENGSUI_NATS_URL
    parts = urlsplit(url)
    greeting = mqtt_greeting(
        os.environ.get("FENGSUI_MQTT_HOST", "127.0.0.1"),
        int(os.environ.get("FENGSUI_MQTT_PORT", "1883")),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )
    return await NatsStream.open(url, ensure_stream=greeting)


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


def main() -> int:
    asyncio.run(serve())
    return 0
