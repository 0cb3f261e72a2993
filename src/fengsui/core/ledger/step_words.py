"""What somebody did in a register, in a line: it stands on the button that takes it back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from fengsui.core.ledger.register import Register
from fengsui.core.models import LedgerStep

LONGEST = 24


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def shown(register: Register, code: str, value: Any) -> str:
    """A plain value of a column as a page says it; the use of a row too."""
    if code == "in_use":
        return _("在用") if value else _("停用")
    column = register.by_code.get(code)
    return column.kind.ready().show(value) if column else ""


def label(register: Register, code: str) -> str:
    if code == "in_use":
        return _("状态")
    return str(register.by_code[code].label) if code in register.by_code else code


def changes(register: Register, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(column, was, becomes) of what a row changed."""
    return [
        (label(register, code), shown(register, code, before.get(code)), shown(register, code, value))
        for code, value in after.items()
    ]


def of(register: Register, step: LedgerStep) -> str:
    """`兴华公园 可容 17 000 → 17 200`, `批量改 人数 为 12，23 行`"""
    rows = step.done or step.total
    if step.kind in {"cell", "form"} and step.sample:
        _key, name, before, after = step.sample[0]
        listed = changes(register, before, after)
        if len(listed) == 1:
            what, was, becomes = listed[0]
            said = {"name": name, "what": what, "was": _short(was) or "—", "becomes": _short(becomes) or "—"}
            return _("%(name)s %(what)s %(was)s → %(becomes)s") % said
        return _("%(name)s %(what)s") % {"name": name, "what": "、".join(each[0] for each in listed)}
    if step.kind == "set":
        column = register.by_code.get(step.asked["column"])
        said = {"what": str(column.label) if column else "", "value": _short(step.asked["text"]) or "—", "n": rows}
        return _("批量改 %(what)s 为 %(value)s，%(n)d 行") % said
    if step.kind == "retire":
        return _("批量停用 %(n)d 行") % {"n": rows}
    if step.kind == "restore":
        return _("批量恢复使用 %(n)d 行") % {"n": rows}
    if step.kind == "sheet":
        return _("导入 %(file)s，%(n)d 行") % {"file": step.asked.get("file", ""), "n": rows}
    return _("撤销，%(n)d 行") % {"n": rows}
