"""Cells of a register's sheet: what may stand in one, changing it, its history, taking back the last step."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.core import policy, wording
from fengsui.core.ledger import editing, listing, step_words, steps
from fengsui.core.ledger.check import Fault
from fengsui.core.ledger.columns import Column
from fengsui.core.ledger.export import ready
from fengsui.core.ledger.fields import field, typed
from fengsui.core.ledger.history import told
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.register import register as register_of
from fengsui.core.ledger.views.shared import actor_of, opened, shell
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.words import sentence
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, NotFound

OVER = 4_000
"""Characters of one cell that are read; more is a mistake of the clipboard."""


def lines(register: Register, rows: Any, columns: list[Column]) -> list[dict[str, Any]]:
    """Rows as the sheet shows them: each cell's words, and what a field would hold where that is something else."""
    kinds = ready(columns)
    found = []
    for key, values, words in listing.plain_rows(register, rows, columns):
        cells = []
        for column, value, word in zip(kinds, values, words, strict=True):
            text = typed(column, value) if column.editable and not column.key else ""
            cells.append({"column": column, "word": word, "text": text, "same": text == word})
        found.append({"key": str(key), "cells": cells})
    return found


def _column(register: Register, code: str) -> Column:
    column = register.by_code.get(code)
    if column is None:
        raise NotFound("core.ledger.no_column", column=code)
    return column


@require_GET
def editor(request: HttpRequest, name: str) -> HttpResponse:
    """The field of one column, empty: what may be chosen comes once a page, not once a cell."""
    register, by = opened(request, name)
    policy.require(by, f"{register.verb}.edit")
    column = _column(register, request.GET.get("column", ""))
    return render(request, "ledger/_editor_part.html", {"f": field(column), "name": request.GET.get("as", "value")})


@require_POST
def cell(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    """One cell: the row as it is now and the step, or what stands in the way beside what was typed."""
    register, by = opened(request, name)
    code, was = request.POST.get("column", ""), request.POST.get("was", "")[:OVER]
    text = request.POST.get("value", "")[:OVER]
    given = {"code": code, "text": text, "was": was}
    context: dict[str, Any] = {"row_id": row_id, "column": register.by_code.get(code)}
    try:
        steps.recorded(
            register, by, "cell",
            lambda actor: editing.set_cell(register=register, row_id=row_id, by=actor, **given),
            column=code,
        )  # fmt: skip
    except editing.Conflict as clash:
        sides = {"was": clash.was[code], "theirs": clash.theirs[code], "mine": clash.mine[code]}
        newest = next(iter(told(register, row_id, code)), None)
        context |= {"said": wording.say(clash), "sides": sides, "newest": newest}
        return render(request, "ledger/_conflict_part.html", context, status=409)
    except editing.Faulty as bad:
        return render(request, "ledger/_fault_part.html", {"text": sentence(register, bad.faults[0])}, status=422)
    except FengsuiError as refused:
        said = wording.say(refused)
        return render(request, "ledger/_fault_part.html", {"text": f"{said.what}，{said.todo}"}, status=refused.status)
    wanted = Wanted.of(register, request.GET)
    columns = listing.shown_columns(register, wanted)
    found = lines(register, register.rows(by).filter(pk=editing.find(register, row_id, by).pk), columns)
    context |= {
        "columns": columns, "it": found[0], "query": wanted.query(), "may_pick": True,
    }  # fmt: skip
    return render(request, "ledger/_saved_part.html", shell(by, register, **context, **bar(register, by)))


def bar(register: Register, by: Actor) -> dict[str, Any]:
    """The last step of this person, for the button that takes it back; and the last taking back, to take that back."""
    step, newest = steps.last(register, by), steps.newest(register, by)
    return {
        "step": step,
        "step_text": step_words.of(register, step) if step else "",
        "again": newest if newest and newest.kind == "undo" else None,
    }


@require_GET
def field_history(request: HttpRequest, name: str, row_id: str) -> HttpResponse:
    """Who set one cell to what, newest first."""
    register, by = opened(request, name)
    column = _column(register, request.GET.get("column", ""))
    row = editing.read(register, row_id, by)
    context = {"row": row, "column": column, "history": told(register, row_id, column.code), "register": register}
    context["short"] = request.GET.get("short") == "1"
    return render(request, "ledger/_history_part.html", context)


@require_GET
def step(request: HttpRequest, step_id: UUID) -> HttpResponse:
    by = actor_of(request)
    found = steps.find(step_id, by)
    register = register_of(found.register)
    code = found.found.get("code")
    faults = [
        (key, name, sentence(register, Fault(column, error, facts))) for key, name, column, error, facts in found.faults
    ]
    sample = [(key, name, step_words.changes(register, before, after)) for key, name, before, after in found.sample]
    context = {
        "row": found, "found": found.found, "faults": faults, "sample": sample, "text": step_words.of(register, found),
        "said": wording.say(FengsuiError(code, **found.found.get("facts", {}))) if code else None,
        "column": register.by_code.get(found.asked.get("column", "")), "back": found.asked.get("query", ""),
    }  # fmt: skip
    template = "ledger/_step_part.html" if request.GET.get("part") == "1" else "ledger/step.html"
    return render(request, template, shell(by, register, f"ledger.step:{found.pk}", **context))


@require_POST
def undo(request: HttpRequest, step_id: UUID) -> HttpResponse:
    by = actor_of(request)
    before = steps.find(step_id, by)
    register = register_of(before.register)
    done = steps.undo(step_id=step_id, by=by, now=timezone.now())
    if done.state == "undoing":
        return redirect("ledger:step-show", step_id)
    text = step_words.of(register, before)
    messages.success(request, _("已撤回：%(what)s") % {"what": text})
    if done.left:
        messages.warning(request, _("%(n)d 行没有动：其后又改过，或是新增的") % {"n": done.left})
    wanted = Wanted.of(register, QueryDict(request.POST.get("back", "")[:2000]))
    return redirect(f"{reverse('ledger:register-show', args=[register.code])}?{wanted.query()}")
