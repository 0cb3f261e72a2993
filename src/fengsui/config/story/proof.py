"""What proves each step: rows of the database, books of the receivers, answers of the web."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db.models import Count, Q

from fengsui.apps.alerts import cap
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.apps.command.models import Order, Task
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.reviews.models import Paper
from fengsui.apps.sensing.models import CurrentValue, Observation, RejectedMessage
from fengsui.config.story.browser import Person
from fengsui.config.story.cast import book
from fengsui.config.story.table import Step
from fengsui.core import audit_check
from fengsui.core.models import AuditRow, Clock, ClockFiring, StoredEvent
from fengsui.core.worlds import LIVE

if TYPE_CHECKING:
    from fengsui.config.story.play import Story

ENDED = ("done", "waived")


def all_normal() -> bool:
    """No stream of the live world stands above normal."""
    return not CurrentValue.objects.filter(datastream__world_id=LIVE, level__gt=0).exists()


def paper(reader: Person, incident: Incident) -> bytes | None:
    """The PDF as the web gives it out, once the job has made it."""
    row = Paper.objects.in_world(LIVE).filter(incident=incident, made_at__isnull=False).order_by("-made_at").first()
    if row is None:
        return None
    return reader.open(f"/reviews/papers/{row.pk}.pdf").body


def spent(clocks: list[Clock]) -> str:
    """`6 / 600 s`: used of the limit, of the slowest closed clock."""
    closed = [row for row in clocks if row.closed_at]
    if not closed:
        return "—"
    slow = max(closed, key=lambda row: (row.closed_at - row.started_at).total_seconds())  # type: ignore[operator]
    return f"{(slow.closed_at - slow.started_at).total_seconds():.0f} / {slow.limit_s} s"  # type: ignore[operator]


def clocks_of(kind: str, chain: object) -> list[Clock]:
    return list(Clock.objects.in_world(LIVE).filter(kind=kind, correlation=chain))


def fetch(base: str, path: str) -> tuple[int, bytes]:
    """As the public would: no login."""
    parts = urlsplit(base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def steps(story: Story, warning: Warning | None, incident: Incident | None, pdf: bytes) -> list[Step]:
    """The outcome, step by step; what never began is a failed row, not a missing one."""
    rows = [*_readings(story)]
    if warning is None:
        return [*rows, Step("预警 warning", "没有越线预警 none drafted", "—", False)]
    warning.refresh_from_db()
    rows += [*_decision(warning), *_sending(story, warning), *_calls(warning)]
    if incident is None:
        return [*rows, Step("事件 incident", "没有立案 none opened", "—", False)]
    incident.refresh_from_db()
    return [*rows, *_response(incident), *_ending(warning, incident, pdf), *_record(warning)]


def _readings(story: Story) -> list[Step]:
    sent, acknowledged = story.outcome.published, story.outcome.acknowledged
    since = story.began
    kept = Observation.objects.filter(datastream__world_id=LIVE, received_at__gte=since)
    counted = kept.aggregate(n=Count("value"), flagged=Count("value", filter=~Q(flags=0)))
    refused = RejectedMessage.objects.filter(received_at__gte=since).count()
    crossings = StoredEvent.objects.filter(name="sensing.ThresholdCrossed", at__gte=since).count()
    forecasts = StoredEvent.objects.filter(name="forecasts.ForecastReady", at__gte=since).count()
    # One planted duplicate is the very same reading: it is acknowledged and changes nothing.
    same = story.outcome.by_fault.get("duplicate", 0)
    whole = acknowledged == sent > 0 and counted["n"] + refused + same >= acknowledged
    return [
        Step(
            "读数 readings",
            f"发 {sent}，应答 {acknowledged}，入库 {counted['n']}，标疑 {counted['flagged']}，拒收留存 {refused}",
            f"{story.speed:g}x",
            whole,
        ),
        Step("越线与预报 crossing", f"越线 {crossings} 次，预报 {forecasts} 次", "—", crossings > 0),
    ]


def _decision(warning: Warning) -> list[Step]:
    chain = warning.correlation
    confirm, issue = clocks_of("alerts.confirm", chain), clocks_of("alerts.issue", chain)
    two = (
        bool(warning.confirmed_by)
        and Bulletin.objects.in_world(LIVE).filter(warning=warning).exclude(issued_by=warning.confirmed_by).exists()
    )
    return [
        Step("核定 confirm", f"{warning.place.name} 核定有时间与人", spent(confirm), warning.confirmed_at is not None),
        Step("签发 issue", "签发人不是核定人" if two else "没有第二人", spent(issue), two),
    ]


def _sending(story: Story, warning: Warning) -> list[Step]:
    bulletins = list(Bulletin.objects.in_world(LIVE).filter(warning=warning).order_by("sent_at"))
    valid = [each for each in bulletins if _is_valid(bytes(each.sent_xml))]
    rows = [
        Step(
            "CAP 1.2 frozen",
            f"{len(valid)}/{len(bulletins)} 份合 OASIS 模式，链：" + " → ".join(each.kind for each in bulletins),
            "—",
            len(valid) == len(bulletins) >= 2,
        )
    ]
    deliveries = Delivery.objects.in_world(LIVE).filter(bulletin__warning=warning)
    by_state = dict(deliveries.values_list("state").annotate(n=Count("id")))
    mails = [line for line in book(story.home, "mail") if _since(line, story)]
    hooks = [line for line in book(story.home, "webhook") if _since(line, story) and line["signed"]]
    radio = [line for line in book(story.home, "broadcast") if _since(line, story)]
    feed_status, feed = fetch(story.cast.base, "/feeds/cap.atom")
    listed = all(each.identifier.encode() in feed for each in bulletins[-1:])
    got = f"邮件 {len(mails)}、接口 {len(hooks)}（验签）、广播 {len(radio)}、订阅源 {feed_status}"
    ok = bool(mails and hooks and radio) and feed_status == 200 and listed and by_state.get("acknowledged", 0) > 0
    rows.append(
        Step("送达 delivery", f"{got}；{by_state}", spent(clocks_of("alerts.deliver", warning.correlation)), ok)
    )
    return rows


def _since(line: dict[str, str], story: Story) -> bool:
    return line["at"] >= story.began.isoformat()


def _is_valid(xml: bytes) -> bool:
    try:
        cap.check(xml)
    except ValueError:
        return False
    return True


def _calls(warning: Warning) -> list[Step]:
    calls = Call.objects.in_world(LIVE).filter(bulletin__warning=warning)
    chain = StoredEvent.objects.filter(correlation=warning.correlation)
    passed, answered = chain.filter(name="alerts.PersonPassed").count(), calls.filter(state="answered").count()
    fired = ClockFiring.objects.filter(clock__correlation=warning.correlation, clock__kind="alerts.acknowledge").count()
    proof = f"未应转下一人 {passed}，应答 {answered}，升级触发 {fired} 次"
    limit = spent(clocks_of("alerts.acknowledge", warning.correlation))
    return [Step("叫应 call", proof, limit, passed > 0 and answered > 0 and fired >= passed)]


def _response(incident: Incident) -> list[Step]:
    chain = incident.correlation
    sent = list(Report.objects.in_world(LIVE).filter(incident=incident, sent_at__isnull=False).order_by("sent_at"))
    phone = clocks_of("incidents.first_report_phone", chain)
    tasks = Task.objects.in_world(LIVE).filter(incident=incident)
    ended = tasks.filter(status__in=ENDED).count()
    orders = list(Order.objects.in_world(LIVE).filter(incident=incident))
    moves = sum(order.movements.count() for order in orders)
    avoided = sorted({name for order in orders for name in order.avoided})
    way = "；".join(f"{o.team_name} {o.distance_m / 1000:.1f} km" for o in orders[:3])
    accepted = clocks_of("command.accept", chain)
    return [
        Step("立案 incident", f"{incident.number} {incident.title}", "—", True),
        Step("报告 reports", "、".join(row.stage for row in sent), spent(phone), len(sent) >= 3),
        Step("预案 plan", f"任务 {tasks.count()} 项，有果 {ended} 项", "—", tasks.exists() and ended == tasks.count()),
        Step(
            "派遣 dispatch",
            f"令 {len(orders)} 道：{way}；避开 {'、'.join(avoided) or '无'}",
            spent(accepted),
            bool(orders) and all(order.route for order in orders),
        ),
        Step("进展 progress", f"队伍动态 {moves} 条", spent(clocks_of("command.task", chain)), moves > 0),
    ]


def _ending(warning: Warning, incident: Incident, pdf: bytes) -> list[Step]:
    return [
        Step("解除 all-clear", f"预警 {warning.get_status_display()}", "—", warning.status == "lifted"),
        Step("归档 closed", f"事件 {incident.get_status_display()}", "—", incident.status == "closed"),
        Step("复盘 review", f"PDF {len(pdf) / 1000:.0f} kB", "—", pdf.startswith(b"%PDF")),
    ]


def _record(warning: Warning) -> list[Step]:
    names = set(StoredEvent.objects.filter(correlation=warning.correlation).values_list("name", flat=True))
    needed = {
        "sensing.ThresholdCrossed",
        "alerts.BulletinIssued",
        "incidents.IncidentOpened",
        "incidents.IncidentClosed",
    }
    faults = list(audit_check.faults())
    return [
        Step(
            "一条链 chain",
            f"链上 {len(names)} 种事件" + ("" if needed <= names else f"，缺 {needed - names}"),
            "—",
            needed <= names,
        ),
        Step("审计 audit", f"{AuditRow.objects.count()} 条，{len(faults)} 处不符", "—", not faults),
    ]
