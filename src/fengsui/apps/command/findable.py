"""Tasks by what is to be done and for which incident."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fengsui.apps.command import queries
from fengsui.apps.command.models import Task
from fengsui.apps.command.rules import TASK, TASK_STATES
from fengsui.core import policy
from fengsui.core.find import Findable, Said, add


def _say(rows: QuerySet[Any]) -> Iterable[Said]:
    listed = rows.values_list("pk", "title", "title_en", "status", "incident__number", "incident__title")
    for key, title, english, status, number, about in listed:
        yield Said(
            str(key),
            title,
            english,
            more=(number,),
            detail=f"{TASK_STATES[status].zh}　{number} {about}",
            detail_en=f"{TASK_STATES[status].en}　{number} {about}",
            url=reverse("command:task-show", args=[key]),
            is_open=status not in TASK.final,
        )


add(
    Findable(
        "task",
        _("任务"),
        Task,
        queries.tasks_visible_to,
        lambda by: policy.can(by, "command.view"),
        _say,
        weight=2,
    )
)
