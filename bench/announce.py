"""`./fengsui bench announce`: a change put on record, beside the same rows without chain.

chained  event, audit row and its hash chain, one commit each, each on a subject of its own
whole    `announce` as a verb calls it (the above, what the subject is found by, one NOTIFY), and a clock started
by 100   `announce_many` of a hundred rows, one commit
verify   `verify-audit` over all rows: read, hashed again, compared with event, head and chain
plain    (limit) event and audit row of the same bytes by psycopg, prepared, no chain, in tables with their key alone
indexed  the same as plain, in tables that have the record's indexes, too: what the chain itself costs is beside this
notify   (peer) plain with a NOTIFY a transaction: what any push from a table costs

Eight connections, four in each of two processes, as web workers are. Rows are counted and the chains verified at the
end: a run that loses one, or whose chains are not whole, has no rate. Again with ten times the history.

With SHA-256 one function in PostgreSQL draws the number, hashes, writes and notifies; SM3, which PostgreSQL does not
know, takes two statements (decision 0001). Around it a verb has BEGIN and COMMIT, where plain has one statement in all.
Helped: that function (CPU on a busy machine: whole 7.0 instead of 10.7 ms, chained 1.5 instead of 1.9). Did not help:
statements prepared by the server, 2.4 instead of 2.55 ms. Not done: without its foreign keys a row costs the server
0.16 instead of 0.23 to 0.31 ms, without the world's index and the head's for LIKE 0.01 less; the record keeps its keys.
What is left of whole is mostly the clock by Django's ORM.

Helped `verify`: columns as the text that was hashed, 0.027 instead of 0.10 ms of CPU a row; then one pass in the order
of writing, which sorts nothing and hashes while the server reads, with a walk of the chains that it does not prove:
0.011 to 0.014. Of that the server's part is 0.004, reading alone 0.006. Did not help it: comparing each event in the
database (reading the facts as jsonb costs 0.005 ms a row there, 0.002 here); a thread that fetches ahead of a server-
side cursor (0.005 of the server's and 0.003 of ours, instead of 0.004 and 0.002); rows sorted by chain (0.009 of the
server's, most of it a sort on disk). Not tried: hashing in PostgreSQL, which knows no SM3 and whose functions are the
intruder's to change; several processes, since the server keeps the second processor busy.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import _shared
from _shared import Goal

PROCESSES, THREADS, BATCH = 2, 4, 100
HISTORY = 10_000
FACTS = '{"after":{},"before":{},"payload":{"depth_m":0.27},"posts":["p"],"reason":"","source":"10.1.2.3","pad":"'
PLAIN = (
    "WITH e AS (INSERT INTO {event} (name, payload, world_id, about_type, about_id, correlation, at, person_id, "
    "system) VALUES ('core.Happened', %s::jsonb, %s, 'core.world', %s, %s, %s, %s, '') RETURNING id) "
    "INSERT INTO {audit} (subject, n, event_id, at, verb, person_id, system, world_id, correlation, facts, "
    "algorithm, prev_hash, hash) SELECT 'core.world:' || %s, 1, e.id, %s, 'core.Happened', %s, '', %s, %s, %s, "
    "'sha256', %s, %s FROM e"
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench announce")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2_000)
    options = parser.parse_args(arguments)
    # Every process does whole batches of a hundred: what is asked and what is done must be the same.
    options.rows = -(-options.rows // (PROCESSES * THREADS * BATCH // 10)) * (PROCESSES * THREADS * BATCH // 10)
    _shared.ready()
    return run(options.rounds, options.rows)


def run(rounds: int, rows: int) -> int:
    from django.db import connections

    from fengsui.core.tests.make import make_rule

    make_rule()
    for table, like in (("bench_event", "core_storedevent"), ("bench_audit", "core_auditrow")):
        _shared.sql(f"CREATE TABLE {table} (LIKE {like} INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (id))")
        _shared.sql(f"CREATE TABLE {table}_indexed (LIKE {like} INCLUDING ALL)")
    connections.close_all()
    with multiprocessing.get_context("spawn").Pool(PROCESSES, _prepare) as pool:

        def side(work: str, table: str, by: int = 1) -> Callable[[], int]:
            def go() -> int:
                before = _shared.sql(f"SELECT count(*) FROM {table}")
                pool.starmap(_many, [(work, rows * by // PROCESSES)] * PROCESSES, chunksize=1)
                return int(_shared.sql(f"SELECT count(*) FROM {table}")) - int(before)

            return go

        audit, plain = "core_auditrow", "bench_audit"
        paths = {
            "chained": (
                {
                    "ours": side("chained", audit), "plain": side("plain", plain),
                    "indexed": side("indexed", f"{plain}_indexed"),
                }, 1, Goal(">= 0.5 x plain", "plain", 2),
            ),
            "whole": (
                # A clock started is a second event and a second audit row.
                {"ours": side("whole", "core_clock"), "plain": side("plain", plain), "notify": side("notify", plain)},
                1, Goal(">= 0.15 x plain", "plain", 1 / 0.15),
            ),
            "by 100": (
                {"ours": side("many", audit, 10), "plain": side("plain_many", plain, 10)},
                10, Goal(">= 0.2 x plain", "plain", 5),
            ),
        }  # fmt: skip
        few: dict[str, float] = {}
        for times in (1, 10):
            _fill(HISTORY * times)
            _shared.sql("TRUNCATE bench_event, bench_audit, bench_event_indexed, bench_audit_indexed")
            held = int(_shared.sql("SELECT count(*) FROM core_auditrow"))
            for path, (sides, by, goal) in paths.items():
                last = times > 1
                took = _shared.measure(
                    "announce", path if last else f"{path} (little history)", sides, rows * by, rounds=rounds,
                    unit="rows", goal=goal, history=f"{held:,} rows before",
                    exponent=(lambda now, path=path: _shared.growth(few[path], now)) if last else None,
                )  # fmt: skip
                few.setdefault(path, took)
            _verify(rounds, few, last=times > 1)
    return 0


def _verify(rounds: int, few: dict[str, float], *, last: bool) -> None:
    """Beside reading the same columns alone, and beside hashing the same texts alone."""
    from fengsui.core import audit_check

    count = int(_shared.sql("SELECT count(*) FROM core_auditrow"))

    def ours() -> int:
        if found := list(audit_check.faults()):
            raise SystemExit(f"announce: the chain is not whole: {found[0]}")
        return count

    def read() -> int:
        with _shared.bare() as asked, asked.cursor("bench") as cursor:
            cursor.itersize = 5000
            cursor.execute(
                "SELECT a.*, e.payload::text, e.name, e.world_id, e.correlation, e.at, e.person_id, e.system, "
                "e.about_type, e.about_id FROM core_auditrow a JOIN core_storedevent e ON e.id = a.event_id "
                "ORDER BY a.subject, a.n"
            )
            return sum(1 for _row in cursor)

    each = _shared.measure(
        "announce", "verify" if last else "verify (little history)", {"ours": ours, "read": read}, count,
        rounds=rounds, unit="rows", goal=Goal(">= 0.5 x reading alone", "read", 2),
        exponent=(lambda now: _shared.growth(few["verify"], now)) if last else None,
    )  # fmt: skip
    few.setdefault("verify", each)
    print(f"  verify {1 / each:,.0f} rows/s, goal of the table 150,000: {'met' if each <= 1 / 150_000 else 'MISSED'}")


def _fill(count: int) -> None:
    """History by `announce_many`, whose chain is whole, up to `count` rows in ten-row chains."""
    from django.db.transaction import atomic

    from fengsui.core.record_many import Told, announce_many
    from fengsui.core.tests.make import happened, make_person

    held, by = int(_shared.sql("SELECT count(*) FROM core_auditrow")), make_person()
    for low in range(held, count, 10_000):
        keys = [str(uuid.uuid4()) for _ in range(1000)]
        with atomic():
            announce_many(
                (Told(happened(), "core.world", keys[n % 1000], {}, {}) for n in range(min(10_000, count - low))), by=by
            )
    _shared.sql("VACUUM ANALYZE core_auditrow")
    _shared.sql("VACUUM ANALYZE core_storedevent")


# --- in the workers ---------------------------------------------------------------------------------------------------

_kept: dict[str, Any] = {}


def _prepare() -> None:
    import django

    django.setup()
    from fengsui.core.tests import make  # noqa: F401 - the clock's kind is registered by it

    _kept["threads"] = ThreadPoolExecutor(THREADS)
    _kept["plain"] = [_shared.bare(autocommit=True) for _ in range(THREADS)]


def _many(work: str, count: int) -> None:
    """`count` rows shared among the threads of this process."""
    step = {"many": BATCH, "plain_many": BATCH}.get(work, 1)
    share = count // THREADS
    done = list(_kept["threads"].map(lambda at: WORKS[work](at, share // step), range(THREADS)))
    assert len(done) == THREADS


def _chained(_at: int, count: int) -> None:
    import json
    from dataclasses import asdict

    from django.db.transaction import atomic
    from django.utils import timezone

    from fengsui.core import record
    from fengsui.core.tests.make import happened, make_person

    by = make_person()
    for _ in range(count):
        event = happened()
        payload = record.plain(asdict(event))
        facts = record.canonical({"payload": payload, "before": {}, "after": {}, "pad": json.dumps(payload)})
        with atomic():
            record._write("core.Happened", payload, facts, "core.world", str(uuid.uuid4()), timezone.now(), by)


def _whole(_at: int, count: int) -> None:
    from django.db.transaction import atomic
    from django.utils import timezone

    from fengsui.core.models import World
    from fengsui.core.record import announce
    from fengsui.core.tests.make import happened, make_clock, make_person

    by = make_person()
    for _ in range(count):
        about = World(pk=uuid.uuid4())
        with atomic():
            announce(happened(), about=about, by=by)
            make_clock(by, about=about, now=timezone.now())


def _announce_many(_at: int, batches: int) -> None:
    from django.db.transaction import atomic

    from fengsui.core.record_many import Told, announce_many
    from fengsui.core.tests.make import happened, make_person

    by = make_person()
    for _ in range(batches):
        with atomic():
            announce_many((Told(happened(), "core.world", str(uuid.uuid4()), {}, {}) for _ in range(BATCH)), by=by)


def _row() -> list[Any]:
    at, who, world, key, chain = datetime.now(UTC), uuid.uuid4(), uuid.UUID(int=1), str(uuid.uuid4()), uuid.uuid4()
    facts = FACTS + "x" * 240 + '"}'
    payload = f'{{"at":"2026-07-28T18:31:00+00:00","row_id":"{key}","depth_m":0.27,"word":"水深"}}'
    return [payload, world, key, chain, at, who, key, at, who, world, chain, facts, "0" * 64, "1" * 64]


def _plain(at: int, count: int, notify: bool = False, more: str = "") -> None:
    asked, text = _kept["plain"][at], PLAIN.format(event=f"bench_event{more}", audit=f"bench_audit{more}")
    for _ in range(count):
        if notify:
            with asked.transaction():
                asked.execute(text, _row(), prepare=True)
                asked.execute("SELECT pg_notify('bench_plain', %s)", [str(time.monotonic_ns())], prepare=True)
        else:
            asked.execute(text, _row(), prepare=True)


def _plain_many(at: int, batches: int) -> None:
    asked = _kept["plain"][at]
    for _ in range(batches):
        rows = [_row() for _ in range(BATCH)]
        with asked.transaction(), asked.cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence('bench_event', 'id')) FROM generate_series(1, %s)", [BATCH]
            )
            ids = [n for (n,) in cursor.fetchall()]
            with cursor.copy(
                "COPY bench_event (id, name, payload, world_id, about_type, about_id, correlation, at, person_id, "
                "system) FROM STDIN"
            ) as copy:
                for n, r in zip(ids, rows, strict=True):
                    copy.write_row((n, "core.Happened", r[0], r[1], "core.world", r[2], r[3], r[4], r[5], ""))
            with cursor.copy(
                "COPY bench_audit (subject, n, event_id, at, verb, person_id, system, world_id, correlation, facts, "
                "algorithm, prev_hash, hash) FROM STDIN"
            ) as copy:
                for n, r in zip(ids, rows, strict=True):
                    who = (r[4], "core.Happened", r[5], "", r[1], r[3])
                    copy.write_row((f"core.world:{r[2]}", 1, n, *who, r[11], "sha256", r[12], r[13]))


WORKS: dict[str, Callable[[int, int], None]] = {
    "chained": _chained,
    "whole": _whole,
    "many": _announce_many,
    "plain": _plain,
    "indexed": lambda at, count: _plain(at, count, more="_indexed"),
    "notify": lambda at, count: _plain(at, count, notify=True),
    "plain_many": _plain_many,
}


if __name__ == "__main__":
    raise SystemExit(main([]))
