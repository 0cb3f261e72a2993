"""策划 and 撤销. All verbs of an exercise are done in the live world: it is there that people are missing meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.drills import events, queries, rules, scenario
from fengsui.apps.drills.models import Exercise, Seat
from fengsui.core import policy
from fengsui.core.models import World
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor


def inside(exercise: Exercise, by: Actor) -> Actor:
    """The same person acting in the exercise's world, in a chain of its own: no chain of events spans two worlds."""
    return replace(by, world=exercise.inside_id, correlation=exercise.inside_id)


@atomic
def plan(*, wanted: rules.Plan, by: Actor, now: datetime) -> Exercise:
    """A world of its own, empty until the start. Raises Invalid naming the field that cannot be."""
    policy.require(by, "drills.plan")
    rules.check_plan(wanted)
    readings = len(scenario.part(wanted.series, wanted.from_h, wanted.to_h).items)
    name = wanted.name.strip()[: rules.NAME]
    exercise = Exercise.objects.create(
        world_id=by.world,
        inside=World.objects.create(kind="exercise", name=name),
        name=name,
        series=wanted.series,
        speed=wanted.speed,
        from_h=wanted.from_h,
        to_h=wanted.to_h,
        readings=readings,
        planned_by=by.person,
        planned_at=now,
    )
    Seat.objects.bulk_create([Seat(exercise=exercise, post_id=post) for post in dict.fromkeys(wanted.posts)])
    announce(
        events.ExercisePlanned(exercise.pk, name, wanted.series, wanted.speed, len(set(wanted.posts))),
        about=exercise,
        by=by,
        after={"from_h": wanted.from_h, "to_h": wanted.to_h, "posts": [str(post) for post in wanted.posts]},
    )
    return exercise


@atomic
def drop(*, exercise_id: UUID, reason: str, by: Actor, now: datetime) -> Exercise:
    """撤销 a plan that was not started. What was started is ended, never deleted: it is on record."""
    exercise = queries.lock(exercise_id)
    policy.require(by, "drills.drop", exercise)
    before, exercise.status = exercise.status, rules.MACHINE.next(exercise.status, "drop")
    exercise.reason = rules.check_reason(reason)[:300]
    exercise.ended_by, exercise.ended_at = by.person, now
    exercise.save(update_fields=["status", "reason", "ended_by", "ended_at"])
    exercise.inside.ended_at = now
    exercise.inside.save(update_fields=["ended_at"])
    announce(
        events.ExerciseDropped(exercise.pk, exercise.reason),
        about=exercise,
        by=by.because(exercise.reason),
        before={"status": before},
        after={"status": exercise.status},
    )
    return exercise
