"""A delivery's new state: kept, and told to the record and the open pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from fengsui.apps.alerts import rules
from fengsui.apps.alerts.models import Delivery
from fengsui.core.record import announce
from fengsui.core.record_many import Told, announce_many
from fengsui.kernel.actor import Actor

_KEEP = """
UPDATE alerts_delivery AS d SET state = t.state, attempts_made = t.attempts_made, next_try_at = t.next_try_at,
    done_at = t.done_at, receipt = t.receipt::jsonb, reason = t.reason
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[])
    AS t(id, state, attempts_made, next_try_at, done_at, receipt, reason)
WHERE d.id = t.id
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a row that has its new state already; `before`: the one it had."""

    row: Delivery
    before: str
    event: Any


def moved(row: Delivery, verb: str, event: Any) -> Mark:
    """The row in its new state, not kept yet. Raises what the machine says to a wrong move."""
    before, row.state = row.state, rules.DELIVERY.next(row.state, verb)
    return Mark(row, before, event)


def mark(row: Delivery, verb: str, event: Any, by: Actor) -> str:
    keep_and_tell([moved(row, verb, event)], by)
    return row.state


def keep_and_tell(marks: Sequence[Mark], by: Actor | None = None) -> None:
    """One statement for all rows, one batch of the record. by: who did it; else the deliveries themselves."""
    rows = [each.row for each in marks]
    columns: list[list[Any]] = [
        [row.pk for row in rows],
        [row.state for row in rows],
        [row.attempts_made for row in rows],
        [row.next_try_at for row in rows],
        [row.done_at for row in rows],
        [json.dumps(row.receipt, ensure_ascii=False) for row in rows],
        [row.reason for row in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, columns)
    if len(marks) == 1:  # one round trip instead of six
        [one] = marks
        event, after = one.event, _after(one.row)
        before = {"state": one.before}
        announce(
            event, about=one.row, by=by or actor_of(one.row), before=before, after=after, topics=topics_of(one.row)
        )
        return
    told = [
        Told(each.event, "alerts.delivery", str(each.row.pk), {"state": each.before}, _after(each.row), by=who)
        for each in marks
        for who in [by or actor_of(each.row)]
    ]
    topics = {topic for row in rows for topic in topics_of(row)}
    announce_many(told, by=by or actor_of(rows[0]), topics=("desk", *sorted(topics)))


def actor_of(row: Delivery) -> Actor:
    return Actor(world=row.world_id, system="alerts.delivery", correlation=row.bulletin.correlation)


def topics_of(row: Delivery) -> tuple[str, ...]:
    return (f"alerts.bulletin:{row.bulletin_id}", f"alerts.warning:{row.bulletin.warning_id}")


def _after(row: Delivery) -> dict[str, Any]:
    return {"state": row.state, "attempts": row.attempts_made, "reason": row.reason}
