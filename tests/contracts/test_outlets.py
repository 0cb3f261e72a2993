"""One contract, over the in-memory twins and over real servers: SMTP, HTTP receiver, Mosquitto, NATS, our feed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import paho.mqtt.client as paho
import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from paho.mqtt.enums import CallbackAPIVersion

from fengsui.catalog.channels import channel, channels
from fengsui.catalog.channels.fake import Fake
from fengsui.catalog.channels.signing import signature
from fengsui.catalog.channels.tests.test_channels import parcel as sample
from fengsui.engines.outlets import TRANSPORTS
from fengsui.engines.outlets.email import Mail
from fengsui.engines.outlets.feed import Feed
from fengsui.engines.outlets.http import HttpPush
from fengsui.engines.outlets.mqtt import Broadcast
from fengsui.engines.outlets.screen import Screen
from fengsui.kernel.ports.outlets import Address, NotDelivered, Outlet, Parcel
from tests.contracts.brokers import Mosquitto, Nats, free_port

CAP = b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>'
TOPIC = "broadcast/core"


def parcel(**over: Any) -> Parcel:
    return sample(cap=CAP, sha256=hashlib.sha256(CAP).hexdigest(), **over)


class Way:
    """An outlet under test with its other side. `got()`: the keys that arrived, in order. `broken()`: now it fails."""

    code = ""
    address = Address()

    def __init__(self) -> None:
        self.outlet: Outlet = self.make()

    def make(self) -> Outlet:
        raise NotImplementedError

    def got(self) -> list[str]:
        raise NotImplementedError

    def broken(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.outlet.close()


class FakeWay(Way):
    def __init__(self, code: str) -> None:
        self.code = code
        self.address = Address(to=("a@b.example",), topic=TOPIC, env="FENGSUI_WEBHOOK_URL")
        super().__init__()

    def make(self) -> Fake:
        return Fake(self.code)

    def got(self) -> list[str]:
        return [key for key, bodies in self.outlet.sent.items() for _ in bodies]

    def broken(self) -> None:
        self.outlet.fail.append(NotDelivered("fake.broken"))


class MailWay(Way):
    code = "email"
    address = Address(to=("a@b.example", "c@d.example"))

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.sessions: set[int] = set()
        self.stopped = False
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()
        super().__init__()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such user"
        if address.startswith("later"):
            return "451 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.sessions.add(id(session))
        self.mails.append(envelope.content)
        return "250 OK taken as 42"

    def make(self) -> Mail:
        return Mail(f"smtp://127.0.0.1:{self.controller.port}")

    def got(self) -> list[str]:
        return [str(message_from_bytes(each)["X-Fengsui-Key"]) for each in self.mails]

    def broken(self) -> None:
        self.controller.stop()
        self.stopped = True

    def close(self) -> None:
        super().close()
        if not self.stopped:
            self.controller.stop()


class HookWay(Way):
    """A receiver in aiohttp that checks the signature as the README tells it to."""

    address = Address(env="FENGSUI_WEBHOOK_URL")

    def __init__(self, code: str = "webhook") -> None:
        self.code = code
        self.taken: dict[str, int] = {}
        self.keys: list[str] = []
        self.status, self.answer = 202, None
        self.wrong: list[str] = []
        self.peers: set[Any] = set()
        self.port, self.loop = free_port(), asyncio.new_event_loop()
        self.up = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        assert self.up.wait(60)
        super().__init__()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self.runner = web.AppRunner(app)
        self.loop.run_until_complete(self.runner.setup())
        self.loop.run_until_complete(web.TCPSite(self.runner, "127.0.0.1", self.port).start())
        self.up.set()
        self.loop.run_forever()

    async def _take(self, request: web.Request) -> web.Response:
        body, stamp = await request.read(), request.headers["X-Fengsui-Timestamp"]
        self.peers.add(request.transport.get_extra_info("peername"))
        if request.headers["X-Fengsui-Signature"] != signature("s3cret", stamp, body):
            self.wrong.append("signature")
        if abs(time.time() - int(stamp)) > 300:
            self.wrong.append("timestamp")
        if request.headers["Content-Type"] != channel(self.code).media_type:
            self.wrong.append("media type")
        key = request.headers["Idempotency-Key"]
        self.keys.append(key)
        if self.status >= 300:
            return web.Response(status=self.status, headers={"Location": "/elsewhere"})
        number = self.taken.setdefault(key, len(self.taken) + 1)
        return web.json_response({"id": number} if self.answer is None else self.answer, status=self.status)

    def make(self) -> HttpPush:
        return HttpPush(channel(self.code))

    def got(self) -> list[str]:
        return self.keys

    def broken(self) -> None:
        self.status = 503

    def close(self) -> None:
        super().close()
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


class RadioWay(Way):
    """Real terminals at a real broker; each drops a key it has played and answers again."""

    code = "mqtt"
    address = Address(topic=TOPIC)

    def __init__(self, kind: type, folder) -> None:
        self.broker = kind(folder).start()
        self.heard: list[tuple[str, bool]] = []
        self.silent = False
        self.terminals = [self._terminal("T1"), self._terminal("T2")]
        super().__init__()

    def _terminal(self, name: str) -> paho.Client:
        client, ready = paho.Client(CallbackAPIVersion.VERSION2, client_id=name), threading.Event()

        def got(client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
            facts = json.loads(message.payload)
            self.heard.append((facts["key"], bool(message.retain)))
            if not self.silent:
                answer = {"key": facts["key"], "terminal": name, "state": "played"}
                client.publish(f"{message.topic}/receipt", json.dumps(answer), qos=1)

        client.on_message, client.on_subscribe = got, lambda *_: ready.set()
        client.on_connect = lambda *_: client.subscribe(TOPIC, qos=1)
        client.reconnect_delay_set(1, 2)
        client.connect("127.0.0.1", self.broker.mqtt)
        client.loop_start()
        assert ready.wait(60)
        return client

    def make(self) -> Broadcast:
        return Broadcast("127.0.0.1", self.broker.mqtt, "none", "none")

    def got(self) -> list[str]:
        return [key for key, _ in self.heard][::2]

    def broken(self) -> None:
        self.broker.kill()

    def close(self) -> None:
        super().close()
        for each in self.terminals:
            each.disconnect()
            each.loop_stop()
        self.broker.kill()


class FeedWay(Way):
    """Our own public address, as a small server that counts what it serves."""

    code = "feed"

    def __init__(self) -> None:
        way, self.served, self.body = self, [], CAP

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/feeds/cap.atom":
                    way.served.append(sample().key)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(way.body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        super().__init__()

    def make(self) -> Feed:
        return Feed(f"http://127.0.0.1:{self.server.server_port}")

    def got(self) -> list[str]:
        return self.served

    def broken(self) -> None:
        self.body = b"something else"

    def close(self) -> None:
        super().close()
        self.server.shutdown()
        self.server.server_close()


class ScreenWay(Way):
    code = "screen"

    def make(self) -> Screen:
        return Screen()


PUSHED = [code for code, entry in channels().items() if entry.transport == "http"]
WAYS = [*(f"fake-{code}" for code in channels()), "email", *PUSHED, "mosquitto", "nats", "feed"]


@pytest.fixture
def secret(monkeypatch) -> None:
    monkeypatch.setenv("FENGSUI_WEBHOOK_SECRET", "s3cret")


def _way(name: str, tmp_path, monkeypatch) -> Way:
    if name.startswith("fake-"):
        return FakeWay(name.removeprefix("fake-"))
    if name in ("mosquitto", "nats"):
        return RadioWay(Mosquitto if name == "mosquitto" else Nats, tmp_path)
    way = HookWay(name) if name in PUSHED else {"email": MailWay, "feed": FeedWay}[name]()
    if isinstance(way, HookWay):
        monkeypatch.setenv("FENGSUI_WEBHOOK_URL", f"http://127.0.0.1:{way.port}/hook")
    return way


@pytest.fixture(params=WAYS)
def way(request, tmp_path, monkeypatch, secret) -> Iterator[Way]:
    made = _way(request.param, tmp_path, monkeypatch)
    yield made
    made.close()


def test_send_when_the_other_side_is_there(way):
    receipt = way.outlet.send(parcel(), way.address)
    assert receipt.state == ("acknowledged" if channel(way.code).needs_receipt else "sent")
    assert receipt.reference
    assert way.got() == [parcel().key]


def test_send_when_repeated_uses_the_same_key(way):
    first, second = (way.outlet.send(parcel(), way.address) for _ in range(2))
    assert way.got() == [parcel().key] * 2
    assert first.reference == second.reference


def test_send_when_the_other_side_is_broken(way):
    way.broken()
    with pytest.raises(NotDelivered) as failed:
        way.outlet.send(parcel(), way.address)
    assert failed.value.again
    assert failed.value.code.partition(".")[0] in (way.code, "fake")


def test_link_test_when_asked_tells_nobody(way):
    assert way.outlet.test(way.address).reference
    assert way.got() == []


@pytest.mark.parametrize(("to", "again"), [("nobody@b.example", False), ("later@b.example", True)])
def test_mail_address_is_asked_for_and_no_mail_sent(to, again):
    """The self-test of a contact: the first half of a mail, taken back."""
    way = MailWay()
    try:
        assert way.outlet.test(Address(("a@b.example",))).reference == "250 address accepted"
        with pytest.raises(NotDelivered, match=r"email\.address_refused") as refused:
            way.outlet.test(Address((to,)))
        assert refused.value.again is again
        assert way.outlet.send(parcel(), way.address).reference
        assert len(way.mails) == 1
    finally:
        way.close()


def test_mail_is_asked_for_on_a_new_connection_when_the_kept_one_was_closed():
    way = MailWay()
    try:
        way.outlet.test(Address())
        port = way.controller.port
        way.controller.stop()
        way.controller = Controller(way, hostname="127.0.0.1", port=port)
        way.controller.start()
        assert way.outlet.test(Address(("a@b.example",))).reference
    finally:
        way.close()


def test_send_when_from_several_threads_at_once(way):
    parcels = [parcel(key=f"key-{n}") for n in range(8)]
    failures: list[Exception] = []

    def run(each: Parcel) -> None:
        try:
            assert way.outlet.send(each, way.address).reference
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=[each]) for each in parcels]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert failures == []
    assert len(way.got()) == 8


def test_engines_when_listed_serve_every_channel():
    assert {entry.transport for entry in channels().values()} == set(TRANSPORTS)


def test_screen_when_told_waits_for_a_page():
    assert Screen().send(parcel(), Address()).state == "sent"


@pytest.mark.parametrize(("to", "again"), [(("nobody@x.example",), False), (("later@x.example",), True)])
def test_mail_when_every_recipient_is_refused(to, again):
    way = MailWay()
    try:
        with pytest.raises(NotDelivered) as failed:
            way.outlet.send(parcel(), Address(to=to))
        assert failed.value.again is again
        receipt = way.outlet.send(parcel(), Address(to=("nobody@x.example", "a@b.example")))
        assert receipt.facts == {"to": 1, "refused": ["nobody@x.example"]}
        assert receipt.reference == "OK taken as 42"
    finally:
        way.close()


def test_mail_when_several_go_out_uses_one_connection_and_carries_the_cap_bytes():
    way = MailWay()
    try:
        for n in range(5):
            way.outlet.send(parcel(key=f"k{n}"), way.address)
        assert len(way.sessions) == 1
        mail = message_from_bytes(way.mails[0], policy=policy.default)
        assert mail["Subject"] == sample().zh.headline
        assert next(mail.iter_attachments()).get_content() == CAP
    finally:
        way.close()


def test_mail_when_the_kept_connection_was_closed_meanwhile():
    way = MailWay()
    try:
        way.outlet.send(parcel(), way.address)
        kept = way.outlet._idle.queue[0]
        kept.sock.close()
        assert way.outlet.send(parcel(key="after"), way.address).state == "acknowledged"
        assert way.got()[-1] == "after"
    finally:
        way.close()


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (401, False), (302, False), (408, True), (429, True), (500, True), (503, True)]
)
def test_webhook_when_answered_with_a_status(status, again, monkeypatch, secret):
    way = HookWay()
    monkeypatch.setenv("FENGSUI_WEBHOOK_URL", f"http://127.0.0.1:{way.port}/hook")
    try:
        way.status = status
        with pytest.raises(NotDelivered) as failed:
            way.outlet.send(parcel(), way.address)
        assert failed.value.again is again
        assert way.keys == [parcel().key]
    finally:
        way.close()


def test_webhook_when_signed_keeps_its_connection_and_a_receiver_can_check(monkeypatch, secret):
    way = HookWay()
    monkeypatch.setenv("FENGSUI_WEBHOOK_URL", f"http://127.0.0.1:{way.port}/hook")
    try:
        for n in range(5):
            way.outlet.send(parcel(key=f"k{n}"), way.address)
        assert way.wrong == []
        assert len(way.peers) == 1
        way.answer = {"ok": True}
        assert way.outlet.send(parcel(), way.address).state == "sent"
    finally:
        way.close()


def test_webhook_when_not_configured_is_final(monkeypatch):
    monkeypatch.delenv("FENGSUI_WEBHOOK_SECRET", raising=False)
    monkeypatch.setenv("FENGSUI_WEBHOOK_URL", "http://127.0.0.1:9/")
    outlet = HttpPush(channel("webhook"))
    with pytest.raises(NotDelivered) as failed:
        outlet.send(parcel(), Address(env="FENGSUI_WEBHOOK_URL"))
    assert not failed.value.again
    assert failed.value.facts == {"variable": "FENGSUI_WEBHOOK_SECRET"}


def test_broadcast_when_no_terminal_answers_is_only_sent(tmp_path):
    way = RadioWay(Mosquitto, tmp_path)
    try:
        way.silent = True
        receipt = way.outlet.send(parcel(), way.address)
        assert (receipt.state, receipt.facts["terminals"]) == ("sent", 0)
        way.silent = False
        receipt = way.outlet.send(parcel(), way.address)
        assert receipt.facts["terminals"] == ["T1", "T2"]
        assert {retained for _, retained in way.heard} == {False}
    finally:
        way.close()


def test_broadcast_when_the_broker_restarts_goes_on(tmp_path):
    way = RadioWay(Nats, tmp_path)
    try:
        way.outlet.send(parcel(key="before"), way.address)
        way.broker.kill()
        way.broker.start()
        for _ in range(20):
            try:
                receipt = way.outlet.send(parcel(key="after"), way.address)
            except NotDelivered:
                time.sleep(0.5)
                continue
            if receipt.facts["terminals"] == ["T1", "T2"]:  # each comes back in its own time
                break
        assert receipt.facts["terminals"] == ["T1", "T2"]
    finally:
        way.close()


def test_feed_when_the_bytes_differ_by_one(tmp_path):
    way = FeedWay()
    try:
        other = replace(parcel(), sha256="0" * 64)
        with pytest.raises(NotDelivered, match="other_bytes"):
            way.outlet.send(other, way.address)
    finally:
        way.close()
