"""Warnings by place, hazard and level; issued bulletins by headline and number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from fengsui.apps.alerts import queries
from fengsui.apps.alerts.models import Bulletin, Warning
from fengsui.apps.alerts.rules import MACHINE, STATUSES
from fengsui.catalog.hazards import hazards
from fengsui.core.find import Findable, Said, add
from fengsui.kernel.levels import LEVELS, Level


def _warnings(rows: QuerySet[Any]) -> Iterable[Said]:
    kinds = hazards()
    listed = rows.values_list("pk", "place__name", "place__name_en", "place__code", "hazard", "level", "status")
    for key, place, english, code, hazard, number, status in listed:
        level, term = LEVELS[Level(number).code], kinds[hazard].term
        yield Said(
            str(key),
            f"{place}　{term.zh}{level.zh}预警",
            f"{english or place}: {level.en} {term.en} warning",
            code,
            detail=STATUSES[status].zh,
            detail_en=STATUSES[status].en,
            url=f"/warnings/{key}/",
            is_open=status not in MACHINE.final,
        )


def _bulletins(rows: QuerySet[Any]) -> Iterable[Said]:
    for key, title, english, number, at in rows.values_list("pk", "headline", "headline_en", "number", "sent_at"):
        detail = f"{number}　{at:%Y-%m-%d}"
        url = f"/bulletins/{key}/"
        yield Said(str(key), title, english, number, detail=detail, detail_en=detail, url=url)


add(
    Findable(
        "warning",
        _("预警"),
        Warning,
        queries.visible_to,
        lambda by: bool(by.posts),
        _warnings,
        weight=8,
    )
)
add(Findable("bulletin", _("预警信息"), Bulletin, queries.bulletins_visible_to, lambda by: bool(by.posts), _bulletins))
