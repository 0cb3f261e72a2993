"""The bulletin leaves the desk: frozen, numbered, valid CAP 1.2, with its deliveries and calls in one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.transaction import atomic

from fengsui.apps.alerts import cap, drafts, events, queries, rules
from fengsui.apps.alerts.actions import calling, starting
from fengsui.apps.alerts.actions.drafting import start_lift, start_reassess
from fengsui.apps.alerts.models import Bulletin, Warning
from fengsui.catalog.hazards import Text
from fengsui.catalog.hazards import hazard as hazard_of
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE, sign
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

CODE_SCHEME = "CN:eventType"
EXERCISE_NOTE = "演练消息，不是真实险情。EXERCISE: no real danger."
DEMO_NOTE = "示意数据：本系统为演示，非真实险情。Demonstration data, no real danger."


@dataclass(frozen=True, slots=True)
class _Saying:
    """What one kind of bulletin says."""

    kind: str
    headline: Text
    description: Text
    instruction: Text
    responses: tuple[str, ...]
    urgency: str
    certainty: str
    valid: timedelta
    note: str = ""


@atomic
def issue(*, warning_id: UUID, by: Actor, now: datetime) -> Bulletin:
    """签发: the confirmed draft goes out, as the first bulletin or as an update of the one in force.

    From orange up the issuer is not the one who confirmed. Raises Refused("alerts.issue.second_person").
    """
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.issue", warning)
    before, status = warning.status, rules.MACHINE.next(warning.status, "issue")
    level, level_before = Level(warning.level), Level(warning.level_in_force)
    rules.check_issue(level, warning.confirmed_by, by.person)
    entry, issuer = hazard_of(warning.hazard), queries.issuer(warning.jurisdiction)
    step = entry.steps[level]
    saying = _Saying(
        kind="alert" if level_before is Level.NONE else "update",
        headline=entry.headline(issuer.name, issuer.name_en, level),
        description=Text(warning.description, warning.description_en),
        instruction=Text(warning.instruction, warning.instruction_en),
        responses=step.responses,
        urgency=step.urgency,
        certainty=entry.certainty(warning.trigger),
        valid=rules.VALID_FOR,
    )
    warning.status, warning.level_in_force = status, int(level)
    if warning.issued_at is None:
        warning.issued_at, warning.issued_by = now, by.person
    warning.save(update_fields=["status", "level_in_force", "issued_at", "issued_by"])
    bulletin = _freeze(warning, saying, level_before, by, now)
    _tell(bulletin, warning, by, before)
    proof = {"bulletin": bulletin.id, "number": bulletin.number, "sha256": bulletin.sha256}
    clocks.close("alerts.issue", about=warning, by=by, now=now, proof=proof)
    clocks.close("alerts.reassess", about=warning, by=by, now=now, proof=proof)
    start_reassess(warning, by, now)
    if Level(warning.level_suggested) is Level.NONE:
        start_lift(warning, by, now)
    _send(bulletin, warning, call=level > level_before, by=by, now=now)
    return bulletin


@atomic
def lift(*, warning_id: UUID, reason: str, by: Actor, now: datetime) -> Bulletin:
    """解除: an Update with responseType AllClear that references the whole chain."""
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.lift", warning)
    rules.check_by_person(by.person, "lift")
    before, status = warning.status, rules.MACHINE.next(warning.status, "lift")
    text = rules.check_reason(reason, "lift")
    entry, issuer, level = (
        hazard_of(warning.hazard),
        queries.issuer(warning.jurisdiction),
        Level(warning.level_in_force),
    )
    place = warning.place
    clear = Text(
        entry.all_clear.zh.format(place=place.name), entry.all_clear.en.format(place=place.name_en or place.name)
    )
    saying = _Saying(
        kind="all_clear",
        headline=entry.headline_clear(issuer.name, issuer.name_en, level),
        description=clear,
        instruction=clear,
        responses=("AllClear",),
        urgency="Past",
        certainty="Observed",
        valid=rules.CLEAR_FOR,
    )
    bulletin = _end(warning, status, text, saying, level, by, now)
    _tell(bulletin, warning, by.because(text), before)
    announce(
        events.WarningLifted(warning.id, bulletin.id, warning.place_id, warning.hazard),
        about=warning,
        by=by.because(text),
        before={"status": before},
        after={"status": status},
    )
    proof = {"bulletin": bulletin.id, "number": bulletin.number, "reason": text}
    clocks.close("alerts.lift", about=warning, by=by, now=now, proof=proof)
    clocks.close("alerts.reassess", about=warning, by=by, now=now, proof=proof)
    _send(bulletin, warning, call=False, by=by, now=now)
    return bulletin


@atomic
def cancel(*, warning_id: UUID, reason: str, by: Actor, now: datetime) -> Bulletin:
    """误发撤销: a Cancel with its reason in the note. Anybody on the desk may do it at once: minutes count."""
    warning = queries.lock(warning_id, by)
    by = by.in_chain(warning.correlation)
    policy.require(by, "alerts.cancel", warning)
    rules.check_by_person(by.person, "cancel")
    before, status = warning.status, rules.MACHINE.next(warning.status, "cancel")
    text = rules.check_reason(reason, "cancel")
    entry, issuer, level = (
        hazard_of(warning.hazard),
        queries.issuer(warning.jurisdiction),
        Level(warning.level_in_force),
    )
    place = warning.place
    gone = Text(
        f"此前发布的{place.name}{entry.term.zh}{level.zh}预警为误发，现予撤销。原因：{text}",
        f"The {entry.term.en} warning for {place.name_en or place.name} was sent in error and is withdrawn.",
    )
    saying = _Saying(
        kind="cancel",
        headline=Text(
            f"{issuer.name}撤销{entry.term.zh}{level.zh}预警（误发）",
            f"{issuer.name_en}: {entry.term.en} warning withdrawn, sent in error",
        ),
        description=gone,
        instruction=Text("请不要再按原预警行动。", "Disregard the earlier warning."),
        responses=("None",),
        urgency="Past",
        certainty="Unlikely",
        valid=rules.CLEAR_FOR,
        note=text,
    )
    bulletin = _end(warning, status, text, saying, level, by, now)
    _tell(bulletin, warning, by.because(text), before)
    announce(
        events.WarningCancelled(warning.id, bulletin.id, warning.place_id, warning.hazard, text),
        about=warning,
        by=by.because(text),
        before={"status": before},
        after={"status": status},
    )
    for kind in ("alerts.lift", "alerts.reassess"):
        clocks.cancel(kind, about=warning, by=by, now=now, reason=f"误发撤销：{text}")
    _send(bulletin, warning, call=False, by=by, now=now)
    return bulletin


def _end(
    warning: Warning, status: str, reason: str, saying: _Saying, level: Level, by: Actor, now: datetime
) -> Bulletin:
    """The warning ends with its last bulletin; what was still owed about it no longer is."""
    warning.status, warning.reason, warning.ended_at, warning.ended_by = status, reason[:500], now, by.person
    warning.save(update_fields=["status", "reason", "ended_at", "ended_by"])
    for kind in ("alerts.confirm", "alerts.issue"):
        clocks.cancel(kind, about=warning, by=by, now=now, reason=rules.STATUSES.zh(status))
    return _freeze(warning, saying, level, by, now)


def _freeze(warning: Warning, saying: _Saying, level_before: Level, by: Actor, now: datetime) -> Bulletin:
    place, issuer, entry = warning.place, queries.issuer(warning.jurisdiction), hazard_of(warning.hazard)
    level = Level(warning.level_in_force)
    earlier = queries.earlier(warning)
    is_live = by.world == LIVE
    year = now.astimezone(cap.BEIJING).year
    queries.one_at_a_time("alerts.number", by.world, year)
    identifier, sent_at = _identifier(issuer.code, now)
    area = drafts.area(entry, drafts.Spot(place.name, place.name_en), place.area.name, place.area.name_en)
    notes = (saying.note, "" if is_live else EXERCISE_NOTE, DEMO_NOTE if settings.DEMO else "")
    links = tuple(cap.Reference(each.sender, each.identifier, each.sent_at) for each in earlier)
    texts = (("zh-CN", issuer.name, "zh"), ("en-US", issuer.name_en or issuer.name, "en"))
    message = cap.Message(
        identifier=identifier,
        sender=issuer.code,
        sent_at=sent_at,
        status="Actual" if is_live else "Exercise",
        msg_type=rules.MSG_TYPE[saying.kind],
        category=entry.category,
        event_code=entry.event_code,
        event_scheme=CODE_SCHEME,
        responses=saying.responses,
        urgency=saying.urgency,
        severity=level.cap_severity,
        certainty=saying.certainty,
        onset_at=warning.onset_at,
        expires_at=sent_at + saying.valid,
        infos=tuple(
            cap.Info(
                language,
                entry.term.zh if side == "zh" else entry.term.en,
                name,
                _mark(getattr(saying.headline, side), side, is_live),
                getattr(saying.description, side),
                getattr(saying.instruction, side),
                getattr(area, side),
            )
            for language, name, side in texts
        ),
        area=cap.Area(place.area_id, circle=(place.location.y, place.location.x, rules.CIRCLE_KM)),
        references=links,
        note=" ".join(note for note in notes if note),
        web=f"{settings.FENGSUI_BASE_URL}/feeds/cap/{identifier}.xml" if is_live else "",
        contact=issuer.contact,
        parameters=(("level", level.code), ("place", place.code), ("number", _number(by.world, year))),
    )
    text = cap.write(message)
    bulletin: Bulletin = Bulletin.objects.create(
        world_id=by.world,
        warning=warning,
        sequence=len(earlier) + 1,
        kind=saying.kind,
        number=dict(message.parameters)["number"],
        identifier=identifier,
        sender=issuer.code,
        sender_name=issuer.name,
        status=message.status,
        msg_type=message.msg_type,
        references=cap.references(links),
        level=int(level),
        level_before=int(level_before),
        hazard=warning.hazard,
        place_code=place.code,
        place_name=place.name,
        area_code=place.area_id,
        headline=message.infos[0].headline,
        headline_en=message.infos[1].headline,
        sent_text={
            side: {"description": info.description, "instruction": info.instruction, "area": info.area}
            for side, info in zip(("zh", "en"), message.infos, strict=True)
        },
        sent_xml=text,
        sha256=hashlib.sha256(text).hexdigest(),
        sent_at=sent_at,
        expires_at=message.expires_at,
        confirmed_by=warning.confirmed_by,
        issued_by=by.person,
        correlation=warning.correlation,
    )
    return bulletin


def _mark(headline: str, side: str, is_live: bool) -> str:
    if is_live:
        return headline
    return f"【演练】{headline}" if side == "zh" else f"[EXERCISE] {headline}"


def _identifier(issuer: str, now: datetime) -> tuple[str, datetime]:
    """The next free identifier of the issuer; the eleventh within one second gets the next second."""
    queries.one_at_a_time("alerts.identifier", issuer)
    at = now.replace(microsecond=0)
    while True:
        stem = rules.identifier(issuer, at.astimezone(cap.BEIJING), 0)[:-1]
        used = Bulletin.objects.all_worlds("identifiers are unique everywhere").filter(identifier__startswith=stem)
        n = used.count()
        if n < 10:
            return f"{stem}{n}", at
        at += timedelta(seconds=1)


def _number(world: UUID, year: int) -> str:
    """预警〔2026〕0007 号, in an exercise 演3f2a预警〔2026〕0007 号; drawn under the lock of its year."""
    word = f"{sign(world)}预警"
    n = Bulletin.objects.in_world(world).filter(number__startswith=f"{word}〔{year}〕").count()
    return f"{word}〔{year}〕{n + 1:04d} 号"


def _tell(bulletin: Bulletin, warning: Warning, by: Actor, before: str) -> None:
    announce(
        events.BulletinIssued(
            bulletin.id,
            warning.id,
            bulletin.number,
            bulletin.identifier,
            bulletin.kind,
            bulletin.hazard,
            Level(bulletin.level).code,
            Level(bulletin.level_before).code,
            warning.place_id,
            bulletin.place_code,
            bulletin.place_name,
            bulletin.area_code,
            warning.jurisdiction,
            bulletin.headline,
            bulletin.sent_at,
        ),
        about=bulletin,
        by=by,
        before={"status": before},
        after={"status": warning.status, "sha256": bulletin.sha256, "references": bulletin.references},
        topics=(f"alerts.warning:{warning.id}", "alerts.screen"),
    )


def _send(bulletin: Bulletin, warning: Warning, *, call: bool, by: Actor, now: datetime) -> None:
    calling.end_earlier(bulletin, by, now)
    starting.end_earlier(bulletin, by, now)
    starting.start(bulletin, by, now)
    if call:
        calling.start(bulletin, warning.place, by, now)
