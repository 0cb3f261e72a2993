"""One report of an incident: its form while it is a draft, its frozen text after, its verbs."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.incidents import queries, reports, rules
from fengsui.apps.incidents.forms import ReportForm
from fengsui.apps.incidents.models import Report
from fengsui.apps.incidents.page import pressed, shell
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, wording
from fengsui.core.web import seen
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound


@require_GET
def report(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """One report: its form while it is a draft, its frozen text after."""
    by = actor_of(request)
    found = queries.get_report(report_id, by)
    return _report_page(request, found, by)


def _report_page(request: HttpRequest, found: Report, by: Actor, refused: Invalid | None = None) -> HttpResponse:
    """`refused`: what was wrong with one field of the form; it is said beside it."""
    verbs = rules.REPORT_MACHINE.verbs(found.status)
    may_draft = policy.can(by, "incidents.draft_report", found.incident)
    may_sign = policy.can(by, "incidents.sign_report", found.incident) and by.person != found.drafted_by
    form = None
    if "edit" in verbs and may_draft:
        held = {**found.fields, "receiver": found.receiver}
        form = ReportForm(found.stage, held if refused else None, initial=held)
        if refused:
            said = wording.say(refused)
            form.add_error(refused.facts["field"], said.line)
    labels = {code: _(label) for code, label, _needed in rules.FIELDS[found.stage]}
    kinds = rules.CLOCKS_OF_STAGE[found.stage]
    clock = next((each for each in queries.clocks_of(found.incident) if each.kind == kinds[0]), None)
    versions = found.incident.reports.filter(stage=found.stage, n=found.n).order_by("version")
    who = people.people_names([each for each in (found.drafted_by, found.signed_by, found.sent_by) if each])
    context = shell(
        request,
        f"incidents.incident:{found.incident_id}",
        f"incidents.report:{found.pk}",
        report=found,
        seen=seen.mark({**found.fields, "receiver": found.receiver}),
        incident=found.incident,
        form=form,
        verbs=verbs,
        may_draft=may_draft,
        may_sign=may_sign,
        labels=labels,
        clock=clock,
        versions=versions,
        who=who,
        states=rules.REPORT_STATES,
        stages=rules.STAGES,
        room=rules.page(found.incident_id),
        levels=rules.UPWARD,
        upward=rules.reported_upward(found.incident.grade, found.incident.sensitive),
        own=by.person == found.drafted_by,
    )
    part = "incidents/_report_part.html" if request.headers.get("HX-Request") else "incidents/report.html"
    return render(request, part, context, status=422 if refused else 200)


def report_page(report_id: UUID) -> str:
    return f"/incidents/reports/{report_id}/"


@require_POST
@pressed(lambda report_id, verb: report_page(report_id))
def report_act(request: HttpRequest, report_id: UUID, verb: str) -> HttpResponse | None:
    """One verb of a report; whatever the form holds is saved first, so that nothing typed is lost."""
    by, now, sent = actor_of(request), timezone.now(), request.POST
    found = queries.get_report(report_id, by)
    held = "receiver" in sent and found.status == "draft"
    if verb == "edit" or (verb in ("submit", "send") and held):
        receiver = sent.get("receiver", "")
        reports.edit(report_id=report_id, by=by, fields=sent.dict(), receiver=receiver, shown=seen.of(sent))
    if verb in ("submit", "send"):
        try:
            (reports.submit if verb == "submit" else reports.send)(report_id=report_id, by=by, now=now)
        except Invalid as refused:
            found = queries.get_report(report_id, by)
            if found.status != "draft" or refused.facts.get("field") not in ReportForm(found.stage).fields:
                raise
            return _report_page(request, found, by, refused)
    elif verb == "sign":
        reports.sign(report_id=report_id, by=by, now=now)
    elif verb == "give_back":
        reports.give_back(report_id=report_id, by=by, reason=sent.get("reason", ""))
    elif verb == "withdraw":
        reports.withdraw(report_id=report_id, by=by, reason=sent.get("reason", ""))
    elif verb == "confirm":
        reports.confirm(report_id=report_id, by=by, now=now, receipt=sent.get("receipt", ""))
    elif verb == "correct":
        return redirect(report_page(reports.correct(report_id=report_id, by=by, now=now).pk))
    elif verb != "edit":
        raise NotFound("incidents.report.not_found")
    return None
