"""Plays a measured series as the district's own devices would send it: MQTT, QoS 1, one login per device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt

from fengsui.kernel.replay import Due, payload

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Login:
    """A device: user, password, and the topic it may publish to."""

    user: str
    password: str
    topic: str


@dataclass
class Outcome:
    """published: handed to the client. acknowledged: the broker's PUBACK came, so it is on the broker's disk."""

    published: int = 0
    acknowledged: int = 0
    by_fault: dict[str, int] = field(default_factory=dict)


class Replayer:
    """Connections of all devices of a replay. Raises OSError (broker away), PermissionError (wrong login)."""

    def __init__(self, host: str, port: int, logins: Mapping[str, Login]) -> None:
        self.host, self.port, self.logins = host, port, logins
        self._clients: dict[str, mqtt.Client] = {}
        self._acknowledged = 0
        self._done = threading.Condition()

    def __enter__(self) -> Replayer:
        for station, login in self.logins.items():
            self._clients[station] = self._connect(login)
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()

    def _connect(self, login: Login) -> mqtt.Client:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=login.user, clean_session=False)
        client.username_pw_set(login.user, login.password)
        client.max_inflight_messages_set(200)
        up, refused = threading.Event(), threading.Event()

        def connected(_c: mqtt.Client, _u: object, _f: object, reason: mqtt.ReasonCode, _p: object) -> None:
            (refused if reason.is_failure else up).set()

        client.on_connect = connected
        client.on_publish = self._count
        client.connect(self.host, self.port, keepalive=30)
        client.loop_start()
        if not up.wait(10) or refused.is_set():
            client.loop_stop()
            raise PermissionError(f"broker refused {login.user}")
        return client

    def _count(self, *_: object) -> None:
        with self._done:
            self._acknowledged += 1
            self._done.notify_all()

    def play(self, plan: list[Due], *, ended: Callable[[], bool] = lambda: False) -> Outcome:
        """Send each item when it is due; returns when all PUBACKs are in or `ended()` says stop."""
        out, started = Outcome(), time.monotonic()
        for due in plan:
            client = self._clients.get(due.item.station)
            if client is None:
                continue
            while (left := due.after_s - (time.monotonic() - started)) > 0:
                if ended():
                    return self._close(out)
                time.sleep(min(left, 0.2))
            client.publish(self.logins[due.item.station].topic, payload(due), qos=1)
            out.published += 1
            if due.item.fault:
                out.by_fault[due.item.fault] = out.by_fault.get(due.item.fault, 0) + 1
        return self._close(out)

    def _close(self, out: Outcome) -> Outcome:
        with self._done:
            self._done.wait_for(lambda: self._acknowledged >= out.published, timeout=PATIENCE_S)
            out.acknowledged = self._acknowledged
        return out
