"""List, intake, reports and the verbs of an incident. The room itself belongs to `command`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.incidents import actions, intake, queries, reports, rules
from fengsui.apps.incidents.forms import FilterForm, GradeForm, IntakeForm, ReportForm
from fengsui.apps.incidents.models import OPEN, Incident, Report
from fengsui.apps.incidents.page import pressed, shell
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, wording
from fengsui.core.web import seen
from fengsui.core.web.once import made_at
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound, Refused

PAGE = 50


def _filtered(request: HttpRequest, by: Actor) -> tuple[FilterForm, QuerySet[Incident]]:
    form = FilterForm(request.GET)
    form.is_valid()
    data = form.cleaned_data
    rows = queries.visible_to(by)
    state = data.get("state", "")
    if state != "all":
        rows = rows.filter(status__in=[state] if state else OPEN)
    if data.get("level"):
        rows = rows.filter(level=data["level"])
    if data.get("area"):
        rows = rows.filter(area__code__startswith=data["area"])
    if wanted := data.get("q", "").strip():
        rows = rows.filter(Q(number__icontains=wanted) | Q(title__icontains=wanted) | Q(address__icontains=wanted))
    return form, rows.order_by("-known_at", "number")


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "incidents.view")
    form, rows = _filtered(request, by)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    about = {str(each.pk): each for each in page.object_list}
    clocks: dict[str, Any] = {}
    for clock in queries.open_clocks(list(about), by):
        clocks.setdefault(clock.about_id, clock)
    query = request.GET.copy()
    query.pop("page", None)
    context = shell(
        request,
        "incidents",
        page=page,
        form=form,
        clocks=clocks,
        query=query.urlencode(),
        may_open=policy.can(by, "incidents.open"),
        states=rules.STATES,
        grades=rules.GRADES,
    )
    part = "incidents/_list_part.html" if request.headers.get("HX-Request") else "incidents/list.html"
    return render(request, part, context)


class _Echo:
    """A file that gives back what the CSV writer writes."""

    def write(self, text: str) -> str:
        return text


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered list as CSV, with a byte order mark so that spreadsheets read the Chinese."""
    by = actor_of(request)
    policy.require(by, "incidents.view")
    _form, rows = _filtered(request, by)
    writer = csv.writer(_Echo())
    mark = _("演练 ") if request.world.kind == "exercise" else ""  # type: ignore[attr-defined]  # set on the request by our middleware

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow(
            [
                mark + _("编号"),
                _("标题"),
                _("类型"),
                _("状态"),
                _("初判"),
                _("现地等级"),
                _("区域"),
                _("地点"),
                _("接报"),
                _("归档"),
                _("数据性质"),
            ]
        )
        for each in rows.iterator(chunk_size=500):
            closed = timezone.localtime(each.closed_at).isoformat(timespec="seconds") if each.closed_at else ""
            yield writer.writerow(
                [
                    each.number,
                    _safe(each.title),
                    each.type_name,
                    rules.STATES.zh(each.status),
                    rules.GRADES.zh(each.grade),
                    each.level_now.zh,
                    each.area.name,
                    _safe(each.address),
                    timezone.localtime(each.known_at).isoformat(timespec="seconds"),
                    closed,
                    _("示意数据") if each.provenance == "illustrative" else _("业务数据"),
                ]
            )

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="incidents-{timezone.localtime():%Y%m%d-%H%M}.csv"'
    return answer


def _safe(text: str) -> str:
    """A cell that a spreadsheet would run as a formula is text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """接报 by hand."""
    by = actor_of(request)
    policy.require(by, "incidents.open")
    form = IntakeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            incident = actions.open_incident(by=by, now=now, **form.facts(now))
        except Refused as refused:
            said = wording.say(refused)
            form.add_error("place", f"{said.what}。{said.todo}")
        except Invalid as invalid:
            form.add_error(invalid.field if invalid.field in form.fields else None, wording.say(invalid).what)
        else:
            return HttpResponseRedirect(rules.page(incident.pk))
    status = 422 if request.method == "POST" else 200
    return render(request, "incidents/new.html", shell(request, form=form), status=status)


@require_POST
@pressed(lambda bulletin_id: "/incidents/")
def from_bulletin(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    """立案 in one press; where it was opened already, that one is shown."""
    try:
        incident = intake.open_from_bulletin(bulletin_id=bulletin_id, by=actor_of(request), now=timezone.now())
    except Refused as refused:
        if "incident" not in refused.facts:
            raise
        messages.info(request, wording.say(refused).what)
        return HttpResponseRedirect(rules.page(UUID(refused.facts["incident"])))
    return HttpResponseRedirect(rules.page(incident.pk))


@require_POST
@pressed(lambda incident_id, verb: rules.page(incident_id))
def act(request: HttpRequest, incident_id: UUID, verb: str) -> HttpResponse | None:
    """One verb of an incident."""
    by, now, sent = actor_of(request), timezone.now(), request.POST
    reason = sent.get("reason", "")
    if verb == "verify":
        actions.verify(incident_id=incident_id, by=by, now=now, note=sent.get("note", ""))
    elif verb == "dismiss":
        actions.dismiss(incident_id=incident_id, by=by, now=now, reason=reason)
    elif verb == "merge":
        actions.merge(incident_id=incident_id, into_id=_uuid(sent.get("into")), by=by, now=now, reason=reason)
    elif verb == "end":
        actions.end(incident_id=incident_id, by=by, now=now, reason=reason)
    elif verb == "resume":
        actions.resume(incident_id=incident_id, by=by, now=now, reason=reason)
    elif verb == "note":
        actions.note(
            incident_id=incident_id,
            by=by,
            now=now,
            text=sent.get("text", ""),
            at=_moment(sent.get("at")) or made_at(request, now),
        )
    else:
        raise NotFound("incidents.not_found")
    return None


@require_http_methods(["GET", "POST"])
def grade(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """初判级别、伤亡, with the ground; the next report starts from them."""
    by = actor_of(request)
    incident = queries.get(incident_id, by)
    policy.require(by, "incidents.grade", incident)
    names = ("trapped", "injured", "missing", "deaths", "loss_yuan", "grade", "sensitive")
    form = GradeForm(request.POST or None, initial={name: getattr(incident, name) for name in names})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.grade(
            incident_id=incident_id,
            by=by,
            counts=form.counts,
            to=data["grade"],
            sensitive=data["sensitive"],
            reason=data["reason"],
        )
        return HttpResponseRedirect(rules.page(incident_id))
    context = shell(request, incident=incident, form=form, room=rules.page(incident_id))
    return render(request, "incidents/grade.html", context, status=422 if request.method == "POST" else 200)


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise Invalid("incidents.merge.itself", field="into") from None


def _moment(text: str | None) -> datetime | None:
    """A local time of a form, aware; None where it is empty or broken."""
    try:
        return timezone.make_aware(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


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
            form.add_error(refused.facts["field"], f"{said.what}。{said.todo}")
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


@require_GET
def layer(request: HttpRequest) -> JsonResponse:
    """Open incidents as a map layer."""
    by = actor_of(request)
    policy.require(by, "incidents.view")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [each.point.x, each.point.y]},
            "properties": {
                "mark": each.type_name[:1],
                "label": each.title,
                "level": each.level,
                "url": rules.page(each.pk),
                "said": f"{each.number} {rules.STATES.zh(each.status)}",
            },
        }
        for each in queries.open_incidents(by)[:500]
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")
