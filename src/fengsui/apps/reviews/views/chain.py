"""经过: the whole story of an incident, page by page."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from fengsui.apps.incidents.rules import page as room
from fengsui.apps.people.edge import actor_of
from fengsui.apps.reviews import chain, page, rules
from fengsui.core import policy

PAGE = 100


@require_GET
def show(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    incident = page.opened(request, incident_id)
    group, org = request.GET.get("group", ""), request.GET.get("org", "")
    group = group if group in rules.GROUPS else ""
    listed = Paginator(chain.events_of(incident, group, org), PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = page.context(
        request,
        incident,
        "chain",
        page=listed,
        rows=chain.present(list(listed.object_list), incident, room(incident.pk)),
        choices=chain.choices(incident),
        group=group,
        org=org,
        query=kept.urlencode(),
        may_audit=policy.can(actor_of(request), "core.audit"),
    )
    return render(request, "reviews/chain.html", context)
