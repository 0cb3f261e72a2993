"""Many rows of a register at once: asked, previewed, pressed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengsui.core import wording
from fengsui.core.ledger import bulk, cards, editing, listing
from fengsui.core.ledger.fields import field
from fengsui.core.ledger.views.shared import actor_of, opened, shell
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.words import sentence
from fengsui.kernel.errors import FengsuiError

ACTS = ("set", "retire", "restore")


@require_POST
def ask(request: HttpRequest, name: str) -> HttpResponse:
    """What would come of a change of many rows; nothing is written. A value that cannot be used comes back with why."""
    register, by = opened(request, name)
    sent = request.POST
    wanted = Wanted.of(register, QueryDict(sent.get("query", "")[:4000]))
    kind = sent.get("act", "set")
    kind = kind if kind in ACTS else "set"
    rows = [] if sent.get("all") == "1" else sent.getlist("rows")
    column, text = sent.get("column", ""), sent.get("value", "")
    if not rows and sent.get("all") != "1":
        messages.warning(request, _("先选几行，或选“全部”"))
        return redirect(f"{reverse('ledger:register-show', args=[name])}?{wanted.query()}")
    if register.card and sent.get("act") == "cards":  # nothing is changed: paper of what was ticked
        return redirect(f"{reverse('ledger:register-cards', args=[name])}?{cards.address(wanted, rows)}")
    try:
        step = bulk.ask(
            register=register, by=by, kind=kind, rows=rows, query=wanted.query(), column=column, text=text,
            reason=sent.get("reason", ""),
        )  # fmt: skip
    except editing.Faulty as bad:
        error = sentence(register, bad.faults[0])
    except FengsuiError as refused:
        if refused.status == 403:
            raise
        said = wording.say(refused)
        error = f"{said.what}，{said.todo}"
    else:
        return redirect("ledger:step-show", step.pk)
    chosen = next((each for each in bulk.columns_of(register) if each.code == column), None)
    count = len(rows) or listing.rows_of(register, by, wanted).count()
    context = {
        "rows": rows, "count": count, "query": wanted.query(), "act": kind, "reason": sent.get("reason", ""),
        "columns": bulk.columns_of(register), "f": field(chosen, text, error) if chosen else None, "error": error,
    }  # fmt: skip
    return render(request, "ledger/bulk.html", shell(by, register, **context), status=422)


@require_POST
def press(request: HttpRequest, step_id: UUID) -> HttpResponse:
    bulk.press(step_id=step_id, by=actor_of(request), now=timezone.now())
    return redirect("ledger:step-show", step_id)


@require_POST
def withdraw(request: HttpRequest, step_id: UUID) -> HttpResponse:
    step = bulk.withdraw(step_id=step_id, by=actor_of(request), now=timezone.now())
    return redirect("ledger:register-show", step.register)
