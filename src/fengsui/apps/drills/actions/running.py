"""开始、进入、离开, and the readings of the scenario."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.drills import events, queries, rules, scenario
from fengsui.apps.drills.actions.planning import inside
from fengsui.apps.drills.models import Exercise, Presence
from fengsui.apps.sensing import doubles
from fengsui.apps.sensing.models import Datastream
from fengsui.core import clocks, policy
from fengsui.core.ports import port
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.replay import payload

SETTLE = timedelta(seconds=4)
"""Between the start and the first reading: the ingest process looks for new streams every two seconds."""
AT_ONCE = 2000
_play: list[Callable[[UUID], None]] = []


def carried_by(defer: Callable[[UUID], None]) -> None:
    """jobs.py says how the scenario is played on: `defer(exercise)`, inside the caller's transaction."""
    _play[:] = [defer]


@atomic
def start(*, exercise_id: UUID, by: Actor, now: datetime) -> Exercise:
    """开始: stations of its own, the scenario begins to play, who has a part may come in; a clock runs to its end."""
    exercise = queries.lock(exercise_id)
    policy.require(by, "drills.start", exercise)
    before, exercise.status = exercise.status, rules.MACHINE.next(exercise.status, "start")
    exercise.started_by, exercise.started_at = by.person, now
    exercise.save(update_fields=["status", "started_by", "started_at"])
    exercise.inside.started_at = now
    exercise.inside.save(update_fields=["started_at"])
    part = scenario.part(exercise.series, exercise.from_h, exercise.to_h)
    doubles.open_stations(
        codes=part.stations,
        prefix=rules.prefix_of(exercise.inside_id),
        speed=exercise.speed,
        period_s=part.step_s,
        by=inside(exercise, by),
    )
    clocks.start(
        rules.END.code,
        about=exercise,
        by=by,
        now=now,
        label=f"演练进行中：{exercise.name}",
        owner_person=by.person,
        owner_role="duty_leader",
        url=f"/drills/{exercise.pk}/",
    )
    announce(
        events.ExerciseStarted(exercise.pk, exercise.inside_id, exercise.readings),
        about=exercise,
        by=by,
        before={"status": before},
        after={"status": exercise.status, "series": exercise.series, "speed": exercise.speed},
    )
    for defer in _play:
        defer(exercise.pk)
    return exercise


@atomic
def join(*, exercise_id: UUID, by: Actor, now: datetime) -> Exercise:
    """进入: only while it runs, only who holds a post that takes part. Pressed again it changes nothing.

    Whoever is still in another one, perhaps since a login of yesterday, leaves it by this: one is in one at a time.
    Raises Refused("exercise.join.wrong_state" | "drills.join.no_part").
    """
    exercise = queries.lock(exercise_id)
    policy.require(by, "drills.join", exercise)
    rules.MACHINE.next(exercise.status, "join")
    rules.check_seat(list(exercise.seats.values_list("post_id", flat=True)), by.posts)
    assert by.person is not None  # what the policy asks
    here = Presence.objects.filter(person_id=by.person, until__isnull=True).select_related("exercise").first()
    if here is not None and here.exercise_id == exercise.pk:
        return exercise
    if here is not None:
        leave(by=by, now=now)
    Presence.objects.create(exercise=exercise, person_id=by.person, since=now)
    announce(events.ExerciseJoined(exercise.pk, by.person), about=exercise, by=by)
    return exercise


@atomic
def leave(*, by: Actor, now: datetime) -> Exercise | None:
    """离开: back to the live world from whichever exercise one is in; None where one is in none."""
    if by.person is None:
        return None
    rows = Presence.objects.filter(person_id=by.person, until__isnull=True).select_related("exercise")
    here = rows.select_for_update(of=("self",)).first()
    if here is None:
        return None
    exercise = here.exercise
    policy.require(by, "drills.leave", exercise)
    here.until = now
    here.save(update_fields=["until"])
    announce(events.ExerciseLeft(exercise.pk, by.person), about=exercise, by=by)
    return exercise


@atomic
def play_due(*, exercise_id: UUID, now: datetime) -> float | None:
    """Hand the readings that are due to the broker. Seconds until the next one; None when nothing is left to play.

    Only what the broker confirmed is counted, so a killed job goes on where it stood; a reading that is sent twice
    changes nothing. Raises StreamClosed while the broker is away.
    """
    exercise = queries.lock(exercise_id)
    if exercise.status != "running" or exercise.started_at is None:
        return None
    begin = exercise.started_at + SETTLE
    dues = scenario.plan(exercise.series, exercise.from_h, exercise.to_h, exercise.speed, begin)
    elapsed = (now - begin).total_seconds()
    ready = []
    for due in dues[exercise.played : exercise.played + AT_ONCE]:
        if due.after_s > elapsed:
            break
        ready.append(due)
    if ready:
        topics = dict(Datastream.objects.in_world(exercise.inside_id).values_list("station__code", "topic"))
        port("intake").publish(
            [(topics[due.item.station], payload(due)) for due in ready if due.item.station in topics]
        )
        exercise.played += len(ready)
        exercise.save(update_fields=["played"])
    if exercise.played < len(dues):
        return max(0.0, dues[exercise.played].after_s - elapsed)
    by = Actor(world=exercise.world_id, system="drills.play")
    announce(events.ScenarioPlayed(exercise.pk, exercise.played), about=exercise, by=by)
    return None
