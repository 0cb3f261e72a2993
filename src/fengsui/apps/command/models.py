"""Responses, tasks, orders, movements, closures. An order is frozen; where its team is lives beside it."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q

from fengsui.apps.command.rules import CLOSURE_KINDS, RESPONSE_STATES, STAGES, TASK_STATES, TaskFacts
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.places.models import Place
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources.models import Team
from fengsui.core.models import InWorld
from fengsui.kernel.levels import LEVELS, Level

RESPONSE_OPEN = ["proposed", "active"]
TASK_OPEN = ["waiting", "accepted", "doing", "blocked", "declined"]
UNDER_WAY = ["issued", "accepted", "departed", "arrived", "working", "leaving"]


class Response(InWorld):
    """A plan put into force at a level, for a lead incident and those it covers (Art. 71, 72, 86)."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="responses")
    plan = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    level = models.CharField("响应级别", max_length=8, choices=LEVELS.choices)
    status = models.CharField("状态", max_length=10, choices=RESPONSE_STATES.choices, default="proposed")
    matter = models.CharField("响应事项", max_length=200)
    expected_hours = models.FloatField("预计期限（小时）")
    measures = models.TextField("应急处置措施")
    suggested = models.CharField("条件给出的级别", max_length=8, choices=LEVELS.choices, default="none")
    approver = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="批准岗位")
    approval_note = models.CharField("口头批准", max_length=200, blank=True)
    proposed_by = models.UUIDField("提请", null=True)
    proposed_at = models.DateTimeField()
    activated_by = models.UUIDField("批准", null=True)
    activated_at = models.DateTimeField("启动", null=True)
    ended_by = models.UUIDField("终止", null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField("理由", max_length=300, blank=True)

    class Meta:
        ordering = ["-proposed_at"]
        verbose_name = "应急响应"
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(status__in=RESPONSE_OPEN), name="command_one_open_response"
            )
        ]

    @property
    def level_now(self) -> Level:
        return Level.of(self.level)


class Scope(InWorld):
    """An incident under a response, from when."""

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="scope")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="under")
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["response", "incident"], name="command_scope_once")]


class Task(InWorld):
    """One thing owed by one post, copied from the plan when the response was activated."""

    response = models.ForeignKey(Response, on_delete=models.PROTECT, null=True, related_name="tasks")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="tasks")
    code = models.CharField("代码", max_length=40)
    group = models.CharField("工作组", max_length=40, blank=True)
    title = models.CharField("任务", max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    status = models.CharField("状态", max_length=10, choices=TASK_STATES.choices, default="waiting")
    role = models.CharField("角色", max_length=24)
    owner_post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="责任岗位")
    owner_org = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    skill = models.CharField("所需技能", max_length=30, blank=True)
    deadline_s = models.PositiveIntegerField("时限秒")
    clock_kind = models.CharField("时限种类", max_length=60, blank=True, help_text="已由法定时限计时的写它")
    evidence = ArrayField(models.CharField(max_length=12), verbose_name="佐证", default=list)
    resources = models.JSONField("所需资源", default=dict)
    after = ArrayField(models.CharField(max_length=40), verbose_name="前置任务", default=list)
    assigned_at = models.DateTimeField("下达")
    accepted_by = models.UUIDField(null=True)
    accepted_at = models.DateTimeField("接收", null=True)
    started_at = models.DateTimeField("开始", null=True)
    finished_by = models.UUIDField(null=True)
    finished_at = models.DateTimeField("结束", null=True)
    reason = models.CharField("受阻、拒接或免除理由", max_length=300, blank=True)
    proof = models.JSONField("佐证内容", default=dict)

    class Meta:
        ordering = ["assigned_at", "code"]
        verbose_name = "任务"
        constraints = [
            models.UniqueConstraint(
                fields=["response", "incident", "code"],
                condition=~Q(status="waived"),
                name="command_task_once_per_response",
            ),
            models.CheckConstraint(name="command_waived_says_why", condition=~Q(status="waived") | ~Q(reason="")),
        ]
        indexes = [
            models.Index(fields=["world", "status"], name="command_task_open"),
            models.Index(fields=["owner_post", "status"], name="command_task_owner"),
        ]

    def __str__(self) -> str:
        return self.title

    def facts(self) -> TaskFacts:
        return TaskFacts(self.pk, self.code, self.incident_id, self.status, self.title)


class Photo(InWorld):
    """A picture from the field, made smaller and stripped of its metadata before it is kept."""

    data = models.BinaryField()
    kind = models.CharField(max_length=20, default="image/jpeg")
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    by_person = models.UUIDField(null=True)
    at = models.DateTimeField()


class Progress(InWorld):
    """回报: appended, with words, picture, position; never changed."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="progress")
    at = models.DateTimeField()
    made_at = models.DateTimeField("写下", null=True, help_text="没有网络时写下、后来才收到的")
    by_person = models.UUIDField(null=True)
    kind = models.CharField(max_length=10, choices=[("report", "回报"), ("finish", "完成"), ("block", "受阻")])
    text = models.TextField("内容")
    values = models.JSONField("数值", default=dict)
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, null=True, related_name="+")
    position = models.PointField("位置", srid=4326, null=True)
    accuracy_m = models.FloatField("位置误差 m", null=True)

    class Meta:
        ordering = ["at"]


class Order(InWorld):
    """派遣令 as it was issued: names, way and reasons are copied, nothing in it changes. Refused by trigger."""

    number = models.CharField("令号", max_length=24)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="orders")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="orders")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    team_name = models.CharField("队伍", max_length=120)
    leader_name = models.CharField("队长", max_length=60, blank=True)
    leader_post = models.UUIDField(null=True)
    to_name = models.CharField("目的地", max_length=120)
    from_point = models.PointField("出发地", srid=4326)
    to_point = models.PointField("到达地", srid=4326)
    route = models.LineStringField("路线", srid=4326, null=True)
    route_3857 = models.GeneratedField(
        expression=Transform("route", 3857), output_field=models.LineStringField(srid=3857), db_persist=True, null=True
    )
    route_source = models.CharField("路线来源", max_length=40)
    seconds = models.FloatField("行程秒")
    distance_m = models.FloatField("里程 m")
    assembly_s = models.PositiveIntegerField("集结秒")
    asked = models.TextField("任务要求")
    reasons = models.JSONField("理由", default=list)
    alternatives = models.JSONField("备选", default=list)
    avoided = models.JSONField("避开的封控", default=list)
    chosen_first = models.BooleanField("首选")
    issued_by = models.UUIDField("签发人", null=True)
    issued_by_name = models.CharField(max_length=60, blank=True)
    issued_at = models.DateTimeField("签发")

    class Meta:
        ordering = ["issued_at"]
        verbose_name = "派遣令"
        constraints = [models.UniqueConstraint(fields=["world", "number"], name="command_one_order_number")]

    def __str__(self) -> str:
        return self.number


class Deployment(InWorld):
    """Where the ordered team is now. One open row per team: nobody sends it twice."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="deployment")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="deployments")
    stage = models.CharField("阶段", max_length=10, choices=STAGES.choices, default="issued")
    stage_at = models.DateTimeField()

    class Meta:
        verbose_name = "出动"
        constraints = [
            models.UniqueConstraint(
                fields=["world", "team"], condition=Q(stage__in=UNDER_WAY), name="command_team_sent_once"
            )
        ]


class Movement(InWorld):
    """接令-出发-到场-作业-撤收-归建: one appended row a step."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="movements")
    stage = models.CharField("阶段", max_length=10, choices=STAGES.choices)
    at = models.DateTimeField("时间")
    made_at = models.DateTimeField("写下", null=True, help_text="没有网络时写下、后来才收到的")
    by_person = models.UUIDField(null=True)
    position = models.PointField("位置", srid=4326, null=True)
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["order", "stage"], name="command_stage_once")]


class Closure(InWorld):
    """A stretch of road that cannot be used: flooded by depth, or closed by hand."""

    kind = models.CharField("性质", max_length=8, choices=CLOSURE_KINDS.choices)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="closures")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, related_name="closures")
    name = models.CharField("路段", max_length=160)
    line = models.LineStringField("封控线", srid=4326)
    line_3857 = models.GeneratedField(
        expression=Transform("line", 3857), output_field=models.LineStringField(srid=3857), db_persist=True
    )
    reason = models.CharField("原因", max_length=300)
    since = models.DateTimeField("起")
    until = models.DateTimeField("止", null=True)
    closed_by = models.UUIDField(null=True)
    reopened_by = models.UUIDField(null=True)
    reopen_note = models.CharField("放行说明", max_length=300, blank=True)

    class Meta:
        ordering = ["-since"]
        verbose_name = "封控"
        constraints = [
            models.UniqueConstraint(
                fields=["world", "place", "kind"],
                condition=Q(until__isnull=True, place__isnull=False),
                name="command_closed_once",
            )
        ]
