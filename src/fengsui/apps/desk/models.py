"""What a person keeps of the map, and maps on paper."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fengsui.apps.desk.rules import PRINT_STATES
from fengsui.core.models import InWorld


class MapChoice(models.Model):
    """The layers a person had on when he last changed them; the same at every desk he sits at."""

    person_id = models.UUIDField(primary_key=True)
    layers = ArrayField(models.CharField(max_length=40), default=list)
    changed_at = models.DateTimeField()


class MapPrint(InWorld):
    """One map on paper, made by a job; whoever asked for it fetches it. Gone after a day."""

    person_id = models.UUIDField()
    asked = models.JSONField("图面")
    paper = models.CharField(max_length=2)
    status = models.CharField(max_length=8, choices=PRINT_STATES.choices, default="waiting")
    asked_at = models.DateTimeField()
    pdf = models.BinaryField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "地图打印"
        indexes = [models.Index(fields=["asked_at"], name="desk_mapprint_age")]
