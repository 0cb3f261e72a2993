"""Incidents, their reports as versions, their log. What was sent and when it was known is frozen by the database."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.db.models import Q

from fengsui.apps.incidents.rules import GRADES, REPORT_STATES, SOURCES, STAGES, STATES, ReportFacts
from fengsui.apps.people.models import PROVENANCE
from fengsui.apps.places.models import Area, Place
from fengsui.core.models import InWorld, World
from fengsui.kernel.levels import LEVELS, Level

OPEN = ["received", "verified", "responding", "ended", "reported"]
LIVE_STATES = ["received", "verified", "responding"]


class Series(models.Model):
    """Last serial drawn in one series of one world; its row lock orders the draws."""

    world = models.ForeignKey(World, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["world", "code"], name="incidents_one_series")]


class Incident(InWorld):
    """One event at one place. `correlation` continues the chain that began with the first reading.

    `warning_id` is the warning it grew from; persons are keys of `people` like in the record.
    """

    number = models.CharField("编号", max_length=24)
    title = models.CharField("标题", max_length=160)
    hazard = models.CharField("灾种", max_length=40, blank=True)
    type_code = models.CharField("类型代码", max_length=5, help_text="rules.TYPES")
    type_name = models.CharField("类型", max_length=40)
    source = models.CharField("信息来源", max_length=16, choices=SOURCES.choices)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="incidents", verbose_name="区域")
    address = models.CharField("地点", max_length=200)
    point = models.PointField("位置", srid=4326)
    point_3857 = models.GeneratedField(
        expression=Transform("point", 3857), output_field=models.PointField(srid=3857), db_persist=True
    )
    occurred_at = models.DateTimeField("事发时间", null=True, blank=True)
    known_at = models.DateTimeField("接报时间")
    informant = models.CharField("报告人", max_length=60, blank=True)
    informant_phone = models.CharField("报告人电话", max_length=20, blank=True)
    summary = models.TextField("概况", blank=True)
    grade = models.CharField("初判级别", max_length=8, choices=GRADES.choices, default="general")
    sensitive = models.BooleanField("敏感", default=False)
    level = models.CharField("现地等级", max_length=8, choices=LEVELS.choices, default="none")
    deaths = models.PositiveIntegerField("死亡", default=0)
    missing = models.PositiveIntegerField("失踪", default=0)
    injured = models.PositiveIntegerField("受伤", default=0)
    trapped = models.PositiveIntegerField("被困", default=0)
    loss_yuan = models.DecimalField("直接损失（元）", max_digits=16, decimal_places=2, default=0)
    status = models.CharField("状态", max_length=12, choices=STATES.choices, default="received")
    warning_id = models.UUIDField("预警", null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    correlation = models.UUIDField("链号")
    opened_by = models.UUIDField("录入人", null=True)
    opened_at = models.DateTimeField("立案")
    verified_by = models.UUIDField("核实人", null=True)
    verified_at = models.DateTimeField("核实", null=True)
    ended_at = models.DateTimeField("响应终止", null=True)
    closed_at = models.DateTimeField("归档", null=True)
    closed_by = models.UUIDField("归档人", null=True)
    reason = models.CharField("理由", max_length=300, blank=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE, default="illustrative")

    class Meta:
        ordering = ["-known_at"]
        verbose_name = "事件"
        constraints = [
            models.UniqueConstraint(fields=["world", "number"], name="incidents_one_number"),
            models.UniqueConstraint(
                fields=["world", "place", "hazard"],
                condition=Q(status__in=LIVE_STATES, place__isnull=False) & ~Q(hazard=""),
                name="incidents_one_open_per_place",
            ),
            models.CheckConstraint(
                name="incidents_merged_has_target", condition=~Q(status="merged") | Q(merged_into__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["world", "status", "-known_at"], name="incidents_list"),
            models.Index(fields=["correlation"], name="incidents_chain"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def level_now(self) -> Level:
        return Level.of(self.level)


class Report(InWorld):
    """One version of one report of the chain. A correction is a new version; a sent one is frozen by trigger."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="reports")
    stage = models.CharField("阶段", max_length=16, choices=STAGES.choices)
    n = models.PositiveSmallIntegerField("序号", default=1, help_text="续报一、续报二……")
    version = models.PositiveSmallIntegerField("版本", default=1)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField("标题", max_length=200)
    fields = models.JSONField("内容", default=dict)
    known = models.JSONField("平台已知", default=dict, help_text="预填时各字段的数据来源和时点")
    receiver = models.CharField("主送", max_length=120)
    status = models.CharField("状态", max_length=10, choices=REPORT_STATES.choices, default="draft")
    drafted_by = models.UUIDField("拟稿", null=True)
    drafted_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    signed_by = models.UUIDField("审核签发", null=True)
    signed_at = models.DateTimeField(null=True)
    sent_by = models.UUIDField("报送", null=True)
    sent_at = models.DateTimeField("报送时间", null=True)
    known_at = models.DateTimeField("接报时间")
    limit_s = models.PositiveIntegerField("时限秒", null=True)
    late_s = models.FloatField("迟报秒", null=True)
    receipt = models.CharField("回执", max_length=200, blank=True)
    receipt_at = models.DateTimeField(null=True)
    receipt_by = models.UUIDField(null=True)
    reason = models.CharField("退回或作废理由", max_length=300, blank=True)

    class Meta:
        ordering = ["drafted_at"]
        verbose_name = "信息报送"
        constraints = [
            models.UniqueConstraint(fields=["incident", "stage", "n", "version"], name="incidents_report_version"),
            models.CheckConstraint(
                name="incidents_sent_has_time",
                condition=~Q(status__in=["sent", "received"]) | Q(sent_at__isnull=False),
            ),
        ]

    def facts(self) -> ReportFacts:
        return ReportFacts(self.stage, self.status, self.drafted_by, self.fields)


class LogEntry(InWorld):
    """记一笔: appended, never changed; a mistake is mended by an entry that corrects it."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="log")
    at = models.DateTimeField("发生时间")
    written_at = models.DateTimeField("记录时间")
    written_by = models.UUIDField("记录人", null=True)
    text = models.TextField("内容")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["at"]
        verbose_name = "值班记录"
