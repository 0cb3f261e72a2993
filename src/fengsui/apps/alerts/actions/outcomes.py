"""What became of tries: an attempt each, the new states, what is queued again and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from fengsui.apps.alerts import events, proofs, rules
from fengsui.apps.alerts.actions import settling
from fengsui.apps.alerts.actions.marking import Mark, keep_and_tell, moved
from fengsui.apps.alerts.actions.queueing import queue
from fengsui.apps.alerts.models import Delivery, DeliveryAttempt
from fengsui.core.ports import PortAbsent
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused
from fengsui.kernel.ports.outlets import NotDelivered, Receipt

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One try that is over; its row stands as it will be kept."""

    mark: Mark
    attempt: DeliveryAttempt

    @property
    def row(self) -> Delivery:
        return self.mark.row


def blocked(row: Delivery, refused: Refused, now: datetime) -> Outcome:
    attempt = _attempt(row, "blocked", now, 0, refused.code, {})
    row.reason, row.next_try_at, row.done_at = refused.code, None, now
    event = events.DeliveryBlocked(row.id, row.bulletin_id, row.outlet_id, refused.code)
    return Outcome(moved(row, "block", event), attempt)


def failed(row: Delivery, error: NotDelivered | PortAbsent, now: datetime, ms: int) -> Outcome:
    again = error.again if isinstance(error, NotDelivered) else False
    row.reason = _clean(str(error))[:300]
    attempt = _attempt(row, "failed", now, ms, row.reason, {})
    log.warning("delivery.failed", delivery=str(row.id), outlet=row.outlet_id, reason=row.reason, tries=attempt.n)
    if again and row.attempts_made < rules.MAX_ATTEMPTS:
        row.next_try_at = now + rules.back_off(row.attempts_made, row.bulletin.kind)
        event: Any = events.DeliveryFailed(row.id, row.bulletin_id, row.outlet_id, row.reason, row.next_try_at)
        return Outcome(moved(row, "fail", event), attempt)
    row.next_try_at = None
    event = events.DeliveryDead(row.id, row.bulletin_id, row.outlet_id, row.reason, row.attempts_made)
    return Outcome(moved(row, "die", event), attempt)


def arrived(row: Delivery, receipt: Receipt, now: datetime, ms: int) -> Outcome:
    facts = _clean({"reference": receipt.reference, **receipt.facts})
    attempt = _attempt(row, receipt.state, now, ms, "", facts)
    row.receipt, row.reason, row.next_try_at, row.done_at = facts, "", None, now
    if receipt.state == "acknowledged":
        return Outcome(moved(row, "acknowledge", acknowledged(row, facts["reference"])), attempt)
    return Outcome(moved(row, "send", events.DeliverySent(row.id, row.bulletin_id, row.outlet_id)), attempt)


def acknowledged(row: Delivery, reference: str) -> events.DeliveryAcknowledged:
    return events.DeliveryAcknowledged(row.id, row.bulletin_id, row.outlet_id, reference, row.attempts_made)


def write(outcomes: Sequence[Outcome], now: datetime, by: Actor | None = None) -> None:
    """All of them, of one world, in the caller's transaction, by a number of statements that grows only with dead
    letters that are settled and clocks that close. by: who did it, where it was not the delivery itself."""
    if not outcomes:
        return
    DeliveryAttempt.objects.bulk_create([each.attempt for each in outcomes])
    keep_and_tell([each.mark for each in outcomes], by)
    ways: dict[str, list[Delivery]] = {state: [] for state in rules.DELIVERY_STATES}
    for each in outcomes:
        ways[each.row.state].append(each.row)
    # One proof of an outlet for all that it took.
    for outlet, reference in {row.outlet_id: row.receipt["reference"] for row in ways["acknowledged"]}.items():
        proofs.outlet_gave_receipt(outlet, now, reference)
    queue(ways["failed"], when_due=True)
    arrived_ones = ways["acknowledged"] + ways["sent"]
    settled = settling.use_instead(ways["dead"], by, now) + settling.settle_dead(arrived_ones, by, now)
    settling.close_when_done(arrived_ones + ways["blocked"] + settled, by, now)


def _attempt(
    row: Delivery, outcome: str, now: datetime, ms: int, reason: str, receipt: Mapping[str, Any]
) -> DeliveryAttempt:
    row.attempts_made += 1
    return DeliveryAttempt(
        delivery=row, n=row.attempts_made, at=now, took_ms=ms, outcome=outcome, reason=reason[:300],
        receipt=dict(receipt),
    )  # fmt: skip


def _clean(value: Any) -> Any:
    """What others said, as the database can hold it: a receipt with a zero byte must not undo those beside it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, Mapping):
        return {_clean(key): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
