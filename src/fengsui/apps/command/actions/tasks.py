"""接令、开始、回报、完成、受阻、拒接、免除、改派."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.db.transaction import atomic

from fengsui.apps.command import events, photos, queries, rules
from fengsui.apps.command.actions.shared import answered, ask_duty, start_task_clocks, topic, why
from fengsui.apps.command.models import UNDER_WAY, Deployment, Photo, Progress, Task
from fengsui.apps.people.models import Post
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid


def _take(task_id: UUID, verb: str, by: Actor) -> tuple[Task, Actor]:
    """The row locked, the right checked, the actor in the incident's chain."""
    task = queries.lock_task(task_id, by)
    policy.require(by, verb, task)
    return task, by.in_chain(task.incident.correlation)


def _move(task: Task, verb: str, **stamp: Any) -> str:
    before = task.status
    task.status = rules.TASK.next(before, verb)
    for name, value in stamp.items():
        setattr(task, name, value)
    task.save(update_fields=["status", *stamp])
    return before


def _tell(event: object, task: Task, by: Actor, before: str, **after: Any) -> None:
    announce(
        event,
        about=task,
        by=by,
        before={"status": before},
        after={"status": task.status, **after},
        topics=topic(task.incident_id),
    )


def _check_before(task: Task) -> None:
    siblings = Task.objects.in_world(task.world_id).filter(response=task.response_id, incident=task.incident_id)
    rules.check_start(rules.unmet(task.after, task.facts(), [each.facts() for each in siblings]))


@atomic
def accept_task(*, task_id: UUID, by: Actor, now: datetime, made_at: datetime | None = None) -> Task:
    """接令: the owner knows of it and takes it."""
    task, by = _take(task_id, "command.task", by)
    before = _move(task, "accept", accepted_by=by.person, accepted_at=now)
    clocks.close(rules.ACCEPT.code, about=task, by=by, now=now, proof={"accepted": now})
    _tell(events.TaskAccepted(task.pk, task.incident_id), task, by, before, **_late(made_at))
    return task


@atomic
def decline_task(*, task_id: UUID, by: Actor, now: datetime, reason: str) -> Task:
    """拒接 with a reason; the duty room owes the task until it has assigned it anew."""
    task, by = _take(task_id, "command.task", by)
    reason = why(reason)
    before = _move(task, "decline", reason=reason)
    clocks.cancel(rules.ACCEPT.code, about=task, by=by, now=now, reason=f"拒接：{reason}")
    ask_duty(task, by, now, "拒接")
    _tell(events.TaskDeclined(task.pk, task.incident_id, reason), task, by.because(reason), before)
    return task


@atomic
def assign_task(*, task_id: UUID, post_id: UUID, by: Actor, now: datetime) -> Task:
    """改派 a declined task to another post; the finishing clock runs on from the first assignment."""
    task, by = _take(task_id, "command.assign", by)
    post = Post.objects.select_related("org").get(pk=post_id)
    before = _move(task, "assign", owner_post=post, owner_org=post.org, role=post.role, reason="")
    answered(task, by, now, "assign")
    left = _left(task, by, now, f"改派给{post.title}")
    start_task_clocks(task, by, now, limit_s=left)
    event = events.TaskAssigned(task.pk, task.incident_id, task.code, task.title, post.pk, post.role, left)
    _tell(event, task, by, before, owner=post.code)
    return task


def _left(task: Task, by: Actor, now: datetime, reason: str) -> int:
    """End the finishing clock of the old owner; seconds that its limit still had, at least one minute."""
    ended = clocks.cancel(rules.DO.code, about=task, by=by, now=now, reason=reason)
    return max(60, int((ended[0].due_at - now).total_seconds())) if ended else task.deadline_s


@atomic
def start_task(*, task_id: UUID, by: Actor, now: datetime, made_at: datetime | None = None) -> Task:
    """开始执行; refused while a predecessor has no result."""
    task, by = _take(task_id, "command.task", by)
    if rules.TASK.can(task.status, "start"):
        _check_before(task)
    before = _move(task, "start", started_at=task.started_at or now)
    answered(task, by, now, "start")
    _tell(events.TaskStarted(task.pk, task.incident_id), task, by, before, **_late(made_at))
    return task


@atomic
def keep_photo(*, data: bytes, by: Actor, now: datetime) -> Photo:
    """Raises Invalid("command.photo.too_big"), ("command.photo.broken")."""
    picture = photos.cleaned(data)
    return Photo.objects.create(
        world_id=by.world,
        data=picture.data,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        by_person=by.person,
        at=now,
    )


def _note(
    task: Task,
    kind: str,
    by: Actor,
    now: datetime,
    text: str,
    values: Mapping[str, Any],
    photo: bytes | None,
    position: tuple[float, float] | None,
    accuracy_m: float | None = None,
    made_at: datetime | None = None,
) -> Progress:
    kept = keep_photo(data=photo, by=by, now=now) if photo else None
    return Progress.objects.create(
        world_id=by.world,
        task=task,
        at=now,
        made_at=made_at,
        by_person=by.person,
        kind=kind,
        text=text.strip(),
        values=dict(values),
        photo=kept,
        position=Point(*position) if position else None,
        accuracy_m=accuracy_m if position else None,
    )


@atomic
def report_progress(
    *,
    task_id: UUID,
    by: Actor,
    now: datetime,
    text: str,
    values: Mapping[str, Any] | None = None,
    photo: bytes | None = None,
    position: tuple[float, float] | None = None,
    accuracy_m: float | None = None,
    made_at: datetime | None = None,
) -> Progress:
    """回报: words, a picture, a position (lon, lat; radius in metres). The first one starts an accepted task.

    `made_at`: when it was written, where it lay on a phone without network; the clocks count when it arrived.
    """
    task, by = _take(task_id, "command.task", by)
    if not text.strip() and not photo:
        raise Invalid("command.report.empty", field="text")
    if task.status == "accepted":
        _check_before(task)
        _move(task, "start", started_at=now)
    before = _move(task, "report")
    progress = _note(task, "report", by, now, text, values or {}, photo, position, accuracy_m, made_at)
    _restart_progress(task, by, now)
    event = events.TaskProgressed(task.pk, task.incident_id, progress.pk, progress.text, photo is not None)
    _tell(event, task, by, before, progress=progress.pk, **_late(made_at))
    return progress


def _restart_progress(task: Task, by: Actor, now: datetime) -> None:
    """回报 is owed again and again while a team works there."""
    for deployment in (
        Deployment.objects.in_world(by.world)
        .filter(order__task=task, stage__in=["arrived", "working"])
        .select_related("order")
    ):
        clocks.close(rules.PROGRESS.code, about=deployment, by=by, now=now, proof={"reported": now})
        clocks.start(
            rules.PROGRESS.code,
            about=deployment,
            by=by,
            now=now,
            label=f"{deployment.order.team_name} 回报：{task.title}",
            owner_post=deployment.order.leader_post,
            owner_role="team_leader",
            url=f"/tasks/{task.pk}/",
        )


@atomic
def block_task(
    *,
    task_id: UUID,
    by: Actor,
    now: datetime,
    reason: str,
    photo: bytes | None = None,
    made_at: datetime | None = None,
) -> Task:
    """受阻: what is in the way; the duty room owes an answer, the task's own clock goes on."""
    task, by = _take(task_id, "command.task", by)
    reason = why(reason)
    before = _move(task, "block", reason=reason)
    _note(task, "block", by, now, reason, {}, photo, None, None, made_at)
    ask_duty(task, by, now, "受阻")
    event = events.TaskBlocked(task.pk, task.incident_id, reason)
    _tell(event, task, by.because(reason), before, **_late(made_at))
    return task


@atomic
def finish_task(
    *,
    task_id: UUID,
    by: Actor,
    now: datetime,
    text: str = "",
    values: Mapping[str, Any] | None = None,
    photo: bytes | None = None,
    position: tuple[float, float] | None = None,
    accuracy_m: float | None = None,
    made_at: datetime | None = None,
) -> Task:
    """完成 with the proof that the plan asks for; what was reported on the way counts."""
    task, by = _take(task_id, "command.task", by)
    given = {name: value for name, value in (values or {}).items() if str(value).strip()}
    if rules.TASK.can(task.status, "finish"):
        _check_before(task)
        rules.check_proof(task.evidence, _evidence(task, text, given, photo))
    before = _move(task, "finish", finished_by=by.person, finished_at=now, proof={"text": text.strip(), **given})
    progress = _note(task, "finish", by, now, text, given, photo, position, accuracy_m, made_at)
    _end_clocks(task, by, now, {"progress": progress.pk, "text": text.strip()})
    event = events.TaskFinished(task.pk, task.incident_id, task.code, text.strip())
    _tell(event, task, by, before, proof=task.proof, **_late(made_at))
    return task


def _late(made_at: datetime | None) -> dict[str, Any]:
    """For the record: when it was written, where it arrived later."""
    return {"made_at": made_at} if made_at else {}


def _evidence(task: Task, text: str, given: Mapping[str, Any], photo: bytes | None) -> dict[str, object]:
    """Kinds of evidence at hand: from this form and from earlier reports of the task."""
    earlier = list(task.progress.all())
    at_hand: dict[str, object] = {"text": text.strip(), "photo": photo, "document": text.strip(), **given}
    for each in earlier:
        at_hand["text"] = at_hand["text"] or each.text
        at_hand["photo"] = at_hand["photo"] or each.photo_id
        for name, value in each.values.items():
            at_hand.setdefault(name, value)
    return at_hand


@atomic
def finish_by_report(*, incident_id: UUID, clock_kind: str, by: Actor, now: datetime, title: str) -> list[Task]:
    """A sent report is the proof of the task that owed it: nobody has to say it twice."""
    done = []
    rows = Task.objects.in_world(by.world).filter(
        incident_id=incident_id, clock_kind=clock_kind, status__in=["waiting", "accepted", "doing", "blocked"]
    )
    for task_id in rows.values_list("pk", flat=True):
        task = queries.lock_task(task_id, by)
        before, task.status = task.status, "done"
        task.accepted_at = task.accepted_at or now
        task.finished_by, task.finished_at, task.proof = by.person, now, {"document": title}
        task.save(update_fields=["status", "accepted_at", "finished_by", "finished_at", "proof"])
        _tell(events.TaskFinished(task.pk, incident_id, task.code, title), task, by, before, proof=task.proof)
        answered(task, by, now, "report")
        done.append(task)
    return done


def _end_clocks(task: Task, by: Actor, now: datetime, proof: Mapping[str, Any]) -> None:
    for kind in (rules.ACCEPT, rules.DO):
        clocks.close(kind.code, about=task, by=by, now=now, proof=proof)
    _stand_down(task, by, now, proof)


def _stand_down(task: Task, by: Actor, now: datetime, proof: Mapping[str, Any]) -> None:
    """The task has its result: whoever was sent for it owes no more reports, and comes home on a clock."""
    rows = Deployment.objects.in_world(by.world).filter(order__task=task, stage__in=UNDER_WAY).select_related("order")
    for deployment in rows:
        clocks.close(rules.PROGRESS.code, about=deployment, by=by, now=now, proof=proof)
        clocks.start(
            rules.RETURN.code,
            about=deployment,
            by=by,
            now=now,
            label=f"{deployment.order.team_name} {deployment.order.number}",
            owner_post=deployment.order.leader_post,
            owner_role="team_leader",
            url=f"/tasks/{task.pk}/",
        )


@atomic
def waive_task(*, task_id: UUID, by: Actor, now: datetime, reason: str) -> Task:
    """免除 with a reason: the only other way for a task to stop keeping its incident open."""
    task, by = _take(task_id, "command.waive", by)
    reason = why(reason)
    before = _move(task, "waive", reason=reason, finished_by=by.person, finished_at=now)
    for kind in (rules.ACCEPT, rules.DO):
        clocks.cancel(kind.code, about=task, by=by, now=now, reason=reason)
    answered(task, by, now, "waive")
    _stand_down(task, by, now, {"waived": reason})
    _tell(events.TaskWaived(task.pk, task.incident_id, reason), task, by.because(reason), before)
    return task
