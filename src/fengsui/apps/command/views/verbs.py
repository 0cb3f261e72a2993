"""Verbs of a task and of an ordered team, as they are pressed on the phone."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fengsui.apps.command import actions, queries, rules
from fengsui.apps.command.forms import PositionForm, ProgressForm
from fengsui.apps.command.models import Order, Task
from fengsui.apps.command.views.tasks import shown
from fengsui.apps.incidents.page import pressed
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.core import wording
from fengsui.core.web.once import made_at
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound


@require_POST
@pressed(lambda task_id, verb: f"/tasks/{task_id}/")
def act(request: HttpRequest, task_id: UUID, verb: str) -> HttpResponse | None:
    """One verb of a task. finish, report and block keep what was typed when they are refused."""
    by, now, sent = actor_of(request), timezone.now(), request.POST
    task = queries.get_task(task_id, by)
    if verb in ("report", "finish", "block"):
        return _tell(request, task, verb, by)
    if verb == "accept":
        actions.accept_task(task_id=task_id, by=by, now=now, made_at=made_at(request, now))
    elif verb == "start":
        actions.start_task(task_id=task_id, by=by, now=now, made_at=made_at(request, now))
    elif verb == "decline":
        actions.decline_task(task_id=task_id, by=by, now=now, reason=sent.get("reason", ""))
    elif verb == "waive":
        actions.waive_task(task_id=task_id, by=by, now=now, reason=sent.get("reason", ""))
    elif verb == "assign":
        actions.assign_task(task_id=task_id, post_id=_post(sent.get("post", "")), by=by, now=now)
    else:
        raise NotFound("command.task.not_found")
    return None


def _post(code: str) -> UUID:
    found = people.post_by_code(code)
    if found is None:
        raise Invalid("command.assign.no_post", field="post")
    return found.pk


def _tell(request: HttpRequest, task: Task, verb: str, by: Actor) -> HttpResponse | None:
    form = ProgressForm(request.POST, request.FILES, evidence=task.evidence)
    if not form.is_valid():
        return render(request, "command/task.html", shown(request, task, by, form, verb), status=422)
    now, text, photo = timezone.now(), form.cleaned_data["text"], form.photo_bytes
    made = made_at(request, now)
    told = {
        "by": by, "now": now, "text": text, "values": form.values, "photo": photo, "made_at": made,
        "position": form.position, "accuracy_m": form.cleaned_data.get("accuracy"),
    }  # fmt: skip
    try:
        if verb == "block":
            actions.block_task(task_id=task.pk, by=by, now=now, reason=text, photo=photo, made_at=made)
        elif verb == "report":
            actions.report_progress(task_id=task.pk, **told)
        else:
            actions.finish_task(task_id=task.pk, **told)
    except Invalid as refused:
        return _lacking(request, task, verb, by, form, refused)
    said = {"block": _("已报受阻，值班室会看到"), "report": _("已报"), "finish": _("任务完成，已报值班室")}
    messages.info(request, said[verb])
    return None


def _lacking(
    request: HttpRequest, task: Task, verb: str, by: Actor, form: ProgressForm, refused: Invalid
) -> HttpResponse:
    """The page again with everything typed, and beside each field what is wrong with it."""
    said = wording.say(refused)
    had_photo = bool(form.cleaned_data.get("photo"))
    if verb == "finish":
        lacking = [name for name in refused.facts.get("fields", []) if name in form.fields]
        for name in lacking:
            form.add_error(name, _("完成要有这一项"))
    elif not form.cleaned_data.get("text"):
        form.add_error("text", _("写一句情况"))
    if had_photo:
        form.add_error("photo", _("照片没有存下，请再选一次"))
    form.add_error(None, said.line)
    return render(request, "command/task.html", shown(request, task, by, form, verb), status=422)


@require_POST
@pressed(lambda order_id, verb: _task_of(order_id))
def order_act(request: HttpRequest, order_id: UUID, verb: str) -> HttpResponse | None:
    """One step of an ordered team."""
    if verb not in {each for row in rules.MOVEMENT.moves.values() for each in row}:
        raise NotFound("command.order.not_found")
    form = PositionForm(request.POST)
    position = form.position if form.is_valid() else None
    now = timezone.now()
    actions.move(
        order_id=order_id,
        verb=verb,
        by=actor_of(request),
        now=now,
        made_at=made_at(request, now),
        position=position,
        note=request.POST.get("note", ""),
    )
    return None


def _task_of(order_id: UUID) -> str:
    found = Order.objects.all_worlds("only the address of its task").filter(pk=order_id).first()
    return f"/tasks/{found.task_id}/" if found else "/tasks/"
