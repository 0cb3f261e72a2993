"""时限: start, pause, resume, close. No app keeps its own due-date logic."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.transaction import atomic

from fengsui.core import events
from fengsui.core.models import Clock, ClockPause, ClockRuleRow
from fengsui.core.ports import PortAbsent, port
from fengsui.core.record import announce, plain, subject_of
from fengsui.core.worlds import LIVE, is_over
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE, ClockKind, ClockRule, WorkCalendar, due, left_s, next_fire, rule_from
from fengsui.kernel.errors import FengsuiError, NotFound, Refused

EXERCISE_OVER = "演练已结束"


@cache
def work_calendar() -> WorkCalendar:
    """Working hours of the district's offices; config provides them."""
    try:
        calendar: WorkCalendar = port("work_calendar")
    except PortAbsent:
        return WorkCalendar()
    return calendar


def rule_for(kind: str) -> ClockRule:
    """The rule in force. FENGSUI_CLOCKS (`kind=seconds,…`) shortens it for demonstrations; the basis then says so."""
    if kind not in ClockKind.registered:
        raise FengsuiError("core.clock.unknown_kind", kind=kind)
    row = ClockRuleRow.objects.filter(pk=kind).values().first()
    if row is None:
        raise FengsuiError("core.clock.no_rule", kind=kind)
    override = settings.FENGSUI_CLOCKS.get(kind)
    if override is not None:
        scale = override / row["limit_s"]
        row["ladder"] = [{**rung, "after_s": round(rung["after_s"] * scale)} for rung in row["ladder"]]
        row |= {"limit_s": override, "basis": "U", "note": "演示缩短"}
    return rule_from(row)


@atomic
def start(
    kind: str,
    *,
    about: models.Model,
    by: Actor,
    now: datetime,
    label: str,
    owner_post: UUID | None = None,
    owner_person: UUID | None = None,
    owner_role: str = "",
    slot: str = "",
    url: str = "",
    limit_s: int | None = None,
) -> Clock:
    """Open a clock on `about`; an open one of the same kind and slot is returned as it is.

    The owner is a post, then a person; a role stands in where no post is named yet.
    """
    about_type, about_id = subject_of(about)
    same = Clock.objects.in_world(by.world).filter(about_type=about_type, about_id=about_id, kind=kind, slot=slot)
    if open_one := same.filter(state__in=MACHINE.open_states).first():
        return open_one
    rule = rule_for(kind)
    over = is_over(by.world)
    limit = limit_s if limit_s is not None else rule.limit_s
    due_at = due(now, limit, rule.calendar, work_calendar())
    # A reaction may come after the end of its exercise: what it would owe is written down as owed no longer.
    ended = {"state": "cancelled", "closed_at": now, "proof": {"reason": EXERCISE_OVER}} if over else {}
    clock = Clock.objects.create(
        world_id=by.world,
        kind=kind,
        slot=slot,
        about_type=about_type,
        about_id=about_id,
        label=label[:200],
        url=url,
        owner_post=owner_post,
        owner_person=owner_person,
        owner_role=owner_role,
        correlation=by.correlation,
        started_at=now,
        due_at=due_at,
        limit_s=limit,
        calendar=rule.calendar,
        ladder=[{"after_s": rung.after_s, "to_role": rung.to_role, "say": rung.say} for rung in rule.ladder],
        default_after_s=rule.default_after_s,
        next_fire_at=None if over else next_fire(due_at, rule.ladder, 0, rule.default_after_s),
        source=rule.source,
        basis=rule.basis,
        **ended,
    )
    announce(
        events.ClockStarted(clock.id, kind, about_type, about_id, due_at), about=clock, by=by, topics=("core.clocks",)
    )
    return clock


def _open(kind: str, about: models.Model, by: Actor, slot: str | None) -> list[Clock]:
    about_type, about_id = subject_of(about)
    found = Clock.objects.in_world(by.world).filter(
        about_type=about_type, about_id=about_id, kind=kind, state__in=MACHINE.open_states
    )
    if slot is not None:
        found = found.filter(slot=slot)
    return list(found.select_for_update().order_by("id"))


@atomic
def close(
    kind: str, *, about: models.Model, by: Actor, now: datetime, proof: Mapping[str, Any], slot: str | None = None
) -> list[Clock]:
    """Close the open clocks of this kind with what proves it; none open is no error (a repeated press)."""
    return [_end(clock, "close", by, now, proof) for clock in _open(kind, about, by, slot)]


@atomic
def cancel(
    kind: str, *, about: models.Model, by: Actor, now: datetime, reason: str, slot: str | None = None
) -> list[Clock]:
    """The thing owed is no longer owed, and why."""
    return [_end(clock, "cancel", by, now, {"reason": reason}) for clock in _open(kind, about, by, slot)]


@atomic
def cancel_all(*, by: Actor, now: datetime, reason: str) -> list[Clock]:
    """Every clock that runs in the actor's world, because that world ends. Raises Refused for the live world."""
    if by.world == LIVE:
        raise Refused("core.clock.live_world_goes_on")
    rows = Clock.objects.in_world(by.world).filter(state__in=MACHINE.open_states).select_for_update().order_by("id")
    return [_end(clock, "cancel", by.in_chain(clock.correlation), now, {"reason": reason}) for clock in rows]


def _end(clock: Clock, verb: str, by: Actor, now: datetime, proof: Mapping[str, Any]) -> Clock:
    clock.state = MACHINE.next(clock.state, verb)
    clock.closed_at, clock.closed_by, clock.proof, clock.next_fire_at = now, by.person, plain(proof), None
    clock.save(update_fields=["state", "closed_at", "closed_by", "proof", "next_fire_at"])
    announce(
        events.ClockClosed(
            clock.id,
            clock.kind,
            clock.slot,
            clock.about_type,
            clock.about_id,
            round((now - clock.started_at).total_seconds(), 3),
            round(max(0.0, (now - clock.due_at).total_seconds()), 3),
        ),
        about=clock,
        by=by,
        after={"state": clock.state, "proof": clock.proof},
        topics=("core.clocks",),
    )
    return clock


def lock(clock_id: UUID, by: Actor) -> Clock:
    clock = Clock.objects.in_world(by.world).select_for_update().filter(pk=clock_id).first()
    if clock is None:
        raise NotFound("core.clock.not_found")
    return clock


@atomic
def pause(clock_id: UUID, *, by: Actor, now: datetime, reason: str) -> Clock:
    """Stop the clock with a reason; what is left of the limit is given back when it resumes."""
    if not reason.strip():
        raise FengsuiError("core.clock.pause_needs_reason")
    clock = lock(clock_id, by)
    clock.state = MACHINE.next(clock.state, "pause")
    clock.left_s = left_s(now, clock.due_at, clock.calendar, work_calendar())  # type: ignore[arg-type]  # the column holds one of the two calendars
    clock.next_fire_at = None
    clock.save(update_fields=["state", "left_s", "next_fire_at"])
    ClockPause.objects.create(clock=clock, started_at=now, reason=reason.strip(), by_person=by.person)
    announce(events.ClockPaused(clock.id, clock.kind, reason), about=clock, by=by, topics=("core.clocks",))
    return clock


@atomic
def resume(clock_id: UUID, *, by: Actor, now: datetime) -> Clock:
    """Run again with the time that was left."""
    clock = lock(clock_id, by)
    clock.state = MACHINE.next(clock.state, "resume")
    clock.due_at = due(now, clock.left_s or 0.0, clock.calendar, work_calendar())  # type: ignore[arg-type]  # the column holds one of the two calendars
    rule = rule_from({"kind": clock.kind, "limit_s": clock.limit_s, "ladder": clock.ladder})
    clock.next_fire_at = next_fire(clock.due_at, rule.ladder, clock.rungs_fired, clock.default_after_s)
    clock.left_s = None
    clock.save(update_fields=["state", "due_at", "next_fire_at", "left_s"])
    clock.pauses.filter(ended_at__isnull=True).update(ended_at=now)
    announce(events.ClockResumed(clock.id, clock.kind, clock.due_at), about=clock, by=by, topics=("core.clocks",))
    return clock
