"""Which deliveries a bulletin owes, and that those of the bulletins before it are owed no longer."""

from __future__ import annotations

from datetime import datetime

from fengsui.apps.alerts import queries, rules
from fengsui.apps.alerts.actions.queueing import queue
from fengsui.apps.alerts.models import Bulletin, Call, Delivery
from fengsui.apps.people import queries as people
from fengsui.core import clocks
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level


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
    queue(rows)
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
            queue([row])
            return


def end_earlier(bulletin: Bulletin, by: Actor, now: datetime) -> None:
    """A newer bulletin: what of the earlier ones has not gone out will not."""
    why = f"已由 {bulletin.number} 代替"
    for earlier in queries.earlier(bulletin.warning):
        if earlier.pk != bulletin.pk:
            clocks.cancel(rules.deliver_clock(earlier.kind), about=earlier, by=by, now=now, reason=why)
