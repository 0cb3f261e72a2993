"""Delivery: every try is appended, refused tries back off, the last gate is asked immediately before the send.

At least once: the row stays locked from the gate to the mark, so two jobs cannot send together; a process killed
between send and mark sends again with the same key, by which the other side drops it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.transaction import atomic

from fengsui.apps.alerts import events, mass_rules, proofs, queries, rules
from fengsui.apps.alerts.actions import batches
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, DeliveryAttempt, MassBatch
from fengsui.apps.people import queries as people
from fengsui.catalog.channels import channel as channel_of
from fengsui.core import clocks, policy
from fengsui.core.ports import PortAbsent, port
from fengsui.core.record import announce
from fengsui.core.worlds import gate
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import Address, NotDelivered, Outlet, Parcel, Receipt, Words

log = structlog.get_logger(__name__)
Defer = Callable[[UUID, datetime | None, int], None]
_defer: list[Defer] = []
DeferBatch = Callable[[UUID, int, int], None]
_defer_batch: list[DeferBatch] = []
SWEEP_AFTER = timedelta(seconds=30)
SOON = timedelta(seconds=1)


def carried_by(defer: Defer) -> None:
    """jobs.py says how a delivery is queued: `defer(delivery, at, priority)`, inside the caller's transaction."""
    _defer[:] = [defer]


def batches_carried_by(defer: DeferBatch) -> None:
    """The same for the next batch of a mass sending: `defer(delivery, lane, priority)`, lanes as mass_rules.LOCKS."""
    _defer_batch[:] = [defer]


def _queue(row: Delivery, at: datetime | None = None) -> None:
    for defer in _defer:
        defer(row.id, at, rules.priority(row.bulletin.kind, Level(row.bulletin.level)))


def start(bulletin: Bulletin, by: Actor, now: datetime) -> list[Delivery]:
    """One delivery per outlet that reaches the area at the bulletin's level or was told before, and their clock."""
    level = Level(max(bulletin.level, bulletin.level_before))
    reached = {each.pk: each for each in queries.outlets_told(bulletin)}
    reached |= {each.pk: each for each in queries.outlets_for(bulletin.area_code, level)}
    rows = [
        Delivery(world_id=by.world, bulletin=bulletin, outlet=outlet, created_at=now, next_try_at=now)
        for _code, outlet in sorted(reached.items())
    ]
    if bulletin.kind == "cancel":
        rows += _to_called(bulletin, by, now)
    Delivery.objects.bulk_create(rows)
    owed = "误发撤销到达" if bulletin.kind == "cancel" else "各渠道送达"
    if rows:
        clocks.start(
            rules.deliver_clock(bulletin.kind),
            about=bulletin,
            by=by,
            now=now,
            label=f"{owed}：{bulletin.number} {bulletin.place_name}",
            owner_post=queries.duty_post("duty_officer", bulletin.warning.jurisdiction),
            owner_role="duty_officer",
            url=f"/bulletins/{bulletin.id}/",
        )
    for row in rows:
        _queue(row)
    return rows


def _to_called(bulletin: Bulletin, by: Actor, now: datetime) -> list[Delivery]:
    """A mail to everybody who was called by the false warning: some of them are standing in the rain."""
    outlet = next((e for e in queries.outlets_for(bulletin.area_code, Level.RED) if e.channel == "email"), None)
    called = queries.called_before(bulletin) if outlet else []
    mails = people.contacts(each.person_id for each in called)
    return [
        Delivery(world_id=by.world, bulletin=bulletin, outlet=outlet, call=each, created_at=now, next_try_at=now)
        for each in called
        if mails.get(each.person_id, ("", ""))[0]
    ]


def start_call(call: Call, by: Actor, now: datetime) -> None:
    """The mail that calls one person; the same machinery, outside the clock of the outlets."""
    for outlet in queries.outlets_for(call.bulletin.area_code, Level.RED):
        if outlet.channel == "email":
            row = Delivery.objects.create(
                world_id=by.world, bulletin=call.bulletin, outlet=outlet, call=call, created_at=now, next_try_at=now
            )
            _queue(row)
            return


def end_earlier(bulletin: Bulletin, by: Actor, now: datetime) -> None:
    """A newer bulletin: what of the earlier ones has not gone out will not."""
    why = f"已由 {bulletin.number} 代替"
    for earlier in queries.earlier(bulletin.warning):
        if earlier.pk != bulletin.pk:
            clocks.cancel(rules.deliver_clock(earlier.kind), about=earlier, by=by, now=now, reason=why)


@atomic
def deliver(*, delivery_id: UUID, now: datetime) -> str:
    """One try, if it is due. Returns the delivery's state. Safe to repeat: a finished delivery is left alone."""
    row: Delivery | None = (
        Delivery.objects.all_worlds("a job serves every world")
        .select_related("bulletin__warning", "outlet", "call")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(pk=delivery_id)
        .first()
    )
    if row is None:
        return "busy"
    if row.state not in ("pending", "failed") or not rules.is_due(row.next_try_at, now):
        return row.state
    by = Actor(world=row.world_id, system="alerts.delivery", correlation=row.bulletin.correlation)
    entry = channel_of(row.outlet.channel)
    if entry.many:
        return _by_list(row, by, now)
    began = time.monotonic()
    try:
        outlet: Outlet = port("outlet", entry.code)
        parcel, address = parcel_of(row), address_of(row)
        last_gate(row, entry.public, now)
        receipt = outlet.send(parcel, address)
    except Refused as refused:
        return block(row, refused, by, now)
    except (NotDelivered, PortAbsent) as error:
        return failed(row, error, by, now, ms_since(began))
    if receipt.state == "sent" and entry.needs_receipt:
        silent = NotDelivered("no_receipt", facts=dict(receipt.facts))
        return failed(row, silent, by, now, ms_since(began))
    return arrived(row, receipt, by, now, ms_since(began))


def _by_list(row: Delivery, by: Actor, now: datetime) -> str:
    """To the numbers registered for the area: their batches are made once, then jobs send them (mass.py)."""
    try:
        last_gate(row, channel_of(row.outlet.channel).public, now)
    except Refused as refused:
        MassBatch.objects.filter(delivery=row, state="waiting").update(state="stopped")
        return block(row, refused, by, now)
    if not MassBatch.objects.filter(delivery=row).exists():
        if batches.earlier_under_way(row):
            row.next_try_at = now + SOON
            row.save(update_fields=["next_try_at"])
            _queue(row, row.next_try_at)
            return row.state
        level = Level(row.bulletin.level)
        here = any(each.pk == row.outlet_id for each in queries.outlets_for(row.bulletin.area_code, level))
        if not batches.make(row, registered=here):
            if mass_rules.is_whole(row.bulletin.kind):
                return failed(row, NotDelivered("sms.no_recipients", again=False), by, now, 0)
            return arrived(row, Receipt("acknowledged", "0/0", {"total": 0, "sent": 0}), by, now, 0)
    row.next_try_at = now + SWEEP_AFTER
    row.save(update_fields=["next_try_at"])
    waiting = MassBatch.objects.filter(delivery=row, state__in=["waiting", "claimed"]).count()
    for defer in _defer_batch:
        for lane in range(min(max(1, waiting), mass_rules.LOCKS)):
            defer(row.id, lane, rules.priority(row.bulletin.kind, Level(row.bulletin.level)))
    return row.state


def ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def last_gate(row: Delivery, public: bool, now: datetime) -> None:
    """Everything is asked again, immediately before the send, from the rows as they are now."""
    gate(row.world_id, door=row.outlet_id, public=public, person=row.call.person_id if row.call else None)
    bulletin = row.bulletin
    status = type(bulletin.warning).objects.in_world(row.world_id).values_list("status", flat=True)
    rules.gate(
        kind=bulletin.kind,
        status=status.get(pk=bulletin.warning_id),
        is_latest=queries.is_latest(bulletin),
        expires_at=bulletin.expires_at,
        now=now,
    )
    if row.call is not None and not rules.may_hear(bulletin.kind, row.call.state):
        raise Refused("alerts.gate.superseded")


def parcel_of(row: Delivery) -> Parcel:
    bulletin = row.bulletin
    zh, en = bulletin.sent_text["zh"], bulletin.sent_text["en"]
    web = f"{settings.FENGSUI_BASE_URL}/feeds/cap/{bulletin.identifier}.xml"
    return Parcel(
        key=str(row.id),
        identifier=bulletin.identifier,
        kind=bulletin.kind,
        msg_type=bulletin.msg_type,
        status=bulletin.status,
        hazard=bulletin.hazard,
        level=Level(bulletin.level).code,
        sender=bulletin.sender,
        sender_name=bulletin.sender_name,
        sent_at=bulletin.sent_at,
        expires_at=bulletin.expires_at,
        area_codes=(bulletin.area_code,),
        zh=Words(bulletin.headline, zh["description"], zh["instruction"], zh["area"]),
        en=Words(bulletin.headline_en, en["description"], en["instruction"], en["area"]),
        cap=bytes(bulletin.sent_xml),
        sha256=bulletin.sha256,
        references=bulletin.references,
        web=web if bulletin.status == "Actual" else "",
        call=f"{settings.FENGSUI_BASE_URL}/calls/{row.call_id}/" if row.call_id and bulletin.kind != "cancel" else "",
    )


def address_of(row: Delivery) -> Address:
    facts = row.outlet.address
    to: tuple[str, ...] = tuple(facts.get("to", ()))
    if row.call is not None:
        mail = people.contacts([row.call.person_id]).get(row.call.person_id, ("", ""))[0]
        to = (mail,) if mail else ()
    return Address(to=to, topic=facts.get("topic", ""), env=facts.get("env", ""))


def _attempt(row: Delivery, outcome: str, now: datetime, ms: int, reason: str, receipt: Mapping[str, Any]) -> None:
    row.attempts_made += 1
    DeliveryAttempt.objects.create(
        delivery=row,
        n=row.attempts_made,
        at=now,
        took_ms=ms,
        outcome=outcome,
        reason=reason[:300],
        receipt=dict(receipt),
    )


def topics_of(row: Delivery) -> tuple[str, ...]:
    return (f"alerts.bulletin:{row.bulletin_id}", f"alerts.warning:{row.bulletin.warning_id}")


def mark(row: Delivery, verb: str, event: Any, by: Actor) -> str:
    before, row.state = row.state, rules.DELIVERY.next(row.state, verb)
    row.save(update_fields=["state", "attempts_made", "next_try_at", "done_at", "receipt", "reason"])
    after = {"state": row.state, "attempts": row.attempts_made, "reason": row.reason}
    announce(event, about=row, by=by, before={"state": before}, after=after, topics=topics_of(row))
    return row.state


def block(row: Delivery, refused: Refused, by: Actor, now: datetime) -> str:
    _attempt(row, "blocked", now, 0, refused.code, {})
    row.reason, row.next_try_at, row.done_at = refused.code, None, now
    event = events.DeliveryBlocked(row.id, row.bulletin_id, row.outlet_id, refused.code)
    state = mark(row, "block", event, by)
    _close_when_done(row, by, now)
    return state


def failed(row: Delivery, error: NotDelivered | PortAbsent, by: Actor, now: datetime, ms: int) -> str:
    again = error.again if isinstance(error, NotDelivered) else False
    reason = str(error)[:300]
    _attempt(row, "failed", now, ms, reason, {})
    row.reason = reason
    log.warning("delivery.failed", delivery=str(row.id), outlet=row.outlet_id, reason=reason, tries=row.attempts_made)
    if again and row.attempts_made < rules.MAX_ATTEMPTS:
        row.next_try_at = now + rules.back_off(row.attempts_made, row.bulletin.kind)
        event: Any = events.DeliveryFailed(row.id, row.bulletin_id, row.outlet_id, reason, row.next_try_at)
        state = mark(row, "fail", event, by)
        _queue(row, row.next_try_at)
        return state
    row.next_try_at = None
    event = events.DeliveryDead(row.id, row.bulletin_id, row.outlet_id, reason, row.attempts_made)
    mark(row, "die", event, by)
    _use_instead(row, by, now)
    return row.state


def _use_instead(row: Delivery, by: Actor, now: datetime) -> None:
    """A dead letter goes out by the outlet named for that, once; it is settled when that one has a receipt."""
    if row.outlet.instead_id is None:
        return
    other, fresh = Delivery.objects.in_world(row.world_id).get_or_create(
        bulletin=row.bulletin,
        outlet_id=row.outlet.instead_id,
        call=row.call,
        defaults={"world_id": row.world_id, "created_at": now, "next_try_at": now},
    )
    if fresh:
        _queue(other)
    elif rules.is_done(other.state, channel_of(other.outlet.channel).needs_receipt):
        _settle_dead(other, by, now)


def _settle_dead(taken: Delivery, by: Actor, now: datetime) -> None:
    """`taken` arrived: what other outlets could not deliver and left to it owes nothing more."""
    if taken.state == "blocked":
        return
    dead = Delivery.objects.in_world(taken.world_id).filter(
        bulletin_id=taken.bulletin_id, call=taken.call, state="dead", outlet__instead_id=taken.outlet_id
    )
    for row in dead.select_related("bulletin__warning", "outlet").select_for_update(of=("self",)).order_by("pk"):
        row.reason, row.done_at = f"instead({taken.outlet_id})", now
        event = events.DeliveryWaived(row.id, row.bulletin_id, row.outlet_id, f"已由{taken.outlet.name}送达")
        mark(row, "waive", event, by)


def arrived(row: Delivery, receipt: Receipt, by: Actor, now: datetime, ms: int) -> str:
    facts = {"reference": receipt.reference, **receipt.facts}
    _attempt(row, receipt.state, now, ms, "", facts)
    row.receipt, row.reason, row.next_try_at, row.done_at = facts, "", None, now
    if receipt.state == "acknowledged":
        proofs.outlet_gave_receipt(row.outlet_id, now, receipt.reference)
    verb, event = "send", events.DeliverySent(row.id, row.bulletin_id, row.outlet_id)  # type: str, Any
    if receipt.state == "acknowledged":
        verb, event = "acknowledge", _acknowledged(row, receipt.reference)
    state = mark(row, verb, event, by)
    _settle_dead(row, by, now)
    _close_when_done(row, by, now)
    return state


def _acknowledged(row: Delivery, reference: str) -> events.DeliveryAcknowledged:
    return events.DeliveryAcknowledged(row.id, row.bulletin_id, row.outlet_id, reference, row.attempts_made)


def _close_when_done(row: Delivery, by: Actor, now: datetime) -> None:
    """The clock of the bulletin closes when every outlet owes nothing more; a dead letter keeps it open."""
    # Two last outlets finishing together would each see the other one open.
    queries.one_at_a_time("alerts.deliver", row.bulletin_id)
    found = Delivery.objects.in_world(row.world_id).filter(bulletin_id=row.bulletin_id).select_related("outlet")
    # Whom a false warning called has to hear that it was one; a mail that calls is proved by the answer instead.
    rows = list(found if row.bulletin.kind == "cancel" else found.filter(call=None))
    open_ones = [each for each in rows if not rules.is_done(each.state, channel_of(each.outlet.channel).needs_receipt)]
    if rows and not open_ones:
        proof = {each.outlet_id: each.state for each in rows}
        clocks.close(rules.deliver_clock(row.bulletin.kind), about=row.bulletin, by=by, now=now, proof=proof)


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
        mark(row, "acknowledge", _acknowledged(row, row.receipt["reference"]), by.in_chain(row.bulletin.correlation))
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
    _queue(row)
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
    _close_when_done(row, by, now)
    return row


def sweep(now: datetime) -> int:
    """Queue again what should have been tried and was not (a lost job); `deliver` leaves alone what is under way."""
    lost = queries.waiting_deliveries(now - SWEEP_AFTER, now + SWEEP_AFTER + rules.back_off(rules.MAX_ATTEMPTS))
    for row in lost:
        _queue(row)
    return len(lost)
