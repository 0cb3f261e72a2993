"""kill -9 of broker, ingest process and database sessions in the middle: acknowledged means stored once."""

from __future__ import annotations

import base64
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from django.db import connection

from fengsui.apps.sensing.models import CurrentValue, Observation, RejectedMessage
from fengsui.apps.sensing.tests.make import LADDER, make_stream
from fengsui.core.models import StoredEvent
from fengsui.science.series import quality as q
from tests.contracts.brokers import DeviceClient, Nats

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

READINGS = int(os.environ.get("FENGSUI_TEST_READINGS", "12000"))
STATIONS = 6


class Ingest:
    def __init__(self, broker: Nats) -> None:
        facts = connection.settings_dict
        url = f"postgresql://{facts['USER']}:{facts['PASSWORD']}@/{facts['NAME']}?host={facts['HOST']}"
        self.env = {
            **os.environ, "FENGSUI_DATABASE_URL": url, "FENGSUI_NATS_URL": broker.url, "FENGSUI_MQTT_HOST": "127.0.0.1",
            "FENGSUI_MQTT_PORT": str(broker.mqtt), "DJANGO_SETTINGS_MODULE": "fengsui.config.settings",
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        code = "import django; django.setup(); from fengsui.ingest.service import main; main([])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def broker(tmp_path: Path):
    made = Nats(tmp_path).start()
    yield made
    made.kill()


@pytest.fixture
def ingest(broker):
    made = Ingest(broker)
    yield made
    if made.process.poll() is None:
        made.kill()


def until(true, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def message(at: datetime, value: object, unit: str = "m") -> bytes:
    return orjson.dumps({"t": at.isoformat(), "v": value, "unit": unit})


def drop_sessions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )


def test_each_acknowledged_reading_is_stored_once_when_everything_is_killed(broker, ingest, record_property):
    streams = [make_stream(f"ST{i:02d}", ladder={**LADDER, "up_count": 2}) for i in range(STATIONS)]
    until(lambda: ready(broker))
    start = datetime.now(UTC) - timedelta(seconds=5)
    devices = [DeviceClient(broker, stream.station.code) for stream in streams]
    done = threading.Event()

    def send() -> None:
        for n in range(READINGS // STATIONS):
            for i, device in enumerate(devices):
                at = start + timedelta(milliseconds=5 * n)
                device.publish(streams[i].topic, message(at, 0.01 if n % 2 else 0.012), key=(streams[i].id, at))
            time.sleep(0.004)
        for device in devices:
            device.wait(120)
        done.set()

    thread = threading.Thread(target=send)
    thread.start()
    victims: list[str] = []
    kills: dict[str, int] = {}
    while not done.is_set():
        time.sleep(random.uniform(0.4, 1.2))
        victims = victims or random.sample(["broker", "ingest", "database"], 3)
        victim = victims.pop()
        kills[victim] = kills.get(victim, 0) + 1
        match victim:
            case "broker":
                broker.kill()
                time.sleep(0.2)
                broker.start()
            case "ingest":
                ingest.kill()
                ingest.start()
            case "database":
                drop_sessions()
    thread.join()
    acknowledged = {key for device in devices for key in device.acknowledged}
    print(f"kills: {kills}, acknowledged: {len(acknowledged)}")
    for device in devices:
        device.close()
    record_property("kills", kills)
    assert set(kills) == {"broker", "ingest", "database"}
    assert len(acknowledged) == READINGS // STATIONS * STATIONS
    until(lambda: Observation.objects.count() >= len(acknowledged))
    time.sleep(0.5)
    assert Observation.objects.count() == len(acknowledged)
    assert set(Observation.objects.values_list("datastream_id", "at")) == acknowledged


def ready(broker: Nats) -> bool:
    """The ingest process has made its consumer: from now on the broker keeps what devices publish."""
    import asyncio

    from fengsui.engines.devices.nats_stream import CONSUMER, STREAM, connect
    from fengsui.kernel.ports.devices import StreamClosed

    async def ask() -> bool:
        try:
            nc = await connect(broker.url, "probe")
        except StreamClosed:
            return False
        try:
            await nc.jetstream().consumer_info(STREAM, CONSUMER)
            return True
        except Exception:
            return False
        finally:
            await nc.close()

    return asyncio.run(ask())


def test_absurd_messages_are_kept_with_their_reason_and_sound_ones_go_on(broker, ingest):
    stream = make_stream("ST01", ladder={**LADDER, "up_count": 2})
    until(lambda: ready(broker))
    now = datetime.now(UTC)
    device = DeviceClient(broker, "ST01")
    bad = [
        (stream.topic, b"\xff\xfe\x00 not json"),
        (stream.topic, b"x" * 300_000),
        (stream.topic, message(now, 1, "psi")),
        (stream.topic, message(now, "deep")),
        (stream.topic, orjson.dumps({"t": "yesterday", "v": 1, "unit": "m"})),
        (stream.topic, b'{"t": 1e300, "v": 1, "unit": "m"}'),
        ("fs/ST99/water_depth", message(now, 0.1)),
    ]
    for topic, payload in bad:
        device.publish(topic, payload)
    seconds = lambda s: now + timedelta(seconds=s)  # noqa: E731 - a name for one use
    for at, value in [
        (seconds(-120), 0.01), (seconds(-119), 0.012), (seconds(3600), 0.01), (seconds(-9 * 86_400), 0.01),
        (seconds(-118), 0.013), (seconds(-118), 0.013), (seconds(-118), 0.018),
        (seconds(-117), 9.9), (seconds(-116), 0.013),
    ]:  # fmt: skip
        device.publish(stream.topic, message(at, value))
    device.wait()
    device.close()
    until(lambda: Observation.objects.count() == 8 and RejectedMessage.objects.count() == 7)
    flags = dict(Observation.objects.values_list("at", "flags").exclude(at=seconds(-118)))
    assert flags == {
        seconds(-120): 0, seconds(-119): 0, seconds(3600): q.FUTURE, seconds(-9 * 86_400): q.ANCIENT,
        seconds(-117): q.RANGE, seconds(-116): 0,
    }  # fmt: skip
    assert dict(Observation.objects.filter(at=seconds(-118)).values_list("value", "flags")) == {
        0.013: 0,
        0.018: q.DUPLICATE,
    }
    assert sorted(RejectedMessage.objects.values_list("code", flat=True)) == [
        "sensing.topic.unknown", "sensor.decode.not_json", "sensor.decode.time", "sensor.decode.time",
        "sensor.decode.too_large", "sensor.decode.unit_wrong", "sensor.decode.value",
    ]  # fmt: skip
    assert CurrentValue.objects.get(datastream=stream).level == 0
    assert StoredEvent.objects.filter(name="sensing.ThresholdCrossed").count() == 0


def test_sigterm_stores_what_was_fetched_and_ends(broker, ingest):
    stream = make_stream("ST01")
    until(lambda: ready(broker))
    device = DeviceClient(broker, "ST01")
    start = datetime.now(UTC)
    for n in range(2_000):
        device.publish(stream.topic, message(start + timedelta(milliseconds=n), 0.01))
    device.wait()
    assert ingest.kill(signal.SIGTERM) == 0
    before = Observation.objects.count()
    ingest.start()
    until(lambda: Observation.objects.count() == 2_000)
    assert before > 0
    device.close()


def test_two_workers_share_the_work_and_store_each_reading_once(broker, ingest):
    """The second takes over what the first cannot; order inside a stream is then not promised, nothing else changes."""
    streams = [make_stream(f"ST{i:02d}", ladder={**LADDER, "up_count": 2}) for i in range(4)]
    until(lambda: ready(broker))
    second = Ingest(broker)
    try:
        start = datetime.now(UTC)
        devices = [DeviceClient(broker, stream.station.code) for stream in streams]
        for n in range(1_000):
            for stream, device in zip(streams, devices, strict=True):
                device.publish(stream.topic, message(start + timedelta(milliseconds=n), 0.01), key=(stream.id, n))
            if n == 500:
                ingest.kill()
        for device in devices:
            device.wait(60)
            device.close()
        until(lambda: Observation.objects.count() >= 4_000)
        assert Observation.objects.count() == 4_000
        assert RejectedMessage.objects.count() == 0
    finally:
        second.kill()


def test_a_reading_by_http_goes_the_same_way(broker, ingest, client, monkeypatch):
    from django.urls import reverse

    from fengsui.apps.sensing.models import Device
    from fengsui.apps.sensing.queries import fingerprint
    from fengsui.core import ports
    from fengsui.engines.devices.intake import ThreadedIntake

    stream = make_stream("ST01")
    Device.objects.create(user="dev-st01", station=stream.station, secret_sha256=fingerprint("long and random"))
    until(lambda: ready(broker))
    intake = ThreadedIntake(broker.url)
    monkeypatch.setitem(ports._factories, "intake", lambda: intake)
    login = base64.b64encode(b"dev-st01:long and random").decode()
    url = reverse("sensing:reading-receive", args=["ST01", "water_depth"])
    now = datetime.now(UTC)

    def post(value: float) -> int:
        body = message(now + timedelta(seconds=value), value)
        headers = {"Authorization": f"Basic {login}"}
        return client.post(url, body, content_type="application/json", headers=headers).status_code

    assert post(0.01) == 202
    broker.kill()
    assert post(0.02) == 503
    broker.start()
    assert post(0.03) == 202
    until(lambda: Observation.objects.count() == 2)
    assert sorted(Observation.objects.values_list("value", flat=True)) == [0.01, 0.03]
