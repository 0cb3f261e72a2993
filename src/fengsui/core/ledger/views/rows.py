"""One row of a register: read, new, change, retire, restore, undo."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.core import policy, wording
from fengsui.core.ledger import editing
from fengsui.core.ledger.choices import Choice
from fengsui.core.ledger.columns import Column, Kind, Position, Ref
from fengsui.core.ledger.lists import Refs
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.resolving import out_of_use
from fengsui.core.ledger.views.shared import opened, shell
from fengsui.core.ledger.words import sentence
from fengsui.core.ledger.writing import check_world
from fengsui.core.models import AuditRow
from fengsui.kernel.errors import Refused

OFFERED = 2000


def typed(column: Column, plain: Any) -> str:
    """A value as a form's field holds it; read back it is the same value."""
    if plain is None:
        return ""
    if isinstance(column.kind, Position):
        return f"{plain[0]!r}, {plain[1]!r}"
    if isinstance(column.kind, Refs):
        return str(column.kind.ready().sheet(plain)).replace("、", "\n")
    return str(column.kind.sheet(plain))


def _fields(register: Register, given: dict[str, str], faults: dict[str, str], fixed: bool) -> list[dict[str, Any]]:
    fields = []
    for column in register.writable:
        options: list[tuple[str, str]] = [(word, word) for word in column.kind.allowed()]
        if isinstance(column.kind, Choice):  # kept as its Chinese word, read in the page's language
            options = [(words[0], column.kind.show(code)) for code, words in column.kind.words.items()]
        if isinstance(column.kind, Ref) and column.kind.model is not None:
            rows = column.kind.model._base_manager.order_by(column.kind.by)
            if out_of_use(column.kind.model):
                rows = rows.filter(retired_at__isnull=True)
            listed = rows.values_list(column.kind.by, column.kind.called)[:OFFERED]
            options = [(str(code), f"{code} {called}") for code, called in listed]
        fields.append(
            {
                "column": column,
                "value": given.get(column.code, ""),
                "error": faults.get(column.code, ""),
                "options": options,
                "closed": bool(column.kind.allowed()),
                "fixed": fixed and column.key,
                "help": column.note or column.kind.says(),
                "needed": column.required or column.key,
                "long": isinstance(column.kind, Refs) or (column.kind.name == "text" and not column.kind.longest),
            }
        )
    return fields


def _given(request: HttpRequest, register: Register) -> dict[str, str]:
    return {column.code: request.POST.get(column.code, "") for column in register.writable}


def _told(row: AuditRow, register: Register, kinds: dict[str, Kind], names: dict[Any, str]) -> dict[str, Any]:
    """One line of a row's history: who, when, what was and what became."""
    facts = json.loads(row.facts)
    payload = facts.get("payload") or {}
    changes = []
    for code, after in (payload.get("after") or {}).items():
        column = register.by_code.get(code)
        if column:
            before = (payload.get("before") or {}).get(code)
            changes.append((str(column.label), kinds[code].show(before), kinds[code].show(after)))
    how = {
        "created": _("新增"), "changed": _("改动"), "retired": _("停用"), "restored": _("恢复使用"),
    }.get(payload.get("how", ""), row.verb)  # fmt: skip
    why = _("撤销上一次改动") if facts.get("reason") == "undo" else facts.get("reason", "")
    return {"at": row.at, "who": names.get(row.person_id, _("系统")), "how": how, "why": why, "changes": changes}


def _names(rows: list[AuditRow]) -> dict[Any, str]:
    """Names of who acted, from the register of people where there is one: core knows no app."""
    from fengsui.core.ledger.register import registers

    people = registers().get("people")
    if people is None:
        return {}
    wanted = {row.person_id for row in rows if row.person_id}
    return dict(people.model._base_manager.filter(pk__in=wanted).values_list("pk", "name"))


@require_GET
def show(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    register, by = opened(request, name)
    row = editing.read(register, row_id, by)
    history = editing.history(register, row_id)
    names = _names(history)
    kinds = {column.code: column.kind.ready() for column in register.columns}
    values = [
        (column, row.names.get(column.code) or kinds[column.code].show(row.values[column.code]))
        for column in register.columns
    ]
    context = {
        "row": row, "values": values, "history": [_told(each, register, kinds, names) for each in history],
        "undoable": [register.by_code[code].label for code in editing.undoable(register, row)],
        "own_page": register.page(row.values["code"]) if register.page else "",
        "illustrative": register.made_up(by).filter(pk=row.key).exists(),
    }  # fmt: skip
    return render(request, "ledger/row.html", shell(by, register, **context))


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, name: str) -> HttpResponse:
    register, by = opened(request, name)
    policy.require(by, f"{register.verb}.edit")
    check_world(register, by)
    given, faults, said = _given(request, register), {}, None
    if request.method == "POST":
        try:
            key = editing.create(register=register, given=given, by=by)
        except editing.Faulty as bad:
            faults = {fault.column: sentence(register, fault) for fault in bad.faults}
        except Refused as refused:
            said = wording.say(refused)
        else:
            messages.success(request, _("已新增"))
            return redirect("ledger:row-show", name, str(key))
    context = {
        "fields": _fields(register, given, faults, fixed=False),
        "said": said,
        "row": None,
        "conflict": [],
        "opened": "",
    }
    return render(request, "ledger/form.html", shell(by, register, **context), status=422 if faults or said else 200)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    register, by = opened(request, name)
    row = editing.read(register, row_id, by)
    policy.require(by, f"{register.verb}.edit")
    check_world(register, by)
    signed = editing.sign(editing.seen(register, row.values))
    given = {column.code: typed(column, row.values[column.code]) for column in register.writable}
    faults, said, conflict = {}, None, []
    if request.method == "POST":
        given = {**given, **{code: value for code, value in _given(request, register).items() if code in request.POST}}
        try:
            count = editing.change(
                register=register, row_id=row_id, given=given, opened=request.POST.get("opened", ""), by=by
            )
        except editing.Faulty as bad:
            faults, signed = (
                {fault.column: sentence(register, fault) for fault in bad.faults},
                request.POST.get("opened", ""),
            )
        except editing.Conflict as clash:
            said = wording.say(clash)
            conflict = [
                (
                    register.by_code[code].label,
                    *(
                        register.by_code[code].kind.ready().show(side.get(code))
                        for side in (clash.was, clash.theirs, clash.mine)
                    ),
                    code,
                    *(typed(register.by_code[code], side[code]) for side in (clash.theirs, clash.mine)),
                )
                for code in clash.theirs
            ]
        except Refused as refused:
            said = wording.say(refused)
        else:
            messages.success(request, _("改了 %(n)d 项") % {"n": count} if count else _("没有改动"))
            return redirect("ledger:row-show", name, row_id)
    context = {
        "fields": _fields(register, given, faults, fixed=True),
        "said": said,
        "row": row,
        "conflict": conflict,
        "opened": signed,
    }
    status = 409 if said else 422 if faults else 200
    return render(request, "ledger/form.html", shell(by, register, **context), status=status)


@require_POST
def retire(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    register, by = opened(request, name)
    reason = request.POST.get("reason", "").strip()[:300]
    editing.retire(register=register, row_id=row_id, by=by.because(reason), now=timezone.now())
    messages.success(request, _("已停用；历史都还在，可以恢复"))
    return redirect("ledger:row-show", name, row_id)


@require_POST
def restore(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    register, by = opened(request, name)
    editing.restore(register=register, row_id=row_id, by=by, now=timezone.now())
    return redirect("ledger:row-show", name, row_id)


@require_POST
def undo(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    register, by = opened(request, name)
    count = editing.undo(register=register, row_id=row_id, by=by)
    messages.success(request, _("改回了 %(n)d 项") % {"n": count})
    return redirect("ledger:row-show", name, row_id)
