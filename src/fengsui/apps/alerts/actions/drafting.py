"""From a signal to a draft: one open warning per place and hazard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.alerts import drafts, events, queries, rules
from fengsui.apps.alerts.models import Warning
from fengsui.apps.places.models import Place
from fengsui.catalog.hazards import hazard as hazard_of
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused
from fengsui.kernel.levels import Level

EVIDENCE_KEPT = 60
"""Rows of evidence on the warning itself; the readings stay in sensing."""


@atomic
def take_signal(
    *,
    place_id: UUID,
    hazard: str,
    key: str,
    level: Level,
    at: datetime,
    evidence: Mapping[str, Any],
    speed: float,
    by: Actor,
    now: datetime,
    history: bool = False,
) -> Warning | None:
    """A stream or forecast (`key`) of the place stands at `level` since `at`.

    Drafts, raises, lets a draft sink, or suggests; nothing is ever issued, rejected or lifted from here.
    history: it stood there once and no longer does, so only a warning that is open hears of it.
    evidence: {kind: observed|forecast, at, value, unit, line, ...}. Returns the warning, None where nothing is open.
    """
    queries.one_at_a_time("alerts.place", by.world, place_id, hazard)
    warning = queries.open_one(place_id, hazard, by)
    if warning is None:
        if level is Level.NONE or history:
            return None
        place = Place.objects.select_related("area").get(pk=place_id)
        signals = {key: {"level": level.code, "at": at.isoformat()}}
        return _create(place, hazard, level, signals, evidence, speed, at, by, now)
    by = by.in_chain(warning.correlation)
    same = warning.signals.get(key, {}).get("level") == level.code and evidence["kind"] == "forecast"
    kept = [each for each in warning.evidence if not (same and each.get("key") == evidence.get("key", ""))]
    warning.evidence = [*kept, dict(evidence)][-EVIDENCE_KEPT:]
    if not rules.newer(warning.signals, key, at):
        warning.save(update_fields=["evidence"])
        return warning
    warning.signals = warning.signals | {key: {"level": level.code, "at": at.isoformat()}}
    _follow(warning, rules.suggested(warning.signals), evidence, by, now)
    return warning


@atomic
def draft_by_hand(*, place_id: UUID, hazard: str, level: Level, reason: str, by: Actor, now: datetime) -> Warning:
    """手工拟: a duty officer drafts from what people report."""
    policy.require(by, "alerts.draft")
    text = rules.check_reason(reason, "draft")
    rules.check_level(level, Level.NONE)
    place = Place.objects.select_related("area").get(pk=place_id)
    queries.one_at_a_time("alerts.place", by.world, place_id, hazard)
    if queries.open_one(place_id, hazard, by) is not None:
        raise Refused("alerts.draft.already_open")
    evidence = {"kind": "report", "at": now.isoformat(), "text": text, "person": str(by.person)}
    signals = {f"report:{by.person}": {"level": level.code, "at": now.isoformat()}}
    return _create(place, hazard, level, signals, evidence, 1.0, now, by.because(text), now)


def _create(
    place: Place,
    hazard: str,
    level: Level,
    signals: dict[str, Any],
    evidence: Mapping[str, Any],
    speed: float,
    at: datetime,
    by: Actor,
    now: datetime,
) -> Warning:
    entry = hazard_of(hazard)
    words = drafts.describe(
        entry, drafts.Spot(place.name, place.name_en), level, evidence, queries.line_of(place, level)
    )
    advice = drafts.instruct(entry, level)
    warning: Warning = Warning.objects.create(
        world_id=by.world,
        place=place,
        jurisdiction=place.jurisdiction,
        hazard=hazard,
        level=level,
        level_suggested=level,
        trigger=evidence["kind"],
        description=words.zh,
        description_en=words.en,
        instruction=advice.zh,
        instruction_en=advice.en,
        onset_at=at,
        signals=signals,
        evidence=[dict(evidence)],
        speed=speed,
        correlation=by.correlation,
        drafted_at=now,
        drafted_by=by.person,
    )
    announce(
        events.WarningDrafted(warning.id, hazard, level.code, place.pk, place.code, place.name, str(evidence["kind"])),
        about=warning,
        by=by,
        after={"level": level.code, "status": warning.status},
    )
    start_confirm(warning, by, now)
    return warning


def _follow(warning: Warning, suggested: Level, evidence: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """What the new picture of the place does to the open warning."""
    before, said = Level(warning.level), Level(warning.level_suggested)
    what = rules.after_signal(warning.status, before, suggested)
    warning.level_suggested = suggested
    if what in ("raise", "follow"):
        reword(warning, suggested, evidence)
        was, warning.status = warning.status, rules.MACHINE.next(warning.status, "revise")
        warning.save()
        told: object = events.WarningRevised(warning.id, before.code, suggested.code, warning.version)
        if what == "raise":
            told = events.WarningRaised(warning.id, before.code, suggested.code)
        announce(
            told,
            about=warning,
            by=by,
            before={"level": before.code, "status": was},
            after={"level": suggested.code, "status": warning.status},
        )
        clocks.cancel("alerts.issue", about=warning, by=by, now=now, reason="证据变化，须重新核定")
        start_confirm(warning, by, now)
    else:
        warning.save(update_fields=["evidence", "signals", "level_suggested"])
        if what in ("ease", "calm") and suggested != said:
            announce(events.WarningEased(warning.id, suggested.code), about=warning, by=by)
    _watch_lifting(warning, suggested, by, now)


def _watch_lifting(warning: Warning, suggested: Level, by: Actor, now: datetime) -> None:
    """The clock to lift runs while nothing is crossed; it is taken back when the water returns."""
    if warning.status not in rules.IN_FORCE:
        return
    if suggested is Level.NONE:
        start_lift(warning, by, now)
    else:
        clocks.cancel("alerts.lift", about=warning, by=by, now=now, reason="又达到预警线")


def reword(warning: Warning, level: Level, evidence: Mapping[str, Any] | None) -> None:
    """New level, new words, next version; unsaved."""
    entry = hazard_of(warning.hazard)
    place = warning.place
    spot = drafts.Spot(place.name, place.name_en)
    words = drafts.describe(entry, spot, level, evidence, queries.line_of(place, level))
    advice = drafts.instruct(entry, level)
    warning.level, warning.version = int(level), warning.version + 1
    warning.description, warning.description_en = words.zh, words.en
    warning.instruction, warning.instruction_en = advice.zh, advice.en


def label(warning: Warning, what: str) -> str:
    level = Level(warning.level if what != "解除" else warning.level_in_force)
    return f"{what}：{warning.place.name}{hazard_of(warning.hazard).term.zh}{level.zh}预警"


def start_confirm(warning: Warning, by: Actor, now: datetime) -> None:
    _start("alerts.confirm", "duty_officer", "核定", warning, by, now)


def start_issue(warning: Warning, by: Actor, now: datetime) -> None:
    _start("alerts.issue", "duty_leader", "签发", warning, by, now)


def start_lift(warning: Warning, by: Actor, now: datetime) -> None:
    high = Level(warning.level_in_force) >= rules.SECOND_PERSON_FROM
    _start("alerts.lift", "duty_leader" if high else "duty_officer", "解除", warning, by, now)


def start_reassess(warning: Warning, by: Actor, now: datetime) -> None:
    _start("alerts.reassess", "duty_officer", "再研判", warning, by, now)


def _start(kind: str, role: str, what: str, warning: Warning, by: Actor, now: datetime) -> None:
    clocks.start(
        kind,
        about=warning,
        by=by,
        now=now,
        label=label(warning, what),
        owner_post=queries.duty_post(role, warning.jurisdiction),
        owner_role=role,
        url=f"/warnings/{warning.id}/",
    )
