"""The other side, on a bad day: `python -m tests.faults.inside receivers`, in the namespace at the cable's far end.

The same mail server, webhook and terminals as the demonstration's, each writing down what it got before it answers.
truth/how.json says how each answers now: {"webhook": "hang", "smtp": "refuse"}; what is not named answers well.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from fengsui.config.district.devices import TERMINAL, secret_of
from fengsui.config.ops.home import Home
from fengsui.config.receivers import Book, Mailbox, media_centre, terminals

HANG_S = 30.0


def how(truth: Path, name: str) -> str:
    return str(json.loads((truth / "how.json").read_text()).get(name, ""))


def bad_media_centre(book: Book, secret: str, truth: Path) -> Any:
    good = media_centre(book, secret)

    class Handler(good):  # type: ignore[misc,valid-type]  # the class is made by a function
        def do_POST(self) -> None:
            way = how(truth, "webhook")
            if way == "hang":
                began = time.monotonic()
                while how(truth, "webhook") == "hang" and time.monotonic() < began + HANG_S:
                    time.sleep(0.1)
                self.connection.shutdown(socket.SHUT_RDWR)
            elif way == "refuse":
                self.connection.shutdown(socket.SHUT_RDWR)
            elif way == "500":
                self.send_error(500)
            elif way:
                self._badly(way)
            else:
                super().do_POST()

        def _badly(self, way: str) -> None:
            """Take it as a good receiver does, and answer wrongly."""
            line, self.wfile = self.wfile, _Kept()
            super().do_POST()
            answer, self.wfile = self.wfile.said, line
            if way == "500 though taken":
                self.send_error(500)
            elif way == "twice":
                self.wfile.write(answer + answer)
            else:
                self.wfile.write(answer[: len(answer) - 9])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

    return Handler


class _Kept:
    """What would have gone out."""

    def __init__(self) -> None:
        self.said = b""

    def write(self, data: bytes) -> int:
        self.said += data
        return len(data)

    def flush(self) -> None:
        return None


class BadMailbox(Mailbox):
    def __init__(self, book: Book, truth: Path) -> None:
        super().__init__(book)
        self.truth = truth

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        session.host_name = hostname
        if how(self.truth, "smtp") == "refuse":
            return ["421 not now"]
        return responses

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        way = how(self.truth, "smtp")
        if way == "hang":
            began = time.monotonic()
            while how(self.truth, "smtp") == "hang" and time.monotonic() < began + HANG_S:
                await asyncio.sleep(0.1)
            return "451 too late"
        if way in ("451", "refuse"):
            return "451 not now"
        taken = await super().handle_DATA(server, session, envelope)
        if way == "451 though taken":
            return "451 not now"
        if way == "twice":
            return f"{taken}\r\n{taken}"
        if way == "mid-answer":
            server.transport.write(b"25")
            server.transport.close()
        return taken


def main() -> int:
    truth, home = Path(os.environ["FAULTS_TRUTH"]), Home(Path(os.environ["FENGSUI_VAR"]))
    ports = json.loads((truth / "ports.json").read_text())
    handler = bad_media_centre(Book(truth / "webhook.jsonl"), os.environ["FENGSUI_WEBHOOK_SECRET"], truth)
    ThreadingHTTPServer.request_queue_size = 100
    web = ThreadingHTTPServer(("0.0.0.0", ports["webhook"]), handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    mail = Controller(BadMailbox(Book(truth / "mail.jsonl"), truth), hostname="0.0.0.0", port=ports["smtp"])
    mail.start()
    secret = secret_of(home, TERMINAL)
    terminals(
        Book(truth / "broadcast.jsonl"), os.environ["FENGSUI_MQTT_HOST"], int(os.environ["FENGSUI_MQTT_PORT"]), secret
    )
    print("receivers up", flush=True)
    while True:
        time.sleep(60)
