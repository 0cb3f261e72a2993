"""What was taken for a new district goes into the database, its roads are built; the page shows how far it is."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from fengsui.apps.desk import actions
from fengsui.core.jobs import clean
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

RETRY = RetryStrategy(max_attempts=2, exponential_wait=2)


@app.task(name="desk.load_district", retry=RETRY, queue="ledger", lock="desk.load_district")
@clean
def load_district(step: str, correlation: str) -> None:
    actions.load(step, Actor(world=LIVE, system="desk.own_district", correlation=UUID(correlation)))
