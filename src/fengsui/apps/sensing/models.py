"""Stations, their datastreams, and the readings. Observations live in monthly partitions by the time they are about."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q

from fengsui.apps.people.models import PROVENANCE
from fengsui.apps.places.models import Place
from fengsui.core.models import InWorld, World
from fengsui.kernel.levels import LEVELS, Level

LEVEL_CHOICES = [(int(Level.of(code)), LEVELS.zh(code)) for code in LEVELS]


class Station(InWorld):
    """Where something is measured; an exercise has its own stations."""

    code = models.CharField("站码", max_length=40)
    name = models.CharField("名称", max_length=120)
    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, null=True, blank=True, related_name="stations", verbose_name="所在隐患点"
    )
    location = models.PointField("位置", srid=4326)
    location_3857 = models.GeneratedField(
        expression=Transform("location", 3857), output_field=models.PointField(srid=3857), db_persist=True
    )
    owner_post = models.CharField("责任岗位代码", max_length=80, blank=True)
    datum_m = models.FloatField("零点高程 m", null=True, blank=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE)
    source = models.CharField("来源", max_length=300, blank=True)
    retired_at = models.DateTimeField("停用", null=True, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name = "测站"
        constraints = [models.UniqueConstraint(fields=["world", "code"], name="sensing_station_code")]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """A login at the broker and at the HTTP door. The secret is long and random, so one SHA-256 keeps it."""

    user = models.CharField("登录名", primary_key=True, max_length=60)
    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="devices")
    secret_sha256 = models.CharField(max_length=64, blank=True)
    issued_at = models.DateTimeField("签发", null=True)
    is_active = models.BooleanField("可用", default=True)


class Datastream(InWorld):
    """One quantity at one station, in the unit of its sensor kind. Small integer keys for the hot path."""

    id = models.BigAutoField(primary_key=True)  # type: ignore[assignment]  # the stubs take the inherited key for final
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="datastreams")
    kind = models.CharField("传感器类别", max_length=40, help_text="catalog/sensors")
    topic = models.CharField("主题", max_length=120, unique=True)
    unit = models.CharField("单位", max_length=20)
    period_s = models.PositiveIntegerField("周期秒", default=60)
    speed = models.FloatField("回放倍速", default=1.0)
    replay_until = models.DateTimeField("回放至", null=True, blank=True)
    ladder = models.JSONField("分级阈值", default=dict, blank=True, help_text="watch、blue…red、margin、up_hold_s …")
    ladder_basis = models.JSONField("阈值依据", default=dict, blank=True)
    limits = models.JSONField("合理范围", default=dict, blank=True, help_text="覆盖类别的默认值")
    is_active = models.BooleanField("在用", default=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        verbose_name = "数据流"
        constraints = [
            models.UniqueConstraint(fields=["station", "kind"], name="sensing_stream_kind"),
            models.CheckConstraint(name="sensing_stream_speed", condition=Q(speed__gte=1)),
        ]

    def __str__(self) -> str:
        return self.topic


class Observation(models.Model):
    """One value that a device reported for one moment. The key makes a redelivered reading change nothing;
    a different value for the same moment is kept beside the first and flagged. World: through the datastream."""

    pk = models.CompositePrimaryKey("datastream", "at", "value")
    datastream = models.ForeignKey(Datastream, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    at = models.DateTimeField("现象时间")
    value = models.FloatField("值")
    received_at = models.DateTimeField("收到")
    flags = models.SmallIntegerField("质量标志", default=0)
    detail = models.FloatField("标志依据值", default=0.0)

    class Meta:
        verbose_name = "观测值"


class KeptDay(models.Model):
    """One past day of one stream as few points (science.series.thin.condense), so that a year is drawn from 365 rows
    and not from half a million. Derived: a reading that comes late deletes its day, the next look makes it again."""

    pk = models.CompositePrimaryKey("datastream", "day")
    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, db_index=False, related_name="+")
    day = models.DateField("日（UTC）")
    gap_us = models.BigIntegerField("断数界限", help_text="按它认定断数；周期改了就重做")
    of = models.IntegerField("读数")
    refused = models.IntegerField("未采用")
    rows = models.BinaryField("留下的点", help_text="小端 int64 微秒、float64 值、int16 标志")
    gaps = models.BinaryField("断数", help_text="小端 int64 微秒，成对")

    class Meta:
        verbose_name = "过程线日摘要"


class CurrentValue(models.Model):
    """One row a datastream: what is known now. `memory` is the series' state between batches (science.series.batch)."""

    datastream = models.OneToOneField(Datastream, on_delete=models.CASCADE, primary_key=True, related_name="current")
    at = models.DateTimeField("最新读数时间", null=True)
    value = models.FloatField("最新读数", null=True)
    flags = models.SmallIntegerField(default=0)
    detail = models.FloatField(default=0.0)
    received_at = models.DateTimeField("收到", null=True)
    good_at = models.DateTimeField("最新可信读数时间", null=True)
    good_value = models.FloatField("最新可信读数", null=True)
    level = models.SmallIntegerField("级别", default=0, choices=LEVEL_CHOICES)
    level_since = models.DateTimeField(null=True)
    watched = models.BooleanField("关注", default=False)
    correlation = models.UUIDField("链号", null=True)
    memory = models.BinaryField(null=True)
    memory_version = models.SmallIntegerField(default=0)


class CourseWorld(models.Model):
    """One row a world, locked by whoever checks its courses or changes what they remember."""

    world = models.OneToOneField(World, on_delete=models.CASCADE, primary_key=True, related_name="+")
    streams = models.CharField("数据流版本", max_length=80, blank=True, help_text="变了就重选邻站")


class Course(models.Model):
    """How far the course of one stream is checked, what its checks remember, and what is doubted of it now.

    A doubt opens with a reading (`drift_at`, `shift_at`) and pages say so from `doubted_at` on (doubts.py); nobody is
    called for it. settled_at: when the last one ended.
    """

    datastream = models.OneToOneField(Datastream, on_delete=models.CASCADE, primary_key=True, related_name="course")
    upto = models.DateTimeField("已核到", null=True)
    taught = models.CharField("所学口径", max_length=60, blank=True, help_text="版本、周期、倍速；变了就重新学")
    kept = models.BinaryField(null=True, help_text="science.series.kept")
    near = ArrayField(models.BigIntegerField(), verbose_name="邻站", default=list)
    drift_at = models.DateTimeField("漂移起", null=True)
    shift_at = models.DateTimeField("水平改变", null=True)
    shift_from = models.FloatField("改变前", default=0.0)
    shift_size = models.FloatField("改变量", default=0.0)
    shift_alone = models.BooleanField("邻站未见", default=False)
    doubted_at = models.DateTimeField("存疑起", null=True)
    settled_at = models.DateTimeField("存疑止", null=True)

    class Meta:
        verbose_name = "走势核对"
        indexes = [
            models.Index(fields=["doubted_at"], name="sensing_course_doubted", condition=Q(doubted_at__isnull=False))
        ]


class CourseMark(models.Model):
    """What the checks remarked of one reading. It refuses no reading and moves no ladder."""

    pk = models.CompositePrimaryKey("datastream", "at")
    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, db_index=False, related_name="+")
    at = models.DateTimeField("现象时间")
    marks = models.SmallIntegerField("走势标记", help_text="science.series.marks")
    far = models.FloatField("偏离", help_text="离散度的倍数；漂移为累计和")

    class Meta:
        verbose_name = "走势标记"
        indexes = [models.Index(fields=["at"], name="sensing_coursemark_at")]


class RejectedMessage(models.Model):
    """A message that could not become readings: kept with the reason, as far as it is not absurdly long."""

    world = models.ForeignKey(World, on_delete=models.PROTECT, related_name="+")
    datastream = models.ForeignKey(Datastream, on_delete=models.PROTECT, null=True, related_name="rejected")
    topic = models.CharField("主题", max_length=200)
    code = models.CharField("原因码", max_length=80)
    facts = models.JSONField("原因", default=dict)
    payload = models.BinaryField("报文（节选）")
    size = models.PositiveIntegerField("字节")
    received_at = models.DateTimeField("收到")
    digest = models.BinaryField(max_length=32, unique=True, help_text="主题、收到时刻与全文的 SHA-256：重投不重复")

    class Meta:
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["datastream", "-received_at"], name="sensing_rejected_stream")]
