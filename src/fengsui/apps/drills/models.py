"""Exercises. An exercise's own row belongs to the live world: there it is planned, joined and ended.

What happens in it belongs to the world `inside`.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from fengsui.apps.drills.rules import NAME, STATES
from fengsui.apps.people.models import Person, Post
from fengsui.core.models import InWorld, World


class Exercise(InWorld):
    """One exercise and its scenario: a measured series, laid over doubles of the live stations."""

    inside = models.OneToOneField(World, on_delete=models.PROTECT, related_name="exercise", verbose_name="演练世界")
    name = models.CharField("名称", max_length=NAME)
    status = models.CharField("状态", max_length=10, choices=STATES.choices, default="planned")
    series = models.CharField("序列", max_length=80)
    speed = models.FloatField("回放倍速")
    from_h = models.FloatField("从第几小时", default=0)
    to_h = models.FloatField("到第几小时", null=True)
    planned_by = models.UUIDField(null=True)
    planned_at = models.DateTimeField("策划")
    started_by = models.UUIDField(null=True)
    started_at = models.DateTimeField("开始", null=True)
    ended_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField("结束", null=True)
    reason = models.CharField("理由", max_length=300, blank=True)
    readings = models.PositiveIntegerField("读数", default=0, help_text="情景共有多少读数")
    played = models.PositiveIntegerField("已发", default=0, help_text="消息服务器已确认的读数")
    outcome = models.JSONField("结束时了结", default=dict)

    class Meta:
        ordering = ["-planned_at"]
        verbose_name = "演练"
        constraints = [
            models.CheckConstraint(
                name="drills_running_has_start", condition=~Q(status="running") | Q(started_at__isnull=False)
            ),
            models.CheckConstraint(
                name="drills_ended_says_why", condition=~Q(status="ended") | (Q(ended_at__isnull=False) & ~Q(reason=""))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """A post that takes part: whoever holds it may come in while the exercise runs."""

    exercise = models.ForeignKey(Exercise, on_delete=models.CASCADE, related_name="seats")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", verbose_name="岗位")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exercise", "post"], name="drills_seat_once")]


class Presence(models.Model):
    """Who was in it, from when to when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exercise = models.ForeignKey(Exercise, on_delete=models.PROTECT, related_name="presences")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="人员")
    since = models.DateTimeField("进入")
    until = models.DateTimeField("离开", null=True)

    class Meta:
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["exercise", "person"], condition=Q(until__isnull=True), name="drills_in_it_once"
            ),
            models.CheckConstraint(
                name="drills_presence_time", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]
