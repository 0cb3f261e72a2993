"""Jobs by procrastinate: deferred inside the caller's transaction, picked up by `./fengsui worker` processes."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.db import close_old_connections, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as mark
from procrastinate.contrib.django import app
from procrastinate.worker import Worker

from fengsui.core import record, retention
from fengsui.core.models import Handled, StoredEvent
from fengsui.core.retries import NEXT_TIME, RETRY, Orphans, take_up
from fengsui.kernel.actor import Actor

log = structlog.get_logger(__name__)

LANES: dict[str, int] = {
    "events": 6,
    "deliver": 6,
    "forecasts drills ledger papers upkeep builtin": 3,
    "floods": 1,
    "scenarios": 1,
}
"""Queues and how many of their jobs run at once. Receivers that hang fill the lane of the deliveries and no other:
a crossing still drafts its warning. In a lane the higher priority goes first, then the older one."""
PRIORITY = 1_000
"""Of a reaction. Lanes do not compete, but each looks for its next job along the priorities of all: a reaction must not
be found behind a hundred thousand deliveries."""
HEARTBEAT_S = 1.0
STALLED_S = 5.0


def clean[**P, R](work: Callable[P, R]) -> Callable[P, R]:
    """Give the thread's database connection back to the pool before and after a job."""

    @functools.wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return wrapped


@app.task(name="core.handle_event", retry=RETRY, queue="events", priority=PRIORITY)
@clean
def handle_event(event_id: int, handler: str) -> None:
    """Run one reaction to one event exactly once: its mark commits together with its effects."""
    with transaction.atomic():
        stored = StoredEvent.objects.get(pk=event_id)
        _, fresh = Handled.objects.get_or_create(event_id=event_id, handler=handler)
        if not fresh:
            return
        structlog.contextvars.bind_contextvars(correlation=str(stored.correlation), handler=handler)
        reaction = record.handlers_of(stored.name)[handler]
        by = Actor(world=stored.world_id, system=handler.removeprefix("fengsui."), correlation=stored.correlation)
        reaction(record.rebuild(stored), by)


@app.periodic(cron="* * * * * */5")
@app.task(name="core.rescue_stalled", queue="upkeep", queueing_lock="rescue_stalled", pass_context=True)
async def rescue_stalled(context: Any, timestamp: int) -> None:
    """Nobody else picks up the job of a killed worker: it would stay `doing` for ever."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
        log.warning("job.rescued", job=job.id, task=job.task_name)
        await take_up(manager, job.id, timezone.now())


@app.periodic(cron="* * * * * */15")
@app.task(name="core.beat", queue="upkeep", queueing_lock="beat")
@clean
def beat(timestamp: int) -> None:
    """That jobs are picked up and done is the worker's proof of life."""
    from fengsui.core import proofs

    proofs.prove("core.link", "worker", at=timezone.now(), how="作业办结")


@app.periodic(cron="* * * * * */10")
@app.task(name="core.watch_failed", queue="upkeep", queueing_lock="watch_failed")
@clean
def watch_failed(timestamp: int) -> None:
    """What gave up becomes somebody's clock: a reaction that never happened must not stay unseen."""
    from fengsui.core import failed_jobs

    failed_jobs.watch(timezone.now())


@app.periodic(cron="10 16 * * *")
@app.task(name="core.seal_audit", queue="upkeep", queueing_lock="seal_audit")
@clean
def seal_audit(timestamp: int) -> None:
    """Daily checkpoint over all chains, ten past midnight in Beijing."""
    from fengsui.core.audit_check import make_checkpoint

    make_checkpoint(timezone.now())


@app.periodic(cron="20 16 * * *")
@app.task(name="core.forget_answers", queue="upkeep", queueing_lock="forget_answers")
@clean
def forget_answers(timestamp: int) -> None:
    """Answers of the API under an Idempotency-Key that no repeat may use any more."""
    from fengsui.core.api import idempotency

    idempotency.forget(timezone.now())


retention.declare(
    retention.Rule(
        "audit", mark("审计与事件"), lambda: None, "V", mark("只增不改不删；网络安全法要求日志不少于六个月")
    ),
    retention.Rule(
        "answers", mark("页面提交的结果"), lambda: 30, "U", mark("重复提交时原样再答"), "core.forget_answers"
    ),
    retention.Rule(
        "program_answers",
        mark("接口调用的结果"),
        lambda: 1,
        "U",
        mark("同一幂等键重发时原样再答"),
        "core.forget_answers",
    ),
    retention.Rule(
        "jobs", mark("办结的后台作业"), lambda: 0, "U", mark("办结即删；未成的留到有人处理"), "core.handle_event"
    ),
)


async def _work() -> None:
    loop = asyncio.get_running_loop()
    # asyncio's own pool has as many threads as processors and four: hanging receivers would hold them all.
    loop.set_default_executor(ThreadPoolExecutor(sum(LANES.values()) + 1, "job"))
    worker_app = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # the stubs know the base connector only
    async with worker_app.open_async():
        for task in worker_app.tasks.values():
            task.retry_strategy = task.retry_strategy or NEXT_TIME
        workers = [
            Worker(
                app=worker_app,
                name=queues.split()[0],
                queues=queues.split(),
                concurrency=concurrency,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=STALLED_S,
                fetch_job_polling_interval=1.0,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
            for queues, concurrency in LANES.items()
        ]
        lanes = [asyncio.create_task(each.run()) for each in workers]  # type: ignore[no-untyped-call]  # so in the library
        lanes.append(asyncio.create_task(Orphans(worker_app, workers).keep_looking()))

        def stop() -> None:
            for lane in lanes:
                lane.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        try:
            # The first lane that ends ends them all: half a worker would look alive.
            done, _rest = await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop()
            await asyncio.gather(*lanes, return_exceptions=True)
        for lane in done:
            if not lane.cancelled():
                lane.result()


def run_worker() -> None:
    """Serve all queues until SIGTERM; running jobs finish first."""
    asyncio.run(_work())
