"""One row by hand: create, change with an optimistic lock, retire and restore, undo the last change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Model

from fengsui.core import policy
from fengsui.core.ledger import writing
from fengsui.core.ledger.cells import BadCell
from fengsui.core.ledger.check import Fault, References, centre, position_reader, readers, unmasked
from fengsui.core.ledger.columns import Column, Position, Ref, masked
from fengsui.core.ledger.events import RowChanged
from fengsui.core.ledger.fields import typed
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.sheet import Place
from fengsui.core.ledger.staged import WAS, Staged
from fengsui.core.ledger.uses import check_unused
from fengsui.core.models import AuditRow
from fengsui.core.record import announce, event_name, plain
from fengsui.core.record_text import canonical
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound, Refused

SALT = "fengsui.ledger.seen"
CHANGED = event_name(RowChanged)


class Conflict(Refused):
    """Somebody changed the row after this form was opened: `theirs` is what it holds now, by column."""

    def __init__(self, was: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
        super().__init__("core.ledger.conflict")
        self.was, self.theirs, self.mine = dict(was), dict(theirs), dict(mine)


class Faulty(Invalid):
    """Fields of a form that cannot be used, by column."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("core.ledger.faulty", field=faults[0].column if faults else "")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Row:
    """One row as pages show it: its key and plain values by column."""

    key: Any
    name: str
    values: dict[str, Any]
    in_use: bool
    names: dict[str, str]
    """Names of the rows it refers to, by column."""


def values_of(register: Register, row: Model) -> dict[str, Any]:
    """Plain values of a model instance."""
    return {column.code: column.kind.plain(_walk(row, column.read_path)) for column in register.columns}


def _walk(row: Any, path: str) -> Any:
    for step in path.split("__"):
        row = getattr(row, step, None)
        if row is None:
            return None
    return row


def find(register: Register, row_id: str, by: Actor, *, lock: bool = False) -> Any:
    """The model instance, in this person's scope. Raises NotFound("core.ledger.no_row"), Forbidden."""
    rows = register.rows(by)
    if register.parts:
        rows = rows.select_related(*register.parts)
    try:
        key = register.model._meta.pk.to_python(row_id)
    except Exception:
        raise NotFound("core.ledger.no_row") from None
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotFound("core.ledger.no_row")
    return row


def read(register: Register, row_id: str, by: Actor) -> Row:
    row = find(register, row_id, by)
    names = {c.code: str(_walk(row, c.name_path) or "") for c in register.columns if isinstance(c.kind, Ref)}
    return Row(
        row.pk, str(_walk(row, _title_path(register)) or ""), values_of(register, row), in_use(register, row), names
    )


def _title_path(register: Register) -> str:
    column = register.by_code.get(register.title)
    return column.path if column else register.title


def name_of(register: Register, row: Any) -> str:
    return str(_walk(row, _title_path(register)) or "")


def in_use(register: Register, row: Any) -> bool:
    if register.retire is None:
        return True
    held = _walk(row, register.retire.path)
    return bool(held) if register.retire.flag else held is None


def sign(values: Mapping[str, Any]) -> str:
    """What the form showed when it was opened, for the browser to bring back; telephone numbers are not in it."""
    return signing.dumps(plain(values), salt=SALT, compress=True)


def sign_of(values: Mapping[str, Any]) -> str:
    """The same content in one spelling, for an ETag: unlike `sign` it is the same each time."""
    return canonical(plain(values))


def seen(register: Register, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a form shows them: personal ones masked."""
    return {code: masked(value) if register.by_code[code].personal else plain(value) for code, value in values.items()}


def parse(register: Register, given: Mapping[str, Any], columns: list[Column]) -> dict[str, Any]:
    """Plain values of typed ones. Raises Faulty."""
    cells = [given.get(column.code, "") for column in columns]
    places = [Place(column, index) for index, column in enumerate(columns)]
    known, values, faults = References(columns), {}, []
    for place, reader in readers(register, places, known, set()):
        column = place.column
        try:
            if isinstance(column.kind, Position):
                values[column.code] = position_reader(place, -1, centre())(cells)
            else:
                values[column.code] = reader(cells[place.at])
        except BadCell as bad:
            faults.append(Fault(column.code, bad.code, bad.facts))
            continue
        if (column.required or column.key) and values[column.code] in (None, "", []):
            faults.append(Fault(column.code, "core.ledger.required", {}))
    if faults:
        raise Faulty(faults)
    return values


def _require(register: Register, by: Actor, row: Any = None) -> None:
    policy.require(by, f"{register.verb}.edit", row)
    writing.check_world(register, by)


def create(*, register: Register, given: Mapping[str, Any], by: Actor) -> Any:
    """A new row; returns its key. Raises Faulty, Refused, Forbidden."""
    _require(register, by)
    columns = list(register.writable)
    values = parse(register, given, columns)
    with transaction.atomic(), Staged(register, by, columns) as stage:
        stage.put([(1, values)])
        stage.resolve()
        _raise_faults(stage)
        if any(not change.fresh for change in stage.changes()) or not stage.tally().fresh:
            raise Faulty([Fault(register.keys[0].code, "core.ledger.in_use", {})])
        return writing.write(stage, by)[0].key


def change(
    *, register: Register, row_id: str, given: Mapping[str, Any], opened: str, by: Actor, over: bool = False
) -> int:
    """Change one row; returns how many columns changed. `opened` is what `sign` gave the form.

    Raises Conflict where a column differs from what the form had shown (unless `over`: the conflict was looked at),
    Faulty, Refused, Forbidden, NotFound.
    """
    with transaction.atomic():
        row = find(register, row_id, by, lock=True)
        _require(register, by, row)
        columns = [column for column in register.writable if not column.key]
        values = parse(register, given, columns)
        now = seen(register, values_of(register, row))
        try:
            was = signing.loads(opened, salt=SALT)
        except signing.BadSignature:
            raise Invalid("core.ledger.form_old") from None
        mine = {code: seen(register, {code: value})[code] for code, value in values.items()}
        moved = {code for code in values if was.get(code) != now[code]}
        if moved and not over:
            raise Conflict({c: was.get(c) for c in moved}, {c: now[c] for c in moved}, {c: mine[c] for c in moved})
        return _apply(register, row, values, by)


def set_cell(*, register: Register, row_id: str, code: str, text: str, was: str, by: Actor) -> int:
    """Change one cell from what the page showed (`was`, as a field holds it) to what was typed; returns 0 or 1.

    Raises Conflict with the earlier, their and my text where somebody was faster; Faulty, Refused, Forbidden, NotFound,
    Invalid("core.ledger.no_column") for a key or a column that is not edited.
    """
    with transaction.atomic():
        row = find(register, row_id, by, lock=True)
        _require(register, by, row)
        column = register.by_code.get(code)
        if column is None or not column.editable or column.key:
            raise Invalid("core.ledger.no_column", field="column", column=code)
        values = parse(register, {code: text}, [column])
        now = typed(column, seen(register, {code: column.kind.plain(_walk(row, column.read_path))})[code])
        if now.replace("\r", "") != was.replace("\r", ""):
            raise Conflict({code: was}, {code: now}, {code: text})
        return _apply(register, row, values, by)


def _apply(register: Register, row: Any, values: Mapping[str, Any], by: Actor) -> int:
    """Write some columns of one row through the common way; returns how many changed."""
    columns = [column for column in register.writable if column.code in values or column.key]
    whole = {**{column.code: values_of(register, row)[column.code] for column in register.keys}, **values}
    with Staged(register, by, columns, pinned=row.pk) as stage:
        stage.put([(1, whole)])
        stage.resolve()
        _raise_faults(stage)
        changes = writing.write(stage, by)
    return len(changes[0].after) if changes else 0


def _raise_faults(stage: Staged) -> None:
    if stage.faults:
        raise Faulty([fault for faults in stage.faults.values() for fault in faults])


def retire(*, register: Register, row_id: str, by: Actor, now: datetime) -> None:
    """Out of use, with a reason on record; nothing is deleted. Raises Refused("core.ledger.needs_reason" |
    "core.ledger.still_used" | …)."""
    _set_use(register, row_id, by, now, used=False)


def restore(*, register: Register, row_id: str, by: Actor, now: datetime) -> None:
    _set_use(register, row_id, by, now, used=True)


@transaction.atomic
def _set_use(register: Register, row_id: str, by: Actor, now: datetime, *, used: bool) -> None:
    row = find(register, row_id, by, lock=True)
    if register.retire is None:
        raise Refused("core.ledger.no_retiring")
    policy.require(by, f"{register.verb}.retire", row)
    writing.check_world(register, by)
    if not used and not by.reason.strip():
        raise Refused("core.ledger.needs_reason")
    if in_use(register, row) == used:
        raise Refused("core.ledger.already_so")
    if not used:
        check_unused(row)
    *parts, last = register.retire.path.split("__")
    holder = row
    for part in parts:
        holder = getattr(holder, part)
    before = getattr(holder, last)
    after: Any = used if register.retire.flag else None if used else now
    setattr(holder, last, after)
    try:
        with transaction.atomic():
            holder.save(update_fields=[last])
    except IntegrityError as error:
        raise Refused("core.ledger.another_in_use") from error
    if register.retire.also:
        register.retire.also(row, used)
    facts = {"before": {"in_use": not used}, "after": {"in_use": used}}
    name = name_of(register, row)
    event = RowChanged(register.code, str(row.pk), name, "restored" if used else "retired", **facts)
    announce(event, about=row, by=by, before={last: before}, after={last: after}, topics=(writing.topic(register),))
    writing.note(register, by, 1)


def history(register: Register, row_id: str, limit: int = 100) -> list[AuditRow]:
    """Audit rows of one row, newest first."""
    subject = f"{writing.label(register)}:{row_id}"
    return list(AuditRow.objects.filter(subject=subject).order_by("-n")[:limit])


def last_change(register: Register, row_id: str) -> dict[str, Any] | None:
    """Facts of the newest change of columns, if that is the newest thing that happened to the row."""
    rows = history(register, row_id, 1)
    if not rows or rows[0].verb != CHANGED:
        return None
    facts: dict[str, Any] = json.loads(rows[0].facts)
    return facts if facts["payload"]["how"] == "changed" else None


def undoable(register: Register, row: Row) -> list[str]:
    """Columns that `undo` would set back: the newest change's, still as it left them."""
    facts = last_change(register, str(row.key))
    if facts is None:
        return []
    now, was = seen(register, row.values), facts["before"]
    return [
        code
        for code, value in facts["after"].items()
        if code in register.by_code
        and plain(now.get(code)) == value
        and (not register.by_code[code].personal or kept_number(register, row.key, code, was.get(code)) is not None)
    ]


def kept_number(register: Register, key: Any, code: str, was: Any) -> str | None:
    """The number that this one replaced, which the row itself keeps; None where it is not the one of that change.

    An empty one is "" in the record as it was in the row: it is kept too.
    """
    column = register.by_code[code]
    kept = column.path + WAS
    if "__" in column.path or not any(each.name == kept for each in register.model._meta.concrete_fields):
        return None
    found = register.model._base_manager.filter(pk=key).values_list(kept, flat=True).first()
    return str(found) if found is not None and masked(found) == (was or "") else None


@transaction.atomic
def undo(*, register: Register, row_id: str, by: Actor) -> int:
    """Set back what the last change changed; itself a change like any other.

    Raises Refused("core.ledger.nothing_to_undo") where there is none or the row has moved on.
    """
    row = find(register, row_id, by, lock=True)
    _require(register, by, row)
    codes = undoable(register, read(register, row_id, by))
    facts = last_change(register, row_id)
    if not codes or facts is None:
        raise Refused("core.ledger.nothing_to_undo")
    values = {
        code: kept_number(register, row.pk, code, facts["before"].get(code))
        if register.by_code[code].personal
        else facts["before"].get(code)
        for code in codes
    }
    return _apply(register, row, values, by.because("undo"))


__all__ = ["Conflict", "Faulty", "Row", "change", "create", "read", "restore", "retire", "undo", "unmasked"]
