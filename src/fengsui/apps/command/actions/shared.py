"""What the verbs of command share."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from fengsui.apps.command import queries, rules
from fengsui.apps.command.models import Task
from fengsui.apps.incidents import queries as incident_queries
from fengsui.core import clocks
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid


def topic(incident_id: UUID) -> tuple[str, ...]:
    return (f"incidents.incident:{incident_id}",)


MOST_REASON = 300


def why(reason: str) -> str:
    if not reason.strip():
        raise Invalid("command.reason.missing", field="reason")
    if len(reason.strip()) > MOST_REASON:
        raise Invalid("command.reason.too_long", field="reason", most=MOST_REASON)
    return reason.strip()


def ask_duty(task: Task, by: Actor, now: datetime, what: str) -> None:
    """A blocked or declined task is the duty room's turn: somebody has to answer it."""
    post = incident_queries.duty_post(queries.jurisdiction_of(task.incident))
    clocks.start(
        rules.ANSWER.code,
        about=task,
        by=by,
        now=now,
        label=f"{what}：{task.title}",
        owner_post=post,
        owner_role="duty_officer",
        url=f"/tasks/{task.pk}/",
    )


def answered(task: Task, by: Actor, now: datetime, how: str) -> None:
    clocks.close(rules.ANSWER.code, about=task, by=by, now=now, proof={"verb": how})


def start_task_clocks(task: Task, by: Actor, now: datetime, limit_s: int | None = None) -> None:
    """Accept, then finish. A task for which a statutory clock runs has no second one; one that waits for a team
    is the duty room's until somebody is sent."""
    if task.clock_kind:
        return
    start = partial(clocks.start, about=task, by=by, now=now, label=task.title, url=f"/tasks/{task.pk}/")
    limit = limit_s or task.deadline_s
    if task.skill and task.owner_post_id is None:
        post = incident_queries.duty_post(queries.jurisdiction_of(task.incident))
        start(rules.DO.code, owner_post=post, owner_role="duty_officer", limit_s=limit)
        return
    role = "" if task.owner_post_id else task.role
    if task.status == "waiting":
        start(rules.ACCEPT.code, owner_post=task.owner_post_id, owner_role=role)
    start(rules.DO.code, owner_post=task.owner_post_id, owner_role=role, limit_s=limit)
