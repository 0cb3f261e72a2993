"""The verbs of an incident. The room itself belongs to `command`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from fengsui.apps.incidents import actions, queries, rules
from fengsui.apps.incidents.forms import GradeForm
from fengsui.apps.incidents.page import pressed, shell
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy
from fengsui.core.web.once import made_at
from fengsui.kernel.errors import Invalid, NotFound


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
