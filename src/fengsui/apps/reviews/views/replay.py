"""回放: the map of an incident at any moment, and the same moment as a list; without scripts by `?at=`."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.incidents.page import word
from fengsui.apps.reviews import page, replay, tracks


@require_GET
def show(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    incident = page.opened(request, incident_id)
    found = replay.of_incident(incident, timezone.now())
    at_s = tracks.clamp(request.GET.get("at", "0"), found.span_s)
    context = page.context(
        request,
        incident,
        "replay",
        replay=found,
        at_s=at_s,
        at=found.start + timedelta(seconds=at_s),
        seen=tracks.seen_at(found.tracks, at_s),
        before=max((each.at_s for each in found.steps if each.at_s < at_s - 1e-6), default=None),
        after=min((each.at_s for each in found.steps if each.at_s > at_s + 1e-6), default=None),
        last_step=next((each for each in reversed(found.steps) if each.at_s <= at_s + 1e-6), None),
        kinds=tracks.KINDS,
        speeds=tracks.SPEEDS,
        layers=[{"id": kind, "kind": kind, "label": word(tracks.KINDS, kind)} for kind in DRAWN],
        data_url=reverse("reviews:replay-data", args=[incident.pk]),
        note=_("按记录回放"),
    )
    return render(request, "reviews/replay.html", context)


DRAWN = ("areas", "routes", "closures", "teams", "incidents", "stations")
"""Bottom to top."""


@require_GET
def data(request: HttpRequest, incident_id: UUID) -> JsonResponse:
    """The tracks for the slider, in the language of the page."""
    incident = page.opened(request, incident_id)
    return JsonResponse(replay.of_incident(incident, timezone.now()).plain())
