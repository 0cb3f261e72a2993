"""整改: what reviews found, who owes it, until when; answered, accepted or sent back."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.incidents.page import pressed, shell
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.session_world import live_actor
from fengsui.apps.reviews import actions, findings, page
from fengsui.apps.reviews.forms import FindingForm
from fengsui.apps.reviews.terms import TERMS
from fengsui.core import policy
from fengsui.core.models import Clock
from fengsui.core.worlds import LIVE, is_over
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

PAGE = 50
VIEWS = {"open": ["open", "answered"], "late": ["open"], "done": ["closed", "withdrawn"], "all": []}


def _reader(request: HttpRequest) -> Actor:
    """Findings are of the live world; who looks back at an exercise that is over may read them from there."""
    by = actor_of(request)
    return live_actor(by) if by.world != LIVE and is_over(by.world) else by


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = _reader(request)
    policy.require(by, "reviews.see_findings")
    view = request.GET.get("view", "open")
    view = view if view in VIEWS else "open"
    rows, now = findings.visible_to(by), timezone.now()
    if VIEWS[view]:
        rows = rows.filter(status__in=VIEWS[view])
    if view == "late":
        rows = rows.filter(due_at__lt=now)
    context = shell(
        request,
        "reviews.findings",
        page=Paginator(rows.order_by("due_at", "incident_number", "n"), PAGE).get_page(request.GET.get("page")),
        view=view,
        at=now,
        live=LIVE,
        **TERMS,
    )
    return render(request, "reviews/findings.html", context)


@require_GET
def show(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    by = _reader(request)
    policy.require(by, "reviews.see_findings")
    found = findings.visible_to(by).filter(pk=finding_id).first()
    if found is None:
        raise NotFound("reviews.finding.not_found")
    rows = Clock.objects.in_world(LIVE).filter(about_type="reviews.finding", about_id=str(found.pk))
    persons = [each for each in (found.raised_by, found.answered_by, found.closed_by) if each]
    here = actor_of(request).world == LIVE
    context = shell(
        request,
        "reviews.findings",
        finding=found,
        clocks=list(rows.order_by("-started_at")),
        names=people.people_names(persons),
        may_answer=here and found.status == "open" and policy.can(by, "reviews.answer", found),
        may_accept=here and found.status == "answered" and policy.can(by, "reviews.accept", found),
        may_withdraw=here and found.status == "open" and policy.can(by, "reviews.find", found),
        **TERMS,
    )
    return render(request, "reviews/finding.html", context)


@require_POST
@pressed(actions.page)
def new(request: HttpRequest, incident_id: UUID) -> None:
    """Raised on the page of a review, also of an exercise that is over; it always belongs to the live world."""
    incident = page.opened(request, incident_id)
    form = FindingForm(request.POST)
    form.is_valid()
    data = form.cleaned_data
    findings.raise_finding(
        incident=incident,
        text=data.get("text", ""),
        remedy=data.get("remedy", ""),
        owner_post=data.get("owner_post"),
        days=data.get("days"),
        by=_reader(request).in_chain(incident.correlation),
        now=timezone.now(),
    )


@require_POST
@pressed(lambda finding_id, verb: findings.page(finding_id))
def act(request: HttpRequest, finding_id: UUID, verb: str) -> None:
    by, now = actor_of(request), timezone.now()
    text = request.POST.get("text", "")
    if verb == "answer":
        findings.answer(finding_id=finding_id, text=text, by=by, now=now)
    elif verb == "accept":
        findings.accept(finding_id=finding_id, by=by, now=now)
    elif verb == "send-back":
        findings.send_back(finding_id=finding_id, reason=text, by=by, now=now)
    elif verb == "withdraw":
        findings.withdraw(finding_id=finding_id, reason=text, by=by, now=now)
    else:
        raise NotFound("reviews.finding.not_found")
