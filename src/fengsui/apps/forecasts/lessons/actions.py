"""重新学: asked by a person, done by a job; or done at once by a command."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import DatabaseError
from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.forecasts import events, learning, rules
from fengsui.apps.forecasts.models import LessonAsk
from fengsui.apps.sensing.models import Datastream
from fengsui.core import live, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused

log = structlog.get_logger(__name__)


@atomic
def ask(*, datastream: int, by: Actor, now: datetime) -> LessonAsk:
    """A job learns it. Raises Refused where it is none to learn, or is being learned already."""
    policy.require(by, "forecasts.learn")
    # Its lock lets one of two who press at once through.
    rows = Datastream.objects.in_world(by.world).select_related("station").select_for_update(of=("self",), no_key=True)
    stream = rows.filter(pk=datastream).first()
    if stream is None:
        raise NotFound("sensing.stream.not_found")
    if not learning.learnable().filter(pk=stream.pk).exists():
        raise Refused("forecasts.lesson.not_learned")
    row = LessonAsk.objects.in_world(by.world).filter(datastream=stream).first()
    if row is not None and row.ended_at is None and row.asked_at > now - rules.ASK_AGAIN:
        raise Refused("forecasts.lesson.asked")
    facts = {"asked_at": now, "began_at": None, "ended_at": None, "answer": "", "correlation": by.correlation}
    row, _ = LessonAsk.objects.in_world(by.world).update_or_create(
        datastream=stream, defaults=facts, create_defaults={"world_id": by.world, **facts}
    )
    announce(events.LessonAsked(**learning.named(stream)), about=stream, by=by, topics=(rules.LESSONS,))
    return row


def answer(*, datastream: int, now: datetime) -> None:
    """The job of an ask. One that comes again, its worker having been killed, learns once more; answered, none does."""
    asks = LessonAsk.objects.all_worlds("an ask is of one world").filter(datastream_id=datastream, ended_at=None)
    row = asks.select_related("datastream__station").first()
    if row is None:
        return
    asks.update(began_at=now)
    with atomic():
        live.touch([rules.LESSONS], row.world_id)
    by = Actor(world=row.world_id, system="forecasts.learn", correlation=row.correlation)
    learn(row.datastream, by=by, now=now)


def learn(stream: Datastream, *, by: Actor, now: datetime) -> str:
    """Learn a gauge now and answer whoever asked for it. Returns a code of LESSON_ANSWERS."""
    told = "failed"
    try:
        if learning.learner_here() is not None:
            told = "learned" if learning.learn(stream, now, by) else "nothing"
    except DatabaseError:  # it is away: the job comes again
        raise
    except Exception:  # whatever it is: nobody may wait for ever for an answer that does not come
        log.exception("forecasts.lesson.failed", datastream=stream.pk)
    with atomic():
        asks = LessonAsk.objects.in_world(stream.world_id).filter(datastream=stream, ended_at=None)
        asks.update(ended_at=timezone.now(), answer=told)
        if told == "failed":
            said = events.LessonLearned(**learning.named(stream), answer=told, floods=0, flood_h=0.0)
            announce(said, about=stream, by=by, topics=(rules.LESSONS,))
        else:
            live.touch([rules.LESSONS], stream.world_id)
    return told
