"""202 means kept: what the HTTP door accepted is in the broker's stream, also across the broker's death."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from fengsui.apps.sensing import queries
from fengsui.apps.sensing.models import Device
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.apps.sensing.tests.test_api import basic, post
from fengsui.core import ports
from fengsui.engines.devices.intake import ThreadedIntake
from fengsui.engines.devices.nats_stream import NatsStream, mqtt_greeting

from .brokers import Nats

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def broker(tmp_path: Path):
    made = Nats(tmp_path).start()
    yield made
    made.kill()


@pytest.fixture
def device(broker, monkeypatch):
    intake = ThreadedIntake(broker.url)
    monkeypatch.setitem(ports._factories, "intake", lambda: intake)
    stream = make_stream("ST01")
    Device.objects.create(user="dev", station=stream.station, secret_sha256=queries.fingerprint("secret"))
    return basic("dev", "secret")


def body(n):
    return b'{"t": %d, "v": 0.1, "unit": "m"}' % (1_785_178_000 + n)


def everything(broker, count):
    async def fetch():
        stream = await NatsStream.open(broker.url, ensure_stream=mqtt_greeting("127.0.0.1", broker.mqtt))
        got = []
        for _ in range(50):
            got += await stream.fetch(1000, 0.2)
            if len(got) >= count:
                break
        await stream.close()
        return got

    return asyncio.run(fetch())


def test_what_is_answered_202_is_in_the_stream_under_the_devices_topic(client, broker, device):
    everything(broker, 0)  # the broker makes its stream for the first consumer
    statuses = [post(client, device, body=body(n)).status_code for n in range(20)]
    assert statuses == [202] * 20
    got = everything(broker, 20)
    assert [message.payload for message in got] == [body(n) for n in range(20)]
    assert {message.topic for message in got} == {"fs/ST01/water_depth"}


def test_nothing_is_answered_202_while_the_broker_is_dead_and_it_goes_on_by_itself_after(client, broker, device):
    everything(broker, 0)
    assert post(client, device, body=body(0)).status_code == 202
    broker.kill()
    assert post(client, device, body=body(1)).status_code == 503
    broker.start()
    assert post(client, device, body=body(2)).status_code == 202
    assert [message.payload for message in everything(broker, 2)] == [body(0), body(2)]


def test_many_threads_share_one_connection(broker, device):
    everything(broker, 0)

    def send(n):
        for k in range(25):
            ports.port("intake").publish([("fs/ST01/water_depth", body(100 * n + k))])

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({message.payload for message in everything(broker, 200)}) == 200
