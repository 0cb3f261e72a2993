"""One row of a register: read, new, change, retire, restore, undo."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.core import policy, wording
from fengsui.core.ledger import editing, steps
from fengsui.core.ledger.fields import fields as _fields
from fengsui.core.ledger.fields import typed
from fengsui.core.ledger.history import record_page, told
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.views.shared import opened, shell
from fengsui.core.ledger.words import sentence
from fengsui.core.ledger.writing import check_world
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused


def _given(request: HttpRequest, register: Register) -> dict[str, str]:
    return {column.code: request.POST.get(column.code, "") for column in register.writable}


@require_GET
def show(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    register, by = opened(request, name)
    row = editing.read(register, row_id, by)
    field = register.by_code.get(request.GET.get("field", ""))
    kinds = {column.code: column.kind.ready() for column in register.columns}
    values = [
        (column, row.names.get(column.code) or kinds[column.code].show(row.values[column.code]))
        for column in register.columns
    ]
    context = {
        "row": row, "values": values, "history": told(register, row_id, field.code if field else ""),
        "field": field, "record_page": record_page(register, row_id, by),
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
            step = steps.recorded(
                register,
                by,
                "form",
                partial(_change, register=register, row_id=row_id, given=given, opened=request.POST.get("opened", "")),
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
            messages.success(request, _("改了 %(n)d 项") % {"n": len(step.sample[0][3])} if step else _("没有改动"))
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


def _change(by: Actor, **given: Any) -> int:
    return editing.change(by=by, **given)


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
