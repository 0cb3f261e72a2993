"""One suite for every broker adapter, against the real brokers."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest

from fengsui.engines.devices.mqtt import MqttStream
from fengsui.engines.devices.nats_stream import NatsIntake, NatsStream, mqtt_greeting, subject_of
from fengsui.kernel.ports.devices import Message, StreamClosed

from .brokers import DeviceClient, Mosquitto, Nats

pytestmark = pytest.mark.slow


def opener(broker):
    async def open_stream():
        if isinstance(broker, Nats):
            return await NatsStream.open(broker.url, ensure_stream=mqtt_greeting("127.0.0.1", broker.mqtt))
        return await MqttStream.open("127.0.0.1", broker.mqtt)

    return open_stream


@pytest.fixture(params=["nats", "mosquitto"])
def broker(request, tmp_path: Path):
    if request.param == "mosquitto" and not (which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        pytest.skip("mosquitto is not installed")
    made = (Nats if request.param == "nats" else Mosquitto)(tmp_path).start()
    yield made
    made.kill()


@pytest.fixture
def nats_broker(tmp_path: Path):
    made = Nats(tmp_path).start()
    yield made
    made.kill()


async def take(stream, count: int, seconds: float = 10) -> list[Message]:
    got: list[Message] = []
    deadline = time.monotonic() + seconds
    while len(got) < count and time.monotonic() < deadline:
        got += await stream.fetch(count - len(got), 0.5)
    return got


def test_fetch_gives_topic_payload_and_time_in_order(broker):
    async def story():
        stream = await opener(broker)()
        assert await stream.fetch(10, 0.05) == []
        device = DeviceClient(broker)
        before = datetime.now(UTC)
        payloads = [b"", b"\x00\xff", "积水".encode(), b"x" * 200_000, *(str(i).encode() for i in range(50))]
        for payload in payloads:
            device.publish("fs/ST01/water_depth", payload)
        await asyncio.to_thread(device.wait)
        got = await take(stream, len(payloads))
        assert [m.payload for m in got] == payloads
        assert {m.topic for m in got} == {"fs/ST01/water_depth"}
        assert all(abs((m.received_at - before).total_seconds()) < 10 for m in got)
        assert [m.key for m in got] == sorted({m.key for m in got})
        await stream.ack(got[-1])
        assert await stream.fetch(10, 0.05) == []
        device.close()
        await stream.close()

    asyncio.run(story())


def test_what_was_acknowledged_does_not_come_again_and_the_rest_does(broker):
    async def story():
        stream = await opener(broker)()
        device = DeviceClient(broker)
        for i in range(100):
            device.publish("fs/ST01/water_depth", str(i).encode())
        await asyncio.to_thread(device.wait)
        got = await take(stream, 100)
        await stream.ack(got[59])
        await asyncio.sleep(0.2)
        await stream.close()
        stream = await opener(broker)()
        again = await take(stream, 40)
        assert [m.payload for m in again] == [str(i).encode() for i in range(60, 100)]
        await stream.ack(again[-1])
        await asyncio.sleep(0.2)
        assert await stream.fetch(10, 0.1) == []
        device.close()
        await stream.close()

    asyncio.run(story())


def test_huge_messages_come_in_portions_so_that_memory_stays_bounded(broker):
    async def story():
        stream = await opener(broker)()
        device = DeviceClient(broker)
        bodies = [bytes([i]) * 900_000 for i in range(25)]
        for body in bodies:
            device.publish("fs/ST01/water_depth", body)
        await asyncio.to_thread(device.wait, 60)
        got: list[bytes] = []
        deadline = time.monotonic() + 90
        while len(got) < len(bodies) and time.monotonic() < deadline:
            portion = await stream.fetch(1000, 0.5)
            assert sum(len(m.payload) for m in portion) <= 8_000_000
            got += [m.payload for m in portion]
            if portion:
                await stream.ack(portion[-1])
        assert got == bodies
        device.close()
        await stream.close()

    asyncio.run(story())


def test_topics_come_as_the_device_wrote_them(broker):
    topics = ["fs/a.b/c", "fs/积水/水深", "fs//x", "fs/ST01/water_depth/more"]

    async def story():
        stream = await opener(broker)()
        device = DeviceClient(broker)
        for topic in topics:
            device.publish(topic, b"1")
        await asyncio.to_thread(device.wait)
        assert [m.topic for m in await take(stream, len(topics))] == topics
        device.close()
        await stream.close()

    asyncio.run(story())


def test_what_the_broker_had_retained_is_marked_when_a_worker_subscribes(broker):
    """NATS hands a retained publish on once, as any other: only a broker that we subscribe at gives it as old."""

    async def story():
        if isinstance(broker, Nats):
            await (await opener(broker)()).close()
        device = DeviceClient(broker)
        device.client.publish("fs/ST01/water_depth", b"old", qos=1, retain=True).wait_for_publish(5)
        stream = await opener(broker)()
        device.publish("fs/ST01/water_depth", b"new")
        await asyncio.to_thread(device.wait)
        got = await take(stream, 2)
        marked = not isinstance(broker, Nats)
        assert [(m.payload, m.retained) for m in got] == [(b"old", marked), (b"new", False)]
        device.close()
        await stream.close()

    asyncio.run(story())


def test_messages_wait_while_no_worker_is_there(broker):
    async def story():
        await (await opener(broker)()).close()
        device = DeviceClient(broker)
        for i in range(500):
            device.publish("fs/ST01/water_depth", str(i).encode())
        await asyncio.to_thread(device.wait)
        stream = await opener(broker)()
        got = await take(stream, 500)
        assert [m.payload for m in got] == [str(i).encode() for i in range(500)]
        await stream.ack(got[-1])
        device.close()
        await stream.close()

    asyncio.run(story())


def test_fetch_raises_when_the_broker_is_killed(broker):
    async def story():
        stream = await opener(broker)()
        threading.Timer(0.3, broker.kill).start()
        with pytest.raises(StreamClosed):
            await stream.fetch(10, 8.0)
        await stream.close()
        with pytest.raises(StreamClosed):
            await opener(broker)()

    asyncio.run(story())


def test_a_killed_worker_loses_nothing_and_order_stays(nats_broker):
    """A worker that fetched and died: its successor gets those first, then the newer ones."""

    async def story():
        stream = await opener(nats_broker)()
        device = DeviceClient(nats_broker)
        for i in range(300):
            device.publish("fs/ST01/water_depth", str(i).encode())
        await asyncio.to_thread(device.wait)
        await take(stream, 200)
        await stream._nc.close()  # no farewell: as kill -9
        for i in range(300, 320):
            device.publish("fs/ST01/water_depth", str(i).encode())
        await asyncio.to_thread(device.wait)
        stream = await opener(nats_broker)()
        got = await take(stream, 320)
        assert [m.payload for m in got] == [str(i).encode() for i in range(320)]
        await stream.ack(got[-1])
        for _ in range(40):  # the server works acknowledgements off beside our connection
            if await stream.pending() == 0:
                break
            await asyncio.sleep(0.05)
        assert await stream.pending() == 0
        device.close()
        await stream.close()

    asyncio.run(story())


def test_every_acknowledged_message_is_stored_once_when_the_broker_is_killed(nats_broker):
    """kill -9 of the broker in mid-flight, three times; the store is a set keyed as the table is."""
    total = 6_000
    stored: dict[bytes, int] = {}
    done = threading.Event()

    def devices() -> None:
        device = DeviceClient(nats_broker)
        for i in range(total):
            device.publish("fs/ST01/water_depth", str(i).encode(), key=i)
            if i % 20 == 0:
                time.sleep(0.004)
        device.wait(60)
        acknowledged.update(device.acknowledged)
        device.close()
        done.set()

    async def worker() -> None:
        stream = None
        quiet = 0
        while not (done.is_set() and quiet > 3):
            try:
                stream = stream or await opener(nats_broker)()
                got = await stream.fetch(200, 0.5)
                quiet = 0 if got else quiet + 1
                for message in got:
                    stored[message.payload] = stored.get(message.payload, 0) + 1
                if got:
                    await stream.ack(got[-1])
            except StreamClosed:
                if stream:
                    await stream.close()
                stream = None
                await asyncio.sleep(0.1)
        if stream:
            await stream.close()

    def killer() -> None:
        for _ in range(3):
            time.sleep(random.uniform(0.2, 0.5))
            nats_broker.kill()
            time.sleep(0.2)
            nats_broker.start()

    acknowledged: set[int] = set()

    async def story() -> None:
        first = await opener(nats_broker)()
        await first.close()
        threads = [threading.Thread(target=devices), threading.Thread(target=killer)]
        for thread in threads:
            thread.start()
        await worker()
        await asyncio.to_thread(lambda: [thread.join() for thread in threads])

    asyncio.run(story())
    assert len(acknowledged) == total
    assert {str(i).encode() for i in acknowledged} <= set(stored)


def test_http_intake_answers_only_after_the_stream_has_it(nats_broker):
    async def story():
        stream = await opener(nats_broker)()
        intake = await NatsIntake.open(nats_broker.url)
        await intake.publish([("fs/ST01/water_depth", b"1"), ("fs/RG01/rain_gauge", b"2")])
        nats_broker.kill()
        with pytest.raises(StreamClosed):
            await intake.publish([("fs/ST01/water_depth", b"3")])
        await intake.close()
        await stream.close()
        nats_broker.start()
        stream = await opener(nats_broker)()
        got = await take(stream, 2)
        assert sorted((m.topic, m.payload) for m in got) == [
            ("fs/RG01/rain_gauge", b"2"),
            ("fs/ST01/water_depth", b"1"),
        ]
        await stream.close()

    asyncio.run(story())


@pytest.mark.parametrize("topic", ["", "a.b", "a//b", "fs/#x y", "fs/*", "fs/>"])
def test_subject_of_refuses_what_nats_would_map_elsewhere(topic):
    with pytest.raises(ValueError, match="subject"):
        subject_of(topic)
