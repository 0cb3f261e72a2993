"""Reactions: a crossing moves the warning of its place; a silent person is passed."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from fengsui.apps.alerts import actions, jobs, proofs, rules
from fengsui.apps.forecasts.events import ForecastReady
from fengsui.apps.people.events import LoggedIn
from fengsui.apps.people.models import Account
from fengsui.apps.sensing import queries as sensing
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
    level, now = Level.of(event.level_to), timezone.now()
    evidence = {
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
    }
    history = level > Level.NONE and sensing.is_history(event.datastream, level, event.at, now)
    if history is None:  # the stream is still telling what happened while nobody listened
        jobs.defer_crossing(event.place, hazard.code, evidence, event.speed, by, now)
        return
    actions.take_signal(
        place_id=event.place,
        hazard=hazard.code,
        key=f"stream:{event.datastream}",
        level=level,
        at=event.at,
        evidence=evidence,
        speed=event.speed,
        by=by,
        now=now,
        history=history,
    )


@on(ForecastReady)
def follow_forecast(event: ForecastReady, by: Actor) -> None:
    """Only what even the late end of the interval reaches in time counts: a warning must not flap with a forecast."""
    hazard = of_sensor(event.sensor)
    if hazard is None or event.place is None:
        return
    now = timezone.now()
    if sensing.is_old(event.datastream, event.issued_at, now):
        return  # made from what was handed over after an outage: a forecast of the past
    sure = [each for each in event.crossings if rules.is_soon(each["latest_in_s"])]
    # What is told is what drafts; else the line that comes next, not the highest one that lies hours ahead.
    facts = sure[-1] if sure else next(iter(event.crossings), {})
    key = f"forecast:{event.datastream}"
    actions.take_signal(
        place_id=event.place,
        hazard=hazard.code,
        key=key,
        level=Level(int(sure[-1]["level"])) if sure else Level.NONE,
        at=event.issued_at,
        evidence={
            "kind": "forecast",
            "key": key,
            "at": event.issued_at.isoformat(),
            "datastream": event.datastream,
            "station": event.station_code,
            "name": event.station_name,
            "sensor": event.sensor,
            "unit": event.unit,
            "value": event.value,
            "line": facts.get("line"),
            "level": Level(int(facts["level"])).code if facts else "none",
            "lead_s": facts.get("in_s") or 0,
            "earliest_in_s": facts.get("earliest_in_s"),
            "latest_in_s": facts.get("latest_in_s"),
            "chance": facts.get("chance"),
            "method": event.method,
            "error": event.error,
            "run": str(event.run),
        },
        speed=event.speed,
        by=by,
        now=now,
    )


@on(ClockEscalated)
def pass_silent_person(event: ClockEscalated, by: Actor) -> None:
    if event.kind == "alerts.acknowledge" and event.to_role == "next_in_chain" and ":" not in event.slot:
        actions.pass_on(bulletin_id=UUID(event.about_id), person_id=UUID(event.slot), by=by, now=timezone.now())


@on(LoggedIn)
def hear_person(event: LoggedIn, by: Actor) -> None:
    """Who logs in can be reached by what he logs in with."""
    persons = Account.objects.filter(pk=event.account_id).values_list("person_id", flat=True)
    proofs.person_was_heard(persons, timezone.now(), "登录")
