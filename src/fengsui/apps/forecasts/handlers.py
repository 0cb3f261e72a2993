"""A crossing wants its forecast at once, not with the next look."""

from __future__ import annotations

from django.utils import timezone

from fengsui.apps.forecasts import actions
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.core.record import on
from fengsui.kernel.actor import Actor


@on(ThresholdCrossed)
def forecast_crossed(event: ThresholdCrossed, by: Actor) -> None:
    actions.run(datastream=event.datastream, by=by, now=timezone.now())
