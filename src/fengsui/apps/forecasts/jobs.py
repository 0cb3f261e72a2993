"""The look for streams that want a forecast and for forecasts that can be judged; floods; what is forgotten of both."""

from __future__ import annotations

import time
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext_noop as mark
from procrastinate.contrib.django import app

from fengsui.apps.forecasts import actions, asking, floods, learning, rain, rules
from fengsui.apps.forecasts.lessons import actions as lessons
from fengsui.apps.forecasts.models import FloodRun
from fengsui.apps.forecasts.scenarios import computing
from fengsui.apps.forecasts.scores import actions as scores
from fengsui.core import retention
from fengsui.core.jobs import clean
from fengsui.core.ports import port
from fengsui.core.retries import Patience
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.ports.floods import Stopped

log = structlog.get_logger(__name__)
RETRY = Patience(2, longest_s=2)
TOLD_EVERY_S = 1.0
BROKE = mark("推演程序出错，已记入日志，请系统管理员查看")


@app.periodic(cron="* * * * * */2")
@app.task(
    name="forecasts.run_waiting", queue="forecasts", queueing_lock="forecasts.run_waiting", lock="forecasts.run_waiting"
)
@clean
def run_waiting(timestamp: int) -> None:
    learning.warm()
    actions.run_waiting(timezone.now())


@app.periodic(cron="20 19 * * *")
@app.task(name="forecasts.learn", queue="upkeep", queueing_lock="forecasts.learn", lock="forecasts.learn")
@clean
def learn(timestamp: int) -> None:
    """At 03:20 of China; a weekly lesson each, some hundreds a night; of all rain gauges together one."""
    rain.learn_due(timezone.now())
    learning.learn_due(timezone.now())


@app.task(name="forecasts.learn_asked", queue="upkeep", lock="forecasts.learn", retry=RETRY)
@clean
def learn_asked(datastream: int) -> None:
    """One gauge, because somebody asked; behind the night's lessons, if it is night."""
    lessons.answer(datastream=datastream, now=timezone.now())


@app.task(name="forecasts.flood", queue="floods", retry=RETRY, pass_context=False)
@clean
def flood(flood_id: str) -> None:
    compute(UUID(flood_id))


def compute(flood_id: UUID) -> None:
    """Compute one that waits. A job that comes again, its worker having been killed, begins anew."""
    row = floods.begin(flood_id=flood_id)
    if row is None:
        return
    by = Actor(world=row.world_id, system="forecasts.flood", correlation=row.correlation)
    try:
        answer = port("floods").run(asking.question(row.asked), Telling(row))
    except Stopped:
        return
    except FengsuiError as error:
        log.warning("flood.failed", flood=str(flood_id), error=str(error))
        why = str(error.facts.get("why", error))
        floods.fail(flood_id=flood_id, reason=why, by=by, now=timezone.now())
        return
    except DatabaseError:  # it is away: the job comes again
        raise
    except Exception:  # whatever it is: nobody may wait for ever for an answer that does not come
        log.exception("flood.broke", flood=str(flood_id))
        floods.fail(flood_id=flood_id, reason=BROKE, by=by, now=timezone.now())
        return
    floods.finish(flood_id=flood_id, answer=answer, by=by, now=timezone.now())


@app.task(name="forecasts.scenarios", queue="scenarios", retry=RETRY, pass_context=False)
@clean
def scenarios(library_id: str) -> None:
    """A library from where it is. A job that comes again, its worker having been killed, finds what was computed."""
    computing.compute(UUID(library_id))


class Telling:
    """Called by the engine: keeps the share once a second at most, and says whether somebody still wants the answer."""

    def __init__(self, row: FloodRun) -> None:
        self.row, self.last = row, 0.0

    def __call__(self, share: float) -> bool:
        if time.monotonic() - self.last < TOLD_EVERY_S:
            return True
        self.last = time.monotonic()
        return floods.advance(flood_id=self.row.pk, share=share, world=self.row.world_id)


@app.periodic(cron="50 18 * * *")
@app.task(name="forecasts.forget_floods", queue="upkeep", queueing_lock="forecasts.forget_floods")
@clean
def forget_floods(timestamp: int) -> None:
    """Pictures of old floods go, some hundreds a night."""
    floods.forget(timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="forecasts.score_waiting", queue="forecasts", queueing_lock="forecasts.score", lock="forecasts.score")
@clean
def score_waiting(timestamp: int) -> None:
    """Each minute, since in a fast replay an hour ahead has passed after one; mostly one question without an answer."""
    scores.score_waiting(timezone.now())


@app.periodic(cron="40 18 * * *")
@app.task(name="forecasts.forget_scores", queue="upkeep", queueing_lock="forecasts.forget_scores")
@clean
def forget_scores(timestamp: int) -> None:
    scores.forget(timezone.now())


retention.declare(
    retention.Rule("forecasts", mark("预报"), lambda: None, "U", mark("每次起报原样保留：当时据以决策的是什么")),
    retention.Rule(
        "floods",
        mark("积水推演的图和栅格"),
        lambda: float(rules.FLOOD_DAYS),
        "U",
        mark("所问、进水地点、断路和审计不在此列，一直保留"),
        "forecasts.forget_floods",
    ),
    retention.Rule(
        "forecast_scores",
        mark("预报评分，逐次"),
        lambda: scores.SCORES_KEPT.days,
        "U",
        mark("可与上一个汛期逐次对照"),
        "forecasts.forget_scores",
    ),
    retention.Rule(
        "forecast_sums",
        mark("预报评分，逐日合计与到线"),
        lambda: scores.SUMS_KEPT.days,
        "U",
        mark("每路每天每个预见期一行"),
        "forecasts.forget_scores",
    ),
)
