"""Who asked for a gauge to be learned anew, and what came of it."""

from __future__ import annotations

from django.db import models

from fengsui.apps.forecasts.rules import LESSON_ANSWERS
from fengsui.apps.sensing.models import Datastream
from fengsui.core.models import InWorld


class LessonAsk(InWorld):
    """The newest of each gauge: waits until `began_at`, is answered at `ended_at`. The record keeps earlier ones."""

    datastream = models.OneToOneField(Datastream, on_delete=models.CASCADE, related_name="lesson_ask")
    asked_at = models.DateTimeField("何时要的")
    began_at = models.DateTimeField("开始", null=True)
    ended_at = models.DateTimeField("结束", null=True)
    answer = models.CharField("结果", max_length=8, choices=LESSON_ANSWERS.choices, blank=True)
    correlation = models.UUIDField("链号")

    class Meta:
        verbose_name = "重新学习"
