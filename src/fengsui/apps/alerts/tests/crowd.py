"""Many deliveries of one bulletin by one outlet, each with its job: a call list by a webhook."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db import connection

from fengsui.apps.alerts.actions import queueing
from fengsui.apps.alerts.models import Bulletin, Call, Delivery
from fengsui.apps.alerts.tests.make import NOW


def make_crowd(bulletin: Bulletin, count: int, outlet: str = "media", line: str = "crowd") -> list[Delivery]:
    """Due at NOW, in the order in which their jobs wait."""
    calls = Call.objects.bulk_create(
        Call(
            world_id=bulletin.world_id, bulletin=bulletin, line=line, turn=n, person_id=uuid4(), name=f"n{n}", title="",
            org_name="", state="called", called_at=NOW,
        )
        for n in range(count)
    )  # fmt: skip
    rows = Delivery.objects.bulk_create(
        Delivery(
            world_id=bulletin.world_id, bulletin=bulletin, outlet_id=outlet, call=call, created_at=NOW, next_try_at=NOW
        )
        for call in calls
    )
    queueing.queue(rows)
    return rows


def jobs_of(rows: list[Delivery]) -> dict[UUID, list[object]]:
    """Delivery -> when each of its waiting jobs may begin (None: at once)."""
    found: dict[UUID, list[object]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (args ->> 'delivery_id')::uuid, scheduled_at FROM procrastinate_jobs WHERE status = 'todo' "
            "AND task_name = 'alerts.deliver' AND args ->> 'delivery_id' = ANY(%s)",
            [[str(row.pk) for row in rows]],
        )
        for key, at in cursor.fetchall():
            found.setdefault(key, []).append(at)
    return found
