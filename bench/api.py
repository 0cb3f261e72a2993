"""`./fengsui bench api`: a list over the API beside the same list as a page, on the shipped district with more rows.

Both are asked in turn through Django's own handler in this process (routing, middleware, queries, rendering), 50 rows
a page. Each round gives one ratio (API time over page time, medians of its calls); printed are the median of the ratios
over the rounds with their lowest and highest, the times, and how many questions each asks the database. `304` is the
conditional request of a feed whose content did not change, over the whole answer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fengsui.config.ops.figures import note

PAIRS = {
    "warnings": ("/warnings/", "/warnings?limit=50"),
    "incidents": ("/incidents/", "/incidents?limit=50"),
    "tasks": ("/tasks/", "/tasks?limit=50"),
    "clocks": ("/clocks/?view=all", "/clocks?view=all&limit=50"),
    "stations": ("/stations/", "/streams?limit=50"),
    "register": ("/registers/stations/", "/registers/stations/rows?limit=50"),
}
FEEDS = ("/feeds/cap/", "/feeds/warnings.geojson")
ROWS = 400


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench api")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=10, help="calls of each side in a round")
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    os.environ.setdefault("FENGSUI_API_PER_MINUTE", "1000000")
    os.environ.setdefault("FENGSUI_DEMO", "1")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import django
    from django.core.management import call_command
    from django.db import transaction
    from django.test import Client

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.api.programs import program
    from tests.contracts.story import client_of, tell
    from tests.contracts.test_queries import fill

    story = tell()
    with transaction.atomic():
        fill(story, 0, options.rows)
    page, api = client_of("duty"), program("duty", "*")
    print(f"{'list':10} {'page ms':>8} {'API ms':>8} {'API/page':>9} {'lowest':>7} {'highest':>8} {'queries':>9}")
    for name, (html, path) in PAIRS.items():
        sides: tuple[Callable[[], Any], Callable[[], Any]] = (lambda u=html: page.get(u), lambda u=path: api.get(u))
        _print(name, _rounds(sides, options.rounds, options.calls), [_queries(side) for side in sides])
    print(f"\n{'feed':24} {'200 ms':>8} {'304 ms':>8} {'304/200':>9} {'lowest':>7} {'highest':>8} {'queries':>9}")
    anybody = Client()
    for where in FEEDS:
        etag = anybody.get(where).headers["ETag"]
        sides = (lambda u=where: anybody.get(u), lambda u=where, e=etag: anybody.get(u, headers={"If-None-Match": e}))
        _print(where, _rounds(sides, options.rounds, options.calls), [_queries(side) for side in sides], 24)
    return 0


def _rounds(sides: tuple[Callable[[], Any], ...], rounds: int, calls: int) -> list[tuple[float, float]]:
    """Median milliseconds of each side, round by round; the sides take turns so that neither gets the quiet minute."""
    for side in sides:
        answer = side()
        assert answer.status_code in (200, 304), answer.content[:300]
    found = []
    for _ in range(rounds):
        spent: list[list[float]] = [[], []]
        for _ in range(calls):
            for at, side in enumerate(sides):
                began = time.perf_counter()
                side()
                spent[at].append((time.perf_counter() - began) * 1000)
        found.append((statistics.median(spent[0]), statistics.median(spent[1])))
    return found


def _queries(side: Callable[[], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        side()
    return len(seen)


def _print(name: str, found: list[tuple[float, float]], queries: list[int], width: int = 10) -> None:
    first, second = (statistics.median(each[at] for each in found) for at in (0, 1))
    ratios = sorted(b / a for a, b in found)
    note("api", name, {"ours": [b for _a, b in found], "first": [a for a, _b in found]})
    spread = f"{statistics.median(ratios):9.2f} {ratios[0]:7.2f} {ratios[-1]:8.2f}"
    print(f"{name:{width}} {first:8.1f} {second:8.1f} {spread} {queries[0]:>4} / {queries[1]}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
