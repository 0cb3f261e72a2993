"""What is kept of forecasts whose horizon has passed.

All of it follows from runs and readings, so nothing here is announced: a run is scored in the transaction that marks it
as scored, and never again. Sums are kept by day, so that a page reads as many rows however many runs there were.
"""

from __future__ import annotations

from django.db import models

from fengsui.core.models import InWorld


class ForecastScore(models.Model):
    """One run at one lead. World: through the run."""

    pk = models.CompositePrimaryKey("run", "lead_s")
    run = models.ForeignKey("forecasts.ForecastRun", on_delete=models.CASCADE, db_index=False, related_name="scores")
    lead_s = models.PositiveIntegerField("预见期秒", help_text="水的时钟")
    issued_at = models.DateTimeField("起报", db_index=True)
    told = models.FloatField("预报值")
    low = models.FloatField("低")
    high = models.FloatField("高")
    came = models.FloatField("实测", null=True, help_text="空为没有可用读数")
    stays = models.FloatField("不变预报")
    trend = models.FloatField("阻尼趋势")
    is_rising = models.BooleanField("起报前在涨")
    lines = models.JSONField("到线", default=list, help_text="[[级别, 概率, 到了没有], ...]")

    class Meta:
        verbose_name = "预报评分"


class _OfDay(InWorld):
    """Sums of a stream's runs of one day of the district's time, by method and lead."""

    datastream = models.ForeignKey("sensing.Datastream", on_delete=models.CASCADE, db_index=False, related_name="+")
    day = models.DateField("起报日")
    method = models.CharField("方法", max_length=40)
    lead_s = models.PositiveIntegerField("预见期秒")

    class Meta:
        abstract = True


class ForecastDay(_OfDay):
    """Fields from `n` on are those of science.verify.errors.Errors. replayed: how many of all were of a replay."""

    replayed = models.PositiveIntegerField("其中回放", default=0)
    n = models.PositiveIntegerField("次数", default=0)
    missing = models.PositiveIntegerField("没有实测", default=0)
    abs_error = models.FloatField("绝对误差和", default=0.0)
    abs_stays = models.FloatField("不变预报的绝对误差和", default=0.0)
    abs_trend = models.FloatField("阻尼趋势的绝对误差和", default=0.0)
    sq_error = models.FloatField("平方误差和", default=0.0)
    sq_stays = models.FloatField("不变预报的平方误差和", default=0.0)
    promised = models.FloatField("名义覆盖率和", default=0.0)
    covered = models.PositiveIntegerField("区间内", default=0)
    width = models.FloatField("区间宽和", default=0.0)
    pinball = models.FloatField("分位损失和", default=0.0)
    rise_n = models.PositiveIntegerField("涨水段次数", default=0)
    rise_abs_error = models.FloatField("涨水段绝对误差和", default=0.0)
    rise_abs_stays = models.FloatField("涨水段不变预报绝对误差和", default=0.0)
    rise_covered = models.PositiveIntegerField("涨水段区间内", default=0)
    rise_width = models.FloatField("涨水段区间宽和", default=0.0)

    class Meta:
        verbose_name = "预报逐日评分"
        constraints = [
            models.UniqueConstraint(fields=["datastream", "day", "method", "lead_s"], name="forecasts_day_once")
        ]
        indexes = [models.Index(fields=["world", "day"], name="forecasts_day_of_world")]


class ForecastChance(_OfDay):
    """Chances of lines within one tenth: fields from `n` on are those of science.verify.chance.Class."""

    k = models.PositiveSmallIntegerField("十分之几", help_text="0 为 [0, 0.1)，9 为 [0.9, 1]")
    n = models.PositiveIntegerField("次数", default=0)
    told = models.FloatField("概率和", default=0.0)
    came = models.PositiveIntegerField("到线次数", default=0)
    square = models.FloatField("平方差和", default=0.0)

    class Meta:
        verbose_name = "到线概率逐日评分"
        constraints = [
            models.UniqueConstraint(fields=["datastream", "day", "method", "lead_s", "k"], name="forecasts_chance_once")
        ]
        indexes = [models.Index(fields=["world", "day"], name="forecasts_chance_of_world")]


class ForecastCrossing(InWorld):
    """One line that was told, or reached, or both (science.verify.episodes)."""

    datastream = models.ForeignKey("sensing.Datastream", on_delete=models.CASCADE, db_index=False, related_name="+")
    method = models.CharField("方法", max_length=40)
    level = models.SmallIntegerField("级别")
    line = models.FloatField("线")
    speed = models.FloatField("回放倍速", default=1.0)
    begun_at = models.DateTimeField("先到者", help_text="首次报出或到线")
    told_since = models.DateTimeField("一直报到线的起点", null=True)
    told_until = models.DateTimeField("最后一次报到线", null=True)
    reached_at = models.DateTimeField("到线", null=True)
    goes_on = models.BooleanField("还在报", default=False)
    lead_s = models.FloatField("提前秒", null=True, help_text="水的时钟；空为未报出或未到线")

    class Meta:
        verbose_name = "到线预报"
        indexes = [
            models.Index(fields=["world", "begun_at"], name="forecasts_crossing_world"),
            models.Index(fields=["datastream", "method", "level", "-begun_at"], name="forecasts_crossing_newest"),
        ]
