"""Tianditu asked over a real socket: what is sent, what is taken, what is not."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from fengsui.engines.basemap.tianditu import Tianditu

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def provider():
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(urlsplit(self.path))
            wrong = parse_qs(asked[-1].query)["tk"] != ["goodkey"]
            missing = "TILEMATRIX=17" in self.path
            self.send_response(404 if missing else 200)
            self.send_header("Content-Type", "application/json" if wrong else "image/png")
            self.end_headers()
            self.wfile.write(b'{"code": 301}' if wrong else PNG)

        def log_message(self, *args):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_tile_is_asked_by_wmts_with_the_key_when_wanted(provider):
    base, asked = provider
    assert Tianditu(base + "/", "goodkey").tile("vec", 12, 3451, 1523) == (PNG, "image/png")
    assert asked[0].path == "/vec_w/wmts"
    query = parse_qs(asked[0].query)
    assert (query["TILEMATRIX"], query["TILECOL"], query["TILEROW"], query["TILEMATRIXSET"]) == (
        ["12"],
        ["3451"],
        ["1523"],
        ["w"],
    )


def test_no_tile_comes_when_the_key_is_wrong_or_the_layer_zoom_or_server_is_none(provider):
    base, asked = provider
    assert Tianditu(base, "badkey").tile("vec", 12, 1, 1) is None
    assert Tianditu(base, "goodkey").tile("cva", 17, 1, 1) is None
    assert len(asked) == 2
    assert Tianditu(base, "goodkey").tile("../etc", 12, 1, 1) is None
    assert Tianditu(base, "goodkey").tile("vec", 19, 1, 1) is None
    assert len(asked) == 2
    assert Tianditu("http://127.0.0.1:9", "goodkey").tile("vec", 12, 1, 1) is None
