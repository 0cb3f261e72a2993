"""`./fengsui bench screen`: from a reading's sending to an officer's screen, while 1 000 readings come in a second.

screen   a device sends by MQTT, a browser stands on that station's page; until it shows that reading or a newer one
stored   the other readings of the run: until they stand in the table (asked every 50 ms, so much too long at most)

An installation of its own on real processes, real Chromium. First nobody else is there, then fifty people read: a page
every half minute, the event stream held open, each part fetched again when told. Browsers, devices, people and servers
share the machine's processors. A reading that was acknowledged and is not stored, or one that no page showed, and there
is no figure.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import Any

import _overload_clients as clients
from _overload_ground import Ground, Readings
from _shared import load, p, sql, times

RATE, STATIONS, EVERY_S = 1_000.0, 2, 1.0
GOAL_MS = 1_000.0
SAME_MS = 2.0
"""A browser keeps whole milliseconds of a moment."""
WATCH = """() => {
  const seen = window.__seen = []; let last = "";
  const look = () => {
    const found = document.querySelector("#station-state [data-age]")?.dataset.age ?? "";
    if (found && found !== last) seen.push([Date.now(), Date.parse(found)]);
    last = found || last;
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""
"""Of when the value is that the page shows, and when it began to show it; both in milliseconds."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench screen")
    parser.add_argument("--seconds", type=float, default=90.0, help="of each of the two stages")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rate", type=float, default=RATE, help="readings a second")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(Path(__file__).parents[1]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    with tempfile.TemporaryDirectory(prefix="fengsui-screen-") as folder:
        Path(folder).chmod(0o755)
        with Ground(Path(folder)) as ground:
            return _run(ground, options)


def _run(ground: Ground, options: argparse.Namespace) -> int:
    streams = ground.make_streams()
    watched = dict(list(streams.items())[:STATIONS])
    readings = Readings(ground, {topic: key for topic, key in streams.items() if topic not in watched})
    cookies = ground.sessions(options.people + STATIONS)
    time.sleep(5)  # ingest looks at its book every two seconds
    readings.start()
    readings.rate = options.rate
    with _screens(ground, cookies[:STATIONS], watched) as screens:
        for people in (0, options.people):
            with _reading(ground, cookies[STATIONS : STATIONS + people]):
                began = time.time()
                sent = _send(readings, watched, screens, options.seconds)
                until = time.time()
            shown = [each for page, own in zip(screens, sent, strict=True) for each in _late(page, own)]
            stored = [ms for at, ms in readings.took if began <= at < until - 2]
            name = f"{people} people beside" if people else "nobody else"
            print(
                f"\n{name}: {options.rate:g} readings/s, {STATIONS} screens, {len(shown)} readings looked for; {load()}"
            )
            alone = "" if people else f"< {GOAL_MS:g} ms"  # the goal says nothing of a crowd on the same processors
            for what, got, goal in (("screen", shown, alone), ("stored", stored, "")):
                print(f"  {what:8} p50 {p(got, 0.5):,.0f} ms, p95 {p(got, 0.95):,.0f} ms, worst {max(got):,.0f} ms")
                late = p(got, 0.99)
                times(
                    "screen", f"{what} p99, {name}", {"ours": [late]}, goal=goal, met=late < GOAL_MS if goal else None
                )
    return _verify(readings, streams)


@contextmanager
def _screens(ground: Ground, cookies: list[str], watched: dict[str, int]) -> Iterator[list[Any]]:
    """A browser's page at each station, standing and listening."""
    from playwright.sync_api import sync_playwright
    from tests.e2e.conftest import CHROMIUM

    address = f"http://127.0.0.1:{ground.port}"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        pages = []
        for cookie, topic in zip(cookies, watched, strict=True):
            context = browser.new_context()
            context.add_cookies(
                [
                    {"name": name, "value": value, "url": address}
                    for name, _, value in (each.partition("=") for each in cookie.split("; "))
                ]
            )
            page = context.new_page()
            page.goto(f"{address}/stations/{topic.split('/')[1]}/")
            page.wait_for_selector("#station-state")
            page.evaluate(WATCH)
            pages.append(page)
        yield pages
        browser.close()


@contextmanager
def _reading(ground: Ground, cookies: list[str]) -> Iterator[None]:
    """So many people, each of whom has had a page, until the end."""
    if not cookies:
        yield
        return
    context = multiprocessing.get_context("spawn")
    end, told = context.Event(), context.Queue()
    crowd = context.Process(target=clients.people, args=(ground.port, cookies, 0, end, told), daemon=True)
    crowd.start()
    with suppress(Empty):
        told.get(timeout=120)
    try:
        yield
    finally:
        end.set()
        crowd.join(60)


def _send(readings: Readings, watched: dict[str, int], screens: list[Any], seconds: float) -> list[list[float]]:
    """A reading a second to each watched station; when, by station. Pages are let run meanwhile."""
    device, sent = readings.gateways[0], [list[float]() for _ in watched]
    stop = threading.Event()

    def work() -> None:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            for topic, own in zip(watched, sent, strict=True):
                at = datetime.now(UTC)
                body = json.dumps({"t": at.isoformat(), "v": 0.01, "unit": "m"}).encode()
                device.publish(topic, body, at, 0.0)
                own.append(at.timestamp())
                time.sleep(EVERY_S / len(watched))
        stop.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not stop.is_set():
        screens[0].wait_for_timeout(200)
    thread.join()
    screens[0].wait_for_timeout(5_000)  # the last ones come
    return sent


def _late(page: Any, sent: list[float]) -> list[float]:
    """Milliseconds from each sending until the page showed it or a newer one. Raises SystemExit where none came."""
    seen = page.evaluate("() => window.__seen.splice(0)")
    found: list[float] = []
    shown: list[tuple[float, int]] = []
    """When, and the number of the reading that stood there then."""
    for at_ms, of_ms in seen:
        number = max((n for n, at in enumerate(sent) if at * 1000 < of_ms + SAME_MS), default=-1)
        if number >= 0:
            shown.append((at_ms, number))
    for n, at in enumerate(sent):
        when = next((at_ms for at_ms, number in shown if number >= n), None)
        if when is None:
            raise SystemExit(
                f"screen: a reading of {datetime.fromtimestamp(at, UTC):%H:%M:%S} never came to the page, which showed "
                f"{len(seen)} values of {len(sent)}, and stands at {page.url}: {page.inner_text('body')[:300]!r}"
            )
        found.append(when - at * 1000)
    return found


def _verify(readings: Readings, streams: dict[str, int]) -> int:
    readings.rate = 0.0
    time.sleep(5)
    readings.ending.set()
    readings.join(60)
    with readings.lock:
        wanted = {key for key in readings.acknowledged if key[0]}
    own = list(readings.streams.values())
    stored = sql("SELECT count(*) FROM sensing_observation WHERE datastream_id = ANY(%s)", [own])
    print(f"\nreadings of the others: {len(wanted):,} acknowledged, {stored:,} stored")
    return 0 if stored == len(wanted) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
