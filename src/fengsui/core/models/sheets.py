"""How people look at registers, and what each of them did there: saved views, steps that can be taken back."""

from __future__ import annotations

from uuid import uuid4

from django.db import models

from fengsui.core.models.worlds import InWorld


class LedgerView(models.Model):
    """A list's question under a name: filters, order, columns as the address holds them. The same in every world."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    register = models.CharField("台账", max_length=40)
    name = models.CharField("名称", max_length=40)
    query = models.TextField("地址")
    person_id = models.UUIDField("谁的")
    org_id = models.UUIDField("给哪个单位", null=True)
    everyone = models.BooleanField("给所有人", default=False)
    changed_at = models.DateTimeField("改动")

    class Meta:
        verbose_name = "台账视图"
        indexes = [models.Index(fields=["register", "person_id"], name="core_ledgerview_list")]


class LedgerChosen(models.Model):
    """The view that a register opens with, for one person."""

    register = models.CharField("台账", max_length=40)
    person_id = models.UUIDField("谁")
    view = models.ForeignKey(LedgerView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "台账默认视图"
        constraints = [models.UniqueConstraint(fields=["register", "person_id"], name="core_ledgerchosen_once")]


class LedgerStep(InWorld):
    """One act of one person in one register, be it a cell or a hundred thousand rows: previewed, done, taken back.

    Its key is the correlation of all that it recorded: the audit rows themselves say what to set back.
    `asked` says which rows and what; `seen` is the digest of what the preview showed.
    """

    STATES = [
        ("checking", "检查中"), ("checked", "待办"), ("refused", "不能办"), ("doing", "办理中"), ("done", "已办"),
        ("undoing", "撤销中"), ("undone", "已撤销"), ("withdrawn", "已作废"),
    ]  # fmt: skip
    KINDS = [
        ("cell", "改一格"), ("form", "改一行"), ("set", "批量改"), ("retire", "批量停用"), ("restore", "批量恢复"),
        ("sheet", "导入"), ("undo", "撤销"), ("redo", "再改"),
    ]  # fmt: skip

    register = models.CharField("台账", max_length=40)
    kind = models.CharField("做什么", max_length=10, choices=KINDS)
    state = models.CharField("状态", max_length=10, choices=STATES, default="done")
    person_id = models.UUIDField("谁")
    at = models.DateTimeField("时间")
    asked = models.JSONField("所求", default=dict)
    found = models.JSONField("所见", default=dict)
    faults = models.JSONField("不能改的", default=list)
    sample = models.JSONField("样例", default=list)
    seen = models.CharField(max_length=64, blank=True)
    total = models.PositiveIntegerField("应办行", default=0)
    done = models.PositiveIntegerField("已办行", default=0)
    left = models.PositiveIntegerField("没动的行", default=0)
    ended_at = models.DateTimeField("结束", null=True)
    undoes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = "台账操作"
        indexes = [models.Index(fields=["person_id", "register", "-at"], name="core_ledgerstep_last")]
