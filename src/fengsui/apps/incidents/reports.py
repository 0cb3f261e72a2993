"""Verbs of a report: draft (prefilled), edit, submit, sign, give back, send, confirm, correct. Sent ones are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.incidents import actions, events, queries, rules
from fengsui.apps.incidents.models import Incident, Report
from fengsui.core import clocks, policy
from fengsui.core.models import Clock
from fengsui.core.record import announce
from fengsui.core.web import seen
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE as CLOCKS
from fengsui.kernel.errors import Invalid, Refused

UNSENT = ("draft", "review", "signed")


def _local(when: datetime | None) -> str:
    """2026年7月28日2时31分, the form of issued documents."""
    if when is None:
        return ""
    here = timezone.localtime(when)
    return f"{here.year}年{here.month}月{here.day}日{here.hour}时{here.minute:02d}分"


def _where(incident: Incident) -> str:
    """The street once, also where the place's own name begins with it."""
    name = incident.area.name
    return incident.address if incident.address.startswith(name) else f"{name}{incident.address}"


def prefill(incident: Incident, stage: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Report once: no field asks for what the platform already knows. `more` comes from `command` above."""
    casualties = queries.casualties_text(incident)
    losses = f"直接经济损失初步统计{incident.loss_yuan:.0f}元" if incident.loss_yuan else "正在核实"
    depth = f"，现地为{incident.level_now.zh}" if incident.level != "none" else ""
    known = {
        "source": rules.SOURCES.zh(incident.source) + (f"，{incident.informant}" if incident.informant else ""),
        "known_at": _local(incident.known_at),
        "occurred_at": _local(incident.occurred_at) or "正在核实",
        "where": f"{_where(incident)}（东经{incident.point.x:.4f}，北纬{incident.point.y:.4f}）",
        "type": f"{incident.type_name}（{incident.type_code}）",
        "grade": rules.GRADES.zh(incident.grade),
        "casualties": casualties,
        "losses": losses,
        "course": incident.summary or f"{_local(incident.known_at)}接报{incident.title}{depth}。",
        "said": f"{_local(incident.known_at)}，{incident.title}{depth}；{casualties}；"
        f"初判{rules.GRADES.zh(incident.grade)}。",
        "summary": f"{_local(incident.known_at)}，{incident.title}。{incident.summary}",
        **(more or {}),
    }
    return {code: known[code] for code, _label, _required in rules.FIELDS[stage] if known.get(code)}


@atomic
def draft(*, incident_id: UUID, stage: str, by: Actor, now: datetime, more: Mapping[str, str] | None = None) -> Report:
    """拟稿, prefilled; one unsent draft a stage."""
    incident = queries.lock(incident_id, by)
    policy.require(by, "incidents.draft_report", incident)
    rows = incident.reports.all()
    rules.check_stage(stage, incident.status, [row.stage for row in rows if row.sent_at])
    if any(row.stage == stage and row.status in UNSENT for row in rows):
        raise Refused("incidents.report.one_open")
    n = (rows.filter(stage=stage).aggregate(last=Max("n"))["last"] or 0) + 1
    return _create(incident, stage, n, 1, None, prefill(incident, stage, more), by, now)


@atomic
def correct(*, report_id: UUID, by: Actor, now: datetime) -> Report:
    """更正: a new version beside the sent one, which stays as it was sent."""
    old = queries.lock_report(report_id, by)
    policy.require(by, "incidents.draft_report", old.incident)
    if old.sent_at is None:
        raise Refused("incidents.report.one_open")
    version = (old.incident.reports.filter(stage=old.stage, n=old.n).aggregate(last=Max("version"))["last"] or 0) + 1
    return _create(old.incident, old.stage, old.n, version, old, dict(old.fields), by, now)


def _create(
    incident: Incident,
    stage: str,
    n: int,
    version: int,
    replaces: Report | None,
    fields: dict[str, str],
    by: Actor,
    now: datetime,
) -> Report:
    report = Report.objects.create(
        world_id=by.world,
        incident=incident,
        stage=stage,
        n=n,
        version=version,
        replaces=replaces,
        title=rules.report_title(incident.title, stage, n) + ("（更正）" if replaces else ""),
        fields=fields,
        known={code: "平台已知" for code in fields},
        receiver="市委市政府总值班室、市应急管理局",
        drafted_by=by.person,
        drafted_at=now,
        known_at=incident.known_at,
    )
    announce(
        events.ReportDrafted(report.pk, incident.pk, stage),
        about=report,
        by=by.in_chain(incident.correlation),
        after={"fields": fields},
        topics=_topics(incident),
    )
    return report


def _topics(incident: Incident) -> tuple[str, ...]:
    return (f"incidents.incident:{incident.pk}",)


@atomic
def edit(*, report_id: UUID, by: Actor, fields: Mapping[str, str], receiver: str = "", shown: str = "") -> Report:
    """Change the draft; only known fields are kept. What changed is recorded; nothing changed, nothing recorded.

    `shown`: the mark (core.web.seen) of what the form had shown. Raises Refused("core.seen.changed") if overtaken.
    """
    report = queries.lock_report(report_id, by)
    policy.require(by, "incidents.draft_report", report.incident)
    rules.REPORT_MACHINE.next(report.status, "edit")
    allowed = {code for code, _label, _required in rules.FIELDS[report.stage]}
    before = {**report.fields, "receiver": report.receiver}
    seen.check(shown, before)
    report.fields = {code: text.strip() for code, text in fields.items() if code in allowed and text.strip()}
    report.receiver = receiver.strip() or report.receiver
    after = {**report.fields, "receiver": report.receiver}
    changed = sorted(code for code in {*before, *after} if before.get(code) != after.get(code))
    if not changed:
        return report
    report.save(update_fields=["fields", "receiver"])
    announce(
        events.ReportEdited(report.pk, report.incident_id, report.stage, tuple(changed)),
        about=report,
        by=by.in_chain(report.incident.correlation),
        before={code: before.get(code, "") for code in changed},
        after={code: after.get(code, "") for code in changed},
        topics=_topics(report.incident),
    )
    return report


@atomic
def submit(*, report_id: UUID, by: Actor, now: datetime) -> Report:
    """送审核签发."""
    report = queries.lock_report(report_id, by)
    policy.require(by, "incidents.draft_report", report.incident)
    before = report.status
    report.status = rules.REPORT_MACHINE.next(before, "submit")
    rules.check_fields(report.stage, report.fields)
    report.submitted_at = now
    report.save(update_fields=["status", "submitted_at"])
    announce(
        events.ReportSubmitted(report.pk, report.incident_id, report.stage),
        about=report,
        by=by.in_chain(report.incident.correlation),
        before={"status": before},
        after={"status": report.status, "fields": report.fields},
        topics=_topics(report.incident),
    )
    return report


@atomic
def sign(*, report_id: UUID, by: Actor, now: datetime) -> Report:
    """审核签发 by a second person."""
    report = queries.lock_report(report_id, by)
    policy.require(by, "incidents.sign_report", report.incident)
    rules.check_sign(report.facts(), by.person)
    before = report.status
    report.status = rules.REPORT_MACHINE.next(before, "sign")
    report.signed_by, report.signed_at = by.person, now
    report.save(update_fields=["status", "signed_by", "signed_at"])
    announce(
        events.ReportSigned(report.pk, report.incident_id, report.stage),
        about=report,
        by=by.in_chain(report.incident.correlation),
        before={"status": before},
        after={"status": report.status},
        topics=_topics(report.incident),
    )
    return report


@atomic
def give_back(*, report_id: UUID, by: Actor, reason: str) -> Report:
    """退回修改, with what has to be mended."""
    report = queries.lock_report(report_id, by)
    policy.require(by, "incidents.sign_report", report.incident)
    if not reason.strip():
        raise Invalid("incidents.reason.missing", field="reason")
    before = report.status
    report.status, report.reason = rules.REPORT_MACHINE.next(before, "give_back"), reason.strip()
    report.signed_by = report.signed_at = None
    report.save(update_fields=["status", "reason", "signed_by", "signed_at"])
    announce(
        events.ReportGivenBack(report.pk, report.incident_id, report.reason),
        about=report,
        by=by.in_chain(report.incident.correlation).because(report.reason),
        before={"status": before},
        after={"status": report.status},
        topics=_topics(report.incident),
    )
    return report


@atomic
def withdraw(*, report_id: UUID, by: Actor, reason: str) -> Report:
    """作废 a draft that will not be sent."""
    report = queries.lock_report(report_id, by)
    policy.require(by, "incidents.draft_report", report.incident)
    if not reason.strip():
        raise Invalid("incidents.reason.missing", field="reason")
    before = report.status
    report.status, report.reason = rules.REPORT_MACHINE.next(before, "withdraw"), reason.strip()
    report.save(update_fields=["status", "reason"])
    announce(
        events.ReportWithdrawn(report.pk, report.incident_id, report.reason),
        about=report,
        by=by.in_chain(report.incident.correlation).because(report.reason),
        before={"status": before},
        after={"status": report.status},
        topics=_topics(report.incident),
    )
    return report


@atomic
def send(*, report_id: UUID, by: Actor, now: datetime) -> Report:
    """报送: frozen from here on; late or in time is written down for good; the clocks it proves are closed.

    A phone report goes out as it is said; a written one only signed.
    """
    report = queries.lock_report(report_id, by)
    incident = queries.lock(report.incident_id, by)
    policy.require(by, "incidents.send_report", incident)
    before = report.status
    report.status = rules.REPORT_MACHINE.next(before, "send_by_phone" if report.stage == "first_phone" else "send")
    rules.check_fields(report.stage, report.fields)
    by = by.in_chain(incident.correlation)
    kinds = rules.CLOCKS_OF_STAGE[report.stage]
    clock = _clock(incident, kinds[0], by)
    started = clock.started_at if clock else incident.known_at
    report.limit_s = clock.limit_s if clock else clocks.rule_for(kinds[0]).limit_s
    report.late_s = 0.0 if report.replaces_id else rules.late_s(started, now, report.limit_s)
    report.sent_by, report.sent_at = by.person, now
    report.save(update_fields=["status", "limit_s", "late_s", "sent_by", "sent_at"])
    for kind in kinds:
        clocks.close(kind, about=incident, by=by, now=now, proof={"report": report.pk, "title": report.title})
    if report.stage in ("first_written", "follow_up") and incident.status in ("verified", "responding"):
        # 续报 repeats while the incident goes on.
        post = queries.duty_post(incident.place.jurisdiction if incident.place else incident.area.jurisdiction)
        actions.start_clock(rules.FOLLOW_UP.code, incident, by, now, post)
    announce(
        events.ReportSent(
            report.pk, incident.pk, report.stage, report.title, report.receiver, now, round(report.late_s, 3)
        ),
        about=report,
        by=by,
        before={"status": before},
        after={"status": report.status, "fields": report.fields, "receiver": report.receiver},
        topics=_topics(incident),
    )
    if report.stage == "final" and incident.status == "ended":
        _conclude(incident, by)
    return report


def _conclude(incident: Incident, by: Actor) -> None:
    before = incident.status
    incident.status = rules.MACHINE.next(before, "conclude")
    incident.save(update_fields=["status"])
    announce(
        events.IncidentConcluded(incident.pk),
        about=incident,
        by=by,
        before={"status": before},
        after={"status": incident.status},
    )


def _clock(incident: Incident, kind: str, by: Actor) -> Clock | None:
    return (
        Clock.objects.in_world(by.world)
        .filter(about_type="incidents.incident", about_id=str(incident.pk), kind=kind, state__in=CLOCKS.open_states)
        .first()
    )


@atomic
def confirm(*, report_id: UUID, by: Actor, now: datetime, receipt: str) -> Report:
    """登记回执: who received it there."""
    report = queries.lock_report(report_id, by)
    policy.require(by, "incidents.send_report", report.incident)
    if not receipt.strip():
        raise Invalid("incidents.reason.missing", field="receipt")
    before = report.status
    report.status = rules.REPORT_MACHINE.next(before, "confirm")
    report.receipt, report.receipt_at, report.receipt_by = receipt.strip(), now, by.person
    report.save(update_fields=["status", "receipt", "receipt_at", "receipt_by"])
    announce(
        events.ReportReceived(report.pk, report.incident_id, report.receipt),
        about=report,
        by=by.in_chain(report.incident.correlation),
        before={"status": before},
        after={"status": report.status},
        topics=_topics(report.incident),
    )
    return report
