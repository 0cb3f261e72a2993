"""A device that is not what it says, against the real broker: it reaches nobody's topics and hears nobody."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from fengsui.config.ops.broker import INTERNAL, MAX_PAYLOAD, Broker, Device, device_credentials
from fengsui.config.ops.home import Home
from fengsui.config.ops.ports import Ports
from tests.ops.test_broker import client, publish, received

pytestmark = pytest.mark.slow
OWN, OTHER = "dev/s1/up", "dev/s2/up"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    home = Home(tmp_path_factory.mktemp("broker"))
    for each in (home.run, home.log):
        each.mkdir(parents=True)
    made = Broker(home, Ports(home.var / "ports.json"))
    devices = [Device("s1", "pw1", (OWN,)), Device("s2", "pw2", (OTHER,)), Device("t1", "pw3", (), ("alerts/t1",))]
    device_credentials(made.folder / "devices.json", devices)
    made.start()
    yield made
    made.stop()


def opened(broker: Broker, name: str = "s1", password: str = "pw1", **more: Any) -> tuple[mqtt.Client, bool]:
    """A device with a will or a wish; whether it was let in."""
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"x-{time.monotonic_ns()}", protocol=mqtt.MQTTv311)
    if name:
        made.username_pw_set(name, password)
    if "will" in more:
        made.will_set(more["will"], b"last words", qos=1, retain=more.get("retain", False))
    let, known = [], threading.Event()
    made.on_connect = lambda _c, _u, _f, reason, _p: (let.append(not reason.is_failure), known.set())
    made.on_disconnect = lambda *_: known.set()
    made.connect("127.0.0.1", broker.port("mqtt"))
    made.loop_start()
    known.wait(5)
    return made, bool(let and let[0])


def test_nobody_comes_in_without_a_name_or_by_anothers(broker):
    for name, password in (("", ""), ("s1", ""), ("s1", "pw2"), ("s2", "pw1"), (INTERNAL, "pw1"), ("admin", "admin")):
        made, let = opened(broker, name, password)
        made.loop_stop()
        assert not let, name


def test_topic_of_another_device_hears_nothing(broker):
    def act() -> None:
        for topic in (OTHER, "dev/s1/up/more", "dev/s1", "$SYS/x", "$MQTT/sub/x", "alerts/t1"):
            publish(broker, topic, b"forged")
        assert publish(broker, OWN, b"true")

    heard_inside = asyncio.run(received(broker, "#", act))  # the broker's own bookkeeping too
    assert b"true" in heard_inside
    assert not [each for each in heard_inside if b"forged" in each]


def test_retained_message_on_a_foreign_topic_reaches_no_later_listener(broker):
    def act() -> None:
        made, let = opened(broker)
        assert let
        made.publish("alerts/t1", b"forged", qos=1, retain=True)
        time.sleep(0.5)
        made.loop_stop()

    assert asyncio.run(received(broker, "alerts/#", act)) == []
    assert heard(broker, "t1", "pw3", "alerts/t1") == []


def heard(broker: Broker, name: str, password: str, topic: str, act: Any = None) -> list[bytes]:
    """What a client that subscribed to a topic is given."""
    made, let = opened(broker, name, password)
    assert let
    got: list[bytes] = []
    asked = threading.Event()
    made.on_message = lambda _c, _u, message: got.append(message.payload)
    made.on_subscribe = lambda *_: asked.set()
    made.subscribe(topic, qos=1)
    asked.wait(3)
    if act:
        act()
    time.sleep(0.5)
    made.loop_stop()
    return got


def test_will_on_a_foreign_topic_is_not_spoken(broker):
    def act() -> None:
        made, let = opened(broker, will=OTHER, retain=True)
        if let:
            made.socket().shutdown(socket.SHUT_RDWR)  # it dies without a word: the broker speaks its will
        time.sleep(1)
        made.loop_stop()

    assert asyncio.run(received(broker, "dev/#", act)) == []


@pytest.mark.parametrize("topic", ["#", "dev/#", "+/+/+", OTHER, "$SYS/#", "alerts/#"])
def test_device_hears_nobody_however_it_asks(broker, topic):
    assert heard(broker, "s1", "pw1", topic, lambda: publish(broker, OTHER, b"2", "s2", "pw2")) == []


def test_terminal_hears_its_own_topic_alone(broker):
    assert heard(broker, "t1", "pw3", "#", lambda: publish(broker, OTHER, b"2", "s2", "pw2")) == []


def test_message_that_is_too_large_is_dropped_with_its_sender_and_the_broker_goes_on(broker):
    def act() -> None:
        assert not publish(broker, OWN, b"x" * (MAX_PAYLOAD + 1))
        assert publish(broker, OWN, b"after")

    assert asyncio.run(received(broker, "dev/#", act)) == [b"after"]


def test_garbage_on_the_port_leaves_the_broker_alive(broker):
    for body in (b"\x10\xff\xff\xff\xff\x7f", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4_000, b"\x30\x02\0\0"):
        with socket.create_connection(("127.0.0.1", broker.port("mqtt")), 3) as raw:
            raw.sendall(body)
    made, let = client(broker, "s1", "pw1", "after-garbage")
    made.loop_stop()
    assert let
    assert broker.answers()
