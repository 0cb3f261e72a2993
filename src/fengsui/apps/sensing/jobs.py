"""Upkeep of the readings' table."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from fengsui.apps.sensing import actions, series
from fengsui.core.jobs import clean


@app.periodic(cron="20 17 * * *")
@app.task(name="sensing.make_partitions", queue="upkeep", queueing_lock="sensing.make_partitions")
@clean
def make_partitions(timestamp: int) -> None:
    """Daily; the months ahead exist long before a reading of theirs comes."""
    actions.make_partitions(timezone.now())


@app.periodic(cron="* * * * * */15")
@app.task(name="sensing.sweep_map", queue="upkeep", queueing_lock="sensing.sweep_map")
@clean
def sweep_map(timestamp: int) -> None:
    actions.sweep_map()


@app.periodic(cron="50 17 * * *")
@app.task(name="sensing.keep_days", queue="upkeep", queueing_lock="sensing.keep_days")
@clean
def keep_days(timestamp: int) -> None:
    """Daily: the day that is over is condensed, so that nobody waits for it who asks for a year."""
    series.keep_settled(timezone.now())
