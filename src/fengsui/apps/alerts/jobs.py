"""Delivery as jobs: load, call the action, return."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from fengsui.apps.alerts.actions import sending
from fengsui.core.jobs import RETRY, clean


@app.task(name="alerts.deliver", queue="deliver", retry=RETRY)
@clean
def deliver(delivery_id: str) -> None:
    sending.deliver(delivery_id=UUID(delivery_id), now=timezone.now())


@app.periodic(cron="* * * * * */30")
@app.task(name="alerts.sweep_deliveries", queue="upkeep", queueing_lock="alerts_sweep")
@clean
def sweep_deliveries(timestamp: int) -> None:
    sending.sweep(timezone.now())


def defer(delivery: UUID, at: datetime | None) -> None:
    (deliver.configure(schedule_at=at) if at else deliver).defer(delivery_id=str(delivery))


sending.carried_by(defer)
