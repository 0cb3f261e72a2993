"""The list of incidents, the map of the open ones, and opening one: from a call, or from a bulletin in one press."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.incidents import actions, intake, queries, rules
from fengsui.apps.incidents.forms import IntakeForm
from fengsui.apps.incidents.lists import INCIDENTS
from fengsui.apps.incidents.page import pressed, shell
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, wording
from fengsui.core.ledger.views.listed import as_csv, part_of, shown
from fengsui.kernel.errors import Invalid, Refused


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "incidents.view")
    context = shell(request, "incidents", may_open=policy.can(by, "incidents.open"), **shown(request, INCIDENTS, by))
    return render(request, "ledger/_worklist_part.html" if part_of(request) else "incidents/list.html", context)


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Where the file was before every list had one."""
    return as_csv(request, INCIDENTS.code)


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
            form.add_error("place", said.line)
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
