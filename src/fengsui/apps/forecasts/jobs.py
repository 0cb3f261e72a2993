"""The look for streams that want a forecast."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from fengsui.apps.forecasts import actions
from fengsui.core.jobs import clean


@app.periodic(cron="* * * * * */2")
@app.task(
    name="forecasts.run_waiting", queue="forecasts", queueing_lock="forecasts.run_waiting", lock="forecasts.run_waiting"
)
@clean
def run_waiting(timestamp: int) -> None:
    actions.run_waiting(timezone.now())
