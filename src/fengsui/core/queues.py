"""How deep the queues of jobs are. Nothing that people issued is refused for want of room: a lane bounds what is under
way at once, the priority says who goes first, and how many wait stands on the desk, on /system/ and on /metrics."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from fengsui.core.jobs import LANES

COUNTED = 100_000
"""Counting stops there: a page must not cost more the worse things are."""
DEEP = 200
"""From so many on a desk says it: [U], some seconds of work for one worker."""


@dataclass(frozen=True, slots=True)
class Lane:
    """`waiting`: jobs that could begin now, at most COUNTED + 1; `most`: under way at once in one worker."""

    queues: tuple[str, ...]
    waiting: int
    doing: int
    most: int


def lanes() -> list[Lane]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue_name, count(*) FROM (SELECT queue_name FROM procrastinate_jobs WHERE status = 'todo' "
            "AND (scheduled_at IS NULL OR scheduled_at <= now()) LIMIT %s) AS w GROUP BY 1",
            [COUNTED + 1],
        )
        waiting = dict(cursor.fetchall())
        cursor.execute("SELECT queue_name, count(*) FROM procrastinate_jobs WHERE status = 'doing' GROUP BY 1")
        doing = dict(cursor.fetchall())
    return [
        Lane(names, sum(waiting.get(n, 0) for n in names), sum(doing.get(n, 0) for n in names), most)
        for names, most in ((tuple(queues.split()), most) for queues, most in LANES.items())
    ]


def waiting(limit: int = COUNTED) -> int:
    """Jobs of all lanes that could begin now, counted up to `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' "
            "AND (scheduled_at IS NULL OR scheduled_at <= now()) LIMIT %s) AS w",
            [limit],
        )
        return int(cursor.fetchone()[0])
