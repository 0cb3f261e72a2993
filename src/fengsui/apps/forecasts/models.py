"""Runs of forecasts, kept as they were issued."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from fengsui.apps.forecasts.lessons.models import LessonAsk
from fengsui.apps.forecasts.rules import FLOOD_STATES
from fengsui.apps.forecasts.scenarios.models import Scenario, ScenarioLibrary
from fengsui.apps.forecasts.scores.models import ForecastChance, ForecastCrossing, ForecastDay, ForecastScore
from fengsui.apps.places.models import Place
from fengsui.apps.sensing.models import Datastream
from fengsui.core.models import InWorld

__all__ = [
    "FloodFrame",
    "FloodRun",
    "ForecastChance",
    "ForecastCrossing",
    "ForecastDay",
    "ForecastLesson",
    "ForecastRun",
    "ForecastScore",
    "Lesson",
    "LessonAsk",
    "PlayedLesson",
    "RainLesson",
    "Scenario",
    "ScenarioLibrary",
]


class ForecastRun(InWorld):
    """One forecast of one stream: points with an interval, when lines will be reached, and how wrong it has been."""

    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="forecasts")
    issued_at = models.DateTimeField("起报")
    made_at = models.DateTimeField("生成")
    horizon_s = models.FloatField("预见期秒", help_text="水的时钟：回放时除以倍速")
    speed = models.FloatField("回放倍速", default=1.0)
    method = models.CharField("方法", max_length=40)
    value = models.FloatField("起报时的值")
    points = models.JSONField("预报", help_text="[[毫秒, 值, 低, 高], ...]")
    coverage = models.FloatField("区间名义覆盖率")
    crossings = models.JSONField("到线", default=list)
    error = models.FloatField("近期误差", null=True)
    persistence = models.FloatField("不变预报的误差", null=True)
    correlation = models.UUIDField("链号")
    chances = models.JSONField("到线概率", default=dict, help_text="级别 -> 各预报时刻站在线上的概率；空为由区间推出")
    lines = models.JSONField(
        "起报时的线", default=dict, help_text="blue…red 与 falling，按当时的门限；空为不知道，不评到线"
    )
    scored_at = models.DateTimeField("评分", null=True)
    total = models.JSONField("预见期内的雨", null=True, help_text="[中位, 低, 高]，mm；不是雨则空")

    class Meta:
        verbose_name = "预报"
        ordering = ["-issued_at"]
        constraints = [
            models.UniqueConstraint(fields=["datastream", "issued_at", "method"], name="forecasts_run_once"),
        ]
        indexes = [models.Index(fields=["issued_at"], condition=Q(scored_at=None), name="forecasts_run_unscored")]


class Lesson(InWorld):
    """What was learned of one gauge; the newest only. Without a method: tried, and nothing was learned."""

    made_at = models.DateTimeField("学成")
    method = models.CharField("方法", max_length=40)
    since = models.DateTimeField("学自")
    step_s = models.FloatField("步长秒")
    horizon_s = models.FloatField("预见期秒")
    flood = models.FloatField("涨水线")
    flood_h = models.FloatField("涨水小时数")
    floods = models.PositiveIntegerField("涨水场次", default=0)
    beside = models.JSONField("旁站数据流", default=list)
    leads = models.JSONField(
        "留出涨水段上的误差", default=list, help_text="lead_s、stays、trend、best、members、missed"
    )
    state = models.BinaryField("学得")

    class Meta:
        abstract = True

    @property
    def rests_since(self) -> datetime | None:
        """When it was withdrawn."""
        return None

    @property
    def speaks(self) -> bool:
        """Whether forecasts are made by it."""
        return bool(self.method) and self.rests_since is None


class ForecastLesson(Lesson):
    """From its own readings; made anew each week. Withdrawn while it loses to the trend, until it is learned anew."""

    datastream = models.OneToOneField(Datastream, on_delete=models.CASCADE, related_name="lesson")
    withdrawn_at = models.DateTimeField("停用", null=True)
    loss = models.JSONField("停用时的实际误差", default=dict, help_text="n、days、ours、trend；平均绝对误差")
    anew_at = models.DateTimeField("停用后重新学成", null=True, help_text="到这一天为止的评分不再算")

    @property
    def rests_since(self) -> datetime | None:
        return self.withdrawn_at

    class Meta:
        verbose_name = "站点学习"


class PlayedLesson(Lesson):
    """From the illustrative past of a district's replay, for the time it is played; `source` names what was learned."""

    datastream = models.OneToOneField(Datastream, on_delete=models.CASCADE, related_name="played_lesson")
    source = models.CharField("资料", max_length=64)

    class Meta:
        verbose_name = "回放学习"


class RainLesson(InWorld):
    """How showers of this district decay, by its rain gauges that are forecast in one step; the newest only. Without a
    method: tried, and nothing was learned. is_played: from the illustrative past of a replay, `source` names it."""

    step_s = models.FloatField("步长秒")
    is_played = models.BooleanField("回放")
    made_at = models.DateTimeField("学成")
    method = models.CharField("方法", max_length=40)
    source = models.CharField("资料", max_length=64, blank=True)
    since = models.DateTimeField("学自", null=True)
    gauges = models.PositiveIntegerField("雨量站", default=0)
    wet = models.PositiveIntegerField("湿时段", default=0)
    kept = models.JSONField("各预见期平均还剩", default=list)
    state = models.BinaryField("学得")

    class Meta:
        verbose_name = "降雨学习"
        constraints = [
            models.UniqueConstraint(fields=["world", "step_s", "is_played"], name="forecasts_rain_lesson_once")
        ]


class FloodRun(InWorld):
    """积水推演: a question about water on the ground, and its answer. Asked once; what comes out is frozen with it."""

    title = models.CharField("名称", max_length=120)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="floods", verbose_name="点位")
    incident = models.UUIDField("事件", null=True)
    asked = models.JSONField("所问", help_text="lon、lat、width_m、cell_m、rain、drained_mm_h、sewers_a、pumps")
    asked_by = models.UUIDField("谁问的", null=True)
    asked_at = models.DateTimeField("何时问的")
    status = models.CharField("状态", max_length=8, choices=FLOOD_STATES.choices, default="waiting")
    share = models.FloatField("已算份额", default=0.0)
    ended_at = models.DateTimeField("结束", null=True)
    reason = models.CharField("缘由", max_length=300, blank=True)
    answer = models.JSONField(
        "结果", default=dict, help_text="box、frames、places、cuts、water、flooded_m2、remarks、facts"
    )
    deepest = models.BinaryField("最大水深图", null=True)
    grid = models.BinaryField("最大水深栅格", null=True)
    correlation = models.UUIDField("链号")

    class Meta:
        verbose_name = "积水推演"
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["world", "-asked_at"], name="forecasts_flood_newest"),
            models.Index(fields=["incident"], condition=models.Q(incident__isnull=False), name="forecasts_flood_event"),
        ]


class FloodFrame(models.Model):
    """One picture of a flood: water at `at_s` seconds after the rain began, PNG with transparency."""

    flood = models.ForeignKey(FloodRun, on_delete=models.CASCADE, related_name="frames")
    n = models.PositiveSmallIntegerField()
    at_s = models.FloatField()
    picture = models.BinaryField()

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["flood", "n"], name="forecasts_one_frame")]
