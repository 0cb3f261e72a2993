"""How much waits at a real broker, asked from beside ingest."""

import asyncio

import pytest

from fengsui.engines.devices import depth
from fengsui.engines.devices.nats_stream import NatsStream, mqtt_greeting
from fengsui.kernel.ports.devices import StreamClosed
from tests.contracts.brokers import DeviceClient, Nats


def test_depth_tells_messages_and_bytes_until_they_are_acknowledged(tmp_path):
    broker = Nats(tmp_path).start()

    async def story():
        greeting = mqtt_greeting("127.0.0.1", broker.mqtt)
        stream = await NatsStream.open(broker.url, ensure_stream=greeting)
        assert await depth.waiting(broker.url) == (0, 0)
        await asyncio.to_thread(send)
        count, size = await depth.waiting(broker.url)
        assert count == 5
        assert size > 0
        got = []
        while len(got) < 5:
            got += await stream.fetch(10, 1.0)
        await stream.ack(got[-1])
        for _ in range(100):
            if (await depth.waiting(broker.url))[0] == 0:
                break
            await asyncio.sleep(0.05)
        assert (await depth.waiting(broker.url))[0] == 0
        await stream.close()

    def send():
        device = DeviceClient(broker)
        for n in range(5):
            device.publish("fs/ST01/water_depth", b"1", key=n)
        device.wait()
        device.close()

    try:
        asyncio.run(story())
    finally:
        broker.kill()
    with pytest.raises(StreamClosed):
        asyncio.run(depth.waiting(broker.url))
