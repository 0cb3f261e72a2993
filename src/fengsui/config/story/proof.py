"""What proves each step: rows of the database, books of the receivers, answers of the web."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from fengsui.apps.alerts import cap
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.apps.alerts.rules import DELIVERY_STATES, KINDS, STATUSES
from fengsui.apps.command.models import Order, Task
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.rules import STAGES, STATES
from fengsui.apps.reviews.models import Paper
from fengsui.apps.sensing.models import CurrentValue, Observation, RejectedMessage
from fengsui.config.ops.console import word
from fengsui.config.receivers import own_port
from fengsui.config.story.browser import Person
from fengsui.config.story.cast import book
from fengsui.config.story.table import NO_CLOCK, Step, clock, listed
from fengsui.core import audit_check
from fengsui.core.models import AuditRow, Clock, ClockFiring, StoredEvent
from fengsui.kernel.terms import Terms

if TYPE_CHECKING:
    from fengsui.config.story.gauges import Gauges

ENDED = ("done", "waived")
REPORTS = (
    ("first_phone", "incidents.first_report_phone"),
    ("first_written", "incidents.first_report_written"),
    ("final", "incidents.final_report"),
)
"""Stage of each report that the story owes, and its clock."""
NEEDED = {
    "sensing.ThresholdCrossed",
    "alerts.BulletinIssued",
    "incidents.IncidentOpened",
    "incidents.IncidentClosed",
}


def all_normal(world: UUID) -> bool:
    """No stream of this world stands above normal."""
    return not CurrentValue.objects.filter(datastream__world_id=world, level__gt=0).exists()


def paper(reader: Person, incident: Incident) -> bytes | None:
    """The PDF as the web gives it out, once the job has made it."""
    row = (
        Paper.objects.in_world(incident.world_id)
        .filter(incident=incident, made_at__isnull=False)
        .order_by("-made_at")
        .first()
    )
    if row is None:
        return None
    return reader.open(f"/reviews/papers/{row.pk}.pdf").body


def spent(clocks: list[Clock]) -> str:
    """`6 秒 / 10 分`: used of the limit, of the slowest closed clock."""
    closed = [row for row in clocks if row.closed_at]
    if not closed:
        return NO_CLOCK
    slow = max(closed, key=lambda row: (row.closed_at - row.started_at).total_seconds())  # type: ignore[operator]  # rows with a value were chosen above
    return clock((slow.closed_at - slow.started_at).total_seconds(), slow.limit_s)  # type: ignore[operator]  # rows with a value were chosen above


def clocks_of(kind: str, about: Warning | Incident) -> list[Clock]:
    return list(Clock.objects.in_world(about.world_id).filter(kind=kind, correlation=about.correlation))


def fetch(base: str, path: str) -> tuple[int, bytes]:
    """As the public would: no login."""
    parts = urlsplit(base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def said(terms: Terms, code: str) -> str:
    """A code as people say it, in the console's language."""
    return word(terms[code].zh, terms[code].en) if code in terms else code


def steps(story: Gauges, warning: Warning | None, incident: Incident | None, pdf: bytes) -> list[Step]:
    """The outcome, step by step; what never began is a failed row, not a missing one."""
    rows = [*_readings(story)]
    if warning is None:
        return [*rows, Step(word("预警", "Warning"), word("没有起草", "none was drafted"), NO_CLOCK, False)]
    warning.refresh_from_db()
    rows += [*_foreseen(story), *_decision(warning), *_sending(story, warning), *_calls(warning)]
    if incident is None:
        return [*rows, Step(word("事件", "Incident"), word("没有立案", "none was opened"), NO_CLOCK, False)]
    incident.refresh_from_db()
    return [*rows, *_response(incident), *_dispatch(incident), *_ending(warning, incident, pdf), *_record(warning)]


def _readings(story: Gauges) -> list[Step]:
    sent, acknowledged = story.outcome.published, story.outcome.acknowledged
    since = story.began
    kept = Observation.objects.filter(datastream__world_id=story.world, received_at__gte=since)
    counted = kept.aggregate(n=Count("value"), flagged=Count("value", filter=~Q(flags=0)))
    refused = RejectedMessage.objects.filter(world_id=story.world, received_at__gte=since).count()
    happened = StoredEvent.objects.filter(world_id=story.world, at__gte=since)
    crossings = happened.filter(name="sensing.ThresholdCrossed").count()
    forecasts = happened.filter(name="forecasts.ForecastReady").count()
    # One planted duplicate is the very same reading: it is acknowledged and changes nothing.
    same = story.outcome.by_fault.get("duplicate", 0)
    whole = acknowledged == sent > 0 and counted["n"] + refused + same >= acknowledged
    facts = [
        word(f"{story.speed:g} 倍速发 {sent}", f"{sent} sent at {story.speed:g}x"),
        word(f"应答 {acknowledged}", f"{acknowledged} acknowledged"),
        word(f"入库 {counted['n']}", f"{counted['n']} stored"),
        word(f"其中标疑 {counted['flagged']}", f"{counted['flagged']} flagged"),
        word(f"拒收留存 {refused}", f"{refused} refused, kept"),
    ]
    crossed = word(f"越线 {crossings} 次，预报 {forecasts} 次", f"{crossings} crossings, {forecasts} forecasts")
    return [
        Step(word("读数", "Readings"), listed(facts), NO_CLOCK, whole),
        Step(word("越线与预报", "Crossing, forecast"), crossed, NO_CLOCK, crossings > 0),
    ]


def _foreseen(story: Gauges) -> list[Step]:
    """A chance and a lead in the evidence of a draft, from what was learned; not where nothing could be."""
    if not story.learned:
        return []
    it = story.foreseen
    if not it:
        said = word("没有学得的预报入稿", "no learned forecast in a draft")
    else:
        lead, chance = f"{it['lead_s'] / 60:.0f}", f"{it['chance']:.0%}"
        said = word(
            f"学得的预报入稿：{it['station']} 约 {lead} 分后到线，到线概率 {chance}",
            f"learned, in a draft: {it['station']} at its line in about {lead} min, chance {chance}",
        )
    return [Step(word("预报入稿", "Forecast in draft"), said, NO_CLOCK, bool(it))]


def _decision(warning: Warning) -> list[Step]:
    place = warning.place
    where = word(place.name, place.name_en or place.code)
    confirmed = warning.confirmed_at is not None and bool(warning.confirmed_by)
    by_another = (
        Bulletin.objects.in_world(warning.world_id).filter(warning=warning).exclude(issued_by=warning.confirmed_by)
    )
    two = confirmed and by_another.exists()
    return [
        Step(
            word("核定", "Confirm"),
            word(f"{where}：有核定人与时间", f"{where}: by a person, at a time")
            if confirmed
            else word("无人核定", "by nobody"),
            spent(clocks_of("alerts.confirm", warning)),
            confirmed,
        ),
        Step(
            word("签发", "Issue"),
            word("签发人不是核定人", "by a second person") if two else word("没有第二人", "no second person"),
            spent(clocks_of("alerts.issue", warning)),
            two,
        ),
    ]


def _sending(story: Gauges, warning: Warning) -> list[Step]:
    bulletins = list(Bulletin.objects.in_world(warning.world_id).filter(warning=warning).order_by("sent_at"))
    valid = [each for each in bulletins if _is_valid(bytes(each.sent_xml))]
    chain = " → ".join(said(KINDS, each.kind) for each in bulletins)
    checked = word(
        f"{len(valid)}/{len(bulletins)} 份合 CAP 1.2 模式：{chain}",
        f"{len(valid)} of {len(bulletins)} valid CAP 1.2: {chain}",
    )
    deliveries = Delivery.objects.in_world(warning.world_id).filter(bulletin__warning=warning)
    by_state = dict(deliveries.values_list("state").annotate(n=Count("id")))
    states = [f"{said(DELIVERY_STATES, state)} {by_state[state]}" for state in DELIVERY_STATES if state in by_state]
    return [
        Step(word("公告", "Bulletins"), checked, NO_CLOCK, len(valid) == len(bulletins) >= 2),
        story.received(bulletins, deliveries),
        Step(
            word("送达回执", "Receipts"),
            word("；", "; ").join(states) or word("没有送达记录", "no deliveries"),
            spent(clocks_of("alerts.deliver", warning)),
            by_state.get("acknowledged", 0) > 0,
        ),
    ]


def received(story: Gauges, bulletins: list[Bulletin], deliveries: QuerySet[Delivery]) -> Step:
    """From the receivers' own books. A server of the operator's keeps its own: there our deliveries have to do."""
    handed_over = deliveries.filter(state__in=("sent", "acknowledged"))
    mails, hooks, radio = (
        [line for line in book(story.home, name) if since(line, story)] for name in ("mail", "webhook", "broadcast")
    )
    mails = [line for line in mails if "演练" not in line["subject"]]  # an exercise may go on at the same time
    mailed, called = len(mails), len([line for line in hooks if line["signed"]])
    if own_port(story.home, "smtp") is None:
        mailed = handed_over.filter(outlet__channel="email").count()
    if own_port(story.home, "webhook") is None:
        called = handed_over.filter(outlet__channel="webhook").count()
    status, feed = fetch(story.cast.base, "/feeds/cap.atom")
    in_feed = status == 200 and all(each.identifier.encode() in feed for each in bulletins[-1:])
    got = [
        word(f"邮件 {mailed}", f"{mailed} mails"),
        word(f"验签接口 {called}", f"{called} signed webhooks"),
        word(f"广播终端 {len(radio)}", f"{len(radio)} broadcasts"),
        word("订阅源有", "in the feed") if in_feed else word("订阅源没有", "not in the feed"),
    ]
    return Step(word("接收方所得", "Received"), listed(got), NO_CLOCK, bool(mailed and called and radio) and in_feed)


def since(line: dict[str, str], story: Gauges) -> bool:
    return line["at"] >= story.began.isoformat()


def _is_valid(xml: bytes) -> bool:
    try:
        cap.check(xml)
    except ValueError:
        return False
    return True


def _calls(warning: Warning) -> list[Step]:
    calls = Call.objects.in_world(warning.world_id).filter(bulletin__warning=warning)
    chain = StoredEvent.objects.filter(correlation=warning.correlation)
    passed, answered = chain.filter(name="alerts.PersonPassed").count(), calls.filter(state="answered").count()
    fired = ClockFiring.objects.filter(clock__correlation=warning.correlation, clock__kind="alerts.acknowledge").count()
    facts = [
        word(f"未应转下一人 {passed} 次", f"{passed} passed to the next name"),
        word(f"应答 {answered} 人", f"{answered} answered"),
        word(f"升级触发 {fired} 次", f"{fired} escalations fired"),
    ]
    limit = spent(clocks_of("alerts.acknowledge", warning))
    return [Step(word("叫应", "Calls"), listed(facts), limit, passed > 0 and answered > 0 and fired >= passed)]


def _response(incident: Incident) -> list[Step]:
    sent = Report.objects.in_world(incident.world_id).filter(incident=incident, sent_at__isnull=False)
    tasks = Task.objects.in_world(incident.world_id).filter(incident=incident)
    ended = tasks.filter(status__in=ENDED).count()
    rows = [
        Step(word("立案", "Incident"), word(f"{incident.number} {incident.title}", incident.number), NO_CLOCK, True)
    ]
    for stage, kind in REPORTS:
        row = sent.filter(stage=stage).order_by("sent_at").first()
        proof = word("没有报送", "never sent")
        if row:
            at = timezone.localtime(row.sent_at).strftime("%H:%M:%S")
            proof = word(f"{at} 报送", f"sent at {at}")
        rows.append(Step(said(STAGES, stage).capitalize(), proof, spent(clocks_of(kind, incident)), row is not None))
    proof = word(f"任务 {tasks.count()} 项，办结 {ended} 项", f"{tasks.count()} tasks, {ended} ended")
    limit = spent(clocks_of("command.task", incident))
    return [*rows, Step(word("预案任务", "Plan"), proof, limit, 0 < tasks.count() == ended)]


def _dispatch(incident: Incident) -> list[Step]:
    orders = list(Order.objects.in_world(incident.world_id).filter(incident=incident))
    moves = sum(order.movements.count() for order in orders)
    avoided = sorted({name for order in orders for name in order.avoided})
    far = "、".join(f"{order.distance_m / 1000:.1f}" for order in orders)
    around = word(f"绕开 {len(avoided)} 处不通路段", f"blocked roads avoided: {len(avoided)}")
    facts = [
        word(f"派遣令 {len(orders)} 道", f"orders: {len(orders)}"),
        f"{far.replace('、', word('、', ', '))} km",
        around,
    ]
    accepted = spent(clocks_of("command.accept", incident))
    moved = word(f"队伍动态 {moves} 条", f"{moves} movements of teams reported")
    arrived = spent(clocks_of("command.arrive", incident))
    return [
        Step(word("派遣", "Dispatch"), listed(facts), accepted, bool(orders) and all(order.route for order in orders)),
        Step(word("进展", "Progress"), moved, arrived, moves > 0),
    ]


def _ending(warning: Warning, incident: Incident, pdf: bytes) -> list[Step]:
    lift, review = (
        clocks_of("alerts.lift", warning),
        clocks_of("reviews.after_action", incident),
    )
    lifted, closed = said(STATUSES, warning.status), said(STATES, incident.status)
    made = pdf.startswith(b"%PDF")
    return [
        Step(
            word("解除", "All-clear"),
            word(f"预警{lifted}", f"warning {lifted}"),
            spent(lift),
            warning.status == "lifted",
        ),
        Step(
            word("归档", "Closed"),
            word(f"事件{closed}", f"incident {closed}"),
            NO_CLOCK,
            incident.status == "closed",
        ),
        Step(
            word("复盘", "Review"),
            f"PDF {len(pdf) / 1000:.0f} kB" if made else word("没有 PDF", "no PDF"),
            spent(review),
            made,
        ),
    ]


def _record(warning: Warning) -> list[Step]:
    names = set(StoredEvent.objects.filter(correlation=warning.correlation).values_list("name", flat=True))
    lacking = sorted(NEEDED - names)
    chained = word(f"链上 {len(names)} 种事件", f"{len(names)} kinds of events")
    if lacking:
        chained += word("，缺 ", ", without ") + word("、", ", ").join(lacking)
    faults = list(audit_check.faults())
    count = AuditRow.objects.count()
    audited = word(f"{count} 条，{len(faults)} 处不符", f"{count} rows, {len(faults)} of them wrong")
    return [
        Step(word("一条链", "One chain"), chained, NO_CLOCK, not lacking),
        Step(word("审计链", "Audit"), audited, NO_CLOCK, not faults),
    ]
