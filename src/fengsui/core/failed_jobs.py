"""Jobs that gave up: a reaction that never happened is a loop left open, so each becomes a clock of somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.transaction import atomic
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from fengsui.core import clocks, events, policy
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE, ClockKind
from fengsui.kernel.errors import Invalid, NotFound
from fengsui.kernel.terms import Term

KIND = ClockKind(
    "core.failed_job",
    Term("core.failed_job", "处置失败的后台作业", "see to a failed job"),
    default="不自动重做；继续催办",
    proof="重做或作废的记录",
)
SHOWN = 200


@dataclass(frozen=True, slots=True)
class FailedJob:
    """One job that gave up and that nobody has seen to. `event` is what it should have reacted to."""

    id: int
    task: str
    queue: str
    attempts: int
    handler: str
    event: StoredEvent | None
    clock: Clock


def watch(now: datetime) -> int:
    """Start the clock of each job that gave up since the last look; returns how many."""
    rows = list(ProcrastinateJob.objects.filter(status="failed").order_by("id"))
    known = set(
        Clock.objects.all_worlds("jobs serve every world")
        .filter(kind=KIND.code, about_id__in=[str(row.pk) for row in rows])
        .values_list("about_id", "slot")
    )
    fresh = [row for row in rows if (str(row.pk), _slot(row)) not in known]
    for row in fresh:
        _start(row, now)
    return len(fresh)


def _slot(row: Any) -> str:
    """A job that was tried again and gave up again is owed again."""
    return f"attempt {row.attempts}"


@atomic
def _start(row: Any, now: datetime) -> None:
    event = StoredEvent.objects.filter(pk=row.args.get("event_id")).first()
    by = Actor(world=event.world_id if event else LIVE, system="core.failed_jobs")
    by = by.in_chain(event.correlation) if event else by
    handler = str(row.args.get("handler", "")).removeprefix("fengsui.apps.")
    announce(events.JobFailed(row.pk, row.task_name, row.attempts), about=row, by=by, topics=("core.jobs",))
    clocks.start(
        KIND.code,
        about=row,
        by=by,
        now=now,
        label=f"作业 {row.pk} {handler or row.task_name}",
        owner_role="system_admin",
        slot=_slot(row),
        url="/jobs/",
    )


def open_ones(world: UUID) -> list[FailedJob]:
    """What waits in this world for somebody to see to it, the first due first."""
    owed = list(
        Clock.objects.in_world(world)
        .filter(kind=KIND.code, state__in=MACHINE.open_states)
        .order_by("due_at", "id")[:SHOWN]
    )
    rows = ProcrastinateJob.objects.in_bulk([int(each.about_id) for each in owed])
    told = StoredEvent.objects.in_bulk([row.args["event_id"] for row in rows.values() if "event_id" in row.args])
    return [
        FailedJob(
            row.pk,
            row.task_name,
            row.queue_name,
            row.attempts,
            str(row.args.get("handler", "")).removeprefix("fengsui.apps."),
            told.get(row.args.get("event_id")),
            clock,
        )
        for clock in owed
        if (row := rows.get(int(clock.about_id)))
    ]


def _take(clock_id: UUID, by: Actor) -> tuple[Any, Actor]:
    """The job of an open clock in the actor's world; raises NotFound("core.job.not_found")."""
    owed = (
        Clock.objects.in_world(by.world)
        .select_for_update()
        .filter(pk=clock_id, kind=KIND.code, state__in=MACHINE.open_states)
        .first()
    )
    row = ProcrastinateJob.objects.filter(pk=owed.about_id, status="failed").first() if owed else None
    if owed is None or row is None:
        raise NotFound("core.job.not_found")
    return row, by.in_chain(owed.correlation)


@atomic
def retry(*, clock_id: UUID, by: Actor, now: datetime) -> int:
    """重做: once more, now; returns the job's number. If it gives up again a new clock starts."""
    policy.require(by, "core.jobs")
    row, by = _take(clock_id, by)
    app.job_manager.retry_job_by_id(row.pk, retry_at=now)
    clocks.close(KIND.code, about=row, by=by, now=now, proof={"verb": "retry"})
    announce(events.JobRetried(row.pk, row.task_name), about=row, by=by, topics=("core.jobs",))
    return int(row.pk)


@atomic
def write_off(*, clock_id: UUID, reason: str, by: Actor, now: datetime) -> int:
    """作废: what the job should have done was done otherwise or is not needed, and why."""
    policy.require(by, "core.jobs")
    if not reason.strip():
        raise Invalid("core.job.needs_reason", field="reason")
    row, by = _take(clock_id, by)
    by = by.because(reason.strip()[:300])
    clocks.close(KIND.code, about=row, by=by, now=now, proof={"verb": "write_off", "reason": by.reason})
    announce(events.JobWrittenOff(row.pk, row.task_name), about=row, by=by, topics=("core.jobs",))
    return int(row.pk)
