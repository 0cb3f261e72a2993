"""Reactions to bulletins: a place in danger has an incident, and its level follows what was issued."""

from __future__ import annotations

from fengsui.apps.alerts.events import BulletinIssued
from fengsui.apps.incidents import intake
from fengsui.core.record import on
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level


@on(BulletinIssued)
def follow_bulletin(event: BulletinIssued, by: Actor) -> None:
    intake.follow_bulletin(
        warning_id=event.warning_id,
        place_id=event.place_id,
        hazard=event.hazard,
        level=Level.NONE if event.kind in ("all_clear", "cancel") else Level.of(event.level),
        headline=event.headline,
        at=event.sent_at,
        by=by,
    )
