"""`./fengsui bench pages`: server time of each page on the shipped district, and with very many rows in every list.

ours    the page through Django's own handler in this process: routing, session, queries, template
limit   the same request answered by an empty view behind the same middleware (GET /healthz asks the database once)

Figures are p50 and p95 in milliseconds, first with few rows, then (x) with very many; `times` is p50 x over p50.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from fengsui.config.ops.figures import note

GOAL_MS = 300.0
ROWS = {"streams": 20_000, "incidents": 5_000, "tasks": 20_000, "clocks": 100_000, "warnings": 5_000, "events": 200_000}
OPEN_SHARE = 50
"""One row in so many is open (clocks, incidents) or not normal (streams)."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench pages")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose address holds this text")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.contracts.story import client_of, tell

    story = tell()
    pages = [(login, where) for login, where in _pages(story.ids) if options.only in where]
    clients = {login: client_of(login) for login, _ in pages}
    small = {each: _measure(clients[each[0]], each[1], options.rounds) for each in pages}
    limit = _measure(clients[pages[0][0]], "/healthz", options.rounds)
    _grow(story)
    large = {each: _measure(clients[each[0]], each[1], options.rounds) for each in pages}
    return _print(small, large, limit)


def _pages(ids: dict[str, Any]) -> list[tuple[str, str]]:
    desk = [
        "/", "/desk/nav", "/desk/parts/burning", "/desk/parts/mine", "/desk/parts/overdue", "/desk/parts/recent",
        "/desk/parts/situation", "/desk/parts/act", "/clocks/", "/clocks/?view=all", "/clocks/?view=all&state=any",
        "/warnings/", "/incidents/", "/incidents/layer.geojson", "/tasks/", "/tasks/all", "/stations/",
        "/stations/layer.geojson", "/map/", "/map/list", "/find/?q=1", f"/warnings/{ids['warning_id']}/",
        f"/bulletins/{ids['bulletin_id']}/", f"/incidents/{ids['incident_id']}/", f"/tasks/{ids['task_id']}/",
        f"/tasks/{ids['task_id']}/dispatch", f"/orders/{ids['order_id']}/", f"/clocks/{ids['clock_id']}/",
        f"/stations/{ids['code']}/", f"/reviews/{ids['incident_id']}/", f"/chain/{ids['correlation']}/",
        *(f"/reviews/{ids['incident_id']}/{part}" for part in ("timeline", "clocks", "replay", "replay.json")),
        "/reviews/indicators/", "/reviews/findings/",
        "/feeds/cap.atom",
    ]  # fmt: skip
    return [
        *(("duty", where) for where in desk),
        *(("team", where) for where in ("/", "/tasks/", "/tasks/all", f"/tasks/{ids['task_id']}/")),
        *(("auditor", where) for where in ("/audit/", f"/audit/subject/{ids['subject']}")),
    ]


def _measure(client: Any, where: str, rounds: int) -> list[float]:
    """Milliseconds of each request, after one that pays for imports and caches. Raises where the page fails."""
    took = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        response = client.get(where)
        if getattr(response, "streaming", False):
            list(response)
        took.append((time.perf_counter() - started) * 1000)
        if response.status_code >= 400:
            raise SystemExit(f"{where}: {response.status_code}")
    return sorted(took[1:])


def _grow(story: Any) -> None:
    """Very many rows in every list."""
    from fengsui.core.models import StoredEvent

    station = story.ids["code"]
    _copies(
        "sensing_station", f"code = '{station}'", ROWS["streams"], id="gen_random_uuid()", code="'B' || n",
        location="ST_SetSRID(ST_MakePoint(123.2 + (n % 200) * 0.001, 41.7 + (n / 200) * 0.001), 4326)", place_id="NULL",
    )  # fmt: skip
    _sql(
        "INSERT INTO sensing_datastream (world_id, station_id, kind, topic, unit, period_s, speed, ladder, "
        "ladder_basis, limits, is_active, changed_at) SELECT s.world_id, s.id, 'water_depth', 'bench/' || s.code, 'm', "
        '60, 1, \'{"blue": 0.1, "yellow": 0.2, "orange": 0.3, "red": 0.5}\', \'{}\', \'{}\', true, now() '
        "FROM sensing_station s WHERE s.code ~ '^B[0-9]+$'"
    )
    _sql(
        "INSERT INTO sensing_currentvalue (datastream_id, at, value, flags, detail, received_at, good_at, good_value, "
        "level, watched, memory_version) SELECT d.id, now() - make_interval(secs => CASE WHEN d.id %% 40 = 0 THEN 4000 "
        "ELSE 0 END), 0.05, 0, 0, now(), now(), 0.05, CASE WHEN d.id %% 200 = 0 THEN 1 + d.id %% 4 ELSE 0 END, "
        "d.id %% 50 = 0, 0 FROM sensing_datastream d WHERE d.topic LIKE 'bench/%%' ON CONFLICT DO NOTHING"
    )
    _copies(
        "incidents_incident", f"id = '{story.incident.pk}'", ROWS["incidents"], id="gen_random_uuid()",
        number="'B' || n", place_id="NULL", warning_id="NULL", correlation="gen_random_uuid()",
        status=f"CASE WHEN n % {OPEN_SHARE} = 0 THEN 'verified' ELSE 'false_alarm' END", reason="'bench'",
        known_at="known_at - n * interval '1 minute'",
    )  # fmt: skip
    _copies(
        "command_task", f"id = '{story.tasks[0].pk}'", ROWS["tasks"], id="gen_random_uuid()", code="'b' || n",
        status=f"CASE WHEN n % {OPEN_SHARE} = 0 THEN 'waiting' ELSE 'done' END", response_id="NULL",
        incident_id="(SELECT id FROM incidents_incident WHERE number = 'B' || (1 + n % 5000))",
    )  # fmt: skip
    _copies(
        "core_clock", f"id = '{story.ids['clock_id']}'", ROWS["clocks"], id="gen_random_uuid()", about_id="'b' || n",
        state=f"CASE WHEN n % {OPEN_SHARE} = 0 THEN 'running' ELSE 'met' END", correlation="gen_random_uuid()",
        due_at="due_at - (n % 100000) * interval '1 second'",
    )  # fmt: skip
    _copies(
        "alerts_warning", f"id = '{story.warning.pk}'", ROWS["warnings"], id="gen_random_uuid()", status="'lifted'",
        correlation="gen_random_uuid()", drafted_at="drafted_at - n * interval '1 hour'",
    )  # fmt: skip
    _copies("core_storedevent", f"id = {StoredEvent.objects.latest('id').pk}", ROWS["events"], id="DEFAULT")
    _sql("ANALYZE")


def _copies(table: str, where: str, count: int, **over: str) -> None:
    """`count` copies of one row, some columns by an expression over n."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall() if over.get(name) != "DEFAULT"]
        if not set(over) <= {*columns, "id"}:
            raise SystemExit(f"{table} has no {sorted(set(over) - set(columns))}")
        chosen = ", ".join(over.get(name, f't."{name}"') for name in columns)
        named = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"INSERT INTO {table} ({named}) "
            f"SELECT {chosen} FROM (SELECT * FROM {table} WHERE {where} LIMIT 1) t, generate_series(1, {count}) n"
        )


def _sql(text: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(text, [] if "%%" in text else None)


def _p95(took: list[float]) -> float:
    return took[min(len(took) - 1, math.ceil(0.95 * len(took)) - 1)]


def _print(small: dict[Any, list[float]], large: dict[Any, list[float]], limit: list[float]) -> int:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; rows added for x: {ROWS}")
    print(f"limit /healthz p50 {statistics.median(limit):.1f} p95 {_p95(limit):.1f} ms")
    print(f"{'page':52} {'who':8} {'p50':>7} {'p95':>7} {'p50 x':>8} {'p95 x':>8} {'/limit':>7} {'times':>6}")
    slow = 0
    for (login, where), took in sorted(large.items(), key=lambda each: -_p95(each[1])):
        few, many = statistics.median(small[login, where]), statistics.median(took)
        over = _p95(took) > GOAL_MS
        slow += over
        sides = {"ours": took, "/healthz": limit, "few rows": small[login, where]}
        note("pages", f"{where} as {login}", sides, goal=f"p95 <= {GOAL_MS:.0f} ms", met=not over)
        print(
            f"{where[:52]:52} {login:8} {few:7.1f} {_p95(small[login, where]):7.1f} {many:8.1f} {_p95(took):8.1f} "
            f"{many / statistics.median(limit):7.1f} {many / few:6.1f}{'  over the goal' if over else ''}"
        )
    print(f"goal: p95 within {GOAL_MS:.0f} ms; {slow} of {len(large)} pages are over it")
    return 0
