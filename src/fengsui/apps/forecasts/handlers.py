"""A crossing wants its forecast at once, not with the next look; a flood, many, a lesson that were asked are made."""

from __future__ import annotations

from django.utils import timezone

from fengsui.apps.forecasts import actions, jobs
from fengsui.apps.forecasts.events import FloodAsked, LessonAsked, ScenariosAsked, ScenariosResumed
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.core.record import on
from fengsui.kernel.actor import Actor


@on(ThresholdCrossed)
def forecast_crossed(event: ThresholdCrossed, by: Actor) -> None:
    actions.run(datastream=event.datastream, by=by, now=timezone.now())


@on(FloodAsked)
def compute_flood(event: FloodAsked, by: Actor) -> None:
    jobs.flood.defer(flood_id=str(event.flood))


@on(LessonAsked)
def learn_anew(event: LessonAsked, by: Actor) -> None:
    jobs.learn_asked.defer(datastream=event.datastream)


@on(ScenariosAsked)
def compute_scenarios(event: ScenariosAsked, by: Actor) -> None:
    jobs.scenarios.defer(library_id=str(event.library))


@on(ScenariosResumed)
def compute_the_rest(event: ScenariosResumed, by: Actor) -> None:
    jobs.scenarios.defer(library_id=str(event.library))
