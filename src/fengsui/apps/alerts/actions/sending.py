"""Delivery: every try is appended, refused tries back off, the last gate is asked immediately before the send.

A job takes along what else waits for its outlet: one transaction, one look at the gate and one batch of the record for
all. At least once: the rows stay locked from the gate to the mark, so two jobs cannot send one together; a process
killed between send and mark sends again with the same keys, by which the other side drops them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError
from django.db.transaction import atomic

from fengsui.apps.alerts import mass_rules, queries, rules
from fengsui.apps.alerts.actions import along, batches, gates, outcomes
from fengsui.apps.alerts.actions.queueing import SWEEP_AFTER, queue, queue_batches
from fengsui.apps.alerts.actions.trying import Try, try_all
from fengsui.apps.alerts.models import Delivery, MassBatch
from fengsui.catalog.channels import Channel
from fengsui.catalog.channels import channel as channel_of
from fengsui.core.ports import PortAbsent
from fengsui.kernel.errors import Refused
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import NotDelivered, Receipt

log = structlog.get_logger(__name__)
SOON = timedelta(seconds=1)


def deliver(*, delivery_id: UUID, now: datetime, most: int = 1) -> str:
    """One try, if it is due, and with it tries of up to `most - 1` others that wait for the same outlet.

    Returns the delivery's state. Safe to repeat: a finished delivery is left alone.
    """
    try:
        state, fault = _deliver(delivery_id, now, most)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if most == 1:
            raise
        # What cannot be written down of one must not hold up the others: each goes alone, by its own job.
        log.error("delivery.not_together", delivery=str(delivery_id), error=type(error).__name__)
        state, fault = _deliver(delivery_id, now, 1)
    if fault is not None:
        raise fault
    return state


@atomic
def _deliver(delivery_id: UUID, now: datetime, most: int) -> tuple[str, Exception | None]:
    row: Delivery | None = (
        Delivery.objects.all_worlds("a job serves every world")
        .select_related("bulletin__warning", "outlet", "call")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(pk=delivery_id)
        .first()
    )
    if row is None:
        _look_again(delivery_id, now)
        return "busy", None
    if row.state not in rules.TRIED or not rules.is_due(row.next_try_at, now):
        return row.state, None
    entry = channel_of(row.outlet.channel)
    if entry.many:
        return _by_list(row, now), None
    others = along.take(row, now, most - 1)
    rows = [row, *others.rows]
    refused = gates.refusals(rows, entry.public, now)
    tries = try_all([each for each in rows if each.pk not in refused], entry)
    fault = next((each.said for each in tries if each.row is row and _is_fault(each.said)), None)
    told = [outcomes.blocked(each, refused[each.pk], now) for each in rows if each.pk in refused]
    told += [_outcome(each, entry, now) for each in tries if not _is_fault(each.said)]
    outcomes.write(told, now)
    others.spend(each.row for each in told)
    return row.state, fault if isinstance(fault, Exception) else None


def _look_again(delivery_id: UUID, now: datetime) -> None:
    """Somebody holds it, and may be killed before he has it written down; or took it along and dropped it again, since
    this job was fetched at that moment. This job ends here, so another one comes back for it."""
    rows = (
        Delivery.objects.all_worlds("a job serves every world").select_related("bulletin").defer("bulletin__sent_xml")
    )
    for row in rows.filter(pk=delivery_id, state__in=rules.TRIED):
        row.next_try_at = now + SOON  # of the job; the row is not ours
        queue([row], when_due=True)


def _is_fault(said: Receipt | Exception) -> bool:
    """Neither an answer nor a failure that a way out of the house may have: its own job will raise it."""
    return isinstance(said, Exception) and not isinstance(said, NotDelivered | PortAbsent)


def _outcome(tried: Try, entry: Channel, now: datetime) -> outcomes.Outcome:
    said = tried.said
    if isinstance(said, Receipt):
        if said.state != "sent" or not entry.needs_receipt:
            return outcomes.arrived(tried.row, said, now, tried.ms)
        said = NotDelivered("no_receipt", facts=dict(said.facts))
    assert isinstance(said, NotDelivered | PortAbsent)  # faults were left out
    return outcomes.failed(tried.row, said, now, tried.ms)


def _by_list(row: Delivery, now: datetime) -> str:
    """To the numbers registered for the area: their batches are made once, then jobs send them (mass.py)."""
    try:
        gates.last_gate(row, channel_of(row.outlet.channel).public, now)
    except Refused as refused:
        MassBatch.objects.filter(delivery=row, state="waiting").update(state="stopped")
        return _written(outcomes.blocked(row, refused, now), now)
    if not MassBatch.objects.filter(delivery=row).exists():
        if batches.earlier_under_way(row):
            row.next_try_at = now + SOON
            row.save(update_fields=["next_try_at"])
            queue([row], when_due=True)
            return row.state
        level = Level(row.bulletin.level)
        here = any(each.pk == row.outlet_id for each in queries.outlets_for(row.bulletin.area_code, level))
        if not batches.make(row, registered=here):
            if mass_rules.is_whole(row.bulletin.kind):
                nobody = NotDelivered("sms.no_recipients", again=False)
                return _written(outcomes.failed(row, nobody, now, 0), now)
            none = Receipt("acknowledged", "0/0", {"total": 0, "sent": 0})
            return _written(outcomes.arrived(row, none, now, 0), now)
    row.next_try_at = now + SWEEP_AFTER
    row.save(update_fields=["next_try_at"])
    queue_batches(row, MassBatch.objects.filter(delivery=row, state__in=["waiting", "claimed"]).count())
    return row.state


def _written(outcome: outcomes.Outcome, now: datetime) -> str:
    outcomes.write([outcome], now)
    return outcome.row.state
