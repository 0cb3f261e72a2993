"""The one way into a register: merge what is staged, set what follows, announce each row, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from fengsui.core.ledger.events import RowChanged
from fengsui.core.ledger.listed import Listed
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.staged import Change, Staged
from fengsui.core.models import LedgerState
from fengsui.core.record_many import Told, announce_many
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused


def check_world(register: Register, by: Actor) -> None:
    """Master data are the same in every world: an exercise must not change them.

    Raises Refused("core.ledger.exercise").
    """
    if by.world != LIVE and not register.in_world:
        raise Refused("core.ledger.exercise")


def write(
    staged: Staged, by: Actor, first: int = 0, last: int = 2**31 - 1, *, fresh: bool = True, changed: bool = True
) -> list[Change]:
    """Merge rows numbered `first` to `last`; returns what was written.

    Raises Refused("core.ledger.outside") where a row would leave this person's scope, ("core.ledger.collides") where
    somebody else wrote the same key meanwhile.
    """
    register = staged.register
    with transaction.atomic():
        staged.lock(first, last)
        changes = list(staged.changes(first, last, fresh=fresh, changed=changed))
        if not changes:
            return []
        try:
            staged.merge(first, last, fresh=fresh, changed=changed)
        except IntegrityError as error:
            raise Refused("core.ledger.collides") from error
        follow(register, [change.key for change in changes], by)
        announce_many(_told(register, changes), by=by, topics=(topic(register),))
        note(register, by, len(changes))
    return changes


def follow(register: Register, keys: Sequence[object], by: Actor) -> None:
    """What other columns imply, then the scope: nobody writes a row that they may not see."""
    if register.after:
        register.after(keys, by)
    if register.visible_to(by).filter(pk__in=keys).count() != len(set(keys)):
        raise Refused("core.ledger.outside")


def topic(register: Listed) -> str:
    return f"ledger.{register.code}"


def label(register: Register) -> str:
    return register.model._meta.label_lower


def note(register: Register, by: Actor, rows: int) -> None:
    LedgerState.objects.update_or_create(
        register=register.code,
        world_id=by.world,
        defaults={"changed_at": timezone.now(), "person_id": by.person, "rows": rows},
    )


def _told(register: Register, changes: Sequence[Change]) -> Iterator[Told]:
    for change in changes:
        how = "created" if change.fresh else "changed"
        event = RowChanged(register.code, str(change.key), change.name, how, change.before, change.after)
        yield Told(event, label(register), str(change.key), change.before, change.after)
