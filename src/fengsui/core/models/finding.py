"""The index of everything that can be found: one row for each thing, whatever its app."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.db import models


class FindRow(models.Model):
    """What a thing is called and where it leads. A copy: the app's own rows decide who may see it."""

    kind = models.CharField("种类", max_length=48, help_text="core.find.registry.Findable.code")
    key = models.CharField("主键", max_length=64)
    world = models.ForeignKey(
        "core.World", on_delete=models.CASCADE, null=True, related_name="+", help_text="空为各世界共有的主数据"
    )
    title = models.CharField("名称", max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    detail = models.CharField("说明", max_length=240, blank=True)
    detail_en = models.CharField(max_length=240, blank=True)
    url = models.CharField("去处", max_length=200)
    is_open = models.BooleanField("未了", default=False)
    words = models.TextField("写法", help_text="core.find.spelling.written")

    class Meta:
        verbose_name = "查找索引"
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="core_find_once")]
        indexes = [GinIndex(fields=["words"], name="core_find_words", opclasses=["gin_trgm_ops"])]


class FindWord(models.Model):
    """A word of some row of the index: what a slip is compared with, instead of every row. May stand there twice."""

    word = models.TextField("词", help_text="core.find.spelling.runs")

    class Meta:
        verbose_name = "查找词典"
        indexes = [
            HashIndex(fields=["word"], name="core_findword_word"),
            GinIndex(fields=["word"], name="core_findword_like", opclasses=["gin_trgm_ops"], fastupdate=False),
        ]
