"""What the platform calls is configuration: no text leads it anywhere, no answer leads it on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fengsui.apps.alerts.models import Outlet
from fengsui.catalog.channels import channel
from fengsui.core.api import site
from fengsui.core.ledger.register import registers
from fengsui.engines.outlets.http import HttpPush
from fengsui.kernel.ports.outlets import Address, NotDelivered
from tests.contracts.test_outlets import parcel

VARIABLE = "FENGSUI_WEBHOOK_URL"


@pytest.fixture
def led() -> Iterator[tuple[str, list[str]]]:
    """A receiver that leads on to itself by whatever status stands in the path; which paths were asked for."""
    asked: list[str] = []

    class Leading(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(int(self.path[1:4]) if self.path[1:4].isdigit() else 200)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/inside")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Leading)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_webhook_follows_no_redirect(led, monkeypatch, status):
    """An outside receiver could lead it to an address that only this machine reaches."""
    base, asked = led
    monkeypatch.setenv(VARIABLE, f"{base}/{status}")
    monkeypatch.setenv("FENGSUI_WEBHOOK_SECRET", "s")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    outlet = HttpPush(channel("webhook"))
    try:
        with pytest.raises(NotDelivered):
            outlet.send(parcel(), Address(env=VARIABLE))
        outlet.test(Address(env=VARIABLE))
    finally:
        outlet.close()
    assert asked == [f"/{status}", f"/{status}"]


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "127.0.0.1:80", "javascript:x", ""]
)
def test_webhook_speaks_http_alone(monkeypatch, address):
    monkeypatch.setenv(VARIABLE, address)
    monkeypatch.setenv("FENGSUI_WEBHOOK_SECRET", "s")
    outlet = HttpPush(channel("webhook"))
    try:
        with pytest.raises(NotDelivered) as refused:
            outlet.send(parcel(), Address(env=VARIABLE))
    finally:
        outlet.close()
    assert not refused.value.again


def test_no_register_form_or_operation_writes_an_outlets_address():
    """It is a variable's name in the district's files; the register holds names, levels and areas."""
    written = {column.code for each in registers().values() if each.model is Outlet for column in each.columns}
    assert written
    assert not written & {"address", "env", "to", "topic", "url"}
    paths = site.api().get_openapi_schema()["paths"]
    assert not [path for path in paths if "outlet" in path]
