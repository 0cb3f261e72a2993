"""After-action reviews and their printed papers. A paper that is ready is frozen with its hash."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.reviews.rules import FINDING_STATES, PAPER_KINDS, PAPER_STATES, STATES
from fengsui.core.models import InWorld, World


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
    """The review as a PDF, made by a job. Kept in the database: it commits and is backed up with what it reports.

    An issued one has its number (发文字号) and is never made again: a correction is a new issue that replaces it.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="papers")
    kind = models.CharField("性质", max_length=8, choices=PAPER_KINDS.choices, default="draft")
    number = models.CharField("发文字号", max_length=40, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
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
            models.UniqueConstraint(
                fields=["world", "number"],
                condition=~Q(number="") & ~Q(status="failed"),
                name="reviews_one_paper_number",
            ),
            models.CheckConstraint(
                name="reviews_issued_has_number",
                condition=Q(kind="draft", number="") | (Q(kind="issued") & ~Q(number="")),
            ),
            models.CheckConstraint(
                name="reviews_ready_has_pdf", condition=~Q(status="ready") | (Q(pdf__isnull=False) & ~Q(sha256=""))
            ),
        ]


class Finding(InWorld):
    """整改: something to put right, its owner, its clock. It is of the live world, also where an exercise showed it.

    What it came from is copied: an exercise's rows are not the live world's to point at.
    """

    n = models.PositiveSmallIntegerField("序号")
    about_world = models.ForeignKey(World, on_delete=models.PROTECT, related_name="+", verbose_name="出自")
    incident_id = models.UUIDField("事件")
    incident_number = models.CharField("事件编号", max_length=24)
    incident_title = models.CharField("事件标题", max_length=160)
    jurisdiction = models.CharField("管辖", max_length=20, blank=True)
    correlation = models.UUIDField("链号")
    text = models.CharField("问题", max_length=500)
    remedy = models.CharField("整改", max_length=500)
    owner_post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", verbose_name="责任岗位")
    owner_org = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="责任单位")
    days = models.PositiveSmallIntegerField("期限（天）")
    due_at = models.DateTimeField("到期")
    status = models.CharField("状态", max_length=10, choices=FINDING_STATES.choices, default="open")
    raised_by = models.UUIDField("提出人", null=True)
    raised_at = models.DateTimeField("提出")
    answer = models.TextField("整改结果", blank=True)
    answered_by = models.UUIDField("答复人", null=True)
    answered_at = models.DateTimeField("答复", null=True)
    closed_by = models.UUIDField("认可人", null=True)
    closed_at = models.DateTimeField("认可", null=True)
    reason = models.CharField("退回或撤回理由", max_length=300, blank=True)

    class Meta:
        ordering = ["due_at", "n"]
        verbose_name = "整改事项"
        constraints = [
            models.UniqueConstraint(fields=["incident_id", "n"], name="reviews_finding_n"),
            models.CheckConstraint(
                name="reviews_answered_has_text", condition=~Q(status__in=["answered", "closed"]) | ~Q(answer="")
            ),
        ]
        indexes = [models.Index(fields=["world", "status", "due_at"], name="reviews_finding_open")]

    def __str__(self) -> str:
        return self.text

    @property
    def is_from_exercise(self) -> bool:
        return self.about_world_id != self.world_id
