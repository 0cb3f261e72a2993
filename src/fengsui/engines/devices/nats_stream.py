"""Device messages pulled from NATS JetStream: the broker keeps a QoS 1 publish on disk before its PUBACK.

MQTT publishes land in the stream `$MQTT_msgs` as `$MQTT.msgs.<topic with dots>` while a consumer is interested.
The consumer acknowledges message by message (EXPLICIT): with ALL, a worker that restarts would acknowledge what its
killed predecessor had fetched and never stored. Acknowledgements of a batch travel in one write.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import nats
import nats.errors
import nats.js.errors
import orjson
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from fengsui.kernel.ports.devices import Message, StreamClosed

STREAM = "$MQTT_msgs"
PREFIX = "$MQTT.msgs."
CONSUMER = "fengsui-ingest"
ACK_WAIT_S = 5.0
REQUEST = 1000
EXPIRES_S = 5.0
IN_HAND_BYTES = 8_000_000
"""Payload that one fetch gives, and that one request may bring: devices with huge messages must not fill the memory."""
_GONE = (nats.errors.Error, nats.js.errors.Error, OSError, asyncio.TimeoutError)

EnsureStream = Callable[[], Awaitable[None]]


def subject_of(topic: str) -> str:
    """`fs/ST01/water_depth` -> `$MQTT.msgs.fs.ST01.water_depth`. Raises ValueError for what NATS maps elsewhere."""
    if not topic or any(ch in topic for ch in ".*> \t\r\n\0") or "" in topic.split("/"):
        raise ValueError(f"topic {topic!r} cannot be a subject")
    return PREFIX + topic.replace("/", ".")


def topic_of(subject: str) -> str:
    """The MQTT topic as the device wrote it. The server writes a dot as `//`, and a `/` beside an empty level."""
    rest = subject.removeprefix(PREFIX)
    if "/" in rest:
        return rest.replace("//", "\0").replace("/", "").replace(".", "/").replace("\0", ".")
    return rest.replace(".", "/")


async def connect(url: str, name: str, patience_s: float = 2.0) -> Any:
    """A connection that raises at once when the broker is away and does not reconnect behind our back."""

    async def quiet(_: Exception) -> None:
        return None

    # The client tries a dead server for ever, so the patience is ours.
    attempt = nats.connect(
        url, name=name, allow_reconnect=False, connect_timeout=patience_s, error_cb=quiet, max_reconnect_attempts=1
    )
    try:
        return await asyncio.wait_for(attempt, patience_s)
    except _GONE as gone:
        raise StreamClosed(str(gone) or type(gone).__name__) from None


async def _consumer(js: Any, consumer: str, topic_root: str, ensure_stream: EnsureStream | None) -> Any:
    """What the server knows of the durable consumer, made where it is missing."""
    try:
        return await js.consumer_info(STREAM, consumer)
    except nats.js.errors.NotFoundError:
        with contextlib.suppress(nats.js.errors.Error):
            if ensure_stream:
                await ensure_stream()
    config = ConsumerConfig(
        durable_name=consumer,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=20_000,
        filter_subject=f"{PREFIX}{topic_root}.>",
    )
    return await js.add_consumer(STREAM, config)


async def make_consumer(url: str, ensure_stream: EnsureStream) -> None:
    """Stream and consumer on an empty server: without them it acknowledges and keeps nothing. Raises StreamClosed."""
    connection = await connect(url, CONSUMER)
    try:
        await _consumer(connection.jetstream(timeout=5), CONSUMER, "fs", ensure_stream)
    except _GONE as gone:
        raise StreamClosed(str(gone) or type(gone).__name__) from None
    finally:
        await _close(connection)


class NatsStream:
    """A pull consumer with one long request always open: no polling, and a reading waits for nobody."""

    durable = True

    def __init__(self, connection: Any, subscription: Any, inbox: str, consumer: str) -> None:
        self._nc, self._sub, self._inbox, self._consumer = connection, subscription, inbox, consumer
        self._ready: deque[Any] = deque()
        self._ready_bytes = 0
        self._arrived = asyncio.Event()
        self._given: deque[tuple[int, str]] = deque()
        self._owed = 0
        self._asked = 0
        self._asked_at = 0.0
        self._draining = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        topic_root: str = "fs",
        consumer: str = CONSUMER,
        ensure_stream: EnsureStream | None = None,
    ) -> NatsStream:
        """Connect, make the durable consumer where it is missing, wait for what a killed predecessor had in hand.

        ensure_stream: called when `$MQTT_msgs` does not exist yet; the broker makes it for its first MQTT client.
        Raises StreamClosed.
        """
        connection = await connect(url, consumer)
        try:
            js = connection.jetstream(timeout=5)
            info = await _consumer(js, consumer, topic_root, ensure_stream)
            if info.num_ack_pending:
                # Redelivery goes first once its time is up: older readings then still come before newer ones.
                await asyncio.sleep(ACK_WAIT_S + 0.5)
            inbox = connection.new_inbox()
            stream = cls(connection, None, inbox, consumer)
            stream._sub = await connection.subscribe(
                f"{inbox}.*", cb=stream._receive, pending_msgs_limit=100_000, pending_bytes_limit=512 * 1024 * 1024
            )
            await stream._ask()
            return stream
        except _GONE as gone:
            await _close(connection)
            raise StreamClosed(str(gone) or type(gone).__name__) from None

    async def _receive(self, msg: Any) -> None:
        if msg.reply:
            self._owed -= 1
            self._ready.append(msg)
            self._ready_bytes += len(msg.data)
            self._arrived.set()
            return
        # The end of a request: its time or its bytes are used up. What it still owed is not coming.
        headers = msg.headers or {}
        self._owed = max(0, self._owed - int(headers.get("Nats-Pending-Messages", self._owed)))
        self._arrived.set()

    async def _ask(self) -> None:
        self._asked += 1
        self._owed += REQUEST
        self._asked_at = asyncio.get_running_loop().time()
        body = orjson.dumps({"batch": REQUEST, "max_bytes": IN_HAND_BYTES, "expires": int(EXPIRES_S * 1e9)})
        await self._nc.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{self._consumer}", body, reply=f"{self._inbox}.{self._asked}"
        )

    async def fetch(self, count: int, timeout: float, gather: float = 0.015) -> list[Message]:
        """See the port. After the first message others may join for `gather` seconds: one commit serves many."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        gathered: float | None = None
        while True:
            if self._nc.is_closed or not self._nc.is_connected:
                raise StreamClosed("connection lost")
            if self._draining:
                break
            silent = loop.time() - self._asked_at > EXPIRES_S + 2
            if self._ready_bytes < IN_HAND_BYTES and (len(self._ready) + self._owed < count + REQUEST // 2 or silent):
                self._owed = 0 if silent else self._owed
                await self._request()
            if len(self._ready) >= count or self._ready_bytes >= IN_HAND_BYTES:
                break
            if self._ready and gathered is None:
                gathered = loop.time() + gather
            left = (gathered or deadline) - loop.time()
            if left <= 0:
                break
            self._arrived.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), min(left, 1.0))
        return self._take(count)

    def _take(self, count: int) -> list[Message]:
        """At least one message, if there is any, and more while they are neither too many nor too large together."""
        taken: list[Message] = []
        size = 0
        while self._ready and len(taken) < count and (not taken or size + len(self._ready[0].data) <= IN_HAND_BYTES):
            msg = self._ready.popleft()
            size += len(msg.data)
            taken.append(self._message(msg))
        self._ready_bytes -= size
        return taken

    async def _request(self) -> None:
        try:
            await self._ask()
        except _GONE as gone:
            raise StreamClosed(str(gone) or type(gone).__name__) from None

    def _message(self, msg: Any) -> Message:
        parts = msg.reply.split(".")
        delivered, sequence, _, when = parts[4:8] if len(parts) == 9 else parts[6:10]
        self._given.append((int(sequence), msg.reply))
        return Message(
            topic_of(msg.subject), msg.data, datetime.fromtimestamp(int(when) / 1e9, UTC), int(sequence),
            delivered != "1", handle=msg.reply,
        )  # fmt: skip

    async def ack(self, upto: Message) -> None:
        """Acknowledge what was given out up to and with this message, in the order it was given."""
        replies = []
        while self._given:
            _, reply = self._given.popleft()
            replies.append(reply)
            if reply == upto.handle:
                break
        try:
            for reply in replies:
                await self._nc.publish(reply, b"+ACK")
            await self._nc.flush(timeout=5)
        except _GONE as gone:
            raise StreamClosed(str(gone) or type(gone).__name__) from None

    async def pending(self) -> int:
        """Messages that wait in the stream or are given out and not yet acknowledged."""
        try:
            info = await self._nc.jetstream(timeout=5).consumer_info(STREAM, self._consumer)
        except _GONE as gone:
            raise StreamClosed(str(gone) or type(gone).__name__) from None
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)

    async def drain(self) -> None:
        """Take no more; what is already here can still be fetched and acknowledged."""
        if not self._draining:
            self._draining = True
            self._arrived.set()
            with contextlib.suppress(*_GONE):
                await self._sub.unsubscribe()
                await self._nc.flush(timeout=2)

    async def close(self) -> None:
        """What was fetched and not acknowledged is given out again after ACK_WAIT_S, oldest first.

        It is not handed back by NAK: the server would serve it out of order to requests that are still open.
        """
        await _close(self._nc)


class NatsIntake:
    """Publishes for devices that speak HTTP into the same stream; returns when the stream has it on disk."""

    def __init__(self, connection: Any) -> None:
        self._nc = connection
        self._js = connection.jetstream(timeout=5)

    @classmethod
    async def open(cls, url: str) -> NatsIntake:
        return cls(await connect(url, "fengsui-http"))

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        try:
            await asyncio.gather(
                *(self._js.publish(subject_of(topic), payload, stream=STREAM) for topic, payload in messages)
            )
        except _GONE as gone:
            raise StreamClosed(str(gone) or type(gone).__name__) from None

    @property
    def is_open(self) -> bool:
        return bool(self._nc.is_connected)

    async def close(self) -> None:
        await _close(self._nc)


async def _close(connection: Any) -> None:
    with contextlib.suppress(*_GONE):
        await connection.close()


def mqtt_greeting(host: str, port: int, user: str = "", password: str = "") -> EnsureStream:
    """Makes the broker create its MQTT streams: one MQTT client connects and leaves."""

    async def greet() -> None:
        from fengsui.engines.devices.mqtt import greet_once

        await asyncio.to_thread(greet_once, host, port, user, password)

    return greet
