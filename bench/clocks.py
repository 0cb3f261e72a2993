"""`./fengsui bench clocks`: one look of the escalation engine, with 10 000 and with 100 000 open clocks.

quiet    nothing is due: what the engine does every second of a calm day
due      a hundred clocks are due at once: each fires its next rung in a transaction of its own, is announced, and told
limit    the same by psycopg: the oldest due row locked, its firing and next time written, one commit a clock, no record
         (quiet: one question whether any row is due)

Firings are counted and each due clock must have fired exactly once; else there is no time. History is what is closed:
nine closed clocks lie beside every open one.

One transaction a clock is on purpose: a clock whose firing fails takes no other with it. Helped: fewer round trips,
seven instead of ten a clock (the record in one, its NOTIFY and the engine's patience for locks with another statement).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import _shared

GOAL_MS = 1000.0
DUE = 100


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench clocks")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--open", type=int, default=100_000)
    options = parser.parse_args(arguments)
    _shared.ready()
    from django.utils import timezone

    from fengsui.core.tests.make import make_clock, make_person, make_rule

    make_rule()
    now = timezone.now()
    first = make_clock(make_person(), now=now, label="bench")
    few: dict[str, float] = {}
    for count in (options.open // 10, options.open):
        _fill(first.pk, count)
        print(f"\n{count:,} open clocks, {9 * count:,} closed; {options.rounds} rounds; {_shared.load()}")
        for path in ("quiet", "due"):
            sides = _measure(path, now, options.rounds)
            mine = statistics.median(sides["ours"])
            last = count == options.open
            grows = _shared.growth(few[path], mine) if last else None
            few.setdefault(path, mine)
            words = f"a sweep < 1 s with {count:,} open"
            name = f"{path}, {count:,} open"
            _shared.times("clocks", name, sides, goal=words, met=mine < GOAL_MS, exponent=grows)
    return 0


def _fill(model: Any, count: int) -> None:
    """Copies of one clock, due next month, and nine closed ones beside each."""
    from django.db import connection

    have = int(_shared.sql("SELECT count(*) FROM core_clock WHERE state = 'running'"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'core_clock'")
        names = [f'"{name}"' for (name,) in cursor.fetchall()]
    for state, number, first in (("running", count - have, have), ("met", 9 * (count - have), 0)):
        over = {
            '"id"': "gen_random_uuid()", '"about_id"': f"'{state}' || {first} + n", '"state"': f"'{state}'",
            '"next_fire_at"': "now() + interval '30 days' + n * interval '1 second'" if state == "running" else "NULL",
            '"due_at"': "now() + interval '31 days'", '"correlation"': "gen_random_uuid()",
        }  # fmt: skip
        _shared.sql(
            f"INSERT INTO core_clock ({', '.join(names)}) "
            f"SELECT {', '.join(over.get(each, f't.{each}') for each in names)} "
            "FROM core_clock t, generate_series(1, %s) n WHERE t.id = %s",
            [number, model],
        )
    _shared.sql("VACUUM ANALYZE core_clock")


def _measure(path: str, now: datetime, rounds: int) -> dict[str, list[float]]:
    from fengsui.core import clock_engine

    wanted = DUE if path == "due" else 0
    with _shared.bare() as asked:
        sides: dict[str, Callable[[], int]] = {
            "ours": lambda: clock_engine.sweep(now + timedelta(seconds=5)),
            "limit": lambda: _bare(asked, now + timedelta(seconds=5), fire=bool(wanted)),
        }
        took: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(rounds + 1):
            for name, work in sides.items():
                if wanted:
                    _make_due(now)
                before = int(_shared.sql("SELECT count(*) FROM core_clockfiring"))
                began = time.perf_counter()
                work()
                if turn:  # the first pays for imports and caches
                    took[name].append((time.perf_counter() - began) * 1000)
                fired = int(_shared.sql("SELECT count(*) FROM core_clockfiring")) - before
                if fired != wanted:
                    raise SystemExit(f"clocks, {path}, {name}: {fired} of {wanted} fired: no time")
    return took


def _make_due(now: datetime) -> None:
    """Those that fired lately are put back first; then a hundred that never fired are due."""
    _shared.sql(
        "UPDATE core_clock SET next_fire_at = now() + interval '30 days' "
        "WHERE state = 'running' AND next_fire_at < now() + interval '29 days'"
    )
    _shared.sql(
        "UPDATE core_clock SET next_fire_at = %s WHERE id IN (SELECT id FROM core_clock c WHERE state = 'running' "
        "AND rungs_fired = 0 LIMIT %s)",
        [now, DUE],
    )  # fmt: skip


def _bare(asked: Any, now: datetime, *, fire: bool) -> int:
    fired = 0
    while True:
        with asked.transaction():
            row = asked.execute(
                "SELECT id FROM core_clock WHERE state = 'running' AND next_fire_at <= %s ORDER BY next_fire_at "
                "LIMIT 1 FOR UPDATE SKIP LOCKED",
                [now],
            ).fetchone()
            if row is None or not fire:
                return fired
            asked.execute(
                "INSERT INTO core_clockfiring (clock_id, rung, at, to_role) VALUES (%s, 0, %s, 'duty_officer')",
                [row[0], now],
            )
            asked.execute(
                "UPDATE core_clock SET next_fire_at = %s, rungs_fired = 1 WHERE id = %s",
                [now + timedelta(days=30), row[0]],
            )
        fired += 1


if __name__ == "__main__":
    raise SystemExit(main([]))
