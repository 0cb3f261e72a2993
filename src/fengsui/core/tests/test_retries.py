"""A job outlives the database's absence at every moment of its life, and waits no longer than it must."""

import asyncio
from contextlib import suppress

import pytest
from django.db import OperationalError
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.periodic import PeriodicRegistry
from procrastinate.worker import Worker

from fengsui.core.jobs import beat
from fengsui.core.retries import AWAY_TRIES, NEXT_TIME, RETRY, Orphans, take_up


def waits(strategy, error, attempts):
    job = Job(id=1, queue="events", lock=None, queueing_lock=None, task_name="x", attempts=attempts)
    decision = strategy.get_retry_decision(exception=error, job=job)
    return None if decision is None else round((decision.retry_at - timezone.now()).total_seconds())


def test_own_failures_wait_longer_each_time_and_end():
    assert [waits(RETRY, ValueError(), n) for n in range(13)] == [2, 4, 8, 16, 32, *[60] * 7, None]
    assert waits(NEXT_TIME, ValueError(), 0) is None


def test_absent_database_is_asked_again_soon():
    for error in (OperationalError(), ConnectorException()):
        assert [waits(RETRY, error, n) for n in (0, 1, 7, 50, AWAY_TRIES)] == [2, 4, 5, 5, None]
        assert waits(NEXT_TIME, error, 3) == 5
    assert waits(NEXT_TIME, UniqueViolation(constraint_name="x", queueing_lock="x"), 0) is None


def with_worker(scenario, queues):
    """Run `scenario(app, worker)` beside a real worker of these queues."""

    async def all_of_it():
        worker_app = app.with_connector(app.connector.get_worker_connector())
        worker_app.periodic_registry = PeriodicRegistry()  # nothing but the test's own jobs
        async with worker_app.open_async():
            worker = Worker(
                app=worker_app, queues=queues, install_signal_handlers=False, delete_jobs="successful",
                fetch_job_polling_interval=0.1, listen_notify=False,
            )  # fmt: skip
            lane = asyncio.create_task(worker.run())
            try:
                while worker.worker_id is None:
                    await asyncio.sleep(0.02)
                await scenario(worker_app, worker)
            finally:
                lane.cancel()
                with suppress(asyncio.CancelledError):
                    await lane

    asyncio.run(all_of_it())


@pytest.mark.django_db(transaction=True)
def test_job_whose_fetch_was_never_answered_is_taken_up():
    number = beat.configure(queue="of nobody").defer(timestamp=0)

    async def scenario(worker_app, worker):
        job = await worker_app.job_manager.fetch_job(queues=["of nobody"], worker_id=worker.worker_id)
        assert job.id == number
        orphans = Orphans(worker_app, [worker])
        assert [await orphans.look(timezone.now()) for _ in range(3)] == [[], [number], []]

    with_worker(scenario, ["other"])
    row = ProcrastinateJob.objects.get(pk=number)
    assert (row.status, row.attempts) == ("todo", 1)


@pytest.mark.django_db(transaction=True)
def test_job_whose_end_could_not_be_written_down_is_done_again(monkeypatch):
    number, done = beat.configure(queue="tried").defer(timestamp=0), []

    async def work(**facts):
        done.append(facts)

    monkeypatch.setattr(app.tasks["core.beat"], "func", work)
    failed, finish = asyncio.Event(), JobManager.finish_job

    async def away(self, **facts):
        failed.set()
        monkeypatch.setattr(JobManager, "finish_job", finish)
        raise ConnectorException

    monkeypatch.setattr(JobManager, "finish_job", away)

    async def scenario(worker_app, worker):
        await asyncio.wait_for(failed.wait(), 20)
        await asyncio.sleep(0.2)
        orphans = Orphans(worker_app, [worker])
        assert [await orphans.look(timezone.now()) for _ in range(2)] == [[], [number]]
        while await worker_app.job_manager.list_jobs_async(id=number):
            await asyncio.sleep(0.05)

    with_worker(scenario, ["tried"])
    assert len(done) == 2
    assert not ProcrastinateJob.objects.filter(pk=number).exists()


@pytest.mark.django_db(transaction=True)
def test_job_that_runs_is_left_alone(monkeypatch):
    number = beat.configure(queue="tried").defer(timestamp=0)
    go_on = asyncio.Event()

    async def slowly(**facts):
        await go_on.wait()

    monkeypatch.setattr(app.tasks["core.beat"], "func", slowly)

    async def scenario(worker_app, worker):
        while not worker._running_jobs:
            await asyncio.sleep(0.02)
        assert [context.job.id for context in worker._running_jobs.values()] == [number]
        orphans = Orphans(worker_app, [worker])
        assert [await orphans.look(timezone.now()) for _ in range(3)] == [[], [], []]
        go_on.set()

    with_worker(scenario, ["tried"])


@pytest.mark.django_db(transaction=True)
def test_lost_beat_is_dropped_where_the_next_waits_already():
    lost = beat.configure(queue="of nobody", queueing_lock="b").defer(timestamp=0)

    async def scenario(worker_app, worker):
        await worker_app.job_manager.fetch_job(queues=["of nobody"], worker_id=worker.worker_id)
        await worker_app.connector.execute_query_async(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock) "
            "VALUES ('of nobody', 'core.beat', 'b')"
        )
        await take_up(worker_app.job_manager, lost, timezone.now())

    with_worker(scenario, ["other"])
    [left] = ProcrastinateJob.objects.filter(queue_name="of nobody")
    assert left.pk != lost
    assert left.status == "todo"
