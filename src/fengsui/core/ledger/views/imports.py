"""A sheet on its way in: choose a file, read what would happen, press."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.core import policy, wording
from fengsui.core.ledger import export, listing, pasting, taking
from fengsui.core.ledger.check import Fault
from fengsui.core.ledger.register import Register, register
from fengsui.core.ledger.views.shared import actor_of, download, opened, shell
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.words import sentence
from fengsui.core.ledger.writing import check_world
from fengsui.kernel.errors import FengsuiError, Invalid, Refused


def _states() -> dict[str, str]:
    return {
        "checking": _("检查中"),
        "checked": _("待接收"),
        "refused": _("不能用"),
        "taking": _("接收中"),
        "taken": _("已接收"),
        "withdrawn": _("已作废"),
        "failed": _("未完成"),
    }


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, name: str) -> HttpResponse:
    into, by = opened(request, name)
    policy.require(by, f"{into.verb}.import")
    check_world(into, by)
    said = None
    if request.method == "POST":
        sent = request.FILES.get("file")
        try:
            body, called = (sent.read(), sent.name or "") if sent else (b"", "")
            row = taking.upload(into=into, body=body, file_name=called, by=by, now=timezone.now())
        except Invalid as bad:
            said = wording.say(bad)
        else:
            return redirect("ledger:import-show", row.pk)
    recent = taking.visible_to(by).filter(register=into.code).defer("body").order_by("-uploaded_at")[:10]
    wanted = Wanted.of(into, request.GET)
    context = {
        "query": wanted.query(),
        "shown": export.exported(into, listing.shown_columns(into, wanted)),
        "text": "",
        "said": said,
        "recent": recent,
        "columns": into.writable,
        "explained": export.explained,
        "states": _states(),
    }
    return render(request, "ledger/import.html", shell(by, into, **context), status=422 if said else 200)


@require_POST
def paste(request: HttpRequest, name: str) -> HttpResponse:
    """Cells from the clipboard, on the sheet or in the box: the same check as a file, the same preview."""
    into, by = opened(request, name)
    policy.require(by, f"{into.verb}.import")
    check_world(into, by)
    sent = request.POST
    wanted = Wanted.of(into, QueryDict(sent.get("query", "")[:4000]))
    shown = listing.shown_columns(into, wanted)
    try:
        body, how = pasting.sheet_of(into, by, sent.get("text", ""), shown, sent.getlist("rows"), sent.get("at", ""))
        called = _("粘贴 %(at)s.csv") % {"at": timezone.localtime().strftime("%m-%d %H:%M")}
        row = taking.upload(into=into, body=body, file_name=called, by=by, now=timezone.now())
    except Invalid as bad:
        said = wording.say(bad)
        context = {
            "said": said, "recent": [], "columns": into.writable, "explained": export.explained, "states": _states(),
            "text": sent.get("text", ""), "query": wanted.query(), "shown": export.exported(into, shown),
        }  # fmt: skip
        return render(request, "ledger/import.html", shell(by, into, **context), status=422)
    row.found = {**row.found, "how": how}
    row.save(update_fields=["found"])
    return redirect("ledger:import-show", row.pk)


def _worded(into: Register, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(label, was, becomes) of each changed column."""
    columns = [into.by_code[code] for code in after if code in into.by_code]
    return [(str(c.label), c.kind.show(before.get(c.code)), c.kind.show(after[c.code])) for c in columns]


@require_GET
def show(request: HttpRequest, import_id: UUID) -> HttpResponse:
    by = actor_of(request)
    row = taking.find(import_id, by)
    into = register(row.register)
    faults = [(number, sentence(into, Fault(column, code, facts))) for number, column, code, facts in row.faults]
    changes = [(number, name, fresh, _worded(into, before, after)) for number, name, fresh, before, after in row.sample]
    code = row.found.get("code")
    said = wording.say(FengsuiError(code, **row.found.get("facts", {}))) if code else None
    context = {"row": row, "faults": faults, "changes": changes, "said": said, "found": row.found}
    context["matched"] = [
        str(into.by_code[code].label) for code in row.found.get("columns", []) if code in into.by_code
    ]
    template = "ledger/_preview_part.html" if request.GET.get("part") == "1" else "ledger/preview.html"
    return render(request, template, shell(by, into, f"ledger.import:{row.pk}", **context))


@require_POST
def take(request: HttpRequest, import_id: UUID) -> HttpResponse:
    chosen = {name: request.POST.get(name) == "1" for name in ("fresh", "changed", "skip_wrong")}
    try:
        taking.take(import_id=import_id, by=actor_of(request), now=timezone.now(), **chosen)
    except Refused as refused:  # said above the preview, where the way out stands
        sentence = wording.say(refused)
        messages.error(request, sentence.line)
    return redirect("ledger:import-show", import_id)


@require_POST
def withdraw(request: HttpRequest, import_id: UUID) -> HttpResponse:
    row = taking.withdraw(import_id=import_id, by=actor_of(request), now=timezone.now())
    return redirect("ledger:register-show", row.register)


@require_GET
def faults(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """The uploaded sheet again, with a column of remarks."""
    by = actor_of(request)
    row = taking.find(import_id, by)
    opened_sheet, found = taking.all_faults(row, by)
    body = export.remarked(opened_sheet, found, register(row.register), bytes(row.body or b""))
    return download(body, f"{row.register}-faults.xlsx")
