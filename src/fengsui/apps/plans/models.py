"""Response plans as programs: the body is data, checked when loaded, frozen once in force."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from fengsui.apps.people.models import PROVENANCE


class PlanVersion(models.Model):
    """One version of one plan. A new version is a new row; activations keep the version they ran on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField("预案代码", max_length=40)
    version = models.CharField("版本", max_length=20)
    name = models.CharField("名称", max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    hazard = models.CharField("灾种", max_length=40)
    body = models.JSONField("内容")
    sha256 = models.CharField(max_length=64)
    in_force = models.BooleanField("现行", default=True)
    loaded_at = models.DateTimeField("载入", auto_now_add=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE)
    source = models.CharField("来源", max_length=300, blank=True)

    class Meta:
        ordering = ["code", "-loaded_at"]
        verbose_name = "应急预案"
        constraints = [
            models.UniqueConstraint(fields=["code", "sha256"], name="plans_one_text_once"),
            models.UniqueConstraint(fields=["code"], condition=Q(in_force=True), name="plans_one_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
