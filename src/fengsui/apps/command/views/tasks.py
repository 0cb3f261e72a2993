"""My tasks; all of them; one task made for a hand in the rain; photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark
from django.views.decorators.http import require_GET

from fengsui.apps.command import queries, rules
from fengsui.apps.command.forms import ProgressForm
from fengsui.apps.command.lists import TASKS
from fengsui.apps.command.models import UNDER_WAY, Deployment, Photo, Task
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.incidents.page import shell, word
from fengsui.apps.incidents.rules import page
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.core import policy
from fengsui.core.ledger.views import listed
from fengsui.core.models import Clock
from fengsui.core.web.installed import kept_by_phone
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Act:
    """The one big deed of the page, by the machines. url: where it is posted; verb: what is posted."""

    label: str
    url: str
    verb: str
    waits: str = ""


NEXT_MOVE = {
    "issued": ("accept", mark("我接令，马上去")),
    "accepted": ("depart", mark("人齐了，出发")),
    "departed": ("arrive", mark("到了")),
    "arrived": ("work", mark("开始作业")),
    "leaving": ("return", mark("已归建")),
}


HOMEWARD = {
    **dict.fromkeys(("issued", "accepted", "departed"), ("recall", mark("任务已结束，不必再去"))),
    **dict.fromkeys(("arrived", "working"), ("leave", mark("任务已结束，撤收"))),
    "leaving": NEXT_MOVE["leaving"],
}
"""What is left to a team whose task has its result."""


def next_act(task: Task, deployment: Deployment | None) -> Act | None:
    """Exactly one: the order's next step while a team is on its way, then the task's; home when it has its result."""
    mine = f"/tasks/{task.pk}/do/"
    if deployment is not None and task.status in rules.TASK.final and deployment.stage in HOMEWARD:
        verb, label = HOMEWARD[deployment.stage]
        return Act(_(label), f"/orders/{deployment.order_id}/do/{verb}", verb)
    if deployment is not None and deployment.stage in NEXT_MOVE:
        verb, label = NEXT_MOVE[deployment.stage]
        return Act(_(label), f"/orders/{deployment.order_id}/do/{verb}", verb)
    if task.status == "waiting":
        return Act(_("我接令，马上办"), f"{mine}accept", "accept")
    if task.status == "accepted":
        return Act(_("开始办"), f"{mine}start", "start")
    if task.status == "blocked":
        return Act(_("障碍已除，接着办"), f"{mine}start", "start")
    if task.status == "doing":
        return Act(_("办完了，交佐证"), f"{mine}finish", "finish")
    return None


@require_GET
@kept_by_phone
def listing(request: HttpRequest) -> HttpResponse:
    """What is mine, the most urgent first; then what is done today."""
    by = actor_of(request)
    policy.require(by, "command.view")
    rows = list(queries.my_tasks(by))
    clocks = queries.clocks_of_tasks(rows)
    open_rows = [each for each in rows if each.status not in rules.TASK.final]
    due = {key: clock.due_at for key, clock in clocks.items()}
    open_rows.sort(key=lambda each: due.get(each.pk, each.assigned_at))
    ended = sorted(
        (each for each in rows if each.status in rules.TASK.final),
        key=lambda each: each.finished_at or each.assigned_at,
        reverse=True,
    )
    context = shell(
        request,
        "command",
        open_tasks=open_rows,
        ended=ended[:20],
        clocks=clocks,
        task_states=rules.TASK_STATES,
        sees_all=bool(by.roles & DISTRICT_ROLES),
    )
    part = "command/_tasks_mine_part.html" if request.headers.get("HX-Request") else "command/tasks.html"
    return render(request, part, context)


@require_GET
def every(request: HttpRequest) -> HttpResponse:
    """All tasks in one's sight, as a list to filter, order and take away."""
    by = actor_of(request)
    policy.require(by, "command.view")
    context = shell(request, "command", **listed.shown(request, TASKS, by))
    part = listed.part_of(request)
    return render(request, "ledger/_worklist_part.html" if part else "command/all_tasks.html", context)


def _statutory(task: Task) -> Clock | None:
    return next((each for each in incident_queries.clocks_of(task.incident) if each.kind == task.clock_kind), None)


@require_GET
@kept_by_phone
def show(request: HttpRequest, task_id: UUID) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "command.view")
    task = queries.get_task(task_id, by)
    part = "command/_task_part.html" if request.headers.get("HX-Request") else "command/task.html"
    return render(request, part, shown(request, task, by))


def shown(
    request: HttpRequest, task: Task, by: Actor, form: ProgressForm | None = None, doing: str = ""
) -> dict[str, Any]:
    rows = Deployment.objects.in_world(by.world).filter(order__task=task).select_related("order")
    deployments = list(rows.order_by("order__issued_at"))
    mine = next((each for each in deployments if each.order.leader_post in by.posts and each.stage in UNDER_WAY), None)
    shown = mine or next((each for each in deployments if each.stage in UNDER_WAY), None)
    clocks = queries.clocks_about(by.world, "command.task", [task.pk]).get(str(task.pk), [])
    if shown is not None:
        about = queries.clocks_about(by.world, "command.deployment", [shown.pk]).get(str(shown.pk), [])
        clocks = [each for each in about if each.state == "running"] + clocks
    if task.clock_kind and (statutory := _statutory(task)):
        clocks = [statutory, *clocks]
    progress = list(task.progress.select_related("photo").order_by("-at"))
    names = people.people_names([each.by_person for each in progress if each.by_person])
    may = policy.can(by, "command.task", task)
    act = next_act(task, shown) if may else None
    if task.clock_kind and task.status not in rules.TASK.final and act and act.verb in ("start", "finish"):
        act = None  # the report itself is the proof
    before = _before(task)
    issued = deployments[-1].order if deployments else None
    return shell(
        request,
        f"command.task:{task.pk}",
        f"incidents.incident:{task.incident_id}",
        task=task,
        incident=task.incident,
        deployments=deployments,
        deployment=shown,
        clock=clocks[0] if clocks else None,
        progress=progress,
        names=names,
        may=may,
        act=act,
        before=before,
        form=form or ProgressForm(evidence=task.evidence),
        doing=doing,
        task_states=rules.TASK_STATES,
        moves=rules.STAGES,
        evidence=rules.EVIDENCE,
        steps_done=_stages(task, shown),
        kinds="、".join(word(rules.EVIDENCE, each) for each in task.evidence) or _("不限"),
        order=shown.order if shown else issued,
        room=page(task.incident_id),
        call=_to_call(task, by),
        may_waive=policy.can(by, "command.waive", task),
        may_dispatch=policy.can(by, "command.dispatch", task),
        open=task.status not in rules.TASK.final,
        layers=_layers(task),
        may_view_room=incident_queries.visible_to(by).filter(pk=task.incident_id).exists() or may,
    )


def _to_call(task: Task, by: Actor) -> people.Holder | None:
    """Who to call, where this actor may see the number: the owner; for the owner himself the duty post."""
    duty = incident_queries.duty_post(queries.jurisdiction_of(task.incident))
    posts = [post for post in (task.owner_post_id, duty) if post and post not in by.posts]
    held = people.holders(posts)
    persons = {each.person for post in posts for each in held.get(post, [])}
    seen = {
        row.pk for row in people.persons_visible_to(by).filter(pk__in=persons) if policy.can(by, "people.reveal", row)
    }
    return next((each for post in posts for each in held.get(post, []) if each.person in seen), None)


def _layers(task: Task) -> list[dict[str, Any]]:
    base = f"{page(task.incident_id)}layers/"
    return [
        {"id": "routes", "kind": "routes", "label": _("路线"), "url": f"{base}routes.geojson?task={task.pk}"},
        {"id": "closures", "kind": "closures", "label": _("封控"), "url": f"{base}closures.geojson"},
        {"id": "place", "kind": "stations", "label": _("点位"), "url": f"{base}place.geojson"},
    ]


def _before(task: Task) -> list[str]:
    if not task.after or task.status in rules.TASK.final:
        return []
    siblings = Task.objects.in_world(task.world_id).filter(response=task.response_id, incident=task.incident_id)
    return rules.unmet(task.after, task.facts(), [each.facts() for each in siblings])


def _stages(task: Task, deployment: Deployment | None) -> list[dict[str, Any]]:
    """接令-出发-到场-作业-完成 for a team, 接令-执行-完成 else."""
    if deployment is not None:
        order = ("accepted", "departed", "arrived", "working")
        reached = [*order, "leaving"].index(deployment.stage) if deployment.stage in (*order, "leaving") else -1
        steps = [{"label": word(rules.STAGES, code), "done": number <= reached} for number, code in enumerate(order)]
    else:
        steps = [
            {"label": _("接令"), "done": task.accepted_at is not None},
            {"label": _("执行"), "done": task.started_at is not None},
        ]
    return [
        *steps,
        {
            "label": _("完成"),
            "done": task.status == "done",
            "stopped": task.status in ("blocked", "declined", "waived"),
        },
    ]


@require_GET
def photo(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    """A picture of a task that the actor may see; never guessed from outside."""
    by = actor_of(request)
    policy.require(by, "command.view")
    found = Photo.objects.in_world(by.world).filter(pk=photo_id).first()
    visible = queries.tasks_visible_to(by).filter(progress__photo=photo_id)
    if found is None or not (visible.exists() or _in_area(photo_id, by)):
        raise NotFound("command.photo.not_found")
    answer = HttpResponse(bytes(found.data), content_type=found.kind)
    answer.headers["Cache-Control"] = "private, max-age=86400"
    return answer


def _in_area(photo_id: UUID, by: Actor) -> bool:
    return incident_queries.visible_to(by).filter(tasks__progress__photo=photo_id).exists()
