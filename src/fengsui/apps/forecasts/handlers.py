"""A crossing wants its forecast at once, not with the next look; a flood that was asked is computed."""

from __future__ import annotations

from django.utils import timezone

from fengsui.apps.forecasts import actions, jobs
from fengsui.apps.forecasts.events import FloodAsked
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.core.record import on
from fengsui.kernel.actor import Actor


@on(ThresholdCrossed)
def forecast_crossed(event: ThresholdCrossed, by: Actor) -> None:
    actions.run(datastream=event.datastream, by=by, now=timezone.now())


@on(FloodAsked)
def compute_flood(event: FloodAsked, by: Actor) -> None:
    jobs.flood.defer(flood_id=str(event.flood))
