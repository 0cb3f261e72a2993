"""Delivery as jobs: load, call the action, return."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext_noop as mark
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.types import JSONDict

from fengsui.apps.alerts import mass_rules, rules
from fengsui.apps.alerts.actions import drafting, hearing, mass, queueing, sending, testing
from fengsui.apps.people.queries import actor_for
from fengsui.apps.sensing import queries as sensing
from fengsui.core import queues, retention
from fengsui.core.jobs import clean
from fengsui.core.retries import RETRY
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

CATCH_UP = timedelta(seconds=5)
"""A day of a district that waited at the broker is stored in less [measured by bench/ingest]."""
FULL = 500
"""Jobs waiting, from which on the sweep waits, too: as many as it queues at once."""


@app.task(name="alerts.deliver", queue="deliver", retry=RETRY)
@clean
def deliver(delivery_id: str) -> None:
    sending.deliver(delivery_id=UUID(delivery_id), now=timezone.now(), most=rules.AT_ONCE)


@app.task(name="alerts.deliver_batch", queue="deliver", retry=RETRY)
@clean
def deliver_batch(delivery_id: str, lane: int, priority: int) -> None:
    if mass.send_next(delivery_id=UUID(delivery_id)):
        defer_batch(UUID(delivery_id), lane, priority)


@app.periodic(cron="* * * * * */30")
@app.task(name="alerts.sweep_deliveries", queue="upkeep", queueing_lock="alerts_sweep")
@clean
def sweep_deliveries(timestamp: int) -> None:
    """Not while a mass of jobs waits: then nearly all that is late has its job, and would get another each time."""
    if queues.waiting(FULL + 1) <= FULL:
        queueing.sweep(timezone.now())


@app.periodic(cron="30 19 * * *")
@app.task(name="alerts.self_test_nightly", queue="upkeep", queueing_lock="alerts_self_test")
@clean
def self_test_nightly(timestamp: int) -> None:
    """Half past three in Beijing: what fails then has the rest of the night to be mended."""
    testing.self_test(by=Actor(world=LIVE, system="alerts.self_test"), now=timezone.now())


@app.periodic(cron="10 18 * * *")
@app.task(name="alerts.forget_numbers", queue="upkeep", queueing_lock="alerts.forget_numbers")
@clean
def forget_numbers(timestamp: int) -> None:
    """Daily: the numbers of mass sendings whose warning ended long ago."""
    mass.forget_numbers(timezone.now())


@app.periodic(cron="* * * * * */30")
@app.task(name="alerts.hear_receipts", queue="upkeep", queueing_lock="alerts.hear_receipts")
@clean
def hear_receipts(timestamp: int) -> None:
    """Telephones answer for days, also when the worker that sent was started anew."""
    hearing.listen(timezone.now())


@app.task(name="alerts.self_test", queue="upkeep", queueing_lock="alerts_self_test")
@clean
def self_test_now(person: str) -> None:
    testing.self_test(by=actor_for(UUID(person), LIVE), now=timezone.now())


@app.task(name="alerts.take_crossing", queue="events", retry=RETRY)
@clean
def take_crossing(
    place: str, hazard: str, evidence: dict[str, Any], speed: float, world: str, correlation: str
) -> None:
    """A crossing that came while its stream told the past: by now that has caught up, or is silent as it stands."""
    level, at, now = Level.of(evidence["level"]), datetime.fromisoformat(evidence["at"]), timezone.now()
    drafting.take_signal(
        place_id=UUID(place),
        hazard=hazard,
        key=f"stream:{evidence['datastream']}",
        level=level,
        at=at,
        evidence=evidence,
        speed=speed,
        by=Actor(world=UUID(world), system="alerts.jobs", correlation=UUID(correlation)),
        now=now,
        history=bool(sensing.is_history(evidence["datastream"], level, at, now)),
    )


def defer_crossing(place: UUID, hazard: str, evidence: dict[str, Any], speed: float, by: Actor, now: datetime) -> None:
    take_crossing.configure(schedule_at=now + CATCH_UP).defer(
        place=str(place),
        hazard=hazard,
        evidence=evidence,
        speed=speed,
        world=str(by.world),
        correlation=str(by.correlation),
    )


def defer_self_test(person: UUID) -> None:
    with suppress(AlreadyEnqueued), atomic():
        self_test_now.defer(person=str(person))


def defer(deliveries: Sequence[UUID], at: datetime | None, priority: int) -> None:
    when: dict[str, Any] = {"schedule_at": at} if at else {}
    jobs: list[JSONDict] = [{"delivery_id": str(each)} for each in deliveries]
    deliver.configure(priority=priority, **when).batch_defer(*jobs)


def defer_batch(delivery: UUID, lane: int, priority: int) -> None:
    """One after another in each lane: mass sendings hold no more threads than there are lanes."""
    waits = deliver_batch.configure(priority=priority, lock=f"mass:{lane}", queueing_lock=f"mass:{delivery}:{lane}")
    with suppress(AlreadyEnqueued), atomic():
        waits.defer(delivery_id=str(delivery), lane=lane, priority=priority)


queueing.carried_by(defer)
queueing.batches_carried_by(defer_batch)
testing.carried_by(defer_self_test)


retention.declare(
    retention.Rule(
        "told_numbers",
        mark("短信群发的收信号码"),
        lambda: mass_rules.NUMBERS_KEPT.days,
        "U",
        mark("预警结束后只留人数"),
        "alerts.forget_numbers",
    )
)
