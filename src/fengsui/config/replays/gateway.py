"""Sends what the stations of the sets measured: MQTT, QoS 1, each message when it is due by the compressed clock."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from fengsui.config.replays.plan import Plan, Samples, Stream

TICK_S = 0.25
"""A station sends what it measured in so many seconds of the wall clock in one message, as a logger does."""
MOST = 500
"""Readings a message, far below what a decoder takes."""
LATE_AFTER_S = 6.0
"""What is kept back comes so long after the end: later than a replay's lateness limit, which is never below five."""
PATIENCE_S = 60.0
SEED = 20_261_127


@dataclass(frozen=True, slots=True, order=True)
class Letter:
    """One message: due so many seconds after the start, for a stream, with (seconds of the wall clock, value) in it."""

    due_s: float
    number: int
    readings: tuple[tuple[float, float | str], ...]


def letters(number: int, stream: Stream, seconds: float) -> Iterator[Letter]:
    """All messages of one stream in order of sending. A figure that is no number travels alone."""
    bundle: list[tuple[float, float | str]] = []
    newest = 0.0
    for at, value in stream.samples:
        after = at / stream.speed
        alone = isinstance(value, str)
        if bundle and (alone or after - bundle[0][0] >= TICK_S or len(bundle) >= MOST or stream.copy == "twice"):
            yield Letter(newest, number, tuple(bundle))
            bundle = []
        newest = max(newest, after)
        bundle.append((after, value))
        if alone:
            yield Letter(newest, number, tuple(bundle))
            bundle = []
    if bundle:
        yield Letter(newest, number, tuple(bundle))
    yield from _late(number, stream.late, stream.speed, seconds)


def _late(number: int, samples: Samples, speed: float, seconds: float) -> Iterator[Letter]:
    """What was kept back, out of order and in small pieces, when all the rest is told."""
    rows = [(at / speed, value) for at, value in samples]
    random.Random(SEED).shuffle(rows)
    for low in range(0, len(rows), 7):
        yield Letter(seconds + LATE_AFTER_S + low / 1000, number, tuple(rows[low : low + 7]))


@dataclass
class Sent:
    """readings, messages: handed over. lag_s: worst delay against the plan. took_s: until the last was sent."""

    readings: int = 0
    messages: int = 0
    lag_s: float = 0.0
    took_s: float = 0.0


class Gateway:
    """One connection that speaks for all stations. Raises OSError or PermissionError when it cannot."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self._up, self._refused, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self.acknowledged = 0
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user, clean_session=True)
        client.username_pw_set(user, password)
        client.max_inflight_messages_set(1000)
        client.on_connect, client.on_publish = self._connected, self._published
        self.client = client
        client.connect(host, port, keepalive=60)
        client.loop_start()
        if not self._up.wait(20) or self._refused.is_set():
            client.loop_stop()
            raise PermissionError(f"broker refused {user}")

    def _connected(self, _c: mqtt.Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
        if reason.is_failure:
            self._refused.set()
        self._up.set()

    def _published(self, _c: mqtt.Client, _u: object, _m: int, _r: ReasonCode, _p: object) -> None:
        with self._lock:
            self.acknowledged += 1

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def play(plans: Sequence[Plan], gateway: Gateway, start: datetime, seconds: float) -> dict[str, Sent]:
    """Send everything of all sets at once, as a district's stations do; what was sent, by set."""
    streams = [each for plan in plans for each in plan.streams]
    sent = {plan.set.code: Sent() for plan in plans}
    zero = time.monotonic() - (datetime.now(UTC) - start).total_seconds()
    for letter in merge(*(letters(n, each, seconds) for n, each in enumerate(streams))):
        stream = streams[letter.number]
        while (left := letter.due_s - (time.monotonic() - zero)) > 0:
            time.sleep(min(left, 0.2))
        gateway.client.publish(stream.topic, body(stream, letter, start), qos=1)
        book = sent[stream.set]
        book.readings += len(letter.readings)
        book.messages += 1
        book.took_s = time.monotonic() - zero
        book.lag_s = max(book.lag_s, book.took_s - letter.due_s)
    deadline, messages = time.monotonic() + PATIENCE_S, sum(each.messages for each in sent.values())
    while gateway.acknowledged < messages and time.monotonic() < deadline:
        time.sleep(0.1)
    return sent


def body(stream: Stream, letter: Letter, start: datetime) -> bytes:
    """The payload all sensor kinds share; times compressed onto the wall clock, values as the file has them."""
    rows = [[(start + timedelta(seconds=after)).isoformat(), value] for after, value in letter.readings]
    if len(rows) == 1:
        return orjson.dumps({"t": rows[0][0], "v": rows[0][1], "unit": stream.unit})
    return orjson.dumps({"unit": stream.unit, "readings": rows})
