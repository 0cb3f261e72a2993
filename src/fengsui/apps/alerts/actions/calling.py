"""叫应: the first name of each line is called; who does not answer in time is passed, to the last name."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.transaction import atomic

from fengsui.apps.alerts import events, proofs, queries, rules
from fengsui.apps.alerts.actions import starting
from fengsui.apps.alerts.models import Bulletin, Call
from fengsui.apps.people import queries as people
from fengsui.apps.places.models import Place
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, Refused


def start(bulletin: Bulletin, place: Place, by: Actor, now: datetime) -> list[Call]:
    """All names of all lines, in order; the first of each line is called now."""
    rows = [
        Call(
            world_id=by.world,
            bulletin=bulletin,
            line=line,
            turn=turn,
            person_id=holder.person,
            name=holder.name,
            post_id=holder.post,
            title=holder.title,
            org_name=holder.org_name,
        )
        for line, chain in queries.call_lines(place).items()
        for turn, holder in enumerate(chain, 1)
    ]
    Call.objects.bulk_create(rows)
    mails = people.contacts(row.person_id for row in rows)
    for row in rows:
        if row.turn == 1:
            _call(row, mails, by, now)
    return rows


def _call(row: Call, mails: dict[UUID, tuple[str, str]], by: Actor, now: datetime) -> None:
    row.state, row.called_at = rules.CALL.next(row.state, "call"), now
    row.save(update_fields=["state", "called_at"])
    bulletin = row.bulletin
    announce(
        events.PersonCalled(row.id, bulletin.id, row.person_id, row.line, row.turn),
        about=row,
        by=by,
        topics=(f"alerts.bulletin:{bulletin.id}", f"alerts.warning:{bulletin.warning_id}"),
    )
    clocks.start(
        "alerts.acknowledge",
        about=bulletin,
        slot=str(row.person_id),
        by=by,
        now=now,
        label=f"叫应：{row.org_name}{row.name}应答{bulletin.place_name}预警",
        owner_post=row.post_id,
        owner_person=row.person_id,
        url=f"/calls/{row.id}/",
    )
    if mails.get(row.person_id, ("", ""))[0]:
        starting.start_call(row, by, now)


@atomic
def acknowledge(*, call_id: UUID, by: Actor, now: datetime, note: str = "", made_at: datetime | None = None) -> Call:
    """收到. The person himself, or somebody on the desk who writes down an answer by telephone (note needed).

    `made_at`: when he pressed, where that lay on a phone without network; what counts is when it arrived.
    """
    row = queries.call(call_id, by, locked=True)
    by = by.in_chain(row.bulletin.correlation)
    policy.require(by, "alerts.acknowledge", row)
    rules.check_by_person(by.person, "acknowledge")
    on_behalf = row.person_id != by.person
    if row.state == "answered":
        return row
    if row.state == "waiting":
        raise Refused("alerts.acknowledge.not_called")
    if on_behalf and not note.strip():
        raise Invalid("alerts.acknowledge.needs_note", field="note")
    before, row.state = row.state, rules.CALL.next(row.state, "answer")
    row.acknowledged_at, row.acknowledged_by, row.note = now, by.person, note.strip()[:300]
    row.made_at = made_at
    row.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "made_at", "note"])
    took = (now - row.called_at).total_seconds() if row.called_at else 0.0
    bulletin = row.bulletin
    proofs.person_was_heard([row.person_id], now, "电话应答" if on_behalf else "应答叫应")
    announce(
        events.PersonAnswered(row.id, bulletin.id, row.person_id, on_behalf, round(took, 3)),
        about=row,
        by=by.because(row.note) if on_behalf else by,
        before={"state": before},
        after={"state": row.state, **({"made_at": made_at} if made_at else {})},
        topics=(f"alerts.bulletin:{bulletin.id}", f"alerts.warning:{bulletin.warning_id}"),
    )
    proof = {"call": row.id, "on_behalf": on_behalf, "note": row.note}
    clocks.close("alerts.acknowledge", about=bulletin, slot=str(row.person_id), by=by, now=now, proof=proof)
    clocks.close("alerts.acknowledge", about=bulletin, slot=f"line:{row.line}", by=by, now=now, proof=proof)
    others = Call.objects.in_world(by.world).filter(
        bulletin=bulletin, line=row.line, state__in=["waiting", "called", "passed"]
    )
    for other in others.select_for_update().order_by("turn"):
        spare(other, f"{row.name}已应答", by, now)
    return row


def spare(row: Call, why: str, by: Actor, now: datetime) -> None:
    row.state, row.note = rules.CALL.next(row.state, "spare"), why[:300]
    row.save(update_fields=["state", "note"])
    clocks.cancel("alerts.acknowledge", about=row.bulletin, slot=str(row.person_id), by=by, now=now, reason=why)


@atomic
def pass_on(*, bulletin_id: UUID, person_id: UUID, by: Actor, now: datetime) -> Call | None:
    """No answer in time: the next name of the line is called. After the last one a leader has to see to it.

    Returns the row passed, None where somebody answered meanwhile.
    """
    row: Call | None = (
        Call.objects.in_world(by.world)
        .select_related("bulletin")
        .select_for_update(of=("self",))
        .filter(bulletin_id=bulletin_id, person_id=person_id, state="called")
        .first()
    )
    if row is None:
        return None
    row.state, row.passed_at = rules.CALL.next(row.state, "pass_on"), now
    row.save(update_fields=["state", "passed_at"])
    line = Call.objects.in_world(by.world).select_for_update().filter(bulletin_id=bulletin_id, line=row.line)
    following = line.filter(state="waiting").order_by("turn").first()
    announce(
        events.PersonPassed(row.id, bulletin_id, person_id, following is None),
        about=row,
        by=by,
        topics=(f"alerts.bulletin:{bulletin_id}", f"alerts.warning:{row.bulletin.warning_id}"),
    )
    if following is not None:
        following.bulletin = row.bulletin
        _call(following, people.contacts([following.person_id]), by, now)
    else:
        clocks.start(
            "alerts.acknowledge",
            about=row.bulletin,
            slot=f"line:{row.line}",
            by=by,
            now=now,
            label=f"叫应到最后一名仍无人应答：{row.bulletin.place_name}（{rules.LINES.zh(row.line)}）",
            owner_role="duty_leader",
            url=f"/bulletins/{bulletin_id}/",
        )
    return row


@atomic
def not_reached(*, call_id: UUID, by: Actor, now: datetime) -> Call | None:
    """未接: the desk rang and nobody answered, so the next name is called at once and not when the clock runs out.

    Who was passed may still answer; his clock goes on. Returns the next call, None after the last name (a leader has
    to see to it then). Raises Refused("alerts.pass_on.not_called") for somebody who is not called, or no more.
    """
    row = queries.call(call_id, by, locked=True)
    by = by.in_chain(row.bulletin.correlation)
    policy.require(by, "alerts.pass_on", row)
    rules.check_by_person(by.person, "pass_on")
    if row.state != "called":
        raise Refused("alerts.pass_on.not_called", state=rules.CALL_STATES.term(row.state))
    pass_on(bulletin_id=row.bulletin_id, person_id=row.person_id, by=by.because("电话未接"), now=now)
    following = Call.objects.in_world(by.world).filter(bulletin=row.bulletin_id, line=row.line, state="called")
    return following.order_by("-turn").first()


def end_earlier(bulletin: Bulletin, by: Actor, now: datetime) -> None:
    """A newer bulletin of the warning: nobody owes an answer to the earlier ones."""
    why = f"已由 {bulletin.number} 代替"
    rows = Call.objects.in_world(by.world).filter(
        bulletin__warning_id=bulletin.warning_id, state__in=["waiting", "called", "passed"]
    )
    for row in rows.exclude(bulletin=bulletin).select_related("bulletin").select_for_update(of=("self",)):
        spare(row, why, by, now)
        clocks.cancel("alerts.acknowledge", about=row.bulletin, slot=f"line:{row.line}", by=by, now=now, reason=why)


def link(row: Call) -> str:
    """The page on which the called person answers."""
    return f"{settings.FENGSUI_BASE_URL}/calls/{row.id}/"
