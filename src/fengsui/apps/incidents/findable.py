"""Incidents by number, title and address; open ones first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from fengsui.apps.incidents import queries
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.rules import MACHINE, STATES
from fengsui.core import policy
from fengsui.core.find import Findable, Said, add


def _say(rows: QuerySet[Any]) -> Iterable[Said]:
    listed = rows.values_list("pk", "title", "number", "address", "status", "type_name", "place__name_en")
    for key, title, number, address, status, kind, english in listed:
        term = STATES[status]
        yield Said(
            str(key),
            title,
            code=number,
            more=(address, kind, english or ""),
            detail=f"{number}　{term.zh}　{address}",
            detail_en=f"{number}　{term.en}　{english or address}",
            url=f"/incidents/{key}/",
            is_open=status not in MACHINE.final,
        )


add(
    Findable(
        "incident",
        _("事件"),
        Incident,
        queries.visible_to,
        lambda by: policy.can(by, "incidents.view"),
        _say,
        weight=10,
    )
)
