"""Device messages from any MQTT 3.1.1 broker by paho: persistent session, acknowledged by us after the commit.

Here a device's PUBACK is the broker's promise, not ours: Mosquitto keeps unsaved messages in memory.
Mosquitto needs `max_inflight_messages 1000` and a larger `max_queued_messages` (its default drops beyond 1 000), and
`message_size_limit`: what is in flight lies in our memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from fengsui.kernel.ports.devices import Message, StreamClosed

IN_HAND_BYTES = 8_000_000
"""Payload that one fetch gives at most, unless a single message is larger."""


class MqttStream:
    """Subscribes `<root>/#` (or a shared subscription) and hands over what arrives. Redelivered after a reconnect."""

    durable = False

    def __init__(self, client: paho.Client) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._ready: deque[tuple[paho.MQTTMessage, datetime]] = deque()
        self._given: deque[tuple[int, int, int]] = deque()
        self._lost = ""
        self._count = 0
        self._draining = False

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        user: str = "",
        password: str = "",
        topic_root: str = "fs",
        client_id: str = "fengsui-ingest",
        shared: str = "",
        patience_s: float = 5.0,
    ) -> MqttStream:
        """shared: name of a shared subscription ($share), for several workers on a broker that has it.

        Raises StreamClosed when the broker is away or refuses."""
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, protocol=paho.MQTTv311,
            manual_ack=True, reconnect_on_failure=False,
        )  # fmt: skip
        if user:
            client.username_pw_set(user, password)
        client.max_inflight_messages_set(1000)
        stream = cls(client)
        subscribed = threading.Event()

        def on_connect(c: paho.Client, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
            if reason.is_failure:
                stream._lose(str(reason))
                subscribed.set()
            else:
                c.subscribe(f"$share/{shared}/{topic_root}/#" if shared else f"{topic_root}/#", qos=1)

        def on_subscribe(_c: paho.Client, _u: Any, _m: int, reasons: Any, _p: Any) -> None:
            if any(reason.is_failure for reason in reasons):
                stream._lose("subscription refused")
            subscribed.set()

        client.on_connect, client.on_subscribe = on_connect, on_subscribe
        client.on_message = stream._on_message
        client.on_disconnect = lambda _c, _u, _f, reason, _p: stream._lose(str(reason))
        try:
            await asyncio.to_thread(client.connect, host, port, 30)
        except OSError as gone:
            raise StreamClosed(str(gone)) from None
        client.loop_start()
        if not await asyncio.to_thread(subscribed.wait, patience_s) or stream._lost:
            await stream.close()
            raise StreamClosed(stream._lost or "no answer to the subscription")
        return stream

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self._ready.append((message, datetime.now(UTC)))
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._arrived.set)

    def _lose(self, why: str) -> None:
        self._lost = why or "disconnected"
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def fetch(self, count: int, timeout: float, gather: float = 0.015) -> list[Message]:
        deadline = self._loop.time() + timeout
        gathered: float | None = None
        while len(self._ready) < count and not self._draining:
            if self._lost:
                raise StreamClosed(self._lost)
            if self._ready and gathered is None:
                gathered = self._loop.time() + gather
            left = (gathered or deadline) - self._loop.time()
            if left <= 0:
                break
            self._arrived.clear()
            if not self._ready or gathered:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), min(left, 1.0))
        result: list[Message] = []
        size = 0
        while self._ready and len(result) < count:
            message, when = self._ready[0]
            size += len(message.payload)
            if result and size > IN_HAND_BYTES:
                break
            self._ready.popleft()
            self._count += 1
            self._given.append((self._count, message.mid, message.qos))
            topic = message._topic.decode("utf-8", "replace")  # a broker that lets anything pass must not stop us
            result.append(
                Message(topic, bytes(message.payload), when, self._count, message.dup, retained=message.retain)
            )
        return result

    async def ack(self, upto: Message) -> None:
        if self._lost:
            raise StreamClosed(self._lost)
        while self._given and self._given[0][0] <= upto.key:
            _, mid, qos = self._given.popleft()
            if qos and self._client.ack(mid, qos) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise StreamClosed("acknowledgement could not be sent")

    async def drain(self) -> None:
        """Take no more: what comes from now on stays unacknowledged in the session (to unsubscribe would lose it)."""
        self._draining = True
        self._arrived.set()
        self._client.on_message = None

    async def close(self) -> None:
        def stop() -> None:
            self._client.disconnect()
            self._client.loop_stop()

        await asyncio.to_thread(stop)


def greet_once(host: str, port: int, user: str = "", password: str = "", patience_s: float = 5.0) -> None:
    """Connect and leave again. Raises ConnectionError when the broker does not take us."""
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id="fengsui-greeting", clean_session=True, reconnect_on_failure=False
    )
    if user:
        client.username_pw_set(user, password)
    answered, refused = threading.Event(), []

    def on_connect(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            refused.append(str(reason))
        answered.set()

    client.on_connect = on_connect
    client.connect(host, port, 15)
    client.loop_start()
    try:
        if not answered.wait(patience_s) or refused:
            raise ConnectionError(refused[0] if refused else "no CONNACK")
    finally:
        client.disconnect()
        client.loop_stop()
