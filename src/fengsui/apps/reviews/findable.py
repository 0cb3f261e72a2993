"""What is to be put right after an incident, by its words and its owner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fengsui.apps.reviews import findings
from fengsui.apps.reviews.models import Finding
from fengsui.apps.reviews.rules import FINDING_STATES
from fengsui.core import policy
from fengsui.core.find import Findable, Said, add


def _say(rows: QuerySet[Any]) -> Iterable[Said]:
    listed = rows.values_list("pk", "text", "status", "incident_number", "owner_post__title", "due_at")
    for key, text, status, number, owner, due in listed:
        term = FINDING_STATES[status]
        yield Said(
            str(key),
            text[:120],
            more=(number, owner),
            detail=f"{term.zh}　{owner}　{due:%Y-%m-%d}",
            detail_en=f"{term.en}　{owner}　{due:%Y-%m-%d}",
            url=reverse("reviews:finding-show", args=[key]),
            is_open=status in ("open", "answered"),
        )


add(
    Findable(
        "finding",
        _("整改"),
        Finding,
        findings.visible_to,
        lambda by: policy.can(by, "reviews.see_findings"),
        _say,
    )
)
