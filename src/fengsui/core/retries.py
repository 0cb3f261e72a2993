"""When a job is tried again, and who takes up a job that nobody runs any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from procrastinate.exceptions import ConnectorException, ProcrastinateException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

log = structlog.get_logger(__name__)

AWAY = (OperationalError, InterfaceError, PoolTimeout, ConnectorException)
"""What a job meets whose database is gone, restarted or out of reach."""
AWAY_TRIES = 400
AWAY_S = 5
LOOK_S = 5.0


class Patience(BaseRetryStrategy):
    """Its own failures: after 2, 4, 8 s ... and never more than `longest_s`. An absent database: every few seconds.

    A reaction that met three restarts must not wait for minutes when the database is back.
    """

    def __init__(self, tries: int, longest_s: int = 60) -> None:
        self.tries, self.longest_s = tries, longest_s

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        away = isinstance(exception, AWAY) and not isinstance(exception, UniqueViolation)
        if job.attempts >= (AWAY_TRIES if away else self.tries):
            return None
        wait_s = 2 ** min(job.attempts + 1, 16)
        return RetryDecision(retry_in={"seconds": min(wait_s, AWAY_S if away else self.longest_s)})


RETRY = Patience(12)
"""Some eight minutes of a job's own failures, and half an hour without a database."""
NEXT_TIME = Patience(0)
"""For what comes again by itself: only an absent database is a reason to try this one again."""


async def take_up(manager: Any, job: int, now: datetime) -> None:
    """Let a job that nobody runs wait once more; where the same work waits already, this one is dropped."""
    try:
        await manager.retry_job_by_id_async(job, retry_at=now)
    except UniqueViolation:
        await manager.finish_job_by_id_async(job, status=Status.FAILED, delete_job=True)


class Orphans:
    """Jobs that the database says a worker of this process runs, and that it does not.

    The answer to its fetch was lost, or it could not write down how the job ended, because the database went away at
    that moment. The worker lives, so nobody else would ever take them up.
    """

    def __init__(self, app: Any, workers: Sequence[Worker]) -> None:
        self.app, self.workers = app, workers
        self._seen: set[int] = set()

    async def look(self, now: datetime) -> list[int]:
        """Take up those that were so at the last look, too: a job may be between its fetch and its start."""
        own = [each.worker_id for each in self.workers if each.worker_id is not None]
        rows = await self.app.connector.execute_query_all_async(
            "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = ANY(%(own)s)", own=own
        )
        # The library tells no other way which jobs it runs; core/tests/test_retries.py notices when that changes.
        running = {context.job.id for each in self.workers for context in each._running_jobs.values()}
        found = {row["id"] for row in rows} - running
        lost = sorted(found & self._seen)
        self._seen = found
        for job in lost:
            await take_up(self.app.job_manager, job, now)
            log.warning("job.orphan", job=job)
        return lost

    async def keep_looking(self) -> None:
        """Until cancelled; an absent database is asked again."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look(timezone.now())
            except (*AWAY, ProcrastinateException) as error:
                log.warning("job.orphans_not_looked_for", error=type(error).__name__)
