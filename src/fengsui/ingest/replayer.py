"""Plays a measured series as the district's own devices would send it: MQTT, QoS 1, one login per device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from fengsui.kernel.replay import Due, payload

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Login:
    """A device: user, password, and the topic it may publish to."""

    user: str
    password: str
    topic: str


Key = tuple[str, str, str]
"""Station, time as sent, value as sent: what the table must hold once."""


def key_of(due: Due) -> Key:
    return due.item.station, due.at.isoformat(), str(due.item.value)


@dataclass
class Outcome:
    """published: handed to the client. acknowledged: the broker's PUBACK came, so it is on the broker's disk.

    keys: of the acknowledged messages; a planted duplicate gives the same key twice, so there may be fewer.
    """

    published: int = 0
    acknowledged: int = 0
    by_fault: dict[str, int] = field(default_factory=dict)
    keys: set[Key] = field(default_factory=set)


class _Device:
    """One login's connection; paho sends again what was not acknowledged when the broker was away."""

    def __init__(self, host: str, port: int, login: Login) -> None:
        self.login, self.acknowledged = login, 0
        self._waiting: dict[int, Key] = {}
        self._early: set[int] = set()
        self.keys: set[Key] = set()
        self._lock = threading.Lock()
        self._up, self._refused = threading.Event(), threading.Event()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=login.user, clean_session=False)
        client.username_pw_set(login.user, login.password)
        client.max_inflight_messages_set(200)
        client.reconnect_delay_set(1, 2)
        client.on_connect, client.on_publish = self._connected, self._published
        self.client = client
        client.connect(host, port, keepalive=15)
        client.loop_start()
        if not self._up.wait(30) or self._refused.is_set():
            client.loop_stop()
            raise PermissionError(f"broker refused {login.user}")

    def _connected(self, _c: mqtt.Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
        if reason.is_failure:
            self._refused.set()
        self._up.set()

    def _published(self, _c: mqtt.Client, _u: object, mid: int, _r: object, _p: object) -> None:
        with self._lock:
            key = self._waiting.pop(mid, None)
            if key is None:
                self._early.add(mid)  # the PUBACK was faster than publish() came back
            else:
                self.keys.add(key)
                self.acknowledged += 1

    def publish(self, key: Key, body: bytes) -> None:
        mid = self.client.publish(self.login.topic, body, qos=1).mid
        with self._lock:
            if mid in self._early:
                self._early.discard(mid)
                self.keys.add(key)
                self.acknowledged += 1
            else:
                self._waiting[mid] = key

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._waiting)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Replayer:
    """Connections of all devices of a replay, by station. Raises OSError (broker away), PermissionError (wrong login).

    patience_s: how long the last PUBACKs are waited for; a broker that is killed and started again needs some.
    """

    def __init__(self, host: str, port: int, logins: Mapping[str, Login], patience_s: float = PATIENCE_S) -> None:
        self.host, self.port, self.logins, self.patience_s = host, port, logins, patience_s
        self._devices: dict[str, _Device] = {}

    def __enter__(self) -> Replayer:
        try:
            for station, login in self.logins.items():
                self._devices[station] = _Device(self.host, self.port, login)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for device in self._devices.values():
            device.close()
        self._devices.clear()

    def play(self, plan: list[Due], *, ended: Callable[[], bool] = lambda: False) -> Outcome:
        """Send each item when it is due; returns when all PUBACKs are in, patience ends or `ended()` says stop."""
        out, started = Outcome(), time.monotonic()
        for due in plan:
            device = self._devices.get(due.item.station)
            if device is None:
                continue
            while (left := due.after_s - (time.monotonic() - started)) > 0:
                if ended():
                    return self._close(out)
                time.sleep(min(left, 0.2))
            device.publish(key_of(due), payload(due))
            out.published += 1
            if due.item.fault:
                out.by_fault[due.item.fault] = out.by_fault.get(due.item.fault, 0) + 1
        return self._close(out)

    def _close(self, out: Outcome) -> Outcome:
        deadline = time.monotonic() + self.patience_s
        while any(device.waiting for device in self._devices.values()) and time.monotonic() < deadline:
            time.sleep(0.02)
        for device in self._devices.values():
            out.acknowledged += device.acknowledged
            out.keys |= device.keys
        return out
