"""What a person does to the map: keep its layers, ask for it on paper. Both are his own and concern nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.desk.models import MapChoice, MapPrint
from fengsui.apps.desk.rules import PAPERS
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid

KEPT = timedelta(days=1)


def remember_layers(*, layers: Sequence[str], by: Actor, now: datetime) -> None:
    assert by.person is not None
    MapChoice.objects.update_or_create(
        person_id=by.person, defaults={"layers": list(dict.fromkeys(layers))[:40], "changed_at": now}
    )


@atomic
def ask_print(*, asked: dict[str, Any], paper: str, by: Actor, now: datetime) -> MapPrint:
    """Raises Invalid("desk.print.paper"). Older ones go: a map on paper is made again in seconds."""
    if paper not in PAPERS:
        raise Invalid("desk.print.paper", papers="、".join(PAPERS))
    MapPrint.objects.all_worlds("old papers go in every world").filter(asked_at__lt=now - KEPT).delete()
    assert by.person is not None
    return MapPrint.objects.create(world_id=by.world, person_id=by.person, asked=asked, paper=paper, asked_at=now)


def keep_print(*, print_id: UUID, pdf: bytes | None, reason: str = "") -> None:
    """The sheet, or why there is none."""
    rows = MapPrint.objects.all_worlds("a job serves every world").filter(pk=print_id, status="waiting")
    rows.update(status="ready" if pdf else "failed", pdf=pdf, reason=reason[:300])
