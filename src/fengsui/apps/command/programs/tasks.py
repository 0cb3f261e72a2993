"""Tasks: what is mine, and every step of it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Query, Router
from pydantic import Base64Bytes, Field

from fengsui.apps.command import actions, queries, rules
from fengsui.apps.command.models import Task
from fengsui.apps.people import queries as people
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Limit, asked, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Among, Body, Moment, Nothing, Out, Page, Position, Reason
from fengsui.kernel.errors import Invalid

router = Router()
READ = scope("tasks:read", _("看任务"))
WORK = scope("tasks:work", _("接令、执行、回报、完成、受阻、拒接"))
ASSIGN = scope("tasks:assign", _("改派、免除任务"))

PHOTO_TEXT = 2_400_000
Photo = Annotated[
    Base64Bytes | None, Field(title=_("照片"), max_length=PHOTO_TEXT, description="JPEG, PNG or WebP in base64")
]


class Telling(Body):
    text: Annotated[str, Field(title=_("情况"), max_length=2000)] = ""
    count: Annotated[int | None, Field(title=_("数量"), ge=0, le=10**9)] = None
    flow: Annotated[float | None, Field(title=_("抽排流量 m³/h"), ge=0, le=10**9, allow_inf_nan=False)] = None
    position: Annotated[Position | None, Field(title=_("位置"))] = None
    photo: Photo = None

    @property
    def values(self) -> dict[str, Any]:
        return {name: each for name in ("count", "flow") if (each := getattr(self, name)) is not None}


class Blocked(Reason):
    photo: Photo = None


class Assignment(Body):
    post: Annotated[str, Field(title=_("岗位代码"), min_length=1, max_length=60)]


class TaskOut(Out):
    id: UUID
    incident: UUID
    response: UUID | None
    code: str
    title: str
    title_en: str
    status: str
    role: str
    post: str | None
    post_title: str
    org: str
    evidence: list[str]
    assigned_at: Moment
    accepted_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    due_at: Moment | None
    reason: str


class ProgressOut(Out):
    id: UUID
    task: UUID
    at: Moment
    kind: str
    text: str
    values: dict[str, Any]
    has_photo: bool


def _task(row: Task, due: Any = None) -> TaskOut:
    post, org = row.owner_post, row.owner_org
    return TaskOut(
        id=row.pk, incident=row.incident_id, response=row.response_id, code=row.code, title=row.title,
        title_en=row.title_en, status=row.status, role=row.role, post=post.code if post else None,
        post_title=post.title if post else "", org=org.name if org else "", evidence=row.evidence,
        assigned_at=row.assigned_at, accepted_at=row.accepted_at, started_at=row.started_at,
        finished_at=row.finished_at, due_at=due, reason=row.reason,
    )  # fmt: skip


def _found(request: HttpRequest, task_id: UUID) -> TaskOut:
    row = queries.get_task(task_id, by_of(request))
    return _task(row, _due(request, [row]).get(str(row.pk)))


def _due(request: HttpRequest, rows: list[Task]) -> dict[str, Any]:
    """When each task is due by its first open clock: one query."""
    about = queries.clocks_about(by_of(request).world, "command.task", [row.pk for row in rows])
    return {key: clocks[0].due_at for key, clocks in about.items() if clocks and clocks[0].closed_at is None}


@reads(router, "/tasks", scope=READ, summary=_("任务列表"), response=Page[TaskOut], page="command:task-list")
def tasks(
    request: HttpRequest,
    mine: Annotated[bool, Query(title=_("只看我的"))] = True,
    status: Annotated[str, Among.of(rules.TASK_STATES, "open", "all")] = asked("open", title=_("状态")),
    incident: Annotated[UUID | None, Query(title=_("事件"))] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskOut]:
    """The newest first. `mine=false` shows all that the holder's post may see."""
    by = by_of(request)
    policy.require(by, "command.view")
    rows = queries.my_tasks(by) if mine else queries.tasks_visible_to(by)
    if status != "all":
        rows = rows.exclude(status__in=rules.TASK.final) if status == "open" else rows.filter(status=status)
    if incident:
        rows = rows.filter(incident_id=incident)
    order = ("-assigned_at", "code", "id")
    found, after = page_of(rows.order_by(*order), order, cursor=cursor, limit=limit)
    due = _due(request, found)
    return Page[TaskOut](items=[_task(row, due.get(str(row.pk))) for row in found], next_cursor=after)


@reads(router, "/tasks/{uuid:task_id}", scope=READ, summary=_("一项任务"), response=TaskOut, page="command:task-show")
def task(request: HttpRequest, task_id: UUID) -> TaskOut:
    policy.require(by_of(request), "command.view")
    return _found(request, task_id)


@reads(router, "/tasks/{uuid:task_id}/progress", scope=READ, summary=_("任务的回报"), response=Page[ProgressOut])
def progress(request: HttpRequest, task_id: UUID, cursor: Cursor = None, limit: Limit = 50) -> Page[ProgressOut]:
    by = by_of(request)
    policy.require(by, "command.view")
    order = ("-at", "id")
    rows = queries.get_task(task_id, by).progress.order_by(*order)
    found, after = page_of(rows, order, cursor=cursor, limit=limit)
    items = [
        ProgressOut(
            id=row.pk, task=row.task_id, at=row.at, kind=row.kind, text=row.text, values=row.values,
            has_photo=row.photo_id is not None,
        )
        for row in found
    ]  # fmt: skip
    return Page[ProgressOut](items=items, next_cursor=after)


@writes(
    router,
    "/tasks/{uuid:task_id}/accept",
    scope=WORK,
    summary=_("接令"),
    response=TaskOut,
    page="command:task-act accept",
)
def accept(request: HttpRequest, task_id: UUID, body: Nothing) -> TaskOut:
    queries.get_task(task_id, by_of(request))
    actions.accept_task(task_id=task_id, by=by_of(request), now=timezone.now())
    return _found(request, task_id)


@writes(
    router,
    "/tasks/{uuid:task_id}/start",
    scope=WORK,
    summary=_("开始执行"),
    response=TaskOut,
    page="command:task-act start",
)
def start(request: HttpRequest, task_id: UUID, body: Nothing) -> TaskOut:
    queries.get_task(task_id, by_of(request))
    actions.start_task(task_id=task_id, by=by_of(request), now=timezone.now())
    return _found(request, task_id)


@writes(
    router,
    "/tasks/{uuid:task_id}/decline",
    scope=WORK,
    summary=_("拒接"),
    response=TaskOut,
    page="command:task-act decline",
)
def decline(request: HttpRequest, task_id: UUID, body: Reason) -> TaskOut:
    queries.get_task(task_id, by_of(request))
    actions.decline_task(task_id=task_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _found(request, task_id)


@writes(
    router,
    "/tasks/{uuid:task_id}/report",
    scope=WORK,
    summary=_("回报进展"),
    response=TaskOut,
    page="command:task-act report",
)
def report(request: HttpRequest, task_id: UUID, body: Telling) -> TaskOut:
    """Words, figures that the plan asks for, a picture, a position. The first one starts an accepted task."""
    queries.get_task(task_id, by_of(request))
    actions.report_progress(task_id=task_id, by=by_of(request), now=timezone.now(), **_told(body))
    return _found(request, task_id)


@writes(
    router,
    "/tasks/{uuid:task_id}/finish",
    scope=WORK,
    summary=_("完成"),
    response=TaskOut,
    page="command:task-act finish",
)
def finish(request: HttpRequest, task_id: UUID, body: Telling) -> TaskOut:
    """With the proof that the plan asks for; what was reported on the way counts."""
    queries.get_task(task_id, by_of(request))
    actions.finish_task(task_id=task_id, by=by_of(request), now=timezone.now(), **_told(body))
    return _found(request, task_id)


def _told(body: Telling) -> dict[str, Any]:
    position = body.position.pair if body.position else None
    return {"text": body.text, "values": body.values, "photo": body.photo, "position": position}


@writes(
    router,
    "/tasks/{uuid:task_id}/block",
    scope=WORK,
    summary=_("报受阻"),
    response=TaskOut,
    page="command:task-act block",
)
def block(request: HttpRequest, task_id: UUID, body: Blocked) -> TaskOut:
    queries.get_task(task_id, by_of(request))
    actions.block_task(task_id=task_id, by=by_of(request), now=timezone.now(), reason=body.reason, photo=body.photo)
    return _found(request, task_id)


@writes(
    router,
    "/tasks/{uuid:task_id}/waive",
    scope=ASSIGN,
    summary=_("免除任务"),
    response=TaskOut,
    page="command:task-act waive",
)
def waive(request: HttpRequest, task_id: UUID, body: Reason) -> TaskOut:
    queries.get_task(task_id, by_of(request))
    actions.waive_task(task_id=task_id, by=by_of(request), now=timezone.now(), reason=body.reason)
    return _found(request, task_id)


@writes(
    router,
    "/tasks/{uuid:task_id}/assign",
    scope=ASSIGN,
    summary=_("改派任务"),
    response=TaskOut,
    page="command:task-act assign",
)
def assign(request: HttpRequest, task_id: UUID, body: Assignment) -> TaskOut:
    """A declined task, to another post."""
    queries.get_task(task_id, by_of(request))
    post = people.post_by_code(body.post)
    if post is None:
        raise Invalid("command.assign.no_post", field="post")
    actions.assign_task(task_id=task_id, post_id=post.pk, by=by_of(request), now=timezone.now())
    return _found(request, task_id)
