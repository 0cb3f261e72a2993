"""A statutory report as an official document (GB/T 9704), for the printer. In Chinese: a document has one language."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET

from fengsui.apps.incidents import queries, rules
from fengsui.apps.incidents.page import word
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.apps.places import queries as places


@require_GET
def show(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The report as it stands; before it is signed every sheet says draft."""
    found = queries.get_report(report_id, actor_of(request))
    incident = found.incident
    with translation.override("zh-hans"):
        context = {
            "report": found,
            "incident": incident,
            "bureau": places.bureau_of(incident.place.jurisdiction if incident.place else incident.area.jurisdiction),
            "facts": [
                (label, found.fields[code])
                for code, label, _needed in rules.FIELDS[found.stage]
                if found.fields.get(code) not in (None, "")
            ],
            "who": people.people_names([each for each in (found.drafted_by, found.signed_by) if each]),
            "signed": found.status in ("signed", "sent", "received"),
            "stage": word(rules.STAGES, found.stage),
        }
        return render(request, "incidents/report_paper.html", context)
