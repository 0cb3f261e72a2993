"""The shift of a duty post passes from one holder to the next; until it is taken, the one before answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.people import events, queries, rules
from fengsui.apps.people.models import Handover, Holding, Post
from fengsui.core import clocks, policy
from fengsui.core.record import announce, plain
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound, Refused


@atomic
def offer_shift(
    *, post_id: UUID, incoming_id: UUID | None, note: str, facts: Mapping[str, Any], by: Actor, now: datetime
) -> Handover:
    """交班: what matters in words, what is open as found now; the next one's clock starts.

    Raises Invalid("people.handover.needs_note"), Refused("people.handover.nobody" | "…not_holder" | "…open_already").
    """
    post = Post.objects.select_for_update().filter(pk=post_id).first()
    if post is None:
        raise NotFound("people.post.not_found")
    policy.require(by, "people.hand_over", post)
    assert by.person is not None
    if not note.strip():
        raise Invalid("people.handover.needs_note", field="note")
    others = Holding.objects.at(now).filter(post=post).exclude(person_id=by.person).values_list("person_id", flat=True)
    if not others:
        raise Refused("people.handover.nobody")
    if incoming_id is not None and incoming_id not in others:
        raise Refused("people.handover.not_holder")
    if Handover.objects.in_world(by.world).filter(post=post, outgoing_id=by.person, status="offered").exists():
        raise Refused("people.handover.open_already")
    row = Handover.objects.create(
        world_id=by.world, post=post, outgoing_id=by.person, incoming_id=incoming_id, note=note.strip()[:4000],
        facts=plain(facts), offered_at=now,
    )  # fmt: skip
    announce(events.ShiftOffered(row.pk, post.pk), about=row, by=by)
    clocks.start(
        rules.HANDOVER.code, about=row, by=by, now=now, label=f"{post.title}　{row.outgoing.name}", owner_post=post.pk,
        owner_person=incoming_id, url=f"/handover/{row.pk}/",
    )  # fmt: skip
    return row


@atomic
def take_shift(*, handover_id: UUID, by: Actor, now: datetime) -> Handover:
    """接班, by a holder of the same post. Raises Refused("people.handover.own" | "…for_another" | "handover.…")."""
    row = queries.lock_handover(handover_id, by)
    policy.require(by, "people.hand_over", row.post)
    assert by.person is not None
    if by.person == row.outgoing_id:
        raise Refused("people.handover.own")
    if row.incoming_id not in (None, by.person):
        raise Refused("people.handover.for_another")
    row.status = rules.HANDOVER_MACHINE.next(row.status, "take")
    row.incoming_id, row.ended_at = by.person, now
    row.save(update_fields=["status", "incoming", "ended_at"])
    announce(events.ShiftTaken(row.pk, row.post_id, by.person), about=row, by=by)
    clocks.close(rules.HANDOVER.code, about=row, by=by, now=now, proof={"handover": row.pk})
    return row


@atomic
def keep_shift(*, handover_id: UUID, by: Actor, now: datetime) -> Handover:
    """The outgoing one takes his offer back and stays. Raises Refused("people.handover.not_yours" | "handover.…")."""
    row = queries.lock_handover(handover_id, by)
    policy.require(by, "people.hand_over", row.post)
    if by.person != row.outgoing_id:
        raise Refused("people.handover.not_yours")
    row.status = rules.HANDOVER_MACHINE.next(row.status, "withdraw")
    row.ended_at = now
    row.save(update_fields=["status", "ended_at"])
    announce(events.ShiftKept(row.pk, row.post_id), about=row, by=by)
    clocks.cancel(rules.HANDOVER.code, about=row, by=by, now=now, reason="原班继续")
    return row
