"""Many rows at once: choose them, see what would come of it, press; one field or out of use, one step to take back.

The preview is a dry run: what is staged is merged inside a savepoint, looked at, and rolled back. Who presses decides
about exactly what it showed; if the register moved meanwhile, the preview is made anew and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.utils import timezone

from fengsui.core import live, policy
from fengsui.core.ledger import editing, jobs, listing, steps, writing
from fengsui.core.ledger.check import Fault
from fengsui.core.ledger.columns import Column
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.register import register as register_of
from fengsui.core.ledger.staged import Staged
from fengsui.core.ledger.taking import fingerprint
from fengsui.core.ledger.uses import check_unused
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.models import LedgerStep
from fengsui.core.record import plain
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, Invalid, Refused

MOST = 200_000
MOST_CHOSEN = 2_000
AT_ONCE = 500
"""More rows than these are looked at and written by a job."""
CHUNK = 5_000
SHOWN = 100


def columns_of(register: Register) -> list[Column]:
    """What many rows can be given at once: no key, and nothing that belongs to one person."""
    return [column for column in register.writable if not (column.key or column.telling or column.personal)]


def ask(
    *, register: Register, by: Actor, kind: str, rows: Sequence[str], query: str, column: str = "", text: str = "",
    reason: str = "",
) -> LedgerStep:  # fmt: skip
    """Look at what would come of it. `rows`: keys that were chosen; none means all that `query` shows.

    Raises Faulty for a value that cannot be used, Invalid("core.ledger.no_column" | "core.ledger.needs_reason" | …),
    Refused("core.ledger.nothing_chosen"), Forbidden.
    """
    policy.require(by, f"{register.verb}.{'edit' if kind == 'set' else 'retire'}")
    writing.check_world(register, by)
    if kind == "set":
        wanted = next((each for each in columns_of(register) if each.code == column), None)
        if wanted is None:
            raise Invalid("core.ledger.no_column", field="column", column=column)
        editing.parse(register, {column: text}, [wanted])
    elif register.retire is None:
        raise Refused("core.ledger.no_retiring")
    elif kind == "retire" and not reason.strip():
        raise Refused("core.ledger.needs_reason")
    chosen, why = list(rows)[:MOST_CHOSEN], reason.strip()[:300]
    asked = {"rows": chosen, "query": query, "column": column, "text": text, "reason": why}
    step = steps.begin(register, by, kind, asked=asked, state="checking")
    count = len(_keys(step, by))
    if not count:
        raise Refused("core.ledger.nothing_chosen")
    with transaction.atomic():
        step.total = count
        step.save(force_insert=True)
        if count > AT_ONCE:
            jobs.start(jobs.check_step, step, by)
    if count <= AT_ONCE:
        check(step, by)
    return step


def _keys(step: LedgerStep, by: Actor) -> list[Any]:
    """Keys of the rows that are meant, in the list's order."""
    register = register_of(step.register)
    wanted = Wanted.of(register, QueryDict(step.asked["query"]))
    if step.asked["rows"]:
        convert, found = register.model._meta.pk.to_python, []
        for each in step.asked["rows"]:
            with suppress(ValidationError, ValueError):  # a key that is none belongs to no row
                found.append(convert(each))
        rows = register.rows(by).filter(pk__in=found)
    else:
        rows = listing.rows_of(register, by, wanted)
    return list(listing.ordered(register, rows, wanted).values_list("pk", flat=True)[:MOST])


def check(step: LedgerStep, by: Actor) -> None:
    """Fill in what the preview shows; the register stays as it is."""
    try:
        if step.kind == "set":
            _look(step, by)
        else:
            _look_at_use(step, by)
    except FengsuiError as refused:
        step.state, step.found = "refused", {"code": refused.code, "facts": plain(refused.facts)}
    else:
        step.state = "checked"
    step.save(update_fields=["state", "found", "faults", "sample", "seen"])
    _touch(step)


@contextmanager
def _staged(step: LedgerStep, by: Actor) -> Iterator[tuple[Staged, list[Any]]]:
    """The rows beside their new value, without those that cannot have it."""
    register, code = register_of(step.register), step.asked["column"]
    column = register.by_code[code]
    value = editing.parse(register, {code: step.asked["text"]}, [column])[code]
    keys = _keys(step, by)
    with Staged(register, by, [column], keyed=True) as stage:
        stage.put((number, {"pk": key, code: value}) for number, key in enumerate(keys, 1))
        stage.resolve()
        _take_out_what_would_leave(stage, by)
        yield stage, keys


def _take_out_what_would_leave(stage: Staged, by: Actor) -> None:
    """Do it, look who would be out of this person's scope, and undo it: these rows are faults."""
    register, numbers = stage.register, {}
    try:
        with transaction.atomic():
            numbers = {change.key: change.number for change in stage.changes(fresh=False)}
            stage.merge(0, 2**31 - 1, fresh=False)
            if register.after and numbers:
                register.after(list(numbers), by)
            inside = set(register.visible_to(by).filter(pk__in=list(numbers)).values_list("pk", flat=True))
            transaction.set_rollback(True)
    except IntegrityError as error:
        raise Refused("core.ledger.collides") from error
    with connection.cursor() as cursor:
        outside = [n for key, n in numbers.items() if key not in inside]
        stage.take_out(cursor, [(n, Fault("", "core.ledger.outside", {})) for n in outside])


def _look(step: LedgerStep, by: Actor) -> None:
    with transaction.atomic(), _staged(step, by) as (stage, keys):
        tally = stage.tally()
        names = _names(register_of(step.register), by, [keys[n - 1] for n in sorted(stage.faults)[:SHOWN]])
        step.faults = [
            [str(keys[n - 1]), names.get(keys[n - 1], ""), each.column, each.code, plain(each.facts)]
            for n in sorted(stage.faults)[:SHOWN]
            for each in stage.faults[n]
        ]
        changes = stage.changes(limit=SHOWN, fresh=False)
        step.sample = [[str(each.key), each.name, plain(each.before), plain(each.after)] for each in changes]
        step.found = {"change": tally.changed, "same": tally.same, "wrong": len(stage.faults)}
        step.seen = fingerprint(stage)


def _names(register: Register, by: Actor, keys: Sequence[Any]) -> dict[Any, str]:
    path = register.by_code[register.title].path if register.title in register.by_code else register.title
    return {pk: str(name) for pk, name in register.rows(by).filter(pk__in=list(keys)).values_list("pk", path)}


def _look_at_use(step: LedgerStep, by: Actor) -> None:
    """Which rows can go out of use, or come back; nothing is changed."""
    register, used = register_of(step.register), step.kind == "restore"
    change, same = 0, 0
    faults: list[list[Any]] = []
    sample: list[list[Any]] = []
    keys = _keys(step, by)
    for first in range(0, len(keys), 500):
        rows = register.rows(by).filter(pk__in=keys[first : first + 500])
        for row in rows.select_related(*register.parts) if register.parts else rows:
            name = editing.name_of(register, row)
            try:
                policy.require(by, f"{register.verb}.retire", row)
                if editing.in_use(register, row) == used:
                    same += 1
                    continue
                if not used:
                    check_unused(row)
            except FengsuiError as refused:
                faults.append([str(row.pk), name, "", refused.code, plain(refused.facts)])
                continue
            change += 1
            if len(sample) < SHOWN:
                sample.append([str(row.pk), name, {"in_use": not used}, {"in_use": used}])
    step.found = {"change": change, "same": same, "wrong": len(faults)}
    step.faults, step.sample = faults[:SHOWN], sample


def press(*, step_id: UUID, by: Actor, now: datetime) -> LedgerStep:
    """Do what the preview showed. Raises Refused("core.ledger.step_over" | "core.ledger.nothing_chosen"), Forbidden."""
    with transaction.atomic():
        step = steps.find(step_id, by, lock=True)
        register = register_of(step.register)
        policy.require(by, f"{register.verb}.{'edit' if step.kind == 'set' else 'retire'}")
        writing.check_world(register, by)
        if step.state != "checked":
            raise Refused("core.ledger.step_over")
        if not step.found["change"]:
            raise Refused("core.ledger.nothing_chosen")
        step.state, step.total, step.done = "doing", step.found["change"], 0
        step.at = now
        step.save(update_fields=["state", "total", "done", "at"])
        if step.total > AT_ONCE:
            jobs.start(jobs.do_step, step, by)
            return step
    run(step, by)
    return step


def run(step: LedgerStep, by: Actor) -> None:
    """Write, chunk by chunk, each in a transaction of its own: a killed job goes on where it was."""
    actor = by.in_chain(step.pk).because(step.asked["reason"])
    try:
        moved = _write(step, actor) if step.kind == "set" else _turn(step, actor)
    except FengsuiError as refused:
        step.state, step.found = "refused", {**step.found, "code": refused.code, "facts": plain(refused.facts)}
        if step.done:  # part of it stands, and can be taken back
            step.state, step.ended_at = "done", timezone.now()
        step.save(update_fields=["state", "found", "ended_at"])
        _touch(step)
        return
    if moved:
        check(step, by)
        step.found = {**step.found, "moved": True}
        step.save(update_fields=["found"])


def _write(step: LedgerStep, by: Actor) -> bool:
    """Whether the register had moved; then nothing was written."""
    with _staged(step, by) as (stage, keys):
        if not step.done and fingerprint(stage) != step.seen:
            return True
        last = len(keys)
        for first in range(1, last + 1, CHUNK):
            with transaction.atomic():
                step.done += len(writing.write(stage, by, first, min(first + CHUNK - 1, last), fresh=False))
                if first + CHUNK > last:
                    step.state, step.ended_at = "done", timezone.now()
                step.save(update_fields=["done", "state", "ended_at"])
                _touch(step)
    return False


def _turn(step: LedgerStep, by: Actor) -> bool:
    """Retire or restore each row; one that somebody needs meanwhile stays and is counted."""
    register = register_of(step.register)
    turn = editing.restore if step.kind == "restore" else editing.retire
    keys = _keys(step, by)
    for first in range(0, len(keys), 100):
        with transaction.atomic():
            for key in keys[first : first + 100]:
                try:
                    with transaction.atomic():
                        turn(register=register, row_id=str(key), by=by, now=timezone.now())
                except FengsuiError as refused:
                    step.left += refused.code != "core.ledger.already_so"  # done before this job was killed
                else:
                    step.done += 1
            step.save(update_fields=["done", "left"])
            _touch(step)
    step.state, step.ended_at = "done", timezone.now()
    step.save(update_fields=["state", "ended_at"])
    _touch(step)
    return False


@transaction.atomic
def withdraw(*, step_id: UUID, by: Actor, now: datetime) -> LedgerStep:
    """Throw a preview away. Raises Refused("core.ledger.step_over")."""
    step = steps.find(step_id, by, lock=True)
    if step.state not in {"checked", "refused"}:
        raise Refused("core.ledger.step_over")
    step.state, step.ended_at = "withdrawn", now
    step.save(update_fields=["state", "ended_at"])
    return step


def _touch(step: LedgerStep) -> None:
    live.touch({f"ledger.step:{step.pk}"}, step.world_id)
