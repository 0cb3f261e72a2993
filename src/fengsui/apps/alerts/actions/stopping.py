"""An exercise ends: no warning, call or delivery of it stays open. Nothing here works in the live world."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from fengsui.apps.alerts import events, rules
from fengsui.apps.alerts.actions import calling, deciding, issuing, marking, outcomes
from fengsui.apps.alerts.models import Call, Delivery, Warning
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused

UNSENT = ("pending", "failed", "dead")


@atomic
def stop_all(*, by: Actor, now: datetime, reason: str) -> dict[str, int]:
    """Warnings lifted or not issued, calls spared, what has not gone out stopped; how many of each.

    Raises Refused("alerts.stop.live") in the live world.
    """
    if by.world == LIVE:
        raise Refused("alerts.stop.live")
    warnings = Warning.objects.in_world(by.world).filter(status__in=rules.MACHINE.open_states).order_by("pk")
    ended = 0
    for warning in warnings:
        verb = issuing.lift if warning.status in rules.IN_FORCE else deciding.reject
        verb(warning_id=warning.pk, reason=reason, by=by, now=now)
        ended += 1
    calls = Call.objects.in_world(by.world).filter(state__in=rules.CALL.open_states)
    spared = list(calls.select_related("bulletin").select_for_update(of=("self",)).order_by("pk"))
    for call in spared:
        calling.spare(call, reason, by.in_chain(call.bulletin.correlation), now)
    return {"warnings": ended, "calls": len(spared), "deliveries": _stop_deliveries(by, now, reason)}


def _stop_deliveries(by: Actor, now: datetime, reason: str) -> int:
    rows = Delivery.objects.in_world(by.world).select_related("bulletin__warning", "outlet")
    unsent = list(rows.select_for_update(of=("self",)).filter(state__in=UNSENT).order_by("pk"))
    for row in unsent:
        own = by.in_chain(row.bulletin.correlation).because(reason)
        if row.state == "dead":
            row.reason, row.done_at = reason[:300], now
            event = events.DeliveryWaived(row.id, row.bulletin_id, row.outlet_id, reason)
            marking.mark(row, "waive", event, own)
        else:
            over = Refused("core.gate.exercise_over", door=row.outlet_id)
            outcomes.write([outcomes.blocked(row, over, now)], now, own)
    return len(unsent)
