"""Reactions: an ended response owes a review; a requested paper is made by a job."""

from __future__ import annotations

from django.utils import timezone

from fengsui.apps.incidents.events import IncidentEnded
from fengsui.apps.reviews import actions, jobs
from fengsui.apps.reviews.events import PaperRequested, ReportIssued
from fengsui.core.record import on
from fengsui.kernel.actor import Actor


@on(IncidentEnded)
def owe_review(event: IncidentEnded, by: Actor) -> None:
    actions.open_review(incident_id=event.incident_id, by=by, now=timezone.now())


@on(PaperRequested, ReportIssued)
def make_paper(event: PaperRequested | ReportIssued, by: Actor) -> None:
    jobs.render_paper.defer(paper_id=str(event.paper_id))
