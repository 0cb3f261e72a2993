"""Warnings, the bulletins that left the house, their deliveries and the people called."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from fengsui.apps.alerts.mass_rules import BATCH_STATES
from fengsui.apps.alerts.rules import CALL_STATES, DELIVERY_STATES, KINDS, MACHINE, STATUSES
from fengsui.apps.people.models import PROVENANCE
from fengsui.apps.places.models import Place
from fengsui.core.models import InWorld
from fengsui.kernel.levels import LEVELS, Level

LEVEL_CHOICES = [(int(Level.of(code)), LEVELS.zh(code)) for code in LEVELS]


class Issuer(models.Model):
    """Who signs for a jurisdiction. `code` is assigned by the warning release centre; ours only shows the pattern."""

    jurisdiction = models.CharField("管辖", primary_key=True, max_length=20)
    code = models.CharField("发布单位代码", max_length=14)
    name = models.CharField("发布单位", max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    contact = models.CharField("联系", max_length=120, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE, default="illustrative")


class Outlet(models.Model):
    """A way out of the house. Addresses and secrets that are not in the district's files come from the environment."""

    code = models.CharField("代码", primary_key=True, max_length=40)
    channel = models.CharField("渠道", max_length=20, help_text="catalog/channels")
    name = models.CharField("名称", max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    audience = models.CharField("对象", max_length=120, blank=True)
    areas = ArrayField(models.CharField(max_length=12), verbose_name="覆盖区域", default=list, blank=True)
    min_level = models.SmallIntegerField("起发级别", choices=LEVEL_CHOICES, default=1)
    address = models.JSONField("地址", default=dict, help_text="to、topic、env")
    people = models.PositiveIntegerField("覆盖人数", default=0)
    instead = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="失败时改用"
    )
    is_active = models.BooleanField("可用", default=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE, default="illustrative")

    class Meta:
        ordering = ["code"]
        verbose_name = "渠道"

    def __str__(self) -> str:
        return self.name


class Warning(InWorld):
    """One warning per place and hazard while it is open. `level` is what is proposed, `level_in_force` what was issued.

    `signals` holds, per stream or forecast, the level it stands at and since when: jobs may run out of order.
    """

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="warnings", verbose_name="地点")
    jurisdiction = models.CharField("管辖", max_length=20, blank=True)
    hazard = models.CharField("灾种", max_length=40)
    level = models.SmallIntegerField("拟发级别", choices=LEVEL_CHOICES)
    level_in_force = models.SmallIntegerField("生效级别", choices=LEVEL_CHOICES, default=0)
    level_suggested = models.SmallIntegerField("规则建议", choices=LEVEL_CHOICES, default=0)
    status = models.CharField("状态", max_length=10, choices=STATUSES.choices, default=MACHINE.initial)
    trigger = models.CharField("起因", max_length=10, help_text="observed、forecast、report")
    version = models.PositiveSmallIntegerField("稿次", default=1)
    description = models.TextField("警示", blank=True)
    description_en = models.TextField(blank=True)
    instruction = models.TextField("措施", blank=True)
    instruction_en = models.TextField(blank=True)
    onset_at = models.DateTimeField("起始", null=True)
    signals = models.JSONField(default=dict)
    evidence = models.JSONField("证据", default=list)
    speed = models.FloatField("回放倍速", default=1.0)
    correlation = models.UUIDField("链号")
    drafted_at = models.DateTimeField("拟稿")
    drafted_by = models.UUIDField(null=True)
    confirmed_at = models.DateTimeField("核定", null=True)
    confirmed_by = models.UUIDField(null=True)
    issued_at = models.DateTimeField("首次签发", null=True)
    issued_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField("终结", null=True)
    ended_by = models.UUIDField(null=True)
    reason = models.CharField("理由", max_length=500, blank=True)

    class Meta:
        verbose_name = "预警"
        constraints = [
            models.UniqueConstraint(
                fields=["world", "place", "hazard"],
                condition=Q(status__in=MACHINE.open_states),
                name="alerts_warning_one_open",
            ),
            models.CheckConstraint(name="alerts_warning_has_level", condition=Q(level__gte=1, level__lte=4)),
        ]
        indexes = [
            models.Index(fields=["world", "status", "-drafted_at"], name="alerts_warning_queue"),
            models.Index(fields=["world", "-drafted_at"], name="alerts_warning_history"),
            models.Index(fields=["correlation"], name="alerts_warning_chain"),
        ]

    def __str__(self) -> str:
        return f"{self.place_id} {self.hazard}"


class Bulletin(InWorld):
    """Frozen; the database refuses UPDATE and DELETE. An update is a new row that references the earlier ones."""

    warning = models.ForeignKey(Warning, on_delete=models.PROTECT, related_name="bulletins")
    sequence = models.PositiveSmallIntegerField("序号")
    kind = models.CharField("性质", max_length=10, choices=KINDS.choices)
    number = models.CharField("文号", max_length=40)
    identifier = models.CharField("CAP 标识", max_length=40, unique=True)
    sender = models.CharField("发布单位代码", max_length=14)
    sender_name = models.CharField("发布单位", max_length=120)
    status = models.CharField("CAP 状态", max_length=10)
    msg_type = models.CharField(max_length=10)
    references = models.TextField("引用", blank=True)
    level = models.SmallIntegerField("级别", choices=LEVEL_CHOICES)
    level_before = models.SmallIntegerField("原级别", choices=LEVEL_CHOICES, default=0)
    hazard = models.CharField("灾种", max_length=40)
    place_code = models.CharField("地点代码", max_length=40)
    place_name = models.CharField("地点", max_length=120)
    area_code = models.CharField("区划代码", max_length=12)
    headline = models.CharField("标题", max_length=300)
    headline_en = models.CharField(max_length=300)
    sent_text = models.JSONField("正文", help_text="zh、en：description、instruction、area")
    sent_xml = models.BinaryField("CAP 1.2")
    sha256 = models.CharField(max_length=64)
    sent_at = models.DateTimeField("发布时间")
    expires_at = models.DateTimeField("失效时间")
    confirmed_by = models.UUIDField(null=True)
    issued_by = models.UUIDField()
    correlation = models.UUIDField("链号")

    class Meta:
        verbose_name = "预警公告"
        constraints = [
            models.UniqueConstraint(fields=["warning", "sequence"], name="alerts_bulletin_sequence"),
            models.UniqueConstraint(fields=["world", "number"], name="alerts_bulletin_number"),
        ]
        indexes = [
            models.Index(fields=["world", "-sent_at"], name="alerts_bulletin_sent"),
            models.Index(fields=["correlation"], name="alerts_bulletin_chain"),
        ]

    def __str__(self) -> str:
        return self.identifier


class Call(InWorld):
    """叫应: one name of one line for one bulletin, in order."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="calls")
    line = models.CharField("线", max_length=12)
    turn = models.PositiveSmallIntegerField("次序")
    person_id = models.UUIDField("责任人")
    name = models.CharField("姓名", max_length=60)
    post_id = models.UUIDField("岗位", null=True)
    title = models.CharField("岗位", max_length=120)
    org_name = models.CharField("单位", max_length=120)
    state = models.CharField("状态", max_length=10, choices=CALL_STATES.choices, default="waiting")
    called_at = models.DateTimeField("叫", null=True)
    passed_at = models.DateTimeField("转下一人", null=True)
    acknowledged_at = models.DateTimeField("应答", null=True)
    acknowledged_by = models.UUIDField("记录人", null=True)
    made_at = models.DateTimeField("按下", null=True, help_text="没有网络时按下、后来才收到的")
    note = models.CharField("备注", max_length=300, blank=True)

    class Meta:
        ordering = ["line", "turn"]
        verbose_name = "叫应"
        constraints = [
            models.UniqueConstraint(fields=["bulletin", "line", "turn"], name="alerts_call_turn"),
            models.UniqueConstraint(fields=["bulletin", "person_id"], name="alerts_call_person"),
        ]
        indexes = [models.Index(fields=["person_id", "state"], name="alerts_call_mine")]


class Delivery(InWorld):
    """One bulletin by one outlet, or to one called person by mail."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="deliveries")
    outlet = models.ForeignKey(Outlet, on_delete=models.PROTECT, related_name="deliveries")
    call = models.ForeignKey(Call, on_delete=models.PROTECT, null=True, related_name="deliveries")
    state = models.CharField("状态", max_length=12, choices=DELIVERY_STATES.choices, default="pending")
    attempts_made = models.PositiveSmallIntegerField("次数", default=0)
    created_at = models.DateTimeField("生成")
    next_try_at = models.DateTimeField("下次", null=True)
    done_at = models.DateTimeField("了结", null=True)
    receipt = models.JSONField("回执", default=dict)
    reason = models.CharField("原因", max_length=300, blank=True)

    class Meta:
        verbose_name = "送达"
        constraints = [
            models.UniqueConstraint(
                fields=["bulletin", "outlet", "call"], nulls_distinct=False, name="alerts_delivery_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(state__in=["pending", "failed"]), name="alerts_delivery_next"
            ),
            models.Index(
                fields=["bulletin"],
                condition=Q(state__in=["pending", "failed", "dead", "sent"]),
                name="alerts_delivery_open",
            ),
        ]


class DeliveryAttempt(models.Model):
    """One try; the database refuses UPDATE and DELETE."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    n = models.PositiveSmallIntegerField("次")
    at = models.DateTimeField("时间")
    took_ms = models.PositiveIntegerField("毫秒", default=0)
    outcome = models.CharField("结果", max_length=12)
    reason = models.CharField("原因", max_length=300, blank=True)
    receipt = models.JSONField("回执", default=dict)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["delivery", "n"], name="alerts_attempt_n")]


class Recipient(models.Model):
    """登记号码: a number that hears of an area. Personal data: masked where shown, never in logs, events or URLs."""

    number = models.CharField("号码", max_length=15)
    area_code = models.CharField("区划代码", max_length=12)
    added_at = models.DateTimeField("登记")

    class Meta:
        verbose_name = "登记号码"
        constraints = [models.UniqueConstraint(fields=["area_code", "number"], name="alerts_recipient_once")]


class MassBatch(models.Model):
    """Some 2 000 numbers of one delivery. What may be out, unanswered, is `out`: written before the first byte leaves.

    `numbers` are those of the moment of sending: who was told stays known when the register changes.
    """

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="batches")
    n = models.PositiveIntegerField("批次")
    state = models.CharField("状态", max_length=10, choices=BATCH_STATES.choices, default="waiting")
    numbers = ArrayField(models.CharField(max_length=15), verbose_name="号码")
    size = models.PositiveSmallIntegerField("人数")
    sent = models.PositiveSmallIntegerField("已受理", default=0)
    refused = models.PositiveSmallIntegerField("拒收", default=0)
    uncertain = models.PositiveSmallIntegerField("不确定", default=0)
    settled = models.PositiveSmallIntegerField("已了", default=0)
    asked = models.PositiveSmallIntegerField("要求回执", default=0)
    delivered = models.PositiveSmallIntegerField("手机已收", default=0)
    failed = models.PositiveSmallIntegerField("手机未收", default=0)
    providers = models.JSONField("各运营商", default=dict, help_text="运营商：结果：人数")
    out = ArrayField(models.SmallIntegerField(), verbose_name="在途", default=list)
    claim = models.UUIDField("认领", null=True)
    claimed_at = models.DateTimeField("认领时间", null=True)
    done_at = models.DateTimeField("办结", null=True)

    class Meta:
        verbose_name = "群发批次"
        constraints = [models.UniqueConstraint(fields=["delivery", "n"], name="alerts_massbatch_n")]


class MassAttempt(models.Model):
    """What one provider said of some numbers (`places` in the batch, from 0); the database refuses UPDATE and DELETE.

    A row holds all that was answered alike between two writes of the book, half a window: one for each number cost more
    than all the rest of a sending [measured: bench/fanout].
    """

    id = models.BigAutoField(primary_key=True)
    # No constraint in the database: it would look at the batch's row once a number, and no batch is ever removed.
    batch = models.ForeignKey(
        MassBatch, on_delete=models.PROTECT, related_name="attempts", db_index=False, db_constraint=False
    )
    places = ArrayField(models.SmallIntegerField(), verbose_name="序号")
    at = models.DateTimeField("时间")
    provider = models.CharField("运营商", max_length=40)
    outcome = models.CharField("结果", max_length=10)
    reason = models.CharField("原因", max_length=60, blank=True)
    message_ids = ArrayField(
        models.CharField(max_length=65), verbose_name="运营商编号", default=list,
        help_text="按序号的次序；未受理的没有",
    )  # fmt: skip
    asked = models.BooleanField("要求回执", default=False)

    class Meta:
        verbose_name = "群发结果"
        indexes = [
            models.Index(fields=["batch"], name="alerts_massattempt_batch"),
            GinIndex(fields=["message_ids"], name="alerts_massattempt_ids", condition=models.Q(asked=True)),
        ]


class MassReceipt(models.Model):
    """What networks said in the end of some places' messages, each place once; the database refuses UPDATE, DELETE."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(MassBatch, on_delete=models.PROTECT, related_name="receipts")
    at = models.DateTimeField("时间")
    outcome = models.CharField("结果", max_length=10)
    word = models.CharField("网络的说法", max_length=60, blank=True)
    places = ArrayField(models.SmallIntegerField(), verbose_name="序号")

    class Meta:
        verbose_name = "手机回执"


class MassEarly(models.Model):
    """A receipt whose message's own answer is not written down yet, or never will be: bounded, and emptied daily."""

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField("运营商", max_length=40)
    message_id = models.CharField("运营商编号", max_length=65)
    outcome = models.CharField("结果", max_length=10)
    word = models.CharField("网络的说法", max_length=60, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "待对的回执"
        constraints = [models.UniqueConstraint(fields=["provider", "message_id"], name="alerts_massearly_once")]
