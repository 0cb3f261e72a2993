"""A sheet's way into a register: upload, check, preview, take over. Checking and taking again change nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from fengsui.core import live, policy
from fengsui.core.ledger import jobs, sheet, writing
from fengsui.core.ledger.check import Fault, checked
from fengsui.core.ledger.events import SheetTaken
from fengsui.core.ledger.register import Register, register
from fengsui.core.ledger.sheet import Sheet
from fengsui.core.ledger.staged import Staged
from fengsui.core.models import LedgerImport, LedgerStep
from fengsui.core.record import announce, plain
from fengsui.core.record_text import canonical
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, Invalid, NotFound, Refused

MOST_BYTES = 20_000_000
AT_ONCE_BYTES = 200_000
"""A smaller sheet (some two thousand rows) is checked while the browser waits; a larger one is a job."""
CHUNK = 5_000
SHOWN_FAULTS, SHOWN_CHANGES = 500, 100
KEPT_DAYS = 7


def visible_to(by: Actor) -> QuerySet[LedgerImport]:
    """One's own imports: a sheet may hold what others may not see."""
    return LedgerImport.objects.in_world(by.world).filter(person_id=by.person)


def find(import_id: UUID, by: Actor, *, lock: bool = False) -> LedgerImport:
    """Raises NotFound("core.ledger.no_import")."""
    rows = visible_to(by).select_for_update() if lock else visible_to(by)
    row: LedgerImport | None = rows.filter(pk=import_id).first()
    if row is None:
        raise NotFound("core.ledger.no_import")
    return row


def upload(*, into: Register, body: bytes, file_name: str, by: Actor, now: datetime) -> LedgerImport:
    """Keep the sheet and check it, now or by a job. Raises Invalid("core.ledger.file_…"), Forbidden, Refused."""
    policy.require(by, f"{into.verb}.import")
    writing.check_world(into, by)
    if not body:
        raise Invalid("core.ledger.file_empty", field="file")
    if len(body) > MOST_BYTES:
        raise Invalid("core.ledger.file_large", field="file", most=MOST_BYTES // 1_000_000)
    with transaction.atomic():
        visible_to(by).filter(uploaded_at__lt=now - timedelta(days=KEPT_DAYS)).exclude(state="taking").update(body=None)
        row: LedgerImport = LedgerImport.objects.create(
            world_id=by.world, register=into.code, file_name=file_name[-200:], body=body, size=len(body),
            person_id=by.person, posts=[str(post) for post in by.posts], correlation=by.correlation, uploaded_at=now,
        )  # fmt: skip
        if len(body) > AT_ONCE_BYTES:
            jobs.start(jobs.check_sheet, row, by)
    if len(body) <= AT_ONCE_BYTES:
        check(row, by)
    return row


def check(row: LedgerImport, by: Actor) -> None:
    """Fill in what the preview shows; the register is not touched."""
    into = register(row.register)
    try:
        with staged(into, row, by) as (stage, opened, faults):
            tally = stage.tally()
            sample = [_shown(change) for change in stage.changes(limit=SHOWN_CHANGES)]
            seen = fingerprint(stage)
            repeated = stage.repeated
    except FengsuiError as refused:
        row.state, row.found = "refused", {"code": refused.code, "facts": plain(refused.facts)}
    else:
        row.state, row.sample, row.seen = "checked", sample, seen
        row.found = {
            "fresh": tally.fresh,
            "changed": tally.changed,
            "same": tally.same,
            "wrong": len(faults),
            "sheet": opened.name,
            "repeated": repeated[:50],
            "remarks": opened.remarks[:50],
            "ignored": opened.ignored[:50],
            "columns": [str(place.column.code) for place in opened.places],
        }
        listed = [[n, each.column, each.code, plain(each.facts)] for n in sorted(faults) for each in faults[n]]
        row.faults = listed[:SHOWN_FAULTS]
    row.checked_at = timezone.now()
    row.save(update_fields=["state", "found", "faults", "sample", "seen", "checked_at"])
    _touch(row)


def _shown(change: Any) -> list[Any]:
    return [change.number, change.name, change.fresh, plain(change.before), plain(change.after)]


@contextmanager
def staged(into: Register, row: LedgerImport, by: Actor) -> Iterator[tuple[Staged, Sheet, dict[int, list[Fault]]]]:
    """The sheet beside the register: what is sound is staged and resolved, the rest is told row by row."""
    if row.body is None:
        raise Refused("core.ledger.file_gone")
    opened = sheet.understand(bytes(row.body), row.file_name, into.columns)
    columns = [place.column for place in opened.places if place.column.editable]
    faults: dict[int, list[Fault]] = {}
    with Staged(into, by, columns) as stage:
        stage.put(_sound(checked(into, opened), faults))
        stage.resolve()
        for number, found in stage.faults.items():
            faults.setdefault(number, []).extend(found)
        yield stage, opened, faults


def _sound(
    rows: Iterable[tuple[int, dict[str, Any], list[Fault]]], faults: dict[int, list[Fault]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, values, found in rows:
        if found:
            faults[number] = found
        else:
            yield number, values


def fingerprint(stage: Staged) -> str:
    """Of everything that would be written: who reads the preview decides about exactly this."""
    whole = hashlib.sha256()
    for change in stage.changes():
        key = "" if change.fresh else str(change.key)
        whole.update(canonical(plain([change.number, key, change.before, change.after])).encode())
    return whole.hexdigest()


def take(
    *, import_id: UUID, by: Actor, now: datetime, fresh: bool = True, changed: bool = True, skip_wrong: bool = False
) -> LedgerImport:
    """Take the sheet over: all of it, or what was chosen.

    Raises Refused("core.ledger.not_checked" | "core.ledger.wrong_rows" | "core.ledger.nothing_chosen"), Forbidden.
    """
    with transaction.atomic():
        row = find(import_id, by, lock=True)
        into = register(row.register)
        policy.require(by, f"{into.verb}.import")
        writing.check_world(into, by)
        if row.state != "checked":
            raise Refused("core.ledger.not_checked")
        if row.found["wrong"] and not skip_wrong:
            raise Refused("core.ledger.wrong_rows", wrong=row.found["wrong"])
        total = row.found["fresh"] * fresh + row.found["changed"] * changed
        if not total:
            raise Refused("core.ledger.nothing_chosen")
        row.state, row.total, row.done = "taking", total, 0
        row.chosen = {"fresh": fresh, "changed": changed, "skip_wrong": skip_wrong}
        row.save(update_fields=["state", "total", "done", "chosen"])
        if total > CHUNK:
            jobs.start(jobs.take_sheet, row, by)
            return row
    run(row, by)
    return row


def run(row: LedgerImport, by: Actor) -> None:
    """Write what was chosen, chunk by chunk, each in a transaction of its own: a killed job goes on where it was.

    A register whose rows refer to each other is written in one. If the register is not any more what the preview
    showed, nothing is written and the preview is made anew.
    """
    into = register(row.register)
    choice = {"fresh": row.chosen["fresh"], "changed": row.chosen["changed"]}
    by = by.in_chain(row.pk)  # the step that takes the sheet back finds what it wrote by this
    try:
        with staged(into, row, by.because(row.file_name)) as (stage, opened, faults):
            if not row.done and fingerprint(stage) != row.seen:
                check_again = True
            else:
                check_again = False
                chunks = [(0, 2**31 - 1)] if into.whole else list(_chunks(opened))
                for index, (first, last) in enumerate(chunks):
                    with transaction.atomic():
                        written = writing.write(stage, by.because(row.file_name), first, last, **choice)
                        row.done += len(written)
                        if index == len(chunks) - 1:
                            _finish(row, into, by, len(faults))
                        row.save(update_fields=["done", "state", "ended_at", "body"])
                        _touch(row)
    except FengsuiError as refused:
        row.state, row.found = "refused", {**row.found, "code": refused.code, "facts": plain(refused.facts)}
        row.save(update_fields=["state", "found"])
        _touch(row)
        return
    if check_again:
        check(row, by)
        row.found = {**row.found, "moved": True}
        row.save(update_fields=["found"])


def _chunks(opened: Sheet) -> Iterator[tuple[int, int]]:
    last = len(opened.rows)
    for first in range(0, last + 1, CHUNK):
        yield first + (1 if first else 0), min(first + CHUNK, last) if first + CHUNK < last else 2**31 - 1
        if first + CHUNK >= last:
            return


def _finish(row: LedgerImport, into: Register, by: Actor, wrong: int) -> None:
    row.state, row.ended_at, row.body = "taken", timezone.now(), None
    found, chosen = row.found, row.chosen
    taken = SheetTaken(
        into.code,
        row.file_name,
        found["fresh"] * chosen["fresh"],
        found["changed"] * chosen["changed"],
        found["same"],
        wrong,
    )
    announce(taken, about=row, by=by, topics=(writing.topic(into),))
    LedgerStep.objects.create(
        pk=row.pk, world_id=row.world_id, register=into.code, kind="sheet", person_id=row.person_id, at=row.ended_at,
        ended_at=row.ended_at, total=row.done, done=row.done, asked={"file": row.file_name, "fresh": taken.fresh},
    )  # fmt: skip


@transaction.atomic
def withdraw(*, import_id: UUID, by: Actor, now: datetime) -> LedgerImport:
    """Throw a checked sheet away."""
    row = find(import_id, by, lock=True)
    if row.state not in {"checked", "refused", "failed"}:
        raise Refused("core.ledger.not_checked")
    row.state, row.ended_at, row.body = "withdrawn", now, None
    row.save(update_fields=["state", "ended_at", "body"])
    return row


def all_faults(row: LedgerImport, by: Actor) -> tuple[Sheet, dict[int, list[Fault]]]:
    """Every fault of the sheet, not only those that the preview lists."""
    with staged(register(row.register), row, by) as (_stage, opened, faults):
        return opened, faults


def _touch(row: LedgerImport) -> None:
    live.touch({f"ledger.import:{row.pk}"}, row.world_id)
