"""Exercises by name, from the live world."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from fengsui.apps.drills import queries
from fengsui.apps.drills.models import Exercise
from fengsui.apps.drills.rules import STATES
from fengsui.core import policy
from fengsui.core.find import Findable, Said, add
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor


def _visible(by: Actor) -> QuerySet[Exercise]:
    """Exercises are rows of the live world; from inside one, its own banner leads to it."""
    rows = queries.visible_to(by)
    return rows if by.world == LIVE else rows.none()


def _say(rows: QuerySet[Any]) -> Iterable[Said]:
    for key, name, status, at in rows.values_list("pk", "name", "status", "planned_at"):
        yield Said(
            str(key),
            name,
            detail=f"{STATES[status].zh}　{at:%Y-%m-%d}",
            detail_en=f"{STATES[status].en}　{at:%Y-%m-%d}",
            url=reverse("drills:exercise-show", args=[key]),
            is_open=status in ("planned", "running"),
        )


add(
    Findable(
        "exercise",
        pgettext_lazy("nav", "演练"),
        Exercise,
        _visible,
        lambda by: policy.can(by, "drills.view"),
        _say,
    )
)
