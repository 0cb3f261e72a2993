"""The work on a library: what waits of it goes to the ensemble, each answer is kept as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext_noop as mark

from fengsui.apps.forecasts import asking
from fengsui.apps.forecasts.scenarios import libraries
from fengsui.apps.forecasts.scenarios.models import ScenarioLibrary
from fengsui.apps.places.models import Place
from fengsui.core.ports import port
from fengsui.kernel.actor import Actor
from fengsui.kernel.ports.ensembles import Unreachable
from fengsui.kernel.ports.floods import Answer, Question, Refused

log = structlog.get_logger(__name__)
AWAY = mark("集合计算的地址连不上，请系统管理员查 FENGSUI_DASK，之后接着算")
BROKE = mark("计算程序出错，已记入日志，请系统管理员查看，之后接着算")


def compute(library_id: UUID) -> None:
    """Until all is told, somebody pauses it, or nobody computes. Raises DatabaseError: the job comes again."""
    row = libraries.begin(library_id=library_id)
    if row is None:
        return
    by = Actor(world=row.world_id, system="forecasts.scenarios", correlation=row.correlation)
    try:
        _compute(row)
    except Unreachable as error:
        log.warning("scenarios.unreachable", why=str(error.facts.get("why")))
        _paused(row, by, AWAY)
    except DatabaseError:
        raise
    except Exception:  # whatever it is: a library that stays "running" for ever tells nobody
        log.exception("scenarios.broke", library=str(library_id))
        _paused(row, by, BROKE)
    else:
        if not libraries.waiting(row):
            libraries.finish(library_id=row.pk, by=by, now=timezone.now())


def _compute(row: ScenarioLibrary) -> None:
    names: dict[str, Place] = {}

    def questions() -> Iterator[tuple[int, Question]]:
        for n, asked in libraries.waiting(row):
            question = asking.question(asked)
            if not names:  # the same square each time, the same places
                names.update(_places(question))
            yield n, question

    def told(n: int, answer: Answer | Refused) -> bool:
        return libraries.tell(library=row, n=n, told=answer, names=names)

    port("ensembles").run(questions(), told, lambda: libraries.is_wanted(library_id=row.pk, world=row.world_id))


def _paused(row: ScenarioLibrary, by: Actor, reason: str) -> None:
    """Unless a person was first."""
    if libraries.is_wanted(library_id=row.pk, world=row.world_id):
        libraries.pause(library_id=row.pk, by=by, reason=reason)


def _places(question: Question) -> dict[str, Place]:
    return {str(each.pk): each for each in Place.objects.filter(pk__in=[spot.key for spot in question.spots])}
