"""What follows when deliveries are out or given up: outlets that stand in, dead letters settled, the clock closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from fengsui.apps.alerts import events, queries, rules
from fengsui.apps.alerts.actions.marking import actor_of, mark
from fengsui.apps.alerts.actions.queueing import queue
from fengsui.apps.alerts.models import Bulletin, Delivery
from fengsui.catalog.channels import channel as channel_of
from fengsui.catalog.channels import channels
from fengsui.core import clocks
from fengsui.kernel.actor import Actor


def use_instead(rows: Sequence[Delivery], by: Actor | None, now: datetime) -> list[Delivery]:
    """Dead letters go out by the outlet named for that, once; each is settled when that one has a receipt.

    Returns the dead ones that are settled at once, because the other outlet was faster.
    """
    dead = [row for row in rows if row.outlet.instead_id is not None]
    if not dead:
        return []
    world = dead[0].world_id
    there = {
        (each.bulletin_id, each.outlet_id, each.call_id): each
        for each in Delivery.objects.in_world(world)
        .filter(bulletin__in={row.bulletin_id for row in dead}, outlet__in={row.outlet.instead_id for row in dead})
        .select_related("bulletin", "outlet", "call")
    }
    fresh = [
        Delivery(
            world_id=world, bulletin=row.bulletin, outlet_id=row.outlet.instead_id or "", call=row.call, created_at=now,
            next_try_at=now,
        )
        for row in dead
        if (row.bulletin_id, row.outlet.instead_id, row.call_id) not in there
    ]  # fmt: skip
    # Made by somebody else at this moment: he queues his own, and the job of ours finds nothing.
    Delivery.objects.bulk_create(fresh, ignore_conflicts=True)
    queue(fresh)
    others = (there.get((row.bulletin_id, row.outlet.instead_id, row.call_id)) for row in dead)
    return settle_dead([each for each in others if each is not None and _is_done(each)], by, now)


def _is_done(row: Delivery) -> bool:
    return rules.is_done(row.state, channel_of(row.outlet.channel).needs_receipt)


def settle_dead(taken: Sequence[Delivery], by: Actor | None, now: datetime) -> list[Delivery]:
    """`taken` arrived: what other outlets could not deliver and left to these owes nothing more; which those are."""
    arrived = {(row.bulletin_id, row.outlet_id, row.call_id): row for row in taken if row.state != "blocked"}
    if not arrived:
        return []
    world = next(iter(arrived.values())).world_id
    dead = Delivery.objects.in_world(world).filter(
        bulletin__in={bulletin for bulletin, _, _ in arrived},
        outlet__instead__in={outlet for _, outlet, _ in arrived},
        state="dead",
    )
    settled = []
    for row in dead.select_related("bulletin__warning", "outlet").select_for_update(of=("self",)).order_by("pk"):
        other = arrived.get((row.bulletin_id, row.outlet.instead_id, row.call_id))
        if other is None:
            continue
        row.reason, row.done_at = f"instead({other.outlet_id})", now
        event = events.DeliveryWaived(row.id, row.bulletin_id, row.outlet_id, f"已由{other.outlet.name}送达")
        mark(row, "waive", event, by or actor_of(row))
        settled.append(row)
    return settled


def close_when_done(rows: Sequence[Delivery], by: Actor | None, now: datetime) -> None:
    """The clock of a bulletin closes when every outlet owes nothing more; a dead letter keeps it open."""
    # Whom a false warning called has to hear that it was one; a mail that calls is proved by the answer instead.
    bulletins = {row.bulletin_id: row.bulletin for row in rows if row.call_id is None or row.bulletin.kind == "cancel"}
    if not bulletins:
        return
    world = rows[0].world_id
    # Two last outlets finishing together would each see the other one open.
    queries.one_at_a_time_each("alerts.deliver", bulletins)
    done = Bulletin.objects.in_world(world).filter(~Exists(_owed().filter(bulletin=OuterRef("pk"))), pk__in=bulletins)
    running = queries.open_clocks("alerts.bulletin", done.values_list("pk", flat=True), world)
    closing = [key for key in bulletins if str(key) in running]
    if not closing:
        return
    proofs: dict[UUID, dict[str, str]] = defaultdict(dict)
    listed = _counted().filter(bulletin__in=closing).values_list("bulletin_id", "outlet_id", "state")
    for bulletin, outlet, state in listed:
        proofs[bulletin][outlet] = state
    for key in sorted(closing):
        about = bulletins[key]
        own = by or next(actor_of(row) for row in rows if row.bulletin_id == key)
        clocks.close(rules.deliver_clock(about.kind), about=about, by=own, now=now, proof=proofs[key])


def _counted() -> QuerySet[Delivery]:
    """The deliveries that the clock of a bulletin waits for."""
    rows: QuerySet[Delivery] = Delivery.objects.all_worlds("inside one bulletin")
    return rows.filter(Q(call__isnull=True) | Q(bulletin__kind="cancel"))


def _owed() -> QuerySet[Delivery]:
    """Those of them that owe something: rules.is_done, asked of the database along its index."""
    unproved = [code for code, entry in channels().items() if entry.needs_receipt]
    rows = _counted().filter(state__in=rules.OWED | {"sent"})
    return rows.filter(~Q(state="sent") | Q(outlet__channel__in=unproved))
