"""Organisations, posts, and the persons who hold them over time. Master data: the same in every world."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from fengsui.apps.people import rules
from fengsui.apps.people.rules import ASSIGNMENT_STATES, HANDOVER_STATES, ORG_KINDS, ROLES
from fengsui.core.models import InWorld

PROVENANCE = [("document", "公开文件"), ("derived", "推算"), ("illustrative", "示意")]


class Organisation(models.Model):
    """A bureau, department, street, community, team. `path` holds the codes from the top for scopes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField("代码", max_length=40, unique=True)
    name = models.CharField("名称", max_length=120)
    kind = models.CharField("类别", max_length=12, choices=ORG_KINDS.choices)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    jurisdiction = models.CharField("管辖", max_length=20, blank=True, help_text="管辖代码；空为全区")
    area_code = models.CharField("区划代码", max_length=12, blank=True)
    path = models.CharField("路径", max_length=300, db_index=True)
    headcount = models.PositiveIntegerField("人数", null=True, blank=True)
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE, default="illustrative")
    source = models.CharField("来源", max_length=300, blank=True)
    retired_at = models.DateTimeField("停用", null=True, blank=True)

    class Meta:
        ordering = ["path"]
        verbose_name = "单位"

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A person. The phone is personal data: masked on pages, never in logs, pushes or URLs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField("姓名", max_length=60)
    staff_no = models.CharField("工号", max_length=20, blank=True, help_text="同一单位有同名的人时用来区分")
    phone = models.CharField("电话", max_length=20, blank=True)
    phone_was = models.CharField("原电话", max_length=20, blank=True, null=True, help_text="台账上一次改动之前，供撤销")
    email = models.EmailField("邮箱", blank=True)
    org = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people", verbose_name="单位")
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE, default="illustrative")
    retired_at = models.DateTimeField("停用", null=True, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "人员"

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A post (岗位): duties stay with it while persons come and go."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField("代码", max_length=60, unique=True)
    title = models.CharField("岗位", max_length=80)
    org = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="posts", verbose_name="单位")
    role = models.CharField("角色", max_length=24, choices=ROLES.choices)
    area_code = models.CharField("区域", max_length=12, blank=True)
    call_order = models.PositiveSmallIntegerField("叫应次序", default=1)
    retired_at = models.DateTimeField("停用", null=True, blank=True)

    class Meta:
        ordering = ["org__path", "call_order", "code"]
        verbose_name = "岗位"

    def __str__(self) -> str:
        return self.title


class HoldingQuerySet(models.QuerySet["Holding"]):
    def at(self, when: datetime) -> HoldingQuerySet:
        """Those in force at a moment: a post may be given from a later day on, or until one."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=when), since__lte=when)

    def now(self) -> HoldingQuerySet:
        return self.at(timezone.now())

    def not_over(self, when: datetime) -> HoldingQuerySet:
        """In force, or still to come."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=when))


class Holding(models.Model):
    """Who holds a post from when to when; a duty post may have several holders at once (排班)."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="holdings")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="holdings")
    since = models.DateTimeField("起")
    until = models.DateTimeField("止", null=True, blank=True)

    objects = HoldingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post", "person"], condition=Q(until__isnull=True), name="people_holds_once"
            ),
            models.CheckConstraint(
                name="people_holding_time", condition=Q(until__isnull=True) | Q(until__gt=F("since"))
            ),
        ]


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(username=username)


class Account(AbstractBaseUser):
    """A login. Rights come from posts held, never from the account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField("账号", max_length=60, unique=True)
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="account")
    is_active = models.BooleanField("启用", default=True)
    failures = models.PositiveSmallIntegerField("连续失败", default=0)
    locked_until = models.DateTimeField("锁定至", null=True, blank=True)
    must_change = models.BooleanField("下次登录改密码", default=False)
    password_at = models.DateTimeField("密码改于", null=True, blank=True)
    factor_secret = models.CharField("第二因素密文", max_length=200, blank=True)
    factor_at = models.DateTimeField("第二因素启用于", null=True, blank=True)
    factor_step = models.BigIntegerField("上次用过的时间步", default=0)

    USERNAME_FIELD = "username"
    objects = AccountManager()

    class Meta:
        verbose_name = "账号"


class UnknownName(models.Model):
    """Failed logins under a name that no account in use has. It locks like an account, so a lock tells nothing."""

    digest = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    at = models.DateTimeField(db_index=True)


class PasswordBefore(models.Model):
    """Hashes of earlier passwords: the last ones may not come back."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="passwords_before")
    password = models.CharField(max_length=128)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="people_password_last")]


class RecoveryCode(models.Model):
    """One of ten ways in without the telephone. Only its hash is kept, and when it was used."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="people_recovery_once")]


class Session(AbstractBaseSession):
    """Django's session with what its owner needs to recognise it. Deleting the row ends it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="sessions")
    public_id = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="会话在页面上的名字；密钥不出库"
    )
    began_at = models.DateTimeField("登录")
    seen_at = models.DateTimeField("最近操作")
    is_admin = models.BooleanField(default=False)
    source = models.CharField("来源", max_length=45, blank=True)
    agent = models.CharField("浏览器", max_length=160, blank=True)

    class Meta:
        db_table = "people_session"
        verbose_name = "会话"

    @property
    def browser(self) -> str:
        """`Chrome 156，Linux`: what the owner knows his device by; see rules.browser."""
        return rules.browser(self.agent)

    @classmethod
    def get_session_store_class(cls) -> type:
        from fengsui.apps.people.sessions import SessionStore

        return SessionStore


class Assignment(models.Model):
    """A privileged post asked for somebody; a second security administrator decides."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="assignments")
    since = models.DateTimeField("起")
    until = models.DateTimeField("止", null=True, blank=True)
    alongside = models.BooleanField("与现任并任", default=False)
    status = models.CharField("状态", max_length=10, choices=ASSIGNMENT_STATES.choices, default="asked")
    reason = models.CharField("理由", max_length=200)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("申请于")
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField("决定于", null=True)
    note = models.CharField("意见", max_length=200, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        verbose_name = "任职申请"
        constraints = [
            models.UniqueConstraint(fields=["post", "person"], condition=Q(status="asked"), name="people_asked_once"),
            models.CheckConstraint(
                name="people_second_person",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")) | Q(status="withdrawn"),
            ),
        ]


class Handover(InWorld):
    """One shift of a duty post given on: what was open, what mattered, who took it and when."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="handovers")
    outgoing = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="交班人")
    incoming = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="接班人")
    note = models.TextField("要紧的事", max_length=4000)
    facts = models.JSONField("交班时未了", default=dict)
    status = models.CharField("状态", max_length=10, choices=HANDOVER_STATES.choices, default="offered")
    offered_at = models.DateTimeField("交班于")
    ended_at = models.DateTimeField("接班于", null=True)

    class Meta:
        ordering = ["-offered_at"]
        verbose_name = "交接班"
        constraints = [
            models.UniqueConstraint(
                fields=["world", "post", "outgoing"], condition=Q(status="offered"), name="people_handover_one_open"
            )
        ]


class Token(models.Model):
    """A key for programs: its holder acting in one post, for some purposes. Only a hash is kept; it is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tokens", verbose_name="账号")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", verbose_name="岗位")
    name = models.CharField("名称", max_length=60)
    scopes = models.JSONField("用途", default=list)
    digest = models.CharField(max_length=64, unique=True)
    begins = models.CharField("开头", max_length=12, help_text="令牌的前几位，供本人辨认")
    made_at = models.DateTimeField("生成")
    expires_at = models.DateTimeField("到期")
    revoked_at = models.DateTimeField("撤销", null=True)
    revoked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField("撤销理由", max_length=200, blank=True)

    class Meta:
        ordering = ["-made_at"]
        verbose_name = "令牌"
        constraints = [
            models.CheckConstraint(name="people_token_time", condition=Q(expires_at__gt=F("made_at"))),
        ]


class TokenUse(models.Model):
    """How often a token was used in this minute, and when last: one small row a token, written at each call."""

    token = models.OneToOneField(Token, on_delete=models.CASCADE, primary_key=True, related_name="use")
    began_at = models.DateTimeField("这一分钟起")
    used = models.PositiveIntegerField("次数")
    last_at = models.DateTimeField("最近使用")


class Screen(models.Model):
    """A large screen that nobody logs in at: it may open the wall, and nothing else, until it is revoked or runs out.

    Paired by a code that is typed once at the screen; afterwards the screen holds a secret of which this has the hash.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    world_id = models.UUIDField("世界")
    name = models.CharField("屏名", max_length=60)
    layout = models.CharField("版式", max_length=8, help_text="wide 3840×1080，single 1920×1080")
    factor = models.PositiveSmallIntegerField("字号系数 %", default=100)
    code_digest = models.CharField(max_length=64, blank=True)
    code_until = models.DateTimeField("配对码到期", null=True)
    digest = models.CharField(max_length=64, blank=True, db_index=True)
    granted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="授权人")
    granted_at = models.DateTimeField("授权")
    expires_at = models.DateTimeField("到期")
    opened_at = models.DateTimeField("配对", null=True)
    source = models.CharField("来自", max_length=45, blank=True)
    seen_at = models.DateTimeField("最近取数", null=True)
    revoked_at = models.DateTimeField("撤销", null=True)
    revoked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-granted_at"]
        verbose_name = "大屏"

    def __str__(self) -> str:
        return self.name
