"""复盘页 and its paper."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.incidents.page import pressed, shell
from fengsui.apps.incidents.rules import page as room
from fengsui.apps.people.edge import actor_of
from fengsui.apps.reviews import actions, chain, findings, measure, page, queries
from fengsui.apps.reviews.forms import FinishForm
from fengsui.apps.reviews.models import Paper
from fengsui.apps.reviews.terms import TERMS
from fengsui.apps.reviews.views.indicators import term
from fengsui.core import policy
from fengsui.core.worlds import LIVE, is_over
from fengsui.kernel.errors import NotFound, Refused

NEWEST = 30


@require_GET
def show(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    by, incident = actor_of(request), page.opened(request, incident_id)
    story = queries.story(incident, timezone.now(), whole=False)
    told = chain.told_of(incident)
    context = page.context(
        request,
        incident,
        "review",
        s=story,
        lines=chain.present(list(told.reverse()[:NEWEST])[::-1], incident, room(incident.pk)),
        told=told.count(),
        late=[row for row in story.clocks if row.is_late],
        figures=measure.of_incident(incident),
        t=term,
        may_measure=policy.can(by, "reviews.measure"),
        papers=queries.papers(incident),
        form=FinishForm(),
        findings=findings.of_incident(incident.pk),
        posts=findings.posts_to_choose() if policy.can(by, "reviews.find") else [],
        may_find=policy.can(by, "reviews.find") and (by.world == LIVE or is_over(by.world)),
        may_issue=policy.can(by, "reviews.issue", incident),
        may_print=policy.can(by, "reviews.print", incident),
        may_finish=policy.can(by, "reviews.finish", incident),
    )
    return render(request, "reviews/show.html", context)


@require_GET
def papers(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """The list of papers again, when one is ready."""
    by = actor_of(request)
    policy.require(by, "reviews.view")
    incident = queries.incident_for(incident_id, by)
    context = shell(
        request,
        incident=incident,
        papers=queries.papers(incident),
        topic=f"reviews.incident:{incident.pk}",
        review=queries.review_of(incident),
        may_issue=policy.can(by, "reviews.issue", incident),
        may_print=policy.can(by, "reviews.print", incident),
        **TERMS,
    )
    return render(request, "reviews/_papers_part.html", context)


@require_POST
@pressed(actions.page)
def finish(request: HttpRequest, incident_id: UUID) -> None:
    queries.incident_for(incident_id, actor_of(request))
    form = FinishForm(request.POST)
    form.is_valid()
    data = form.cleaned_data
    actions.finish(
        incident_id=incident_id,
        by=actor_of(request),
        now=timezone.now(),
        assessment=data.get("assessment", ""),
        lessons=data.get("lessons", ""),
    )


@require_POST
@pressed(actions.page)
def order_paper(request: HttpRequest, incident_id: UUID) -> None:
    by = actor_of(request)
    queries.incident_for(incident_id, by)
    actions.request_paper(incident_id=incident_id, by=by, now=timezone.now())


@require_POST
@pressed(actions.page)
def issue(request: HttpRequest, incident_id: UUID) -> None:
    by = actor_of(request)
    queries.incident_for(incident_id, by)
    actions.issue_report(incident_id=incident_id, by=by, now=timezone.now())


@require_GET
def paper(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """The PDF as it was made; `?view=1` opens it in the browser, to be read and printed."""
    by = actor_of(request)
    policy.require(by, "reviews.view")
    found = Paper.objects.in_world(by.world).select_related("incident").filter(pk=paper_id).first()
    if found is None:
        raise NotFound("reviews.paper.not_found")
    queries.incident_for(found.incident_id, by)
    if found.pdf is None:
        raise Refused("reviews.paper.not_ready")
    answer = HttpResponse(bytes(found.pdf), content_type="application/pdf")
    how = "inline" if request.GET.get("view") == "1" else "attachment"
    name = f"review-{page.plain(found.incident.number)}-{found.kind}.pdf"
    answer.headers["Content-Disposition"] = f'{how}; filename="{name}"'
    answer.headers["X-Content-SHA256"] = found.sha256
    return answer
