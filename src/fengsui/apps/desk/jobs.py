"""A new district into the database with its roads; maps on paper; points of the map that nobody looked at, counted."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.utils import timezone, translation
from django.utils.translation import gettext_noop as mark
from procrastinate.contrib.django import app

from fengsui.apps.desk import actions, map_actions, map_paper
from fengsui.apps.desk.models import MapPrint
from fengsui.core import retention
from fengsui.core.jobs import clean
from fengsui.core.maps import points
from fengsui.core.retries import Patience
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

log = structlog.get_logger(__name__)
RETRY = Patience(2)


@app.task(name="desk.load_district", retry=RETRY, queue="ledger", lock="desk.load_district")
@clean
def load_district(step: str, correlation: str) -> None:
    actions.load(step, Actor(world=LIVE, system="desk.own_district", correlation=UUID(correlation)))


@app.task(name="desk.print_map", queue="papers", retry=Patience(2, longest_s=2))
@clean
def print_map(print_id: str) -> None:
    render(print_id)


def render(print_id: str) -> None:
    """Make one waiting sheet; a repeated job finds none."""
    rows = MapPrint.objects.all_worlds("a job serves every world").select_related("world")
    row = rows.filter(pk=UUID(print_id), status="waiting").first()
    if row is None:
        return
    try:
        with translation.override(row.asked.get("language", "zh-hans")):
            pdf = map_paper.pdf_of(row, timezone.now())
    except (ValueError, OSError, ImportError) as error:
        log.warning("map_print.failed", print=print_id, error=str(error))
        map_actions.keep_print(print_id=row.pk, pdf=None, reason=f"{type(error).__name__}: {error}")
        return
    map_actions.keep_print(print_id=row.pk, pdf=pdf)


@app.periodic(cron="* * * * * */10")
@app.task(name="desk.count_points", queue="upkeep", queueing_lock="desk.count_points")
@clean
def count_points(timestamp: int) -> None:
    """After a large import the first person who looks shall not wait for the counting."""
    while points.fold():
        pass


retention.declare(
    retention.Rule(
        "map_prints", mark("地图图纸"), lambda: map_actions.KEPT.days, "U", mark("可随时再出"), "desk.print_map"
    )
)
