"""A library and its scenarios. What was computed stays when a job dies, and is not computed again."""

from __future__ import annotations

from django.db import models

from fengsui.apps.forecasts.scenarios.axes import SCENARIO_STATES, STATES
from fengsui.apps.places.models import Place
from fengsui.core.models import InWorld


class ScenarioLibrary(InWorld):
    """Many questions about one square that differ on a few axes."""

    title = models.CharField("名称", max_length=120)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="点位")
    base = models.JSONField("共同所问", help_text="与积水推演的所问相同，轴上的值不在其内")
    axes = models.JSONField("轴", help_text="rain、pumps、gates、standing_m -> 各自的取值")
    ground = models.CharField("同一地面", max_length=64, help_text="可以相互比较的情景此值相同")
    asked_by = models.UUIDField("谁建的", null=True)
    asked_at = models.DateTimeField("何时建的")
    status = models.CharField("状态", max_length=8, choices=STATES.choices, default="waiting")
    total = models.PositiveIntegerField("情景数")
    ended_at = models.DateTimeField("算完", null=True)
    reason = models.CharField("缘由", max_length=300, blank=True)
    error = models.JSONField("内插误差", default=dict, help_text="逐个留出所测：inside、all、nearest_*、is_better")
    reduced = models.BinaryField("内插用的水深型", null=True)
    correlation = models.UUIDField("链号")

    class Meta:
        verbose_name = "情景库"
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["world", "ground"], name="forecasts_library_ground"),
            models.Index(fields=["world", "-asked_at"], name="forecasts_library_newest"),
        ]


class Scenario(models.Model):
    """One question of a library, and its answer. World: through the library."""

    library = models.ForeignKey(ScenarioLibrary, on_delete=models.CASCADE, related_name="scenarios")
    n = models.PositiveIntegerField("序号")
    asked = models.JSONField("所问")
    point = models.JSONField("位置", help_text="总雨量毫米、泵站份额、闸门关、起始积水米")
    status = models.CharField("状态", max_length=8, choices=SCENARIO_STATES.choices, default="waiting")
    reason = models.CharField("缘由", max_length=300, blank=True)
    answer = models.JSONField("结果", default=dict, help_text="box、shape、places、cuts、flooded_m2、inputs、took_s")
    depth = models.BinaryField("最大水深", null=True, help_text="毫米，uint16，zlib")
    picture = models.BinaryField("最大水深图", null=True)

    class Meta:
        verbose_name = "情景"
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["library", "n"], name="forecasts_scenario_once")]
