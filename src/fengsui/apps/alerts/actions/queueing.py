"""How deliveries come into the queue of jobs, and what of them is looked for when a job was lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from fengsui.apps.alerts import mass_rules, queries, rules
from fengsui.apps.alerts.models import Bulletin, Delivery
from fengsui.kernel.levels import Level

Defer = Callable[[Sequence[UUID], datetime | None, int], None]
_defer: list[Defer] = []
DeferBatch = Callable[[UUID, int, int], None]
_defer_batch: list[DeferBatch] = []
SWEEP_AFTER = timedelta(seconds=30)


def carried_by(defer: Defer) -> None:
    """jobs.py says how deliveries are queued: `defer(deliveries, at, priority)`, inside the caller's transaction."""
    _defer[:] = [defer]


def batches_carried_by(defer: DeferBatch) -> None:
    """The same for the next batch of a mass sending: `defer(delivery, lane, priority)`, lanes as mass_rules.LOCKS."""
    _defer_batch[:] = [defer]


def priority_of(bulletin: Bulletin) -> int:
    return rules.priority(bulletin.kind, Level(bulletin.level))


def queue(rows: Iterable[Delivery], *, when_due: bool = False) -> None:
    """A job for each, now or at its next try: one statement for all of the same time and priority."""
    alike: dict[tuple[datetime | None, int], list[UUID]] = defaultdict(list)
    for row in rows:
        alike[row.next_try_at if when_due else None, priority_of(row.bulletin)].append(row.pk)
    for (at, priority), keys in alike.items():
        for defer in _defer:
            defer(keys, at, priority)


def queue_batches(row: Delivery, waiting: int) -> None:
    """Jobs for so many batches of a mass sending, as many as may be under way at once."""
    for defer in _defer_batch:
        for lane in range(min(max(1, waiting), mass_rules.LOCKS)):
            defer(row.id, lane, priority_of(row.bulletin))


def sweep(now: datetime) -> int:
    """Queue again what should have been tried and was not (a lost job); `deliver` leaves alone what is under way."""
    lost = queries.waiting_deliveries(now - SWEEP_AFTER, now + SWEEP_AFTER + rules.back_off(rules.MAX_ATTEMPTS))
    queue(lost)
    return len(lost)
