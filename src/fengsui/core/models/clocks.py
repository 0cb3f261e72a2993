"""Every deadline anywhere is one row here (时限)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from fengsui.core.models.worlds import InWorld
from fengsui.kernel.clock import STATES


class ClockRuleRow(models.Model):
    """The rule in force for one kind, loaded from the district; its ground is shown beside every clock."""

    kind = models.CharField(primary_key=True, max_length=60)
    limit_s = models.PositiveIntegerField("时限秒")
    calendar = models.CharField("日历", max_length=8, default="always")
    ladder = models.JSONField("升级阶梯", default=list)
    default_after_s = models.IntegerField("默认处理", null=True)
    source = models.CharField("依据", max_length=300, blank=True)
    basis = models.CharField("依据性质", max_length=1, default="U")
    note = models.CharField("说明", max_length=300, blank=True)


class Clock(InWorld):
    """Subject, verb owed, owner (post, then person), started, due, proof on closing.

    `slot` tells several clocks of one kind on one subject apart (one per person called).
    Owners are keys of `people` without a foreign key: core lies below the apps.
    """

    kind = models.CharField("种类", max_length=60)
    slot = models.CharField(max_length=60, blank=True)
    about_type = models.CharField(max_length=60)
    about_id = models.CharField(max_length=60)
    label = models.CharField("事由", max_length=200)
    url = models.CharField("页面", max_length=200, blank=True)
    owner_post = models.UUIDField("责任岗位", null=True)
    owner_person = models.UUIDField("责任人", null=True)
    owner_role = models.CharField("责任角色", max_length=40, blank=True)
    heard_roles = ArrayField(models.CharField(max_length=40), verbose_name="已升级到", default=list)
    correlation = models.UUIDField("链号")
    state = models.CharField("状态", max_length=10, choices=STATES.choices, default="running")
    started_at = models.DateTimeField("开始")
    due_at = models.DateTimeField("到时")
    limit_s = models.PositiveIntegerField("时限秒")
    calendar = models.CharField("日历", max_length=8, default="always")
    ladder = models.JSONField("升级阶梯", default=list)
    default_after_s = models.IntegerField(null=True)
    rungs_fired = models.PositiveSmallIntegerField(default=0)
    next_fire_at = models.DateTimeField(null=True)
    left_s = models.FloatField("暂停时余秒", null=True)
    closed_at = models.DateTimeField("办结", null=True)
    closed_by = models.UUIDField("办结人", null=True)
    proof = models.JSONField("凭据", default=dict)
    source = models.CharField("依据", max_length=300, blank=True)
    basis = models.CharField(max_length=1, default="U")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["about_type", "about_id", "kind", "slot"],
                condition=Q(state__in=["running", "paused"]),
                name="core_clock_one_open",
            ),
            models.CheckConstraint(
                name="core_clock_has_owner",
                condition=Q(owner_post__isnull=False) | Q(owner_person__isnull=False) | ~Q(owner_role=""),
            ),
        ]
        indexes = [
            models.Index(fields=["next_fire_at"], condition=Q(state="running"), name="core_clock_fire"),
            models.Index(
                fields=["world", "due_at"], condition=Q(state__in=["running", "paused"]), name="core_clock_open"
            ),
            models.Index(fields=["world", "due_at", "id"], name="core_clock_due"),
            models.Index(
                fields=["closed_by", "closed_at"], condition=Q(closed_by__isnull=False), name="core_clock_closed"
            ),
            models.Index(fields=["about_type", "about_id"], name="core_clock_about"),
            models.Index(fields=["correlation"], name="core_clock_chain"),
            models.Index(fields=["owner_person", "state"], name="core_clock_person"),
            models.Index(fields=["owner_post", "state"], name="core_clock_post"),
        ]


class ClockPause(models.Model):
    """Why a clock stood still, from when to when."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="pauses")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField("理由", max_length=300)
    by_person = models.UUIDField(null=True)


class ClockFiring(models.Model):
    """One row per clock and rung: two engines at once cannot fire the same escalation twice."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="firings")
    rung = models.SmallIntegerField(help_text="-1: the default action")
    at = models.DateTimeField()
    to_role = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock", "rung"], name="core_firing_once")]
