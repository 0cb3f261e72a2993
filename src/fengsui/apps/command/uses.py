"""Teams out, closures that stand and responses in force need their rows."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model
from django.utils.translation import gettext as _

from fengsui.apps.command.models import RESPONSE_OPEN, TASK_OPEN, UNDER_WAY, Deployment, Response, Task
from fengsui.core.ledger.uses import WHY, uses


@uses("resources.team")
def of_team(row: Model) -> Iterable[str]:
    rows = Deployment.objects.all_worlds(WHY).filter(team_id=row.pk, stage__in=UNDER_WAY)
    numbers = rows.values_list("order__incident__number", flat=True)
    return [_("还在事件 %(n)s 出动") % {"n": number} for number in numbers]


@uses("plans.planversion")
def of_plan(row: Model) -> Iterable[str]:
    rows = Response.objects.all_worlds(WHY).filter(plan_id=row.pk, status__in=RESPONSE_OPEN)
    return [_("事件 %(n)s 的响应按它进行") % {"n": n} for n in rows.values_list("incident__number", flat=True)]


@uses("people.post")
def of_post(row: Model) -> Iterable[str]:
    rows = Task.objects.all_worlds(WHY).filter(owner_post_id=row.pk, status__in=TASK_OPEN)
    return [_("任务没办完：%(name)s") % {"name": title} for title in rows.values_list("title", flat=True)]
