"""Teams, depots and their stock. Master data; who is committed where belongs to `command`."""

from __future__ import annotations

import uuid

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.fields import ArrayField

from fengsui.apps.people.models import PROVENANCE, Organisation, Post
from fengsui.apps.places.models import Place
from fengsui.apps.resources.rules import READINESS, TEAM_LEVELS


class Team(models.Model):
    """A rescue team: people, skills, equipment, base, minutes to assemble."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField("代码", max_length=20, unique=True)
    org = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="team", verbose_name="单位")
    leader_post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", verbose_name="队长岗位")
    name = models.CharField("名称", max_length=120)
    kind = models.CharField("类型", max_length=40)
    level = models.CharField("层级", max_length=12, choices=TEAM_LEVELS.choices)
    jurisdiction = models.CharField("管辖", max_length=20, blank=True)
    area_code = models.CharField("驻地区划", max_length=12, blank=True)
    base = models.PointField("驻地", srid=4326)
    base_3857 = models.GeneratedField(
        expression=Transform("base", 3857), output_field=models.PointField(srid=3857), db_persist=True
    )
    people = models.PositiveIntegerField("人数")
    assembly_min = models.PositiveSmallIntegerField("集结分钟")
    skills = ArrayField(models.CharField(max_length=30), verbose_name="技能", default=list)
    equipment = models.JSONField("装备", default=list, help_text="[{kind, size, count}]")
    pump_m3h = models.FloatField("移动泵能力 m³/h", default=0)
    readiness = models.CharField("在位状态", max_length=12, choices=READINESS.choices, default="ready")
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE)
    retired_at = models.DateTimeField("停用", null=True, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name = "救援队伍"

    def __str__(self) -> str:
        return self.name


class Depot(models.Model):
    """应急物资储备库."""

    place = models.OneToOneField(Place, on_delete=models.CASCADE, primary_key=True, related_name="depot")
    keeper_post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, related_name="+")
    floor_m2 = models.FloatField("建筑面积 m²")


class StockItem(models.Model):
    """What a depot holds."""

    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, related_name="stock")
    item = models.CharField("物资代码", max_length=40)
    name = models.CharField("名称", max_length=80)
    unit = models.CharField("单位", max_length=10)
    count = models.PositiveIntegerField("数量")
    category = models.CharField("类别", max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["depot", "item"], name="resources_item_once")]
