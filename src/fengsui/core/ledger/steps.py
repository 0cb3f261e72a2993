"""What a person did in a register, one step each, and taking it back: a cell, a row, a bulk, a sheet.

A step's key is the correlation of everything it recorded, so the audit rows say what was and what became. Taking back
writes what was, where what became still holds; what somebody changed since stays and is counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from fengsui.core import live, policy
from fengsui.core.ledger import editing, writing
from fengsui.core.ledger.editing import CHANGED
from fengsui.core.ledger.listing import plain_rows
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.register import register as register_of
from fengsui.core.ledger.staged import Staged
from fengsui.core.models import AuditRow, LedgerStep
from fengsui.core.record import plain
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, Forbidden, NotFound, Refused

CHUNK = 2_000
AT_ONCE = 500
"""More rows than these are done by a job."""


def visible_to(by: Actor) -> QuerySet[LedgerStep]:
    """One's own: nobody takes back what another did without seeing it; that is a change like any other."""
    return LedgerStep.objects.in_world(by.world).filter(person_id=by.person)


def find(step_id: UUID, by: Actor, *, lock: bool = False) -> LedgerStep:
    """Raises NotFound("core.ledger.no_step")."""
    rows = visible_to(by).select_for_update() if lock else visible_to(by)
    step: LedgerStep | None = rows.filter(pk=step_id).first()
    if step is None:
        raise NotFound("core.ledger.no_step")
    return step


def person_of(by: Actor) -> UUID:
    """Views and steps are a person's; a part of the system has none. Raises Forbidden."""
    if by.person is None:
        raise Forbidden("core.policy.forbidden", verb="core.ledger")
    return by.person


def begin(register: Register, by: Actor, kind: str, **facts: Any) -> LedgerStep:
    """A step that is not kept yet: who begins it saves it once something came of it."""
    made = {"world_id": by.world, "person_id": person_of(by), "at": timezone.now()}
    return LedgerStep(pk=uuid4(), register=register.code, kind=kind, **made, **facts)


@transaction.atomic
def recorded(register: Register, by: Actor, kind: str, work: Callable[[Actor], int], **asked: Any) -> LedgerStep | None:
    """Do a small piece of work as a step; None where it changed nothing."""
    step = begin(register, by, kind, asked=plain(asked))
    count = work(by.in_chain(step.pk))
    if not count:
        return None
    step.total = step.done = 1
    step.ended_at = step.at
    step.sample = [_told(facts) for _key, facts in _recorded(step.pk)]
    step.save(force_insert=True)
    return step


def _told(facts: Mapping[str, Any]) -> list[Any]:
    payload = facts["payload"]
    return [payload["row_id"], payload["name"], payload["before"], payload["after"]]


def last(register: Register, by: Actor) -> LedgerStep | None:
    """The newest step of this person here that can be taken back."""
    rows = visible_to(by).filter(register=register.code, state="done").exclude(kind__in=["undo", "redo"])
    return rows.order_by("-at").first()


def newest(register: Register, by: Actor) -> LedgerStep | None:
    """The newest step that stands, a taking back too: where it is one, it can itself be taken back."""
    rows = visible_to(by).filter(register=register.code, state="done").exclude(kind="redo")
    return rows.order_by("-at").first()


def _recorded(correlation: UUID) -> Iterator[tuple[str, dict[str, Any]]]:
    """(row's key, facts) of each change of a row under this correlation, oldest first."""
    rows = AuditRow.objects.filter(correlation=correlation, verb=CHANGED).order_by("id")
    for subject, facts in rows.values_list("subject", "facts").iterator(chunk_size=CHUNK):
        yield subject.partition(":")[2], json.loads(facts)


@transaction.atomic
def undo(*, step_id: UUID, by: Actor, now: datetime) -> LedgerStep:
    """Take a step back; many rows by a job. Raises Refused("core.ledger.nothing_to_undo"), Forbidden, NotFound."""
    step = find(step_id, by, lock=True)
    register = register_of(step.register)
    verb = "retire" if step.kind in {"retire", "restore"} else "edit"
    policy.require(by, f"{register.verb}.{verb}")
    writing.check_world(register, by)
    if step.state != "done":
        raise Refused("core.ledger.nothing_to_undo")
    step.state = "undoing"
    step.save(update_fields=["state"])
    if step.done > AT_ONCE:
        from fengsui.core.ledger import jobs

        jobs.start(jobs.undo_step, step, by)
    else:
        take_back(step, by)
    return step


def take_back(step: LedgerStep, by: Actor) -> None:
    """The work of `undo`: chunk by chunk, each in its own transaction; going over it again changes nothing."""
    register = register_of(step.register)
    back, _new = LedgerStep.objects.in_world(by.world).get_or_create(
        undoes=step,
        state="doing",
        defaults={
            "world_id": by.world, "register": step.register, "kind": "redo" if step.kind == "undo" else "undo",
            "person_id": person_of(by), "at": timezone.now(), "total": step.done, "asked": step.asked, "sample": [],
        },
    )  # fmt: skip
    actor = by.in_chain(back.pk).because("undo")
    changed, left, batch = 0, 0, dict[str, dict[str, Any]]()
    for key, facts in _recorded(step.pk):
        batch[key] = facts["payload"]
        if len(batch) == CHUNK:
            done, kept = _set_back(register, batch, actor)
            changed, left, batch = changed + done, left + kept, {}
    if batch:
        done, kept = _set_back(register, batch, actor)
        changed, left = changed + done, left + kept
    with transaction.atomic():
        back.state, back.done, back.left, back.ended_at = "done", changed, left, timezone.now()
        back.save(update_fields=["state", "done", "left", "ended_at"])
        step.state, step.left, step.ended_at = "undone", left, timezone.now()
        step.save(update_fields=["state", "left", "ended_at"])
        if step.undoes_id and step.kind == "undo":  # taken back the taking back: it holds again
            LedgerStep.objects.in_world(by.world).filter(pk=step.undoes_id, state="undone").update(state="done")
        live.touch({f"ledger.step:{step.pk}"}, by.world)


@transaction.atomic
def _set_back(register: Register, batch: Mapping[str, dict[str, Any]], by: Actor) -> tuple[int, int]:
    """(rows set back, rows left as they are) of some rows."""
    used = {key: payload for key, payload in batch.items() if payload["how"] in {"retired", "restored"}}
    changed, left = 0, len([1 for payload in batch.values() if payload["how"] == "created"])
    for key, payload in used.items():
        try:
            with transaction.atomic():
                turn = editing.restore if payload["how"] == "retired" else editing.retire
                turn(register=register, row_id=key, by=by, now=timezone.now())
                changed += 1
        except FengsuiError:
            left += 1
    wanted = {key: payload for key, payload in batch.items() if payload["how"] == "changed"}
    if wanted:
        done = _write_back(register, wanted, by)
        changed, left = changed + done, left + len(wanted) - done
    return changed, left


def _write_back(register: Register, wanted: Mapping[str, dict[str, Any]], by: Actor) -> int:
    codes = {code for payload in wanted.values() for code in payload["after"] if code in register.by_code}
    columns = [column for column in register.writable if column.code in codes]
    rows: list[tuple[int, dict[str, Any]]] = []
    locked = register.model._base_manager.filter(pk__in=list(wanted)).select_for_update().order_by("pk")
    list(locked.values_list("pk", flat=True))
    for key, values, _words in plain_rows(register, register.rows(by).filter(pk__in=list(wanted)), columns):
        payload = wanted[str(key)]
        shown = {column.code: plain(value) for column, value in zip(columns, values, strict=True)}
        was = {}
        for code, after in payload["after"].items():
            column = register.by_code.get(code)
            if column is None or not column.editable or shown.get(code) != after:
                break
            before = payload["before"].get(code)
            if column.personal:
                before = editing.kept_number(register, key, code, before)
                if before is None:
                    break
            was[code] = before
        else:
            rows.append((len(rows) + 1, {"pk": key, **shown, **was}))
    if not rows:
        return 0
    with Staged(register, by, columns, keyed=True) as stage:
        stage.put(rows)
        stage.resolve()
        return len(writing.write(stage, by, fresh=False))
