"""The index's own jobs: many rows after a sheet, and everything anew each night."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app

from fengsui.core.jobs import clean
from fengsui.core.retries import RETRY


@app.task(name="core.find_refresh", retry=RETRY, queue="ledger")
@clean
def refresh_rows(label: str, keys: list[str], world: str) -> None:
    from fengsui.core.find import keeping
    from fengsui.core.find.registry import of_label

    with transaction.atomic():
        keeping.refresh(of_label(label), keys, UUID(world))
        keeping.tidy()


@app.periodic(cron="40 17 * * *")
@app.task(name="core.find_rebuild", queue="upkeep", queueing_lock="find_rebuild")
@clean
def rebuild_index(timestamp: int) -> None:
    """Twenty to two in Beijing: names of other rows in a row's description may have changed since it was announced."""
    from fengsui.core.find import keeping

    keeping.rebuild()
