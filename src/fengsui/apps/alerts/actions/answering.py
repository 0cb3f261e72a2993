"""What people do about deliveries: a page was seen, a dead letter is tried anew or settled by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.alerts import events, proofs, queries, rules
from fengsui.apps.alerts.actions import settling
from fengsui.apps.alerts.actions.marking import mark
from fengsui.apps.alerts.actions.outcomes import acknowledged
from fengsui.apps.alerts.actions.queueing import queue
from fengsui.apps.alerts.models import Delivery
from fengsui.core import policy
from fengsui.kernel.actor import Actor


@atomic
def report_seen(*, bulletin_id: UUID, by: Actor, now: datetime) -> int:
    """A page of a named person showed the bulletin: the receipt of the screens. Returns how many it proved."""
    policy.require(by, "alerts.seen", None)
    rows = (
        Delivery.objects.in_world(by.world)
        .select_related("bulletin__warning", "outlet")
        .select_for_update(of=("self",))
        .filter(bulletin_id=bulletin_id, outlet__channel="screen", state="sent")
    )
    proved = 0
    for row in rows:
        proofs.outlet_gave_receipt(row.outlet_id, now, "screen")
        row.receipt, row.done_at = {"reference": f"seen by {by.person}", "person": str(by.person)}, now
        mark(row, "acknowledge", acknowledged(row, row.receipt["reference"]), by.in_chain(row.bulletin.correlation))
        proved += 1
    return proved


@atomic
def retry(*, delivery_id: UUID, by: Actor, now: datetime) -> Delivery:
    """再发: a dead letter is tried anew, with the same key."""
    row = queries.delivery(delivery_id, by)
    by = by.in_chain(row.bulletin.correlation)
    policy.require(by, "alerts.retry", row)
    row.next_try_at = now
    mark(row, "retry", events.DeliveryRetried(row.id, row.bulletin_id, row.outlet_id), by)
    queue([row])
    return row


@atomic
def waive(*, delivery_id: UUID, reason: str, by: Actor, now: datetime) -> Delivery:
    """改用其他渠道: a dead letter is settled by a person, who says how."""
    row = queries.delivery(delivery_id, by)
    by = by.in_chain(row.bulletin.correlation)
    policy.require(by, "alerts.waive", row)
    text = rules.check_reason(reason, "waive")
    row.reason, row.done_at = text[:300], now
    event = events.DeliveryWaived(row.id, row.bulletin_id, row.outlet_id, text)
    mark(row, "waive", event, by.because(text))
    settling.close_when_done([row], by, now)
    return row
