"""Broadcast terminals by MQTT 3.1.1: publish QoS 1, wait for what the terminals say on `<topic>/receipt`."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from fengsui.catalog.channels.mqtt import ENTRY
from fengsui.kernel.ports.outlets import Address, NotDelivered, Parcel, Receipt

CONNECT_S = 5.0
GATHER_S = 0.25
"""After the first answer so long is waited for other terminals; later ones are not lost: a repeat is answered too."""


class Broadcast:
    """One connection a process. Terminals answer per key, so several deliveries may wait at once."""

    def __init__(self, host: str = "", port: int = 0, user: str = "", password: str = "") -> None:
        self._given = (host, port, user, password)
        self._lock = threading.Lock()
        self._heard = threading.Condition()
        self._receipts: dict[str, list[str]] = {}
        self._topics: set[str] = set()
        self._subscribed: set[int] = set()
        self._client: paho.Client | None = None

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        if wrong := ENTRY.check(address):
            raise NotDelivered("mqtt.address", again=False, why=wrong)
        until = time.monotonic() + ENTRY.wait_s
        client = self._ready()
        self._listen(client, f"{address.topic}/receipt")
        with self._heard:
            self._receipts[parcel.key] = []
        try:
            sent = client.publish(address.topic, ENTRY.render(parcel), qos=1, retain=False)
            try:
                sent.wait_for_publish(max(0.1, until - time.monotonic()))
            except (RuntimeError, ValueError) as error:
                raise NotDelivered("mqtt.not_taken", error=type(error).__name__) from error
            if not sent.is_published():
                raise NotDelivered("mqtt.not_taken", error="no PUBACK")
            terminals = self._wait(parcel.key, until)
        finally:
            with self._heard:
                self._receipts.pop(parcel.key, None)
        if not terminals:
            return Receipt("sent", "", {"topic": address.topic, "terminals": 0})
        return Receipt("acknowledged", terminals[0], {"topic": address.topic, "terminals": terminals})

    def test(self, address: Address) -> Receipt:
        self._ready()
        return Receipt("acknowledged", "connected")

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
            self._topics.clear()
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _wait(self, key: str, until: float) -> list[str]:
        with self._heard:
            self._heard.wait_for(lambda: self._receipts[key], max(0.0, until - time.monotonic()))
            if self._receipts[key]:  # answers to other keys wake us as well: they must not cut the gathering short
                self._heard.wait_for(lambda: False, min(GATHER_S, max(0.0, until - time.monotonic())))
            return sorted(set(self._receipts[key]))

    def _ready(self) -> paho.Client:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            client = self._client
        until = time.monotonic() + CONNECT_S
        while not client.is_connected():
            if time.monotonic() > until:
                raise NotDelivered("mqtt.unreachable")
            time.sleep(0.02)
        return client

    def _connect(self) -> paho.Client:
        host, port, user, password = _where(*self._given)
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"fengsui-out-{uuid.uuid4().hex[:12]}")
        if user:
            client.username_pw_set(user, password)
        client.on_message = self._got
        client.on_connect = self._connected
        client.on_subscribe = self._granted
        client.reconnect_delay_set(1, 5)
        client.max_inflight_messages_set(100)
        try:
            client.connect(host, port, keepalive=20)
        except OSError as error:
            raise NotDelivered("mqtt.unreachable", error=type(error).__name__) from error
        client.loop_start()
        return client

    def _connected(self, client: paho.Client, *_: object) -> None:
        """A session is clean: after a reconnect the receipts' topics are subscribed again."""
        for topic in list(self._topics):
            client.subscribe(topic, qos=1)

    def _granted(self, _client: paho.Client, _data: object, mid: int, *_: object) -> None:
        with self._heard:
            self._subscribed.add(mid)
            self._heard.notify_all()

    def _listen(self, client: paho.Client, topic: str) -> None:
        """Subscribed before the publish: an answer must not come before we listen."""
        if topic in self._topics:
            return
        _, mid = client.subscribe(topic, qos=1)
        with self._heard:
            if mid is None or not self._heard.wait_for(lambda: mid in self._subscribed, CONNECT_S):
                raise NotDelivered("mqtt.not_subscribed", topic=topic)
            self._subscribed.discard(mid)
        self._topics.add(topic)

    def _got(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        try:
            facts = json.loads(message.payload)
            key, terminal = str(facts["key"]), str(facts["terminal"])
        except (ValueError, KeyError, TypeError):
            return
        with self._heard:
            if key in self._receipts:
                self._receipts[key].append(terminal[:80])
                self._heard.notify_all()


def _where(host: str, port: int, user: str, password: str) -> tuple[str, int, str, str]:
    """Given, else FENGSUI_MQTT_*, else the user of FENGSUI_NATS_URL (the embedded broker has one internal user)."""
    nats = urlsplit(os.environ.get("FENGSUI_NATS_URL", ""))
    return (
        host or os.environ.get("FENGSUI_MQTT_HOST", "127.0.0.1"),
        port or int(os.environ.get("FENGSUI_MQTT_PORT", "1883")),
        user or os.environ.get("FENGSUI_MQTT_USER") or unquote(nats.username or ""),
        password or os.environ.get("FENGSUI_MQTT_PASSWORD") or unquote(nats.password or ""),
    )
