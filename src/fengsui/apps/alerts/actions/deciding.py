"""What people decide about a draft: confirm, send back, revise, reject; about one in force: keep."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.alerts import events, queries, rules
from fengsui.apps.alerts.actions.drafting import reword, start_confirm, start_issue, start_reassess
from fengsui.apps.alerts.models import Warning
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

TEXTS = ("description", "description_en", "instruction", "instruction_en")


@atomic
def confirm(*, warning_id: UUID, by: Actor, now: datetime, version: int | None = None) -> Warning:
    """核定: the draft is right as it stands; the second person may issue it. `version`: the draft that was read."""
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.confirm", warning)
    rules.check_by_person(by.person, "confirm")
    rules.check_version(warning.version, version)
    before, warning.status = warning.status, rules.MACHINE.next(warning.status, "confirm")
    warning.confirmed_by, warning.confirmed_at = by.person, now
    warning.save(update_fields=["status", "confirmed_by", "confirmed_at"])
    level = Level(warning.level)
    announce(
        events.WarningConfirmed(warning.id, level.code),
        about=warning,
        by=by,
        before={"status": before},
        after={"status": warning.status, "level": level.code, "version": warning.version},
    )
    proof = {"verb": "confirm", "level": level.code, "version": warning.version}
    clocks.close("alerts.confirm", about=warning, by=by, now=now, proof=proof)
    start_issue(warning, by, now)
    return warning


@atomic
def send_back(*, warning_id: UUID, reason: str, by: Actor, now: datetime) -> Warning:
    """退回: whoever should issue it wants it changed."""
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.send_back", warning)
    rules.check_by_person(by.person, "send_back")
    text = rules.check_reason(reason, "send_back")
    before, warning.status = warning.status, rules.MACHINE.next(warning.status, "send_back")
    warning.confirmed_by = warning.confirmed_at = None
    warning.save(update_fields=["status", "confirmed_by", "confirmed_at"])
    announce(
        events.WarningSentBack(warning.id, text),
        about=warning,
        by=by.because(text),
        before={"status": before},
        after={"status": warning.status},
    )
    clocks.close("alerts.issue", about=warning, by=by, now=now, proof={"verb": "send_back", "reason": text})
    start_confirm(warning, by, now)
    return warning


@atomic
def reject(*, warning_id: UUID, reason: str, by: Actor, now: datetime) -> Warning:
    """不发布: nothing leaves the house, and why."""
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.reject", warning)
    rules.check_by_person(by.person, "reject")
    text = rules.check_reason(reason, "reject")
    before, warning.status = warning.status, rules.MACHINE.next(warning.status, "reject")
    warning.reason, warning.ended_at, warning.ended_by = text[:500], now, by.person
    warning.save(update_fields=["status", "reason", "ended_at", "ended_by"])
    announce(
        events.WarningRejected(warning.id, text),
        about=warning,
        by=by.because(text),
        before={"status": before},
        after={"status": warning.status},
    )
    for kind in ("alerts.confirm", "alerts.issue"):
        clocks.close(kind, about=warning, by=by, now=now, proof={"verb": "reject", "reason": text})
    return warning


@atomic
def revise(
    *,
    warning_id: UUID,
    reason: str,
    by: Actor,
    now: datetime,
    level: Level | None = None,
    texts: dict[str, str] | None = None,
) -> Warning:
    """改级、改稿: a new version that has to be confirmed again. A new level brings its own words unless given."""
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.revise", warning)
    rules.check_by_person(by.person, "revise")
    text = rules.check_reason(reason, "revise")
    was, before = warning.status, Level(warning.level)
    warning.status = rules.MACHINE.next(warning.status, "revise")
    if level is not None:
        rules.check_level(level, before)
        measured = [each for each in warning.evidence if each["kind"] in ("observed", "forecast")]
        reword(warning, level, measured[-1] | {"line": None} if measured else None)
    else:
        warning.version += 1
    for name, given in (texts or {}).items():
        if name in TEXTS and given.strip():
            setattr(warning, name, given.strip())
    warning.evidence = [
        *warning.evidence,
        {"kind": "note", "at": now.isoformat(), "text": text, "person": str(by.person)},
    ]
    warning.confirmed_by = warning.confirmed_at = None
    warning.save()
    announce(
        events.WarningRevised(warning.id, before.code, Level(warning.level).code, warning.version),
        about=warning,
        by=by.because(text),
        before={"status": was, "level": before.code},
        after={"status": warning.status, "level": Level(warning.level).code, "version": warning.version},
    )
    clocks.cancel("alerts.issue", about=warning, by=by, now=now, reason=f"改稿：{text}")
    start_confirm(warning, by, now)
    return warning


@atomic
def keep(*, warning_id: UUID, reason: str, by: Actor, now: datetime) -> Warning:
    """维持: reassessed and left as issued; a drafted change is dropped. The next reassessment starts to run."""
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.keep", warning)
    rules.check_by_person(by.person, "keep")
    text = rules.check_reason(reason, "keep")
    before, warning.status = warning.status, rules.MACHINE.next(warning.status, "keep")
    warning.level = warning.level_in_force
    warning.save(update_fields=["status", "level"])
    level = Level(warning.level)
    announce(
        events.WarningKept(warning.id, level.code),
        about=warning,
        by=by.because(text),
        before={"status": before},
        after={"status": warning.status, "level": level.code},
    )
    proof = {"verb": "keep", "reason": text}
    clocks.close("alerts.confirm", about=warning, by=by, now=now, proof=proof)
    clocks.close("alerts.reassess", about=warning, by=by, now=now, proof=proof)
    start_reassess(warning, by, now)
    return warning
