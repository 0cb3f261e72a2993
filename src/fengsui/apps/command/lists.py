"""The list of tasks: who owes what by when, which teams are under way for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fengsui.apps.command import actions, queries, rules
from fengsui.apps.command.models import Deployment, Task
from fengsui.apps.command.policy import DUTY, may_view
from fengsui.apps.incidents.page import word
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Holding, Organisation
from fengsui.apps.places.ledger import PROVENANCE_WORDS
from fengsui.core.ledger import Ref
from fengsui.core.ledger.choices import in_english
from fengsui.core.ledger.filters import Option, few, of_states
from fengsui.core.ledger.listed import Given
from fengsui.core.ledger.shown import At, Due, Shown, Word, ranked
from fengsui.core.ledger.worklist import Deed, Worklist, add
from fengsui.core.models import Clock
from fengsui.core.policy import roles
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE as CLOCKS


@dataclass(frozen=True, slots=True)
class Line:
    """A task as the list shows it."""

    task: Task
    clock: Clock | None
    owner: str
    teams: str


OWN_CLOCKS = Clock.objects.all_worlds("of a row that is in its world").filter(
    about_type="command.task", state__in=CLOCKS.open_states
)
FIRST_DUE = Subquery(
    OWN_CLOCKS.filter(about_id=Cast(OuterRef("pk"), CharField())).order_by("due_at").values("due_at")[:1]
)


def _visible(by: Actor) -> QuerySet[Task]:
    """Each once: what one may see goes through teams and posts, so that the same task can be met twice."""
    rows = Task.objects.in_world(by.world).filter(pk__in=queries.tasks_visible_to(by).order_by().values("pk"))
    return rows.select_related("incident", "owner_post", "owner_org")


def _late(by: Actor) -> Q:
    own = OWN_CLOCKS.filter(about_id=Cast(OuterRef("pk"), CharField()), world_id=by.world, due_at__lt=timezone.now())
    return Q(Exists(own))


def _whose(by: Actor) -> list[Option]:
    own = Task.objects.in_world(by.world).filter(queries.mine(by)).values("pk")
    return [Option("mine", _("我的"), Q(pk__in=own)), Option("none", _("还没有派人"), Q(owner_post__isnull=True))]


def _also(text: str) -> Q:
    """By the incident, the post that owes it, or its holder."""
    held = Holding.objects.filter(person__name__icontains=text, until__isnull=True).values("post_id")
    about = Q(incident__title__icontains=text) | Q(owner_post__title__icontains=text)
    return about | Q(owner_post__in=held)


def _present(rows: Sequence[Task]) -> Sequence[Any]:
    """With clock, holders of the post and teams: four queries, however many tasks."""
    if not rows:
        return rows
    clocks = queries.clocks_of_tasks(rows)
    held = people.holders({each.owner_post_id for each in rows if each.owner_post_id})
    teams: dict[Any, list[str]] = {}
    sent = Deployment.objects.in_world(rows[0].world_id).filter(order__task__in=[each.pk for each in rows])
    for each in sent.select_related("order").order_by("order__issued_at"):
        teams.setdefault(each.order.task_id, []).append(f"{each.order.team_name} {word(rules.STAGES, each.stage)}")
    return [Line(each, clocks.get(each.pk), _owner(each, held), "、".join(teams.get(each.pk, []))) for each in rows]


def _owner(task: Task, held: Mapping[UUID, list[people.Holder]]) -> str:
    if task.owner_post is None:
        return ""
    return f"{task.owner_post.title} {'、'.join(each.name for each in held.get(task.owner_post.pk, [])[:3])}".strip()


def _title(row: Line) -> str:
    return row.task.title_en if in_english() and row.task.title_en else row.task.title


def _may_own(by: Actor) -> bool:
    """Whoever holds a post may owe a task; whether it is this one the action asks."""
    return bool(by.posts) and not by.has_role("auditor", "audit_admin")


DEEDS = (
    Deed(
        code="accept",
        label=pgettext_lazy("deed", "接令"),
        do=lambda key, by, now, why: actions.accept_task(task_id=key, by=by, now=now),
        may=_may_own,
    ),
    Deed(
        code="start",
        label=pgettext_lazy("deed", "开始办"),
        do=lambda key, by, now, why: actions.start_task(task_id=key, by=by, now=now),
        may=_may_own,
    ),
    Deed(
        code="decline",
        label=pgettext_lazy("deed", "拒接"),
        do=lambda key, by, now, why: actions.decline_task(task_id=key, by=by, now=now, reason=why),
        may=_may_own,
        reason=True,
    ),
    Deed(
        code="waive",
        label=pgettext_lazy("deed", "免除"),
        do=lambda key, by, now, why: actions.waive_task(task_id=key, by=by, now=now, reason=why),
        may=lambda by: by.has_role(*DUTY),
        reason=True,
    ),
)

TASKS = add(
    Worklist(
        app="command",
        code="tasks",
        name=_("任务"),
        model=Task,
        columns=[
            Shown("due", _("时限"), Due(), of=attrgetter("clock"), by=FIRST_DUE),
            Shown("title", pgettext_lazy("column", "任务"), search=True, of=_title),
            Shown("incident", pgettext_lazy("column", "事件"), of=attrgetter("task.incident.title"),
                  by="incident__title"),
            Shown("status", _("状态"), Word(of=rules.TASK_STATES), by=ranked("status", rules.TASK_STATES)),
            Shown("owner", _("责任"), of=attrgetter("owner"), by="owner_post__title"),
            Shown("teams", _("队伍"), of=attrgetter("teams"), by=""),
            Shown("assigned_at", _("下达"), At()),
            Shown("reason", _("受阻、拒接或免除理由"), search=True),
            Shown("owner_org", _("单位"), Ref(model=Organisation), facet=True, shown=False,
                  of=lambda row: row.task.owner_org.name if row.task.owner_org else ""),
            Shown("incident__number", _("事件编号"), search=True, shown=False),
            Shown("group", _("工作组"), facet=True, shown=False),
            Shown("accepted_at", pgettext_lazy("column", "接收"), At(), shown=False),
            Shown("started_at", _("开始"), At(), shown=False),
            Shown("finished_at", _("结束"), At(), shown=False),
            Shown("incident__provenance", _("数据性质"), Word(of=PROVENANCE_WORDS), shown=False),
        ],
        visible_to=_visible,
        view=may_view,
        share=roles("duty_leader", "commander"),
        origin="incident__provenance",
        title="title",
        order="-assigned_at",
        filters=[
            of_states(_("状态"), rules.TASK_STATES, rules.TASK.final),
            few("late", _("超时"), lambda by: [Option("1", _("只看超时"), _late(by))]),
            few("whose", _("谁的"), _whose),
        ],
        page="command:task-all",
        link=lambda row: f"/tasks/{row.task.pk}/",
        views=(
            Given(_("未结"), "f.state=open"),
            Given(_("超时"), "f.late=1"),
            Given(_("受阻"), "f.state=blocked"),
            Given(_("全部"), "f.state=any"),
        ),
        topics="command core.clocks",
        present=_present,
        within="task",
        also=_also,
        deeds=DEEDS,
        nothing=(_("没有符合的任务"), _("换个状态或去掉筛选再看；任务在启动响应时按预案下达。")),
    )
)  # fmt: skip
