"""Deliveries that a job takes along: of the same outlet and priority, each with the job that waits for it.

A row comes with its waiting job, both locked, or not at all: after a kill -9 both are found as they were. What another
job has fetched already is left to that one, which looks again where it finds the row locked at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from fengsui.apps.alerts import rules
from fengsui.apps.alerts.actions.queueing import priority_of
from fengsui.apps.alerts.models import Bulletin, Delivery
from fengsui.core.worlds import LIVE

LOOK = 20
"""So many waiting jobs are looked at for each that is wanted, the first of the priority first."""


@dataclass(frozen=True, slots=True)
class Along:
    """Rows that are due, the longest waiting first; jobs: delivery -> its waiting jobs (a swept one may have two)."""

    rows: list[Delivery] = field(default_factory=list)
    jobs: dict[UUID, list[int]] = field(default_factory=dict)

    def spend(self, tried: Iterable[Delivery]) -> None:
        """The jobs of what was tried are done with: where another try is due, it was queued with that."""
        spent = [job for row in tried for job in self.jobs.get(row.pk, ())]
        if spent:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [spent])


def take(row: Delivery, now: datetime, most: int) -> Along:
    """Up to `most` of them, locked, and fresh from the database; none for what waits in an exercise."""
    if most < 1 or row.world_id != LIVE:
        return Along()
    jobs: dict[UUID, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT job, delivery FROM alerts_take_along(%s, %s, %s, %s, %s, %s)",
            [row.outlet_id, row.world_id, priority_of(row.bulletin), now, most * LOOK, most],
        )
        for job, delivery in cursor.fetchall():
            jobs.setdefault(delivery, []).append(job)
    wanted = [key for key in jobs if key != row.pk]
    if not wanted:
        return Along([], jobs)
    found = Delivery.objects.in_world(LIVE).select_related("outlet", "call").in_bulk(wanted)
    # Apart: many of them carry the same bulletin, with all its bytes.
    of = {each.bulletin_id for each in found.values()}
    bulletins = Bulletin.objects.in_world(LIVE).select_related("warning").in_bulk(of)
    for each in found.values():
        each.bulletin = bulletins[each.bulletin_id]
    rows = [each for key in wanted if (each := found.get(key)) is not None and _goes_with(each, row, now)]
    return Along(rows, jobs)


def _goes_with(each: Delivery, row: Delivery, now: datetime) -> bool:
    return (
        each.state in rules.TRIED
        and rules.is_due(each.next_try_at, now)
        and each.outlet.channel == row.outlet.channel
        and priority_of(each.bulletin) == priority_of(row.bulletin)
    )
