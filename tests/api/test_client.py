"""The example of docs/howto/use-the-api.md, run as a program against a server on a real port."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError

import pytest
from django.db import connection
from django.utils import timezone

from fengsui.apps.alerts import actions
from fengsui.apps.alerts.models import Call
from fengsui.apps.command.models import Task
from fengsui.apps.people.models import Account
from fengsui.core.worlds import LIVE
from tests.api.programs import token_of
from tests.contracts.story import tell

REPO = Path(__file__).parents[2]
SCRIPT = REPO / "examples/client.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("fengsui_example_client", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def story(transactional_db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEMO = True
    yield tell()
    with connection.cursor() as cursor:  # not a table of ours, so the flush after the test passes over it
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def run(live_server, plain: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "FENGSUI_URL": live_server.url, "FENGSUI_TOKEN": plain}
    return subprocess.run(
        [sys.executable, SCRIPT, *words], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_example_does_a_shift_once_however_often_it_is_started(story, live_server):
    called = Call.objects.in_world(LIVE).filter(bulletin=story.bulletin, state="called")
    logins = dict(Account.objects.values_list("person_id", "username"))
    call = next(each for each in called if each.person_id in logins)
    _row, plain = token_of(logins[call.person_id], "warnings:read", "warnings:acknowledge", "tasks:read", "tasks:work")
    first = run(live_server, plain, "shift")
    assert first.returncode == 0, first.stderr
    done = json.loads(first.stdout.splitlines()[-1])
    assert done["warnings"] == 1
    assert done["calls"] >= 1
    call.refresh_from_db()
    assert call.state == "answered"
    assert plain not in first.stdout + first.stderr
    second = run(live_server, plain, "shift")
    assert json.loads(second.stdout.splitlines()[-1])["calls"] == 0


def test_example_reports_a_task_once_when_its_answer_was_lost(story, live_server, example):
    _row, plain = token_of("team", "tasks:read", "tasks:work")
    api = example.Api(live_server.url, plain)
    task = Task.objects.in_world(LIVE).get(pk=story.ids["task_id"])
    before = task.progress.count()
    for _ in range(3):  # as if the answers of the first two had been lost
        api.change(f"/tasks/{task.pk}/report", {"text": "水位下降"}, key="lost-answer-1")
    assert task.progress.count() == before + 1
    assert "fst_" not in repr(api)


def test_example_fetches_the_feed_only_when_it_changed(story, live_server, example):
    feed = example.Feed(f"{live_server.url}/feeds/warnings.geojson")
    said: list[str] = []
    example.follow(feed, 3, every_s=0, say=said.append)
    assert (feed.fetched, feed.unchanged) == (1, 2)
    assert said[1:] == ["unchanged", "unchanged"]
    actions.lift(warning_id=story.warning.pk, reason="退了", by=story.by("leader"), now=timezone.now())
    assert json.loads(feed.news())["features"] == []


def test_example_says_what_is_wrong_when_refused(story, live_server):
    _row, plain = token_of("team", "tasks:read")
    refused = run(live_server, plain, "shift")
    assert refused.returncode == 1
    assert "warnings:read" in refused.stderr
    assert plain not in refused.stderr


def test_example_tries_again_with_the_same_key_when_told_to_wait(example):
    """A server that fails twice: what it was sent each time is the same request."""
    seen: list[tuple[str, bytes]] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((self.headers["Idempotency-Key"], self.rfile.read(int(self.headers["Content-Length"]))))
            done = len(seen) == 3
            self.send_response(200 if done else 429)
            self.send_header("Retry-After", "0.01")
            self.end_headers()
            self.wfile.write(b'{"done": true}' if done else b'{"code": "core.api.too_many"}')

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        api = example.Api(f"http://127.0.0.1:{server.server_port}", "secret")
        assert api.change("/x", {"a": 1}) == {"done": True}
        assert len(set(seen)) == 1
        assert len(seen) == 3
    finally:
        server.shutdown()
        server.server_close()
    gone = example.Api(f"http://127.0.0.1:{server.server_port}", "secret", tries=1)
    with pytest.raises(URLError):
        gone.get("/warnings")
