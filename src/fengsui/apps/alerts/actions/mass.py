"""Mass sending: one batch after another, each by a job that claims it, asks the last gate, sends and tells the page.

Nobody twice, nobody lost: the database knows who may be out before a byte leaves (`batches.keep`), never more than a
provider's window. After a kill -9 or a broken connection those are uncertain, counted, and shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import Error
from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.alerts import mass_rules, queries, rules
from fengsui.apps.alerts.actions import batches, gates, hearing, outcomes
from fengsui.apps.alerts.actions.marking import topics_of
from fengsui.apps.alerts.actions.parcels import address_of, parcel_of
from fengsui.apps.alerts.actions.trying import ms_since
from fengsui.apps.alerts.models import Delivery, MassBatch
from fengsui.catalog.channels import channel as channel_of
from fengsui.core import live
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.errors import Refused
from fengsui.kernel.ports.mass import Mass, Told
from fengsui.kernel.ports.outlets import NotDelivered, Receipt

Clock = Callable[[], datetime]


class _Book:
    """Keeps what one batch says, and asks the last gate again while it lasts."""

    def __init__(self, row: Delivery, batch: MassBatch, clock: Clock) -> None:
        self.row, self.batch, self.clock = row, batch, clock
        self.refused: Refused | None = None
        self._asked_at = time.monotonic()

    def __call__(self, told: Sequence[Told], out: Sequence[int]) -> bool:
        batches.keep(self.batch, told, out)
        if self.refused is None and time.monotonic() - self._asked_at > mass_rules.GATE_S:
            self.ask()
        return self.refused is None

    def ask(self) -> bool:
        self._asked_at = time.monotonic()
        try:
            gates.last_gate(self.row, channel_of(self.row.outlet.channel).public, self.clock())
        except Refused as refused:
            self.refused = refused
        return self.refused is None


def send_next(*, delivery_id: UUID, clock: Clock = timezone.now) -> bool:
    """One batch of a delivery, if there is one. Returns whether another one waits. Safe to repeat."""
    try:
        with atomic():
            batch = batches.take(delivery_id, clock())
        if batch is not None:
            return _send(batch, clock)
    finally:
        # A broken connection has let go of it already.
        with suppress(Error):
            batches.let_go()
    finish(delivery_id, clock())
    return False


def _send(batch: MassBatch, clock: Clock) -> bool:
    row = _delivery(batch.delivery_id)
    tries, began = row.attempts_made, time.monotonic()
    if row.state not in ("pending", "failed"):
        return _back(row, batch, clock, stopped=row.state != "dead")
    book = _Book(row, batch, clock)
    error: NotDelivered | PortAbsent | None = None
    if book.ask():
        try:
            mass: Mass = port("outlet", row.outlet.channel)
            numbers, parcel, address = batches.owed(batch), parcel_of(row), address_of(row)
            if numbers:
                mass.listen(address, hearing.keep, bind=False)
                mass.carry(parcel, address, numbers, again=batches.again(), book=book)
        except (NotDelivered, PortAbsent) as failed:
            error = failed
    if book.refused is not None:
        _back(row, batch, clock, stopped=True)
        stop(delivery_id=row.pk, refused=book.refused, now=clock())
        return False
    _back(row, batch, clock)
    if error is not None:
        _failed(row.pk, tries, error, clock(), ms_since(began))
        return False
    if MassBatch.objects.filter(delivery=row, state="waiting").exists():
        return True
    finish(row.pk, clock())
    return False


def _delivery(delivery: UUID) -> Delivery:
    rows = Delivery.objects.all_worlds("a job serves every world").select_related("bulletin__warning", "outlet", "call")
    found: Delivery = rows.get(pk=delivery)
    return found


def _locked(delivery: UUID) -> Delivery:
    rows = Delivery.objects.all_worlds("a job serves every world").select_related("bulletin__warning", "outlet", "call")
    found: Delivery = rows.select_for_update(of=("self",)).get(pk=delivery)
    return found


def _back(row: Delivery, batch: MassBatch, clock: Clock, *, stopped: bool = False) -> bool:
    """The batch is given back, and every open page told, once a batch."""
    with atomic():
        batches.release(batch, stopped=stopped, now=clock())
        live.touch(topics_of(row), row.world_id)
    return False


@atomic
def stop(*, delivery_id: UUID, refused: Refused, now: datetime) -> None:
    """The last gate said no: what waits will not go out."""
    row = _locked(delivery_id)
    MassBatch.objects.filter(delivery=row, state="waiting").update(state="stopped")
    if row.state in ("pending", "failed"):
        outcomes.write([outcomes.blocked(row, refused, now)], now)


@atomic
def _failed(delivery: UUID, tries: int, error: NotDelivered | PortAbsent, now: datetime, ms: int) -> None:
    """No provider takes more now. Of batches that fail side by side one is written down."""
    row = _locked(delivery)
    if row.state in ("pending", "failed") and row.attempts_made == tries:
        outcomes.write([outcomes.failed(row, error, now, ms)], now)


@atomic
def finish(delivery: UUID, now: datetime) -> str:
    """Settles a delivery whose batches are all done; returns its state."""
    row = _locked(delivery)
    mine = MassBatch.objects.filter(delivery=row)
    if row.state not in ("pending", "failed") or mine.filter(state__in=["waiting", "claimed"]).exists():
        return row.state
    facts = queries.mass_counts(row)
    if facts["total"] and not facts["sent"] and not facts["uncertain"]:
        outcome = outcomes.failed(row, NotDelivered("sms.refused", again=False), now, 0)
    else:
        # What telephones say comes for days: that is counted where it is asked for, and no part of this.
        facts = {key: each for key, each in facts.items() if key not in ("asked", "delivered", "failed")}
        receipt = Receipt("acknowledged", f"{facts['sent']}/{facts['total']}", facts)
        outcome = outcomes.arrived(row, receipt, now, 0)
    outcomes.write([outcome], now)
    return row.state


@atomic
def forget_numbers(now: datetime) -> int:
    """Whom it told is forgotten when a warning has ended for long; how many they were stays. Returns the batches."""
    told = MassBatch.objects.filter(delivery__created_at__lt=now - mass_rules.NUMBERS_KEPT).exclude(numbers=[])
    return told.exclude(delivery__bulletin__warning__status__in=rules.IN_FORCE | rules.UNDECIDED).update(numbers=[])
