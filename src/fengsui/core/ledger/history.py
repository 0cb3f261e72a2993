"""What happened to a row, or to one field of it, as a page tells it: who, when, what was, what became, why."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from fengsui.core import policy
from fengsui.core.ledger import editing, writing
from fengsui.core.ledger.columns import Kind
from fengsui.core.ledger.register import Register, registers
from fengsui.core.models import AuditRow
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.actor import Actor


def told(register: Register, row_id: str, code: str = "") -> list[dict[str, Any]]:
    """Lines of a row's history, newest first; with `code` those of one field, and only its change."""
    rows = editing.history(register, row_id)
    names = _names(rows)
    kinds = {column.code: column.kind.ready() for column in register.columns}
    lines = [_line(row, register, kinds, names) for row in rows]
    if code:
        lines = [{**line, "changes": [each for each in line["changes"] if each["code"] == code]} for line in lines]
        lines = [line for line in lines if line["changes"]]
    return lines


def _line(row: AuditRow, register: Register, kinds: dict[str, Kind], names: dict[Any, str]) -> dict[str, Any]:
    facts = json.loads(row.facts)
    payload = facts.get("payload") or {}
    before = payload.get("before") or {}
    changes = [
        {
            "code": code,
            "label": str(register.by_code[code].label),
            "before": kinds[code].show(before.get(code)),
            "after": kinds[code].show(after),
        }
        for code, after in (payload.get("after") or {}).items()
        if code in register.by_code
    ]
    how = {
        "created": _("新增"), "changed": _("改动"), "retired": _("停用"), "restored": _("恢复使用"),
    }.get(payload.get("how", ""), row.verb)  # fmt: skip
    why = _("撤销上一次改动") if facts.get("reason") == "undo" else facts.get("reason", "")
    who = names.get(row.person_id, _("系统"))
    return {"n": row.n, "at": row.at, "who": who, "how": how, "why": why, "changes": changes}


def _names(rows: list[AuditRow]) -> dict[Any, str]:
    """Names of who acted, from the register of people where there is one: core knows no app."""
    people = registers().get("people")
    if people is None:
        return {}
    wanted = {row.person_id for row in rows if row.person_id}
    return dict(people.model._base_manager.filter(pk__in=wanted).values_list("pk", "name"))


def record_page(register: Register, row_id: str, by: Actor) -> str:
    """Address of the row's chain in the record, for who may read that; '' otherwise."""
    if not policy.can(by, "core.audit"):
        return ""
    try:
        return str(port("record_page", f"{writing.label(register)}:{row_id}"))
    except PortAbsent:
        return ""
