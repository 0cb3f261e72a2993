"""Organisations, posts, and the persons who hold them over time. Master data: the same in every world."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from fengsui.apps.people.rules import ORG_KINDS, ROLES

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

    class Meta:
        ordering = ["path"]
        verbose_name = "单位"

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A person. The phone is personal data: masked on pages, never in logs, pushes or URLs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField("姓名", max_length=60)
    phone = models.CharField("电话", max_length=20, blank=True)
    email = models.EmailField("邮箱", blank=True)
    org = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people", verbose_name="单位")
    provenance = models.CharField("数据性质", max_length=12, choices=PROVENANCE, default="illustrative")

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

    class Meta:
        ordering = ["org__path", "call_order", "code"]
        verbose_name = "岗位"

    def __str__(self) -> str:
        return self.title


class Holding(models.Model):
    """Who holds a post from when to when; a duty post may have several holders at once (排班)."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="holdings")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="holdings")
    since = models.DateTimeField("起")
    until = models.DateTimeField("止", null=True, blank=True)

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

    USERNAME_FIELD = "username"
    objects = AccountManager()

    class Meta:
        verbose_name = "账号"
