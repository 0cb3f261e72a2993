"""Areas and places of the district. Master data: the same in every world."""

from __future__ import annotations

import uuid

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.fields import ArrayField

from fengsui.apps.people.models import PROVENANCE
from fengsui.apps.places.rules import PLACE_KINDS


class Area(models.Model):
    """A division by its GB/T 2260 code (district 6, street 9, community 12 digits)."""

    code = models.CharField("区划代码", primary_key=True, max_length=12)
    scheme = models.CharField("编码方案", max_length=20)
    name = models.CharField("名称", max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    kind = models.CharField("类别", max_length=20)
    jurisdiction = models.CharField("管辖", max_length=20, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    population = models.PositiveIntegerField("人口", null=True)
    centre = models.PointField("中心", srid=4326, null=True)
    call_order = ArrayField(models.CharField(max_length=60), verbose_name="叫应顺序", default=list, blank=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE)
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name = "区域"

    def __str__(self) -> str:
        return self.name


class Place(models.Model):
    """Any place that something can happen at or be sent to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField("代码", max_length=40, unique=True)
    kind = models.CharField("类别", max_length=24, choices=PLACE_KINDS.choices)
    name = models.CharField("名称", max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="places", verbose_name="区域")
    jurisdiction = models.CharField("管辖", max_length=20, blank=True)
    location = models.PointField("位置", srid=4326)
    location_3857 = models.GeneratedField(
        expression=Transform("location", 3857), output_field=models.PointField(srid=3857), db_persist=True
    )
    call_order = ArrayField(models.CharField(max_length=60), verbose_name="叫应顺序", default=list, blank=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE)
    source = models.CharField("来源", max_length=300, blank=True)
    retired_at = models.DateTimeField("停用", null=True, blank=True)

    class Meta:
        ordering = ["code"]
        indexes = [models.Index(fields=["kind", "code"], name="places_kind")]
        verbose_name = "地点"

    def __str__(self) -> str:
        return self.name


class WaterloggingPoint(models.Model):
    """一点一策: depths of each line, who stands where, what is closed, how traffic goes round."""

    place = models.OneToOneField(Place, on_delete=models.CASCADE, primary_key=True, related_name="waterlogging")
    form = models.CharField("形态", max_length=20, help_text="underpass、road、culvert")
    ladder_m = models.JSONField("分级水深 m", help_text="watch、blue、yellow、orange、red")
    ladder_basis = models.JSONField("分级依据", default=dict)
    hold_s = models.PositiveIntegerField("持续秒", default=120)
    hysteresis_m = models.FloatField("回差 m", default=0.02)
    step_down_s = models.PositiveIntegerField("降级持续秒", default=900)
    catchment_ha = models.FloatField("汇水面积 ha", null=True)
    installed_pump_m3h = models.FloatField("固定泵 m³/h", default=0)
    clearance_m = models.FloatField("净空 m", null=True)
    closure = models.LineStringField("封控线", srid=4326)
    barriers = models.JSONField("封控口", default=list)
    detour = models.TextField("绕行", blank=True)
    detour_en = models.TextField(blank=True)
    policy = models.JSONField("一点一策", default=dict, help_text="pump_m3h、people、measures、barriers、signs")
    posts = models.JSONField("责任岗位", default=dict, help_text="岗位代码：leader、street、community 等")


class Shelter(models.Model):
    """应急避难场所 with the capacity its class gives."""

    place = models.OneToOneField(Place, on_delete=models.CASCADE, primary_key=True, related_name="shelter")
    grade = models.CharField("类别", max_length=24)
    area_m2 = models.FloatField("有效面积 m²")
    m2_per_person = models.FloatField("人均 m²")
    open_days = models.PositiveSmallIntegerField("最长开放天")
    capacity = models.PositiveIntegerField("可容纳人数")
