"""One deed for many rows of what is under way: first tried, so that a person reads what would be refused, then done.

A deed is an action that the app has anyway, with its own rights, clocks and record; nothing is decided here. The trial
runs every action inside a transaction that is rolled back. Done, each row stands for itself: one that somebody settled
meanwhile is refused and named, the others stay done.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from fengsui.core import wording
from fengsui.core.ledger.worklist import Deed, Worklist
from fengsui.core.wording import Said
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, Invalid, NotFound, Refused

MOST = 200
"""Rows of one deed: what was ticked on a page, looked at one by one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed does to one row, or why it is refused."""

    key: str
    name: str
    url: str
    refused: Said | None = None


def offered(listed: Worklist, by: Actor) -> list[Deed]:
    """What this person may do to many rows of the list at once."""
    return [deed for deed in listed.deeds if deed.may(by)]


def deed_of(listed: Worklist, code: str, by: Actor) -> Deed:
    """Raises NotFound("core.ledger.no_deed"), also for one that this person is not offered."""
    found = next((deed for deed in offered(listed, by) if deed.code == code), None)
    if found is None:
        raise NotFound("core.ledger.no_deed", deed=code)
    return found


def attempt(
    *, listed: Worklist, deed: Deed, keys: Sequence[str], by: Actor, now: datetime, reason: str = "", trial: bool
) -> list[Outcome]:
    """Do it to the rows among `keys` that this person sees, in the list's order; a `trial` leaves all as it was.

    Raises Refused("core.ledger.none_ticked"), Invalid("core.ledger.deed_needs_reason", field="reason").
    """
    if deed.reason and not reason.strip():
        raise Invalid("core.ledger.deed_needs_reason", field="reason")
    rows = _rows(listed, keys, by)
    if not rows:
        raise Refused("core.ledger.none_ticked")
    lines = listed.lines(rows, [listed.by_code[code] for code in listed.named or (listed.title,)])
    found = []
    with transaction.atomic() if trial else nullcontext():
        for row, line in zip(rows, lines, strict=True):
            refused = _one(deed, row.pk, by, now, reason.strip())
            found.append(Outcome(str(row.pk), "　".join(cell["word"] for cell in line["cells"]), line["url"], refused))
        if trial:
            transaction.set_rollback(True)
    return found


def _one(deed: Deed, key: UUID, by: Actor, now: datetime, reason: str) -> Said | None:
    try:
        with transaction.atomic():
            deed.do(key, by, now, reason)
    except FengsuiError as refused:
        return wording.say(refused)
    return None


def _rows(listed: Worklist, keys: Sequence[str], by: Actor) -> list[Any]:
    convert, wanted = listed.model._meta.pk.to_python, []
    for each in keys[:MOST]:
        with suppress(ValidationError, ValueError):  # a key that is none belongs to no row
            wanted.append(convert(each))
    found = {row.pk: row for row in listed.visible_to(by).filter(pk__in=wanted)}
    return [found[key] for key in dict.fromkeys(wanted) if key in found]
