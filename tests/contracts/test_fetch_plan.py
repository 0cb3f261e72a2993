"""The next job is found by few rows, however many wait and whatever the worker saw before."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import procrastinate
import pytest
from django.db import connection, transaction

from fengsui.apps.alerts import rules
from fengsui.core.jobs import PRIORITY, handle_event
from fengsui.kernel.levels import Level

pytestmark = pytest.mark.django_db

fetch_in_two_steps = import_module("fengsui.core.migrations.0015_fetch_in_two_steps")
MANY = 20_000


def used_by_the_library() -> str:
    """Name of the function that the installed library fetches by."""
    text = (Path(procrastinate.__file__).parent / "sql/queries.sql").read_text()
    found = re.search(r"-- fetch_job --.*?FROM (procrastinate_fetch_job\w*)\(", text, re.DOTALL)
    assert found
    return found[1]


def test_the_function_of_the_installed_library_is_the_one_that_was_set() -> None:
    """A newer library may bring a new function: then it needs the same settings."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proconfig FROM pg_proc WHERE proname = %s", [used_by_the_library()])
        assert set(cursor.fetchone()[0]) == {"enable_seqscan=off", "enable_bitmapscan=off", "enable_sort=off"}
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [used_by_the_library()])
        assert cursor.fetchone()[0].strip().endswith(fetch_in_two_steps.BODY.strip())


def put(count: int, queue: str, priority: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status) "
            "SELECT %s, 'x', %s, '{}', 'todo' FROM generate_series(1, %s)",
            [queue, priority, count],
        )


def fetch(queue: str) -> tuple[int | None, int]:
    """Priority of the job that was found, and how many rows of the table were read for it."""
    read = "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = %s"
    with connection.cursor() as cursor:
        cursor.execute(read, ["procrastinate_jobs"])
        before = cursor.fetchone()[0]
        cursor.execute(f"SELECT priority FROM {used_by_the_library()}(%s::varchar[], NULL)", [[queue]])
        found = cursor.fetchone()[0]
        cursor.execute(read, ["procrastinate_jobs"])
        return found, cursor.fetchone()[0] - before


def test_a_plan_of_an_empty_queue_is_not_kept_for_a_full_one() -> None:
    for _ in range(10):  # from the sixth call on PL/pgSQL may keep its plan
        assert fetch("deliver")[0] is None
    put(MANY, "deliver", 10)
    put(1, "deliver", 40)
    found, rows = fetch("deliver")
    assert found == 40
    assert rows < 10
    assert fetch("deliver")[1] < 10


@pytest.mark.django_db(transaction=True)  # a table is vacuumed outside transactions only
def test_a_queue_that_was_full_and_emptied_is_not_read_whole_when_it_fills_again() -> None:
    """Its statistics say one row, its file is large: every scan looks as cheap as every other."""
    with connection.cursor() as cursor:
        put(5 * MANY, "deliver", 10)
        cursor.execute("DELETE FROM procrastinate_jobs")
        cursor.execute("VACUUM ANALYZE procrastinate_jobs")
        put(MANY, "deliver", 10)
        put(1, "deliver", 40)
        try:
            with transaction.atomic():  # the counters that `fetch` reads are the transaction's
                assert fetch("deliver")[0] == 40
                assert fetch("deliver")[1] < 10
        finally:
            cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def test_jobs_of_one_lock_are_taken_one_after_the_other() -> None:
    put(3, "ledger", 10)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET lock = 'one'")
        cursor.execute(
            "UPDATE procrastinate_jobs SET priority = 20 WHERE id = (SELECT max(id) FROM procrastinate_jobs)"
        )
    assert [fetch("ledger")[0], fetch("ledger")[0]] == [20, None]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'doing'")
    assert fetch("ledger")[0] == 10


def test_a_reaction_is_found_behind_a_full_lane_of_deliveries() -> None:
    put(MANY, "deliver", 10)
    put(1, "events", PRIORITY)
    found, rows = fetch("events")
    assert found == PRIORITY
    assert rows < 10
    assert handle_event.priority == PRIORITY > max(rules.priority(kind, Level.RED) for kind in rules.KINDS)
