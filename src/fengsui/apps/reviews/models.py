"""After-action reviews and their printed papers. A paper that is ready is frozen with its hash."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fengsui.apps.incidents.models import Incident
from fengsui.apps.reviews.rules import PAPER_STATES, STATES
from fengsui.core.models import InWorld


class Review(InWorld):
    """复盘 of one incident; its facts are read from the record, only the judgement is written here."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="review")
    status = models.CharField("状态", max_length=10, choices=STATES.choices, default="open")
    opened_at = models.DateTimeField()
    assessment = models.TextField("评估", blank=True)
    lessons = models.TextField("改进", blank=True)
    finished_by = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "复盘"


class Paper(InWorld):
    """The review as a PDF, made by a job. Kept in the database: it commits and is backed up with what it reports."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="papers")
    status = models.CharField("状态", max_length=8, choices=PAPER_STATES.choices, default="waiting")
    requested_by = models.UUIDField(null=True)
    requested_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    pdf = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveSmallIntegerField(default=0)
    took_s = models.FloatField(default=0)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        verbose_name = "复盘文稿"
        constraints = [
            models.CheckConstraint(
                name="reviews_ready_has_pdf", condition=~Q(status="ready") | (Q(pdf__isnull=False) & ~Q(sha256=""))
            )
        ]
