"""Upkeep of the readings' table."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as mark
from procrastinate.contrib.django import app

from fengsui.apps.sensing import actions, courses, series, upkeep
from fengsui.core import retention
from fengsui.core.jobs import clean

MONTH_DAYS = 30.44


@app.periodic(cron="20 17 * * *")
@app.task(name="sensing.make_partitions", queue="upkeep", queueing_lock="sensing.make_partitions")
@clean
def make_partitions(timestamp: int) -> None:
    """Daily; the months ahead exist long before a reading of theirs comes."""
    actions.make_partitions(timezone.now())


@app.periodic(cron="* * * * * */15")
@app.task(name="sensing.sweep_map", queue="upkeep", queueing_lock="sensing.sweep_map")
@clean
def sweep_map(timestamp: int) -> None:
    actions.sweep_map()


@app.periodic(cron="* * * * * */15")
@app.task(name="sensing.check_courses", queue="upkeep", queueing_lock="sensing.check_courses")
@clean
def check_courses(timestamp: int) -> None:
    """What was stored since, checked against its own past and its neighbours; behind the commit, never before it."""
    courses.check_all(timezone.now())


@app.periodic(cron="40 18 * * *")
@app.task(name="sensing.drop_old_marks", queue="upkeep", queueing_lock="sensing.drop_old_marks")
@clean
def drop_old_marks(timestamp: int) -> None:
    upkeep.drop_old_marks(timezone.now())


@app.periodic(cron="50 17 * * *")
@app.task(name="sensing.keep_days", queue="upkeep", queueing_lock="sensing.keep_days")
@clean
def keep_days(timestamp: int) -> None:
    """Daily: the day that is over is condensed, so that nobody waits for it who asks for a year."""
    series.keep_settled(timezone.now())


@app.periodic(cron="30 18 * * *")
@app.task(name="sensing.drop_old_months", queue="upkeep", queueing_lock="sensing.drop_old_months")
@clean
def drop_old_months(timestamp: int) -> None:
    """Daily: months of readings that were kept as long as FENGSUI_KEEP_READINGS_MONTHS says."""
    upkeep.drop_old(timezone.now())


retention.declare(
    retention.Rule(
        "readings",
        mark("测量读数"),
        lambda: settings.FENGSUI_KEEP_READINGS_MONTHS * MONTH_DAYS or None,
        "U",
        mark("FENGSUI_KEEP_READINGS_MONTHS；按月整月删除，最短 13 个月；每日浓缩值不删"),
        "sensing.drop_old_months",
    ),
    retention.Rule(
        "course_marks",
        mark("读数走势标记"),
        lambda: settings.FENGSUI_KEEP_MARKS_DAYS,
        "U",
        mark("FENGSUI_KEEP_MARKS_DAYS；读数本身不删"),
        "sensing.drop_old_marks",
    ),
    retention.Rule("rejected", mark("不能用的设备报文"), lambda: None, "U", mark("原样保留，供与设备方对质")),
)
