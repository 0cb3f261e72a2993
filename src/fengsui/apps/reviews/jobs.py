"""The PDF of a review, made beside the requests."""

from __future__ import annotations

import time
from uuid import UUID

import structlog
from django.template.loader import render_to_string
from django.utils import timezone, translation
from procrastinate.contrib.django import app

from fengsui.apps.incidents.page import word
from fengsui.apps.places import queries as places
from fengsui.apps.reviews import actions, findings, measure, queries
from fengsui.apps.reviews.models import Paper
from fengsui.apps.reviews.terms import TERMS
from fengsui.core.jobs import clean
from fengsui.core.retries import Patience
from fengsui.core.ui.press import pdf_of
from fengsui.kernel.actor import Actor

log = structlog.get_logger(__name__)
RETRY = Patience(2, longest_s=2)


def html_of(paper: Paper) -> str:
    """In Chinese: an issued document has one language."""
    incident = paper.incident
    bureau = places.bureau_of(incident.place.jurisdiction if incident.place else incident.area.jurisdiction)
    with translation.override("zh-hans"):
        story = queries.story(incident, timezone.now())
        context = {
            "s": story,
            "incident": incident,
            "bureau": bureau,
            "paper": paper,
            "w": word,
            "world": paper.world,
            "findings": [each for each in findings.of_incident(incident.pk) if each.status != "withdrawn"],
            "figures": measure.of_incident(incident),
            **TERMS,
        }
        return render_to_string("reviews/paper.html", context)


@app.task(name="reviews.render_paper", queue="papers", retry=RETRY, pass_context=False)
@clean
def render_paper(paper_id: str) -> None:
    render(paper_id)


def render(paper_id: str) -> None:
    """Make one waiting paper; a repeated job finds none."""
    paper = (
        Paper.objects.all_worlds("a job serves every world")
        .select_related("incident__place", "incident__area", "world", "replaces")
        .defer("pdf")
        .filter(pk=UUID(paper_id), status="waiting")
        .first()
    )
    if paper is None:
        return
    by = Actor(world=paper.world_id, system="reviews.render_paper", correlation=paper.incident.correlation)
    begun = time.perf_counter()
    try:
        pdf, pages = pdf_of(html_of(paper))
    except (ValueError, OSError, ImportError) as error:
        log.warning("paper.failed", paper=paper_id, error=str(error))
        actions.give_up_paper(paper_id=paper.pk, by=by, reason=f"{type(error).__name__}: {error}")
        return
    actions.keep_paper(
        paper_id=paper.pk, by=by, now=timezone.now(), pdf=pdf, pages=pages, took_s=round(time.perf_counter() - begun, 3)
    )
