"""`./fengsui bench jobs`: work that somebody waits for, and work by the thousand.

single   each job deferred in a transaction of its own and done by the worker as it runs here (six at once, Django's
         connections, marks its row); from the first defer to the last row
start    from defer to the job's first line, one job every 25 ms on an idle worker
by 1000  one job claims a thousand rows by SKIP LOCKED, marks them and commits: how anything with many rows is done
limit    an own table: rows inserted one a commit, eight threads claim by SKIP LOCKED, one row a commit (by 1000: the
         same thousand a commit, without a job)
peer     procrastinate's own worker with an asynchronous task and its own pool, without Django

Marked rows are counted: a job lost or done twice, and there is no rate. Again with ten times the finished jobs lying in
the table of jobs. Celery, the table's peer (442 jobs/s beside procrastinate's 320 there), needs a broker that the
platform does not have; the goal of 0.5 x Celery is judged against the peer.

Seen in `start`: a full collection of Python's garbage holds the worker up for 97 ms at load 9, ten times that at 27.
Not decided: freezing what stands at the worker's start (`gc.freeze`) made one of them 5 ms and another one 163, but the
load rose between the sides; it is not in.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import _shared
from _shared import Goal

HERE = Path(__file__).resolve()
PATIENCE_S, HISTORY, AT_ONCE = 120.0, 5_000, 6
MARK = "INSERT INTO bench_done (n, at) VALUES (%s, clock_timestamp())"
CLAIM = (
    "WITH c AS (SELECT n FROM bench_queue ORDER BY n FOR UPDATE SKIP LOCKED LIMIT %s), "
    "d AS (DELETE FROM bench_queue q USING c WHERE q.n = c.n RETURNING q.n) "
    "INSERT INTO bench_done (n, at) SELECT n, clock_timestamp() FROM d"
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench jobs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--rows", type=int, default=20_000)
    options = parser.parse_args(arguments)
    _shared.ready()
    other = _peer_database()
    _shared.sql("CREATE TABLE bench_queue (n bigint PRIMARY KEY)")
    with _shared.bare(autocommit=True, dbname="bench_jobs_peer") as asked, _working("ours"), _working("peer", other):
        bench = Bench(options, asked)
        few: dict[str, float] = {}
        for more in (False, True):
            bench.run(few, more=more)
        bench.start()
    with _shared.bare(autocommit=True) as asked:
        asked.execute("DROP DATABASE bench_jobs_peer WITH (FORCE)")
    return 0


def _peer_database() -> str:
    """A database of its own: our worker serves every queue of ours."""
    with _shared.bare(autocommit=True) as asked:
        asked.execute("DROP DATABASE IF EXISTS bench_jobs_peer WITH (FORCE)")
        asked.execute("CREATE DATABASE bench_jobs_peer")
    url = urlunsplit(urlsplit(os.environ["FENGSUI_DATABASE_URL"])._replace(path="/bench_jobs_peer"))
    with _shared.bare(autocommit=True, dbname="bench_jobs_peer") as asked:
        asked.execute("CREATE TABLE bench_done (n bigint, at timestamptz)")
    _shared.sql("CREATE TABLE bench_done (n bigint, at timestamptz)")
    app, _task = _bare_app(url)
    with app.open():
        app.schema_manager.apply_schema()
    return url


@contextmanager
def _working(side: str, url: str = "") -> Iterator[None]:
    env = os.environ | {"PYTHONPATH": f"{HERE.parent}:{os.environ['PYTHONPATH']}", "FENGSUI_LOG_LEVEL": "ERROR"}
    worker = subprocess.Popen([sys.executable, str(HERE), side, url], env=env, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(15)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


class Bench:
    def __init__(self, options: argparse.Namespace, peer: Any) -> None:
        self.rounds, self.jobs, self.rows, self.peer_asked = options.rounds, options.jobs, options.rows, peer
        self.task, self.batch = _tasks()
        url = urlunsplit(urlsplit(os.environ["FENGSUI_DATABASE_URL"])._replace(path="/bench_jobs_peer"))
        self.app, self.peer_task = _bare_app(url)
        self._until(lambda: self._deferred(1) == 1, "our worker")
        self._until(lambda: self._peer(1) == 1, "the peer's worker")

    def run(self, few: dict[str, float], *, more: bool) -> None:
        self._history(HISTORY * (10 if more else 1))
        held = f"{int(_shared.sql('SELECT count(*) FROM procrastinate_jobs')):,} finished jobs in the table"
        single: dict[str, Callable[[], int]] = {
            "ours": lambda: self._deferred(self.jobs),
            "limit": lambda: self._limit(self.jobs, 1),
            "peer": lambda: self._peer(self.jobs),
        }
        batched: dict[str, Callable[[], int]] = {
            "ours": lambda: self._batched(self.rows),
            "limit": lambda: self._limit(self.rows, 1000),
        }
        for path, sides, count, unit, goal in (
            ("single", single, self.jobs, "jobs", Goal(">= 0.5 x peer", "peer", 2)),
            ("by 1000", batched, self.rows, "rows", Goal(">= 0.3 x limit", "limit", 1 / 0.3)),
        ):
            took = _shared.measure(
                "jobs", path if more else f"{path} (few before)", sides, count, rounds=self.rounds, unit=unit,
                goal=goal if more else None, history=held,
                before=lambda _side, path=path: self._fill(path),
                exponent=(lambda now, path=path: _shared.growth(few[path], now)) if more else None,
            )  # fmt: skip
            few.setdefault(path, took)

    def start(self) -> None:
        """Milliseconds from defer to start, ours and the peer's in turns."""
        late: dict[str, list[float]] = {"ours": [], "peer": []}
        with self.app.open():
            for n in range(120):
                for side, got in late.items():
                    got.append(self._late(side, 10_000_000 + n))
                    time.sleep(0.025)
        print(f"\nfrom defer to start, 120 jobs; {_shared.load()}")
        thirds = {side: [got[at::3] for at in range(3)] for side, got in late.items()}
        for share, words, most in ((0.5, "", 0.0), (0.99, "p99 < 50 ms", 50.0)):
            sides = {side: [_shared.p(each, share) for each in parts] for side, parts in thirds.items()}
            met = statistics.median(sides["ours"]) < most if most else None
            _shared.times("jobs", f"start, p{share * 100:.0f}", sides, goal=words, met=met)

    def _late(self, side: str, number: int) -> float:
        """Milliseconds from defer to the mark of one job."""
        asked = f"SELECT extract(epoch FROM at) FROM bench_done WHERE n = {number}"
        ask = _shared.sql if side == "ours" else self._asked
        sent = time.time()
        (self.task if side == "ours" else self.peer_task).defer(n=number)
        self._until(lambda: ask(asked) is not None, "a job")
        return (float(ask(asked)) - sent) * 1000

    def _asked(self, text: str) -> Any:
        row = self.peer_asked.execute(text).fetchone()
        return row and row[0]

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise SystemExit(f"jobs: {what} was not done: no rate")
            time.sleep(0.002)

    def _history(self, count: int) -> None:
        """Finished jobs as a worker leaves them that keeps its successes."""
        for asked in (_shared.sql, lambda text, values=(): self.peer_asked.execute(text, values)):
            asked(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts) "
                "SELECT 'old', 'bench.old', '{}', 'succeeded', 1 FROM generate_series(1, %s)",
                [count],
            )
            asked("ANALYZE procrastinate_jobs")

    def _fill(self, path: str) -> None:
        _shared.sql("TRUNCATE bench_queue, bench_done")
        self.peer_asked.execute("TRUNCATE bench_done")
        if path == "by 1000":
            _shared.sql("INSERT INTO bench_queue SELECT generate_series(1, %s)", [self.rows])

    def _deferred(self, count: int) -> int:
        for n in range(count):
            self.task.defer(n=n)
        return self._done(count)

    def _batched(self, count: int) -> int:
        for _ in range(count // 1000):
            self.batch.defer()
        return self._done(count)

    def _done(self, count: int) -> int:
        self._until(lambda: int(_shared.sql("SELECT count(*) FROM bench_done")) >= count, "every job")
        return int(_shared.sql("SELECT count(DISTINCT n) FROM bench_done"))

    def _peer(self, count: int) -> int:
        with self.app.open():
            for n in range(count):
                self.peer_task.defer(n=n)
        self._until(lambda: int(self._asked("SELECT count(*) FROM bench_done")) >= count, "every job of the peer")
        return int(self._asked("SELECT count(DISTINCT n) FROM bench_done"))

    def _limit(self, count: int, by: int) -> int:
        def claim(_at: int) -> None:
            with _shared.bare(autocommit=True) as asked:
                while asked.execute(CLAIM, [by], prepare=True).rowcount:
                    pass

        if by == 1:
            with _shared.bare(autocommit=True) as asked:
                for n in range(count):
                    asked.execute("INSERT INTO bench_queue VALUES (%s)", [n], prepare=True)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(claim, range(8)))
        return int(_shared.sql("SELECT count(DISTINCT n) FROM bench_done"))


def _tasks() -> tuple[Any, Any]:
    from django.db import connection, transaction
    from procrastinate.contrib.django import app

    from fengsui.core.jobs import RETRY, clean

    @app.task(name="bench.mark", queue="events", retry=RETRY)
    @clean
    def mark(n: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MARK, [n])

    @app.task(name="bench.batch", queue="events", retry=RETRY)
    @clean
    def batch() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CLAIM, [1000])

    return mark, batch


def _bare_app(url: str) -> tuple[Any, Any]:
    import procrastinate
    import psycopg_pool

    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url))
    pool: list[Any] = []

    @app.task(name="bench.bare", queue="bench")
    async def mark(n: int) -> None:
        if not pool:
            pool.append(psycopg_pool.AsyncConnectionPool(url, min_size=AT_ONCE, open=False))
            await pool[0].open()
        async with pool[0].connection() as asked:
            await asked.execute(MARK, [n])

    return app, mark


async def _bare_worker(url: str) -> None:
    import procrastinate

    app, _task = _bare_app(url)
    app = app.with_connector(procrastinate.PsycopgConnector(conninfo=url))
    async with app.open_async():
        await app.run_worker_async(
            concurrency=AT_ONCE, fetch_job_polling_interval=1.0, delete_jobs="successful", install_signal_handlers=True
        )


def _our_worker() -> None:
    import django

    django.setup()
    from fengsui.core import jobs

    _tasks()
    jobs.run_worker()


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        _our_worker()
    else:
        asyncio.run(_bare_worker(sys.argv[2]))
