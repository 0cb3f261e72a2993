"""The demonstration's other side: a mail server, a media centre's webhook, broadcast terminals. Real protocols.

What each of them got is appended to var/receivers/*.jsonl; the headless story proves delivery from there, and not
from anything the sending side says about itself.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import os
import signal
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from aiosmtpd.controller import Controller
from paho.mqtt.enums import CallbackAPIVersion

from fengsui.config.district.devices import TERMINAL, secret_of
from fengsui.config.ops.home import Home
from fengsui.config.ops.ports import Ports

BODY_LIMIT = 2_000_000


class Book:
    """Append-only JSON lines, flushed to disk before the sender hears yes."""

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, **facts: Any) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(), **facts}, ensure_ascii=False)
        with self._lock, open(self.path, "a", encoding="utf-8") as out:
            out.write(line + "\n")
            out.flush()
            os.fsync(out.fileno())


class Mailbox:
    """aiosmtpd handler."""

    def __init__(self, book: Book) -> None:
        self.book = book

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        facts = {"subject": str(message["Subject"]), "id": str(message["Message-ID"])}
        self.book.write(to=envelope.rcpt_tos, size=len(envelope.content), **facts)
        return "250 OK"


def media_centre(book: Book, secret: str) -> type[BaseHTTPRequestHandler]:
    """A webhook that checks the signature as docs/reference/webhook.md tells a receiver to."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, BODY_LIMIT))
            stamp = self.headers.get("X-Fengsui-Timestamp", "")
            given = self.headers.get("X-Fengsui-Signature", "").removeprefix("sha256=")
            good = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
            signed = hmac.compare_digest(given, good)
            key = self.headers.get("Idempotency-Key", "")
            book.write(key=key, signed=signed, size=len(body), body=body.decode("utf-8", "replace") if signed else "")
            answer = json.dumps({"id": hashlib.sha256(key.encode()).hexdigest()[:16]}).encode()
            self.send_response(202 if signed else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """The book is the log."""

    return Handler


def terminals(book: Book, host: str, port: int, password: str) -> mqtt.Client:
    """Broadcast terminals of all areas: take a bulletin, answer on `<topic>/receipt`."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=TERMINAL, clean_session=False)
    client.username_pw_set(TERMINAL, password)

    def connected(client: mqtt.Client, *_: Any) -> None:
        client.subscribe("broadcast/+", qos=1)

    def got(client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        try:
            facts = json.loads(message.payload)
        except ValueError:
            facts = {}
        identifier = str(facts.get("identifier", ""))
        book.write(topic=message.topic, identifier=identifier, key=str(facts.get("key", "")), size=len(message.payload))
        receipt = {"identifier": identifier, "key": facts.get("key", ""), "terminal": TERMINAL, "state": "played"}
        client.publish(f"{message.topic}/receipt", json.dumps(receipt), qos=1)

    client.on_connect, client.on_message = connected, got
    client.reconnect_delay_set(1, 5)
    client.connect_async(host, port, keepalive=15)
    client.loop_start()
    return client


def own_port(home: Home, name: str) -> int | None:
    """Port of our own `smtp` or `webhook` receiver; None where the operator named a server of theirs."""
    given = urlsplit(os.environ.get({"smtp": "FENGSUI_SMTP_URL", "webhook": "FENGSUI_WEBHOOK_URL"}[name], ""))
    port = Ports(home.var / "ports.json").known(name)
    return port if port and (given.hostname, given.port) == ("127.0.0.1", port) else None


def main() -> int:
    """Runs whichever receivers are ours until told to end."""
    home = Home.here()
    folder = home.var / "receivers"
    mail = web = None
    if port := own_port(home, "smtp"):
        mail = Controller(Mailbox(Book(folder / "mail.jsonl")), hostname="127.0.0.1", port=port)
        mail.start()
    if port := own_port(home, "webhook"):
        handler = media_centre(Book(folder / "webhook.jsonl"), os.environ["FENGSUI_WEBHOOK_SECRET"])
        web = ThreadingHTTPServer(("127.0.0.1", port), handler)
        threading.Thread(target=web.serve_forever, daemon=True).start()
    radio = terminals(
        Book(folder / "broadcast.jsonl"),
        os.environ["FENGSUI_MQTT_HOST"],
        int(os.environ["FENGSUI_MQTT_PORT"]),
        secret_of(home, TERMINAL),
    )
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    up = [name for name, server in (("mail", mail), ("webhook", web)) if server]
    print(f"receivers up: {', '.join([*up, 'broadcast terminals'])}", flush=True)
    while not ending.wait(1.0):
        time.sleep(0)
    radio.loop_stop()
    if mail:
        mail.stop()
    if web:
        web.shutdown()
    return 0
