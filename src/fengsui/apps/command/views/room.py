"""The incident's room and its verbs; the page that lists what still keeps an incident open."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.transaction import atomic
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.command import actions, queries, room, rules, timeline
from fengsui.apps.command.forms import ResponseForm
from fengsui.apps.command.models import Response
from fengsui.apps.forecasts import floods
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.incidents import reports
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.page import pressed, shell, word
from fengsui.apps.incidents.rules import GRADES, REPORT_STATES, SOURCES, STAGES, STATES, page
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, wording
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, NotFound, Refused
from fengsui.kernel.levels import Level

CLOCK_WORDS = {code: kind.verb for code, kind in ClockKind.registered.items()}
PARTS = ("head", "response", "tasks", "people", "reports", "roads", "timeline")
TERMS = {
    "states": STATES,
    "grades": GRADES,
    "sources": SOURCES,
    "stages": STAGES,
    "report_states": REPORT_STATES,
    "task_states": rules.TASK_STATES,
    "moves": rules.STAGES,
    "closure_kinds": rules.CLOSURE_KINDS,
    "response_states": rules.RESPONSE_STATES,
}


def _context(request: HttpRequest, incident: Incident, by: Actor, **more: Any) -> dict[str, Any]:
    return shell(
        request,
        f"incidents.incident:{incident.pk}",
        "command.closures",
        incident=incident,
        here=page(incident.pk),
        topic=f"incidents.incident:{incident.pk}",
        clock_names={code: word(CLOCK_WORDS, code) for code in CLOCK_WORDS},
        **TERMS,
        **more,
    )


@require_GET
def show(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "command.view")
    incident = queries.get_incident(incident_id, by)
    found = room.room_of(incident, by)
    context = _context(
        request,
        incident,
        by,
        room=found,
        lines=list(reversed(timeline.of_incident(incident, brief=True)))[:200],
        layers=_layers(incident),
        others=list(incident_queries.open_incidents(by).exclude(pk=incident.pk)[:30]),
        **_start(request, incident, found, by),
    )
    return render(request, "command/room.html", context)


def _layers(incident: Incident) -> list[dict[str, Any]]:
    base = f"{page(incident.pk)}layers/"
    return [
        {"id": "routes", "kind": "routes", "label": _("路线"), "url": f"{base}routes.geojson"},
        {"id": "closures", "kind": "closures", "label": _("封控"), "url": f"{base}closures.geojson"},
        {"id": "place", "kind": "stations", "label": _("点位"), "url": f"{base}place.geojson"},
        {"id": "teams", "kind": "teams", "label": _("队伍"), "url": f"{base}teams.geojson"},
    ]


def _start(request: HttpRequest, incident: Incident, found: room.Room, by: Actor) -> dict[str, Any]:
    """The panel to start a response: the plan's levels, one of them unfolded with what will happen."""
    widen = _others(incident, by) if found.response is not None and found.response.status == "active" else []
    running = found.response is not None and found.response.status in ("proposed", "active")
    if running and found.response is not None and found.response.status != "active":
        return {"ladder": [], "chosen": None, "start_form": None, "plan": None, "others_to_widen": []}
    plan, ladder = room.ladder(incident, by)
    wanted = request.GET.get("level", "")
    chosen = next((each for each in ladder if each.level.code == wanted), None) or next(
        (each for each in ladder if each.suggested), ladder[0] if ladder else None
    )
    form = None
    if chosen is not None and not running and incident.status in ("verified", "responding"):
        form = ResponseForm(
            initial={
                "level": chosen.level.code,
                "matter": incident.title,
                "expected_hours": f"{chosen.hours:g}",
                "measures": "；".join(dict.fromkeys(spec.title.split("：")[-1] for spec in chosen.tasks)),
            },
            others=_others(incident, by),
        )
    return {"ladder": ladder, "chosen": chosen, "start_form": form, "plan": plan, "others_to_widen": widen}


def _others(incident: Incident, by: Actor) -> list[tuple[str, str]]:
    rows = incident_queries.open_of_hazard(incident.hazard, by).filter(status="verified").exclude(pk=incident.pk)
    return [(str(each.pk), f"{each.title} {each.level_now.zh}") for each in rows]


@require_GET
def part(request: HttpRequest, incident_id: UUID, name: str) -> HttpResponse:
    """One panel again, when its topic changed."""
    by = actor_of(request)
    policy.require(by, "command.view")
    if name not in PARTS:
        raise NotFound("incidents.not_found")
    incident = queries.get_incident(incident_id, by)
    if name == "timeline":
        lines = list(reversed(timeline.of_incident(incident, brief=True)))[:200]
        return render(request, "command/_timeline_part.html", _context(request, incident, by, lines=lines))
    found = room.room_of(incident, by)
    more = _start(request, incident, found, by) if name == "response" else {}
    others = list(incident_queries.open_incidents(by).exclude(pk=incident.pk)[:30]) if name == "head" else []
    return render(
        request, f"command/_{name}_part.html", _context(request, incident, by, room=found, others=others, **more)
    )


@require_POST
@pressed(page)
def start(request: HttpRequest, incident_id: UUID) -> HttpResponse | None:
    """提请 or 启动: one form; who may approve starts it in the same press."""
    by, now = actor_of(request), timezone.now()
    incident = queries.get_incident(incident_id, by)
    form = ResponseForm(request.POST, others=_others(incident, by))
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Invalid("command.response.field", field=field, label=form.fields[field].label, why=errors[0])
    data = form.cleaned_data
    with atomic():  # one press: whoever dies in between leaves no half of it
        response = actions.propose_response(
            incident_id=incident_id,
            level=Level.of(data["level"]),
            by=by,
            now=now,
            matter=data["matter"],
            expected_hours=data["expected_hours"],
            measures=data["measures"],
            also=[UUID(each) for each in data.get("also", [])],
        )
        if "activate" in request.POST:
            actions.activate(response_id=response.pk, by=by, now=timezone.now(), approval_note=data["approval_note"])
    return None


def _room_of(response_id: UUID, verb: str = "") -> str:
    found = Response.objects.all_worlds("only the address of its incident").filter(pk=response_id).first()
    return page(found.incident_id) if found else "/incidents/"


@require_POST
@pressed(_room_of)
def respond(request: HttpRequest, response_id: UUID, verb: str) -> HttpResponse | None:
    """批准、不予启动、调级、纳入、终止."""
    by, now, sent = actor_of(request), timezone.now(), request.POST
    note, reason = sent.get("approval_note", ""), sent.get("reason", "")
    if verb == "activate":
        actions.activate(response_id=response_id, by=by, now=now, approval_note=note)
    elif verb == "decline":
        actions.decline_response(response_id=response_id, by=by, now=now, reason=reason)
    elif verb == "change":
        actions.change_level(
            response_id=response_id,
            level=_level(sent.get("level", "")),
            by=by,
            now=now,
            reason=reason,
            approval_note=note,
        )
    elif verb == "widen":
        actions.widen(response_id=response_id, incident_id=_uuid(sent.get("incident")), by=by, now=now)
    elif verb == "end":
        actions.end_response(response_id=response_id, by=by, now=now, reason=reason)
    else:
        raise NotFound("command.response.not_found")
    return None


def _level(code: str) -> Level:
    try:
        return Level.of(code)
    except KeyError:
        raise Invalid("command.response.no_level", field="level") from None


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise NotFound("incidents.not_found") from None


@require_POST
@pressed(page)
def draft(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """拟稿, prefilled with what incidents and command know."""
    by = actor_of(request)
    incident = queries.get_incident(incident_id, by)
    stage = request.POST.get("stage", "")
    if stage not in STAGES:
        raise NotFound("incidents.report.not_found")
    running = incident.reports.filter(stage=stage, status__in=reports.UNSENT).first()
    if running is None:
        more = room.known_for_reports(incident)
        running = reports.draft(incident_id=incident_id, stage=stage, by=by, now=timezone.now(), more=more)
    return HttpResponseRedirect(f"/incidents/reports/{running.pk}/")


@require_POST
@pressed(page)
def close_road(request: HttpRequest, incident_id: UUID) -> None:
    """封控 along the point's own line, or along a street that a flood that was tried out for the incident would cut."""
    by, sent = actor_of(request), request.POST
    line, name = _street(sent.get("flood", ""), sent.get("cut", ""), by) if sent.get("flood") else (None, "")
    actions.close_road(
        incident_id=incident_id, by=by, now=timezone.now(), reason=sent.get("reason", ""), line=line, name=name
    )


def _street(flood: str, cut: str, by: Actor) -> tuple[list[tuple[float, float]], str]:
    """Raises NotFound for a trial or a street that is none."""
    try:
        found = floods.get(UUID(flood), by).answer["cuts"][int(cut)]
    except (ValueError, KeyError, IndexError):
        raise NotFound("forecasts.flood.not_found") from None
    return [(lon, lat) for lon, lat in found["line"]], found["name"]


@require_POST
@pressed(lambda closure_id: "/incidents/")
def reopen(request: HttpRequest, closure_id: UUID) -> HttpResponse | None:
    closure = actions.reopen_road(
        closure_id=closure_id, by=actor_of(request), now=timezone.now(), note=request.POST.get("note", "")
    )
    return HttpResponseRedirect(page(closure.incident_id)) if closure.incident_id else None


@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """归档: what still stands in the way, task by task; the button when nothing does."""
    by = actor_of(request)
    policy.require(by, "command.view")
    incident = queries.get_incident(incident_id, by)
    said = None
    if request.method == "POST":
        try:
            actions.close_incident(incident_id=incident_id, by=by, now=timezone.now())
        except (Refused, Invalid) as refused:
            said = wording.say(refused)
        else:
            return HttpResponseRedirect(page(incident_id))
        incident.refresh_from_db()
    open_cards = [card for card in room.cards(incident, incident_queries.clocks_of(incident)) if card.open]
    final = incident.reports.filter(stage="final", sent_at__isnull=False).exists()
    context = _context(
        request,
        incident,
        by,
        cards=open_cards,
        final_sent=final,
        teams_out=queries.teams_out(incident),
        owed=incident_queries.owed_reports(incident),
        said=said,
        response=queries.response_of(incident),
        may_waive=policy.can(by, "command.waive", incident),
        may_close=policy.can(by, "incidents.close", incident),
        closures=queries.closures_now(by.world).filter(incident=incident, kind="closed"),
    )
    return render(request, "command/close.html", context, status=409 if said else 200)
