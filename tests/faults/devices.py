"""Numbered readings with known truth: `python -m tests.faults.inside devices ROUND READINGS RATE`.

Each station's device publishes by MQTT (QoS 1) what nobody else does: its number is in the reading's time and value.
Its PUBACKs are written down, with their moment, in truth/readings-ROUND.txt. Some readings go by HTTP instead.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from fengsui.config.district.devices import secret_of
from fengsui.config.ops.home import REPO, Home
from fengsui.kernel.district import load as district

CALM = {"water_depth": (0.01, "m"), "rain_gauge": (0.0, "mm"), "river_stage": (34.0, "m")}
PATIENCE_S = 240.0
WINDOW = 200


class Book:
    """One line an acknowledged reading: station, number, the moment it was acknowledged."""

    def __init__(self, path: Path) -> None:
        self._out, self._lock = open(path, "a", encoding="utf-8"), threading.Lock()  # noqa: SIM115 - for the whole run

    def write(self, station: str, at: datetime, value: float) -> None:
        with self._lock:
            self._out.write(f"{station} {at.isoformat()} {value!r} {time.time():.3f}\n")

    def close(self) -> None:
        self._out.close()


class Device:
    """paho sends again by itself what was not acknowledged when the broker was away."""

    def __init__(self, host: str, port: int, user: str, password: str, book: Book, station: str) -> None:
        self.book, self.station = book, station
        self._waiting: dict[int, tuple[datetime, float]] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user, clean_session=False)
        client.username_pw_set(user, password)
        client.max_inflight_messages_set(WINDOW)
        client.reconnect_delay_set(1, 2)
        client.on_publish = self._published
        client.connect_async(host, port, keepalive=10)
        client.loop_start()
        self.client = client

    def _published(self, _c: Any, _u: Any, mid: int, _r: Any, _p: Any) -> None:
        with self._lock:
            key = self._waiting.pop(mid, None)
            if key is None:
                self._early.add(mid)
        if key is not None:
            self.book.write(self.station, *key)

    def publish(self, topic: str, body: bytes, at: datetime, value: float) -> None:
        mid = self.client.publish(topic, body, qos=1).mid
        with self._lock:
            early = mid in self._early
            if early:
                self._early.discard(mid)
            else:
                self._waiting[mid] = (at, value)
        if early:
            self.book.write(self.station, at, value)

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._waiting)


def by_http(book: Book, row: Any, password: str, topic: str, body: bytes, key: tuple[datetime, float]) -> None:
    """Until the door says 202; what it refuses for good is a finding and raised."""
    parts = urlsplit(os.environ["FENGSUI_BASE_URL"])
    login = base64.b64encode(f"{row.device}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    path, deadline = f"/api/v1/readings/{topic.removeprefix('fs/')}", time.monotonic() + PATIENCE_S
    while True:
        with suppress(OSError, http.client.HTTPException):
            line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=8)
            try:
                line.request("POST", path, body, headers)
                status = line.getresponse().status
            finally:
                line.close()
            if status == 202:
                return book.write(row.code, *key)
            if status < 500 and status != 429:
                raise RuntimeError(f"the door said {status} to {topic}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the door stayed shut for {topic}")
        time.sleep(0.4)


def main(number: str, readings: str, rate: str) -> int:
    truth, home = Path(os.environ["FAULTS_TRUTH"]), Home(Path(os.environ["FENGSUI_VAR"]))
    host, port = os.environ["FENGSUI_MQTT_HOST"], int(os.environ["FENGSUI_MQTT_PORT"])
    book = Book(truth / f"readings-{number}.txt")
    rows = [each for each in district("tiexi", REPO / "districts").stations if each.sensor in CALM]
    devices = [Device(host, port, each.device, secret_of(home, each.device), book, each.code) for each in rows]
    door, posts = ThreadPoolExecutor(4), list[Future[None]]()
    began, start, total = time.monotonic(), datetime.now(UTC), int(readings)
    gap = timedelta(seconds=total / float(rate)) / (total // len(rows) + 1)
    for index in range(total):
        row, device, turn = rows[index % len(rows)], devices[index % len(rows)], index // len(rows)
        base, unit = CALM[row.sensor]
        at, value = start + gap * turn, round(base + turn % 997 * 1e-6, 6)
        body = json.dumps({"t": at.isoformat(), "v": value, "unit": unit}).encode()
        topic = f"fs/{row.code}/{row.sensor}"
        if index % 2_003 == 1_001:
            posts.append(door.submit(by_http, book, row, secret_of(home, row.device), topic, body, (at, value)))
        else:
            while device.waiting > 4 * WINDOW:  # a device keeps so many; it measures on when they are gone
                time.sleep(0.01)
            device.publish(topic, body, at, value)
        ahead = index / float(rate) - (time.monotonic() - began)
        if ahead > 0.02:
            time.sleep(ahead)
    door.shutdown()
    for post in posts:
        post.result()
    deadline = time.monotonic() + PATIENCE_S
    while (left := sum(each.waiting for each in devices)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for each in devices:
        each.client.disconnect()
        each.client.loop_stop()
    book.close()
    (truth / f"readings-{number}.json").write_text(json.dumps({"sent": total, "never acknowledged": left}))
    return 0 if not left else 1
