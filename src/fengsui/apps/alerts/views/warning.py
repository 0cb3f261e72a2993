"""One warning: draft, evidence, reach, the two-person chain, and its verbs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.alerts import actions, boards, queries, rules
from fengsui.apps.alerts.forms import ReasonForm, ReviseForm
from fengsui.apps.alerts.models import Warning
from fengsui.apps.alerts.page import either, level_word, pressed, said, shell, word
from fengsui.apps.people.edge import actor_of
from fengsui.catalog.hazards import hazard
from fengsui.core import policy
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound
from fengsui.kernel.levels import Level


def _home(warning_id: UUID) -> str:
    return reverse("alerts:warning-show", args=[warning_id])


def _context(row: Warning, by: Actor) -> dict[str, Any]:
    """Everything the page and its fragments show."""
    names = boards.names_in(row)
    bulletins, evidence = queries.earlier(row), boards.evidence(row, names)
    latest = bulletins[-1] if bulletins else None
    # Whom the house calls and what its outlets did is not part of what was published.
    inside = policy.can(by, "alerts.see", row)
    shown = reversed(bulletins) if inside else ()
    calls = [each for bulletin in shown for each in queries.calls(bulletin)][:40]
    called = next((each.bulletin_id for each in calls), None)
    calls = [each for each in calls if each.bulletin_id == called]
    deliveries = queries.deliveries(latest) if latest and inside else []
    sent = sum(each.call_id is None for each in deliveries)
    reach, to_call = boards.reach(row), boards.people_to_call(row) if inside else []
    world = _("实战，发往公众") if by.world == LIVE else _("演练，不发往任何对外渠道")
    clocks = boards.rows([row], by.world)[0].clock
    on_call = boards.on_bulletin(next(b for b in bulletins if b.pk == called), calls) if called else {}
    entry = hazard(row.hazard)
    return {
        "it": row,
        "name": boards.name_of(row),
        "hazard_name": said(entry.term),
        "status": word(rules.STATUSES, row.status),
        "in_force": row.status in rules.IN_FORCE,
        "shown_level": row.level_in_force if row.status in ("issued", "lifted", "cancelled") else row.level,
        "clock": clocks,
        "names": names,
        "evidence": evidence,
        "newest": next((each for each in evidence if each.mark in ("observed", "forecast")), None),
        "series_url": boards.series_url(row),
        "meaning": either(entry.steps[Level(row.level)].meaning.zh, entry.steps[Level(row.level)].meaning.en),
        "measures": [either(each.zh, each.en) for each in entry.measures(Level(row.level))],
        "suggested": level_word(row.level_suggested) if row.level_suggested != row.level else "",
        "issuer": queries.issuer(row.jurisdiction),
        "bulletins": boards.bulletin_rows(list(reversed(bulletins))),
        "latest": latest,
        "deliveries": boards.delivery_rows([each for each in deliveries if each.call_id is None]),
        "calls": boards.call_rows(calls, on_call),
        "call_bulletin": called,
        "answered": boards.answered(calls),
        "reach": reach,
        "to_call": to_call,
        "chain_steps": boards.steps(row, names, sent or len(reach), boards.answered(calls)),
        "verbs": boards.verbs(row, by, len(reach), sum(each["turn"] == 1 for each in to_call), world),
        "may_edit": rules.MACHINE.can(row.status, "revise") and policy.can(by, "alerts.revise", row),
        "may_answer": policy.can(by, "alerts.pass_on", None),
    }


@require_GET
def show(request: HttpRequest, warning_id: UUID) -> HttpResponse:
    by = actor_of(request)
    row = queries.warning(warning_id, by)
    topics = ("alerts", f"alerts.warning:{row.pk}")
    context = shell(request, *topics, groups=boards.groups(by), chosen=str(row.pk), **_context(row, by))
    context["may_draft"] = policy.can(by, "alerts.draft")
    return render(request, "alerts/warning.html", context)


@require_GET
def part(request: HttpRequest, warning_id: UUID, name: str) -> HttpResponse:
    """A fragment of the page after a push: draft, reach or bar."""
    by = actor_of(request)
    row = queries.warning(warning_id, by)
    templates = {"draft": "alerts/_draft_part.html", "reach": "alerts/_reach_part.html", "bar": "alerts/_bar_part.html"}
    if name not in templates:
        raise NotFound("alerts.part.unknown")
    return render(request, templates[name], shell(request, **_context(row, by)))


@require_POST
@pressed(_home)
def confirm(request: HttpRequest, warning_id: UUID) -> None:
    read = request.POST.get("version", "")
    version = int(read) if read.isdecimal() else None
    actions.confirm(warning_id=warning_id, by=actor_of(request), now=timezone.now(), version=version)


@require_POST
@pressed(_home)
def issue(request: HttpRequest, warning_id: UUID) -> None:
    by = actor_of(request)
    row = queries.warning(warning_id, by)
    rules.check_typed(Level(row.level), request.POST.get("typed", ""), "issue")
    actions.issue(warning_id=warning_id, by=by, now=timezone.now())


def _reason(request: HttpRequest) -> str:
    form = ReasonForm(request.POST)
    return form.cleaned_data["reason"] if form.is_valid() else ""


@require_POST
@pressed(_home)
def reject(request: HttpRequest, warning_id: UUID) -> None:
    actions.reject(warning_id=warning_id, reason=_reason(request), by=actor_of(request), now=timezone.now())


@require_POST
@pressed(_home)
def send_back(request: HttpRequest, warning_id: UUID) -> None:
    actions.send_back(warning_id=warning_id, reason=_reason(request), by=actor_of(request), now=timezone.now())


@require_POST
@pressed(_home)
def keep(request: HttpRequest, warning_id: UUID) -> None:
    actions.keep(warning_id=warning_id, reason=_reason(request), by=actor_of(request), now=timezone.now())


@require_POST
@pressed(_home)
def lift(request: HttpRequest, warning_id: UUID) -> None:
    actions.lift(warning_id=warning_id, reason=_reason(request), by=actor_of(request), now=timezone.now())


@require_POST
@pressed(_home)
def cancel(request: HttpRequest, warning_id: UUID) -> None:
    by = actor_of(request)
    row = queries.warning(warning_id, by)
    rules.check_typed(Level(row.level_in_force), request.POST.get("typed", ""), "cancel")
    actions.cancel(warning_id=warning_id, reason=_reason(request), by=by, now=timezone.now())


@require_POST
@pressed(_home)
def revise(request: HttpRequest, warning_id: UUID) -> None:
    """Another level, or other words."""
    form = ReviseForm(request.POST)
    form.is_valid()
    data = form.cleaned_data
    actions.revise(
        warning_id=warning_id,
        reason=data.get("reason", ""),
        level=Level(int(data["level"])) if data.get("level") else None,
        texts={name: data.get(name, "") for name in ("description", "description_en", "instruction", "instruction_en")},
        by=actor_of(request),
        now=timezone.now(),
    )
