"""Verbs of an incident: open, verify, dismiss, merge, grade, end, resume, close, note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.gis.geos import Point
from django.db.transaction import atomic

from fengsui.apps.incidents import events, queries, rules
from fengsui.apps.incidents.models import Incident, LogEntry
from fengsui.apps.places.models import Area, Place
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE, sign
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level

BEIJING = ZoneInfo("Asia/Shanghai")
STATUTORY = (rules.FIRST_PHONE.code, rules.FIRST_WRITTEN.code, rules.DISASTER.code)


def _why(reason: str) -> str:
    if not reason.strip():
        raise Invalid("incidents.reason.missing", field="reason")
    return reason.strip()


@atomic
def open_incident(
    *,
    by: Actor,
    now: datetime,
    source: str,
    type_code: str,
    title: str = "",
    hazard: str = "",
    place: Place | None = None,
    area: Area | None = None,
    position: tuple[float, float] | None = None,
    address: str = "",
    known_at: datetime | None = None,
    occurred_at: datetime | None = None,
    summary: str = "",
    informant: str = "",
    informant_phone: str = "",
    counts: dict[str, Any] | None = None,
    sensitive: bool = False,
    level: Level = Level.NONE,
    warning_id: UUID | None = None,
    verified: bool = False,
) -> Incident:
    """接报: number drawn, statutory clocks running from `known_at`.

    `verified`: a bulletin was already judged by people. position: (lon, lat). counts: deaths, missing, injured,
    trapped, loss_yuan. Raises Refused("incidents.open.same_place") while one of the same place and hazard is open.
    """
    policy.require(by, "incidents.open")
    known_at = known_at or now
    rules.check_times(occurred_at, known_at, now)
    area = place.area if place else area
    if area is None or not (place or address.strip()):
        raise Invalid("incidents.open.nowhere", field="address")
    if place and hazard:
        # The place's row is the lock: two people opening the same incident meet here.
        Place.objects.select_for_update(of=("self",)).get(pk=place.pk)
        if same := queries.open_at(place.pk, hazard, by):
            raise Refused("incidents.open.same_place", number=same.number, incident=str(same.pk))
    day = known_at.astimezone(BEIJING).date()
    serial = queries.draw_serial(by.world, f"incident:{day:%Y%m%d}")
    point = place.location if place else Point(*position) if position else area.centre or Point(0, 0)
    counts = counts or {}
    type_name = rules.TYPES.zh(type_code)
    address = address.strip() or (place.name if place else area.name)
    incident = Incident(
        world_id=by.world,
        number=rules.number(area.code, day, serial, sign(by.world)),
        title=title.strip() or f"{address}{type_name}",
        hazard=hazard,
        type_code=type_code,
        type_name=type_name,
        source=source,
        place=place,
        area=area,
        address=address,
        point=point,
        occurred_at=occurred_at,
        known_at=known_at,
        informant=informant.strip(),
        informant_phone=informant_phone.strip(),
        summary=summary.strip(),
        grade=rules.first_grade(
            counts.get("deaths", 0), counts.get("missing", 0), counts.get("injured", 0), counts.get("loss_yuan", 0)
        ),
        sensitive=sensitive,
        level=level.code,
        warning_id=warning_id,
        correlation=by.correlation,
        opened_by=by.person,
        opened_at=now,
        provenance=place.provenance if place else area.provenance,
        **counts,
    )
    if verified:
        incident.status = rules.MACHINE.next(incident.status, "verify")
        incident.verified_by, incident.verified_at = by.person, now
    incident.save(force_insert=True)
    _start_clocks(incident, by, verified=verified)
    announce(
        events.IncidentOpened(
            incident.pk, incident.number, incident.title, source, place.pk if place else None, level.code, known_at
        ),
        about=incident,
        by=by,
        after={"status": incident.status, "grade": incident.grade, "type": type_code, "warning": warning_id},
    )
    return incident


def _start_clocks(incident: Incident, by: Actor, *, verified: bool) -> None:
    """From the moment of knowledge, not of typing (Art. 17, 61)."""
    jurisdiction = incident.place.jurisdiction if incident.place else incident.area.jurisdiction
    post = queries.duty_post(jurisdiction)
    kinds = STATUTORY if verified else (rules.VERIFY.code, *STATUTORY)
    for kind in kinds:
        start_clock(kind, incident, by, incident.known_at, post)


def start_clock(kind: str, incident: Incident, by: Actor, now: datetime, post: UUID | None) -> None:
    clocks.start(
        kind,
        about=incident,
        by=by,
        now=now,
        label=incident.title,
        owner_post=post,
        owner_role="duty_officer",
        url=rules.page(incident.pk),
    )


def _move(incident: Incident, verb: str, by: Actor, **stamp: Any) -> tuple[str, Actor]:
    """The one mover: next state by the machine, stamped fields saved. Returns the state before and the actor."""
    before = incident.status
    incident.status = rules.MACHINE.next(before, verb)
    for name, value in stamp.items():
        setattr(incident, name, value)
    incident.save(update_fields=["status", *stamp])
    return before, by.in_chain(incident.correlation)


@atomic
def verify(*, incident_id: UUID, by: Actor, now: datetime, note: str = "") -> Incident:
    """核实: somebody made sure that it is so."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.verify", incident)
    before, by = _move(incident, "verify", by, verified_by=by.person, verified_at=now)
    clocks.close(rules.VERIFY.code, about=incident, by=by, now=now, proof={"note": note})
    announce(
        events.IncidentVerified(incident.pk, note),
        about=incident,
        by=by,
        before={"status": before},
        after={"status": incident.status},
    )
    return incident


@atomic
def dismiss(*, incident_id: UUID, by: Actor, now: datetime, reason: str) -> Incident:
    """误报: closed without a response; its clocks are no longer owed, and why."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.dismiss", incident)
    reason = _why(reason)
    before, by = _move(incident, "dismiss", by, reason=reason, closed_at=now, closed_by=by.person)
    _cancel_clocks(incident, by, now, f"误报：{reason}")
    announce(
        events.IncidentDismissed(incident.pk, reason),
        about=incident,
        by=by.because(reason),
        before={"status": before},
        after={"status": incident.status},
    )
    return incident


@atomic
def merge(*, incident_id: UUID, into_id: UUID, by: Actor, now: datetime, reason: str) -> Incident:
    """并案: this one goes on inside the other. Rows are locked in key order."""
    locked = {each: queries.lock(each, by) for each in sorted({incident_id, into_id})}
    incident, into = locked[incident_id], locked[into_id]
    policy.require(by, "incidents.merge", incident)
    rules.check_merge(incident_id, into_id, into.status)
    reason = _why(reason)
    before, by = _move(incident, "merge", by, merged_into=into, reason=reason, closed_at=now, closed_by=by.person)
    _cancel_clocks(incident, by, now, f"并入 {into.number}")
    announce(
        events.IncidentMerged(incident.pk, into.pk, reason),
        about=incident,
        by=by.because(reason),
        before={"status": before},
        after={"status": incident.status, "into": into.number},
    )
    return incident


def _cancel_clocks(incident: Incident, by: Actor, now: datetime, reason: str) -> None:
    for kind in (rules.VERIFY, rules.FIRST_PHONE, rules.FIRST_WRITTEN, rules.DISASTER, rules.FOLLOW_UP, rules.FINAL):
        clocks.cancel(kind.code, about=incident, by=by, now=now, reason=reason)


@atomic
def raise_level(*, incident_id: UUID, level: Level, by: Actor) -> Incident:
    """The hazard at the place moved; the incident's own grade stays what people judged."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.open", incident)
    before = incident.level
    if before == level.code:
        return incident
    incident.level = level.code
    incident.save(update_fields=["level"])
    announce(
        events.IncidentRaised(incident.pk, before, level.code),
        about=incident,
        by=by.in_chain(incident.correlation),
        before={"level": before},
        after={"level": level.code},
    )
    return incident


@atomic
def grade(*, incident_id: UUID, by: Actor, counts: dict[str, Any], to: str, sensitive: bool, reason: str) -> Incident:
    """初判级别 by a person, with the counts it rests on; both stay in the record."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.grade", incident)
    reason = _why(reason)
    before = {name: getattr(incident, name) for name in (*counts, "grade", "sensitive")}
    for name, value in counts.items():
        setattr(incident, name, value)
    incident.grade, incident.sensitive = to, sensitive
    incident.save(update_fields=[*counts, "grade", "sensitive"])
    announce(
        events.IncidentGraded(incident.pk, to, reason),
        about=incident,
        by=by.in_chain(incident.correlation).because(reason),
        before=before,
        after={**counts, "grade": to, "sensitive": sensitive},
    )
    return incident


@atomic
def respond(*, incident_id: UUID, by: Actor) -> Incident:
    """A response was activated for it (called by `command`); one already responding stays as it is."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.end", incident)
    if incident.status == "responding":
        return incident
    before, by = _move(incident, "respond", by)
    announce(
        events.IncidentResponding(incident.pk),
        about=incident,
        by=by,
        before={"status": before},
        after={"status": incident.status},
    )
    return incident


@atomic
def end(*, incident_id: UUID, by: Actor, now: datetime, reason: str) -> Incident:
    """响应终止 (Art. 86): the follow-up clock stops, the final report's starts."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.end", incident)
    reason = _why(reason)
    before, by = _move(incident, "end", by, ended_at=now)
    clocks.cancel(rules.FOLLOW_UP.code, about=incident, by=by, now=now, reason="响应终止，改为终报")
    jurisdiction = incident.place.jurisdiction if incident.place else incident.area.jurisdiction
    start_clock(rules.FINAL.code, incident, by, now, queries.duty_post(jurisdiction))
    announce(
        events.IncidentEnded(incident.pk, reason),
        about=incident,
        by=by.because(reason),
        before={"status": before},
        after={"status": incident.status},
    )
    return incident


@atomic
def resume(*, incident_id: UUID, by: Actor, now: datetime, reason: str) -> Incident:
    """The danger came back before the final report."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.resume", incident)
    reason = _why(reason)
    before, by = _move(incident, "resume", by, ended_at=None)
    clocks.cancel(rules.FINAL.code, about=incident, by=by, now=now, reason=reason)
    announce(
        events.IncidentResumed(incident.pk, reason),
        about=incident,
        by=by.because(reason),
        before={"status": before},
        after={"status": incident.status},
    )
    return incident


@atomic
def close(*, incident_id: UUID, by: Actor, now: datetime, unfinished: Sequence[str]) -> Incident:
    """归档. `unfinished`: titles of tasks without a result, told by `command`, which calls this.

    Raises Refused("incidents.close.open_tasks") while there is one; the database refuses as well. Raises
    Refused("incidents.close.open_clocks") while a report is owed: nothing is filed with its clock still running.
    """
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.close", incident)
    if unfinished:
        raise Refused("incidents.close.open_tasks", count=len(unfinished), titles="、".join(unfinished[:5]))
    if owed := queries.owed_reports(incident):
        titles = "、".join(ClockKind.registered[kind].verb.zh for kind in owed)
        raise Refused("incidents.close.open_clocks", count=len(owed), titles=titles)
    before, by = _move(incident, "close", by, closed_at=now, closed_by=by.person)
    announce(
        events.IncidentClosed(incident.pk, incident.number),
        about=incident,
        by=by,
        before={"status": before},
        after={"status": incident.status},
    )
    return incident


@atomic
def stop(*, incident_id: UUID, by: Actor, now: datetime, reason: str) -> Incident:
    """随演练结束: filed as it stands, without the reports that a real one would still owe.

    Raises Refused("incidents.stop.live"): a real incident ends by its own verbs only.
    """
    if by.world == LIVE:
        raise Refused("incidents.stop.live")
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.stop", incident)
    reason = _why(reason)
    before, by = _move(incident, "stop", by, reason=reason, closed_at=now, closed_by=by.person)
    _cancel_clocks(incident, by, now, reason)
    announce(
        events.IncidentStopped(incident.pk, incident.number, reason),
        about=incident,
        by=by.because(reason),
        before={"status": before},
        after={"status": incident.status},
    )
    return incident


@atomic
def note(
    *, incident_id: UUID, by: Actor, now: datetime, text: str, at: datetime | None = None, corrects: UUID | None = None
) -> LogEntry:
    """记一笔: what happened, when, told by whom; a correction is a new entry."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.note", incident)
    if not text.strip():
        raise Invalid("incidents.log.empty", field="text")
    if at is not None and at > now:
        raise Invalid("incidents.open.known_in_future", field="at")
    entry = LogEntry.objects.create(
        world_id=by.world,
        incident=incident,
        at=at or now,
        written_at=now,
        written_by=by.person,
        text=text.strip(),
        corrects_id=corrects,
    )
    announce(
        events.Noted(incident.pk, entry.pk, entry.text, entry.at), about=incident, by=by.in_chain(incident.correlation)
    )
    return entry
