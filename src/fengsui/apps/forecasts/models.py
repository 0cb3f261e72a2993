"""Runs of forecasts, kept as they were issued."""

from __future__ import annotations

from django.db import models

from fengsui.apps.sensing.models import Datastream
from fengsui.core.models import InWorld


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

    class Meta:
        verbose_name = "预报"
        ordering = ["-issued_at"]
        constraints = [
            models.UniqueConstraint(fields=["datastream", "issued_at", "method"], name="forecasts_run_once"),
        ]
