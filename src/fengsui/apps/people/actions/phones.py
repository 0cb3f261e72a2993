from __future__ import annotations

from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.people import events, queries
from fengsui.core import policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused


@atomic
def reveal_phone(*, person_id: UUID, by: Actor, reason: str) -> str:
    """The full number, with who asked and why on record."""
    person = queries.persons_visible_to(by).filter(pk=person_id).first()
    if person is None:
        raise NotFound("people.reveal.not_found")
    policy.require(by, "people.reveal", person)
    if not reason.strip():
        raise Refused("people.reveal.needs_reason")
    announce(events.PhoneRevealed(person.pk), about=person, by=by.because(reason.strip()))
    return person.phone
