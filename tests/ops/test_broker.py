"""The embedded broker on real sockets: acknowledged means kept, and nobody publishes beyond his topics."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import nats
import paho.mqtt.client as mqtt
import pytest

from fengsui.config.ops import broker as module
from fengsui.config.ops.broker import Broker, Device, device_credentials, subject
from fengsui.config.ops.home import Home
from fengsui.config.ops.ports import Ports
from fengsui.engines.devices.nats_stream import NatsStream


@pytest.mark.parametrize(
    ("topic", "expected"),
    [("dev/s1/up", "dev.s1.up"), ("dev/+/up", "dev.*.up"), ("dev/#", "dev.>"), ("区/站", "区.站")],
)
def test_subject_when_the_topic_can_be(topic, expected):
    assert subject(topic) == expected


@pytest.mark.parametrize("topic", ["", "a.b", "a b", "a/#/b", "a/b+", "a//b", "a/*", "a/>", "/a"])
def test_subject_when_the_topic_cannot_be(topic):
    with pytest.raises(ValueError):
        subject(topic)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "站 var")
    for each in (home.run, home.log):
        each.mkdir(parents=True)
    return home


def test_credentials_when_written_are_for_the_owner_only(home):
    path = home.var / "broker/devices.json"
    assert device_credentials(path, [Device("s1", "pw", ("dev/s1/#",))]) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == [{"user": "s1", "password": "pw", "publish": ["dev/s1/#"], "subscribe": []}]


@pytest.mark.parametrize("names", [["a", "a"], [module.INTERNAL]])
def test_credentials_when_names_collide_are_refused_whole(home, names):
    path = home.var / "broker/devices.json"
    with pytest.raises(ValueError):
        device_credentials(path, [Device(name, "pw") for name in names])
    assert not path.exists()


@pytest.fixture
def running(home):
    broker = Broker(home, Ports(home.var / "ports.json"))
    device_credentials(broker.folder / "devices.json", [Device("s1", "pw1", ("dev/s1/up",))])
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.slow
def test_first_message_is_kept_when_nobody_has_fetched_yet_and_when_the_store_was_lost(home, capsys):
    """The server says PUBACK to what nobody is interested in, and drops it."""
    broker = Broker(home, Ports(home.var / "ports.json"))
    device_credentials(broker.folder / "devices.json", [Device("s1", "pw1", ("fs/s1/up",))])
    for number in range(2):
        broker.start()
        try:
            device, _ = client(broker, "s1", "pw1", "s1")
            device.publish("fs/s1/up", f"{number}", qos=1).wait_for_publish(10)
            device.disconnect()
            assert asyncio.run(fetched(broker)) == [f"{number}".encode()]
        finally:
            broker.stop()
        shutil.rmtree(broker.folder / "jetstream")
    told = capsys.readouterr().err
    assert told.count("存储丢失") + told.count("store was lost") == 1


async def fetched(broker):
    stream = await NatsStream.open(broker.url)
    try:
        return [each.payload for each in await stream.fetch(10, 5)]
    finally:
        await stream.close()


def client(broker, user, password, client_id):
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311)
    made.username_pw_set(user, password)
    outcome, known = [], threading.Event()

    def on_connect(client, userdata, flags, reason, properties):
        outcome.append(not reason.is_failure)
        known.set()

    made.on_connect = on_connect
    made.connect("127.0.0.1", broker.port("mqtt"))
    made.loop_start()
    known.wait(60)
    return made, bool(outcome and outcome[0])


def publish(broker, topic, payload, user="s1", password="pw1"):
    """Whether the publish was acknowledged within two seconds."""
    device, connected = client(broker, user, password, f"t-{time.monotonic_ns()}")
    try:
        if not connected:
            return False
        sent = device.publish(topic, payload, qos=1)
        try:
            sent.wait_for_publish(2)
        except RuntimeError:
            return False
        return sent.is_published()
    finally:
        device.disconnect()
        device.loop_stop()


async def received(broker, topic, action):
    """Payloads that the internal user gets on `topic` while `action` runs in a thread."""
    link = await nats.connect(broker.url)
    got = []

    async def keep(message):
        got.append(message.data)

    await link.subscribe(subject(topic), cb=keep)
    await link.flush()
    await asyncio.to_thread(action)
    await asyncio.sleep(0.3)
    await link.close()
    return got


@pytest.mark.slow
def test_device_when_it_publishes_on_its_topic_is_heard(running):
    assert asyncio.run(received(running, "dev/s1/up", lambda: publish(running, "dev/s1/up", b"1"))) == [b"1"]


@pytest.mark.slow
def test_device_when_it_publishes_elsewhere_is_not_heard(running):
    assert asyncio.run(received(running, "dev/#", lambda: publish(running, "dev/s2/up", b"1"))) == []


@pytest.mark.slow
def test_device_when_the_password_is_wrong_is_refused(running):
    assert client(running, "s1", "wrong", "t-wrong")[1] is False


@pytest.mark.slow
def test_credentials_when_replaced_take_effect_at_once(running):
    device_credentials(running.folder / "devices.json", [Device("s2", "pw2", ("dev/s2/up",))])
    deadline = time.monotonic() + 60
    while not client(running, "s2", "pw2", f"t-{time.monotonic_ns()}")[1]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert client(running, "s1", "pw1", "t-old")[1] is False


@pytest.mark.slow
def test_acknowledged_message_is_there_when_the_broker_was_killed(running):
    async def durable():
        link = await nats.connect(running.url)
        stream = link.jetstream()
        await stream.add_stream(name="kept", subjects=["dev.>"])
        await link.close()

    async def count():
        link = await nats.connect(running.url)
        state = (await link.jetstream().stream_info("kept")).state.messages
        await link.close()
        return state

    asyncio.run(durable())
    assert publish(running, "dev/s1/up", b"1")
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    running.start()
    assert asyncio.run(count()) == 1


@pytest.mark.slow
def test_start_when_another_takes_a_port_first_moves_on(home):
    broker = Broker(home, Ports(home.var / "ports.json"))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        broker._claimed["mqtt"] = taken = other.getsockname()[1]
        broker.start(subprocess.DEVNULL)
    try:
        assert broker.port("mqtt") != taken
        assert broker.answers()
    finally:
        broker.stop()
