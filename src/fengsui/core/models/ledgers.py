"""Sheets on their way into a register, and when each register last changed."""

from __future__ import annotations

from django.db import models

from fengsui.core.models.worlds import InWorld


class LedgerImport(InWorld):
    """A sheet as it was uploaded, what was found in it, and what became of it. The bytes go when it is over.

    `seen` is the digest of what the preview showed: if the register changed meanwhile, the preview is made anew.
    """

    STATES = [
        ("checking", "检查中"), ("checked", "待接收"), ("refused", "不能用"), ("taking", "接收中"), ("taken", "已接收"),
        ("withdrawn", "已作废"), ("failed", "未完成"),
    ]  # fmt: skip

    register = models.CharField("台账", max_length=40)
    file_name = models.CharField("文件", max_length=200)
    body = models.BinaryField("内容", null=True)
    size = models.PositiveIntegerField("字节")
    state = models.CharField("状态", max_length=10, choices=STATES, default="checking")
    person_id = models.UUIDField("上传人")
    posts = models.JSONField(default=list)
    correlation = models.UUIDField("链号")
    uploaded_at = models.DateTimeField("上传")
    checked_at = models.DateTimeField("检查", null=True)
    ended_at = models.DateTimeField("结束", null=True)
    found = models.JSONField("所见", default=dict, help_text="fresh、changed、same、wrong、remarks、ignored …")
    faults = models.JSONField("问题", default=list, help_text="[row, column, code, facts]，最多 500 条")
    sample = models.JSONField("变动样例", default=list)
    seen = models.CharField(max_length=64, blank=True)
    chosen = models.JSONField("所选", default=dict, help_text="fresh、changed、skip_wrong")
    done = models.PositiveIntegerField("已接收行", default=0)
    total = models.PositiveIntegerField("应接收行", default=0)

    class Meta:
        verbose_name = "台账导入"
        indexes = [models.Index(fields=["world", "register", "-uploaded_at"], name="core_ledgerimport_list")]


class LedgerState(models.Model):
    """When a register last changed, in one world."""

    register = models.CharField("台账", max_length=40)
    world = models.ForeignKey("core.World", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField("变动")
    person_id = models.UUIDField(null=True)
    rows = models.PositiveIntegerField("行")

    class Meta:
        verbose_name = "台账更新"
        constraints = [models.UniqueConstraint(fields=["register", "world"], name="core_ledgerstate_once")]
