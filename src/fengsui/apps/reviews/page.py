"""What the pages of one review share: the incident, its tabs, what may be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.page import shell
from fengsui.apps.incidents.rules import page as room
from fengsui.apps.people.edge import actor_of
from fengsui.apps.reviews import queries
from fengsui.apps.reviews.terms import TERMS
from fengsui.core import policy
from fengsui.core.ledger import files


def opened(request: HttpRequest, incident_id: UUID) -> Incident:
    """The incident of a page, for those who may read reviews. Raises Forbidden, NotFound."""
    by = actor_of(request)
    policy.require(by, "reviews.view")
    return queries.incident_for(incident_id, by)


def context(request: HttpRequest, incident: Incident, tab: str, **more: Any) -> dict[str, Any]:
    topic = f"reviews.incident:{incident.pk}"
    return shell(
        request,
        topic,
        incident=incident,
        review=queries.review_of(incident),
        tab=tab,
        topic=topic,
        room=room(incident.pk),
        **TERMS,
        **more,
    )


def file(body: bytes, name: str, kind: str = files.XLSX) -> HttpResponse:
    """A download; inside an exercise its name is marked on the way out."""
    answer = HttpResponse(body, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def plain(number: str) -> str:
    """A number as part of a file's name: an exercise's sign would make the whole header unreadable to the mark."""
    return number.encode("ascii", "ignore").decode()


def exercise_of(request: HttpRequest) -> str:
    """The exercise's name inside one, else ''."""
    world = request.world  # type: ignore[attr-defined]  # set on the request by our middleware
    return str(world) if world.kind == "exercise" else ""


def workbook(
    pages: Sequence[files.Page],
    request: HttpRequest,
    at: datetime,
    *,
    illustrative: bool,
) -> bytes:
    """A workbook whose notes say when it was made, in which world, and whether its data are invented."""
    return files.workbook(pages, files.notes(at, exercise=exercise_of(request), illustrative=illustrative))
