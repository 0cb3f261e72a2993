"""Reactions: water closes a road for routes, a sent report is the proof of its task."""

from __future__ import annotations

from django.utils import timezone

from fengsui.apps.command import actions, rules
from fengsui.apps.incidents.events import ReportSent
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.catalog.sensors import display
from fengsui.core.record import on
from fengsui.kernel.actor import Actor


@on(ThresholdCrossed)
def follow_water(event: ThresholdCrossed, by: Actor) -> None:
    if event.place is None or event.sensor != "water_depth":
        return
    said = f"{event.station_name} {display(event.sensor, event.unit).whole(event.value)}"
    if rules.cuts_road(event.sensor, rules.level_of(event.level_to), event.value):
        actions.mark_flooded(place_id=event.place, by=by, now=timezone.now(), reason=said)
    else:
        actions.lift_flood(place_id=event.place, by=by, now=timezone.now(), reason=said)


@on(ReportSent)
def prove_report_task(event: ReportSent, by: Actor) -> None:
    for kind in rules.TASK_CLOCKS_OF_STAGE.get(event.stage, ()):
        actions.finish_by_report(
            incident_id=event.incident_id, clock_kind=kind, by=by, now=timezone.now(), title=event.title
        )
