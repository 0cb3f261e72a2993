"""Batches of deliveries by real workers: one is killed -9 in the middle, a receiver hangs, a red warning comes."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection
from django.utils import timezone

from fengsui.apps.alerts import actions, rules
from fengsui.apps.alerts.models import Bulletin, Delivery, DeliveryAttempt, Outlet
from fengsui.apps.alerts.tests import make
from fengsui.apps.alerts.tests.crowd import make_crowd
from fengsui.core.jobs import LANES
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level
from tests.contracts.workers import until, worker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Receiver:
    """Takes everything, after `wait` was set or `wait_s`; `came`: the key of each message that began to come."""

    def __init__(self) -> None:
        self.came, self.wait_s, self.go = list[str](), 0.0, threading.Event()
        self.go.set()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers["Idempotency-Key"]
                with outer._lock:
                    outer.came.append(key)
                time.sleep(outer.wait_s)
                outer.go.wait(60)
                body = json.dumps({"id": f"r-{key}"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the test counts."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    serving = threading.Thread(target=made.server.serve_forever, daemon=True)
    serving.start()
    try:
        yield made
    finally:
        made.go.set()
        made.server.shutdown()
        made.server.server_close()
        serving.join()


@pytest.fixture
def town():
    town = make.make_town()
    Outlet.objects.exclude(channel="screen").update(is_active=False)
    for code in ("slow", "quick"):
        Outlet.objects.create(
            code=code, channel="webhook", name=code, min_level=4, address={"env": f"BENCH_{code.upper()}"},
            areas=["none"],
        )  # fmt: skip
    return town


def issue(town: make.Town, level: Level) -> Bulletin:
    now = timezone.now()
    row = make.signal(town, level, at=now)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=now)
    actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=now)
    return Bulletin.objects.in_world(LIVE).get(warning=row)


def count(rows: list[Delivery], *states: str) -> int:
    return Delivery.objects.in_world(LIVE).filter(pk__in=[row.pk for row in rows], state__in=states).count()


def jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'alerts.deliver'")
        return int(cursor.fetchone()[0])


def all_are(rows: list[Delivery], state: str) -> Callable[[], bool]:
    return lambda: count(rows, state) == len(rows)


def test_batch_when_its_worker_is_killed_loses_nothing_and_repeats_the_same_keys(town) -> None:
    with receiver() as slow:
        slow.wait_s = 0.02
        rows = make_crowd(issue(town, Level.BLUE), 600, outlet="slow")
        facts = {"BENCH_SLOW": slow.url, "FENGSUI_WEBHOOK_SECRET": "of a test"}
        with worker(**facts) as killed:
            until(lambda: len(slow.came) > 150, "a quarter came")
            slow.go.clear()  # now its batches are in the middle: out, and not written down
            until(lambda: len(slow.came) > count(rows, "acknowledged"), "some are out")
            killed.kill()
            killed.wait()
        known, out = count(rows, "acknowledged"), set(slow.came)
        assert known < len(out) < len(rows)
        assert count(rows, "pending") == len(rows) - known
        slow.go.set()
        with worker(**facts):
            until(all_are(rows, "acknowledged"), "all are acknowledged")
            until(lambda: jobs() == 0, "no job is left")
    times = Counter(slow.came)
    assert set(times) == {str(row.pk) for row in rows}
    assert set(times.values()) <= {1, 2}
    # Only what was out and not written down was said twice: no more than the batches that the lane had.
    twice = sum(n == 2 for n in times.values())
    assert twice == len(out) - known <= LANES["deliver"] * rules.AT_ONCE
    assert DeliveryAttempt.objects.filter(delivery__in=rows).count() == len(rows)


def test_red_warning_goes_out_before_what_waits_and_beside_what_hangs(town) -> None:
    with receiver() as slow, receiver() as quick:
        slow.wait_s = 0.2
        rows = make_crowd(issue(town, Level.BLUE), 2_000, outlet="slow")
        facts = {"BENCH_SLOW": slow.url, "BENCH_QUICK": quick.url, "FENGSUI_WEBHOOK_SECRET": "of a test"}
        with worker(**facts):
            until(lambda: len(slow.came) > 100, "the older ones are under way")
            slow.go.clear()  # and hang
            red = make_crowd(issue(replace(town, place=town.other), Level.RED), 10, outlet="quick")
            until(all_are(red, "acknowledged"), "the red ones are out")
            assert count(rows, "pending", "failed") > len(rows) / 2
            assert set(quick.came) == {str(row.pk) for row in red}
            slow.go.set()
