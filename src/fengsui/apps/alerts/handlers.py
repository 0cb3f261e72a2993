"""Reactions: a crossing moves the warning of its place; a silent person is passed."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from fengsui.apps.alerts import actions
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.catalog.hazards import of_sensor
from fengsui.core.events import ClockEscalated
from fengsui.core.record import on
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level


@on(ThresholdCrossed)
def follow_crossing(event: ThresholdCrossed, by: Actor) -> None:
    """Only streams whose kind a hazard is judged by, at a known place, draft warnings."""
    hazard = of_sensor(event.sensor)
    if hazard is None or event.place is None:
        return
    actions.take_signal(
        place_id=event.place,
        hazard=hazard.code,
        key=f"stream:{event.datastream}",
        level=Level.of(event.level_to),
        at=event.at,
        evidence={
            "kind": "observed",
            "at": event.at.isoformat(),
            "datastream": event.datastream,
            "station": event.station_code,
            "name": event.station_name,
            "sensor": event.sensor,
            "unit": event.unit,
            "value": event.value,
            "line": event.line,
            "level_from": event.level_from,
            "level": event.level_to,
            "rate_per_hour": event.rate_per_hour,
            "first_at": event.first_at.isoformat(),
        },
        speed=event.speed,
        by=by,
        now=timezone.now(),
    )


@on(ClockEscalated)
def pass_silent_person(event: ClockEscalated, by: Actor) -> None:
    if event.kind == "alerts.acknowledge" and event.to_role == "next_in_chain" and ":" not in event.slot:
        actions.pass_on(bulletin_id=UUID(event.about_id), person_id=UUID(event.slot), by=by, now=timezone.now())
