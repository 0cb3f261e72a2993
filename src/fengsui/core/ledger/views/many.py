"""Many rows at once, and views kept under a name."""

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
from fengsui.core.ledger import bulk, cards, editing, listing, saved
from fengsui.core.ledger.fields import field
from fengsui.core.ledger.listing import Wanted
from fengsui.core.ledger.views.shared import actor_of, opened, shell
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


@require_POST
def keep_view(request: HttpRequest, name: str) -> HttpResponse:
    register, by = opened(request, name)
    wanted = Wanted.of(register, QueryDict(request.POST.get("query", "")[:4000]))
    shared = request.POST.get("shared", "")
    view = saved.keep(
        register=register, name=request.POST.get("name", ""), wanted=wanted, by=by, now=timezone.now(),
        shared=shared if shared in {"org", "all"} else "",
    )  # fmt: skip
    if request.POST.get("opens") == "1":
        saved.choose(register=register, view_id=view.pk, by=by)
    messages.success(request, _("视图“%(name)s”已存") % {"name": view.name})
    return redirect(f"{reverse('ledger:register-show', args=[name])}?view={view.pk}")


@require_POST
def drop_view(request: HttpRequest, name: str, view_id: UUID) -> HttpResponse:
    register, by = opened(request, name)
    saved.drop(register=register, view_id=view_id, by=by)
    messages.success(request, _("视图已删；行都还在"))
    return redirect(f"{reverse('ledger:register-show', args=[name])}?view={saved.WHOLE}")


@require_POST
def choose_view(request: HttpRequest, name: str) -> HttpResponse:
    """The view that this register opens with from now on; none: the whole register."""
    register, by = opened(request, name)
    try:
        view_id = UUID(request.POST.get("view", ""))
    except ValueError:
        view_id = None
    saved.choose(register=register, view_id=view_id, by=by)
    messages.success(request, _("以后打开这个台账先看它") if view_id else _("以后打开这个台账先看全部"))
    return redirect(f"{reverse('ledger:register-show', args=[name])}?view={view_id or saved.WHOLE}")
