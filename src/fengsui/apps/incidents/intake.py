"""From a bulletin to an incident: in one press by a duty officer, or by itself from the configured level up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.transaction import atomic

from fengsui.apps.alerts.models import Bulletin, Warning
from fengsui.apps.incidents import queries, rules
from fengsui.apps.incidents.actions import open_incident, raise_level
from fengsui.apps.incidents.models import Incident
from fengsui.apps.places.models import Place
from fengsui.catalog.hazards import hazard as hazard_of
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound
from fengsui.kernel.levels import Level

DEFAULT_FROM = "orange"
"""Orange and up open an incident without a hand [U]; FENGSUI_OPEN_INCIDENT_FROM names another level or `none`."""


def opens_from() -> Level:
    return Level.of(getattr(settings, "FENGSUI_OPEN_INCIDENT_FROM", DEFAULT_FROM))


@atomic
def follow_bulletin(
    *, warning_id: UUID, place_id: UUID, hazard: str, level: Level, headline: str, at: datetime, by: Actor
) -> Incident | None:
    """The open incident of the place takes the bulletin's level; without one it is opened if the level says so.

    `level` NONE: the all-clear. Called again for the same bulletin it changes nothing.
    """
    running = queries.open_at(place_id, hazard, by)
    if running is not None:
        return raise_level(incident_id=running.pk, level=level, by=by)
    if not rules.opens_by_itself(level, opens_from()):
        return None
    return _open(warning_id, place_id, hazard, level, headline, at, at, by)


@atomic
def open_from_bulletin(*, bulletin_id: UUID, by: Actor, now: datetime) -> Incident:
    """One press from the bulletin. Raises Refused("incidents.open.same_place") where it was opened already."""
    bulletin = Bulletin.objects.in_world(by.world).select_related("warning").filter(pk=bulletin_id).first()
    if bulletin is None:
        raise NotFound("incidents.bulletin.not_found")
    return _open(
        bulletin.warning_id,
        bulletin.warning.place_id,
        bulletin.hazard,
        Level(bulletin.level),
        bulletin.headline,
        bulletin.sent_at,
        now,
        by.in_chain(bulletin.correlation),
    )


def _open(
    warning_id: UUID,
    place_id: UUID,
    hazard: str,
    level: Level,
    headline: str,
    known_at: datetime,
    now: datetime,
    by: Actor,
) -> Incident:
    warning = Warning.objects.in_world(by.world).get(pk=warning_id)
    place = Place.objects.select_related("area").get(pk=place_id)
    onset = warning.onset_at if warning.onset_at and warning.onset_at <= known_at else None
    return open_incident(
        by=by,
        now=max(now, known_at),
        source="bulletin",
        type_code=hazard_of(hazard).event_code,
        title=f"{place.name}{hazard_of(hazard).term.zh}",
        hazard=hazard,
        place=place,
        known_at=known_at,
        occurred_at=onset,
        summary=headline,
        level=level,
        warning_id=warning_id,
        verified=True,
    )
