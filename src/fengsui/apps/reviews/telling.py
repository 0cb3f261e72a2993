"""Every event of a chain in words: those that boards tell, and those that only the whole story tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from fengsui.apps.alerts.reasons import said as said_reason
from fengsui.apps.command.timeline import SAID
from fengsui.apps.forecasts.rules import LESSON_ANSWERS
from fengsui.apps.incidents.page import word
from fengsui.core.models import StoredEvent
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.levels import LEVELS

Facts = dict[str, Any]


def clock_word(kind: str) -> str:
    """What a kind of clock owes, in the language of the page."""
    found = ClockKind.registered.get(kind)
    return word({kind: found.verb}, kind) if found else kind


def _stopped(f: Facts) -> str:
    return _("事件 %(number)s 随演练结束归档：%(why)s") % {"number": f["number"], "why": f["reason"]}


REST: dict[str, Callable[[Facts], str]] = {
    "alerts.WarningRevised": lambda f: _("修改预警稿，第 %(n)s 稿") % {"n": f["version"]},
    "alerts.WarningKept": lambda f: _("再研判，维持%(level)s") % {"level": word(LEVELS, f["level"])},
    "alerts.DeliverySent": lambda f: _("已交渠道，等回执"),
    "alerts.DeliveryBlocked": lambda f: _("出口拦下：%(why)s") % {"why": said_reason(f["reason"])},
    "alerts.DeliveryRetried": lambda f: _("再发一次"),
    "alerts.DeliveryWaived": lambda f: _("不再发送：%(why)s") % {"why": f["reason"]},
    "forecasts.ForecastReady": lambda f: _("预报更新"),
    "forecasts.FloodAsked": lambda f: _("推演积水：%(title)s") % f,
    "forecasts.FloodDone": lambda f: _("积水推演有结果：%(places)d 处进水，%(cuts)d 条路断") % f,
    "forecasts.FloodFailed": lambda f: _("积水推演没有算成：%(reason)s") % f,
    "forecasts.FloodStopped": lambda f: _("停止积水推演"),
    "forecasts.LessonAsked": lambda f: _("重新学习测站 %(station_name)s") % f,
    "forecasts.LessonLearned": lambda f: (
        _("测站 %(name)s 重新学习：%(answer)s")
        % {"name": f["station_name"], "answer": word(LESSON_ANSWERS, f["answer"])}
    ),
    "forecasts.LessonWithdrawn": lambda f: (
        _("测站 %(station_name)s 学得的预报停用：%(forecasts)d 次实际的误差大于趋势，改用趋势外推") % f
    ),
    "forecasts.ScenariosAsked": lambda f: _("建情景库：%(title)s，%(count)d 个情景") % f,
    "forecasts.ScenariosDone": lambda f: _("情景库算完：%(computed)d 个，%(failed)d 个没有算成") % f,
    "forecasts.ScenariosPaused": lambda f: _("情景库暂停：%(reason)s") % f if f["reason"] else _("情景库暂停"),
    "forecasts.ScenariosResumed": lambda f: _("情景库接着算"),
    "forecasts.ScenariosRetired": lambda f: _("废弃情景库"),
    "incidents.IncidentResponding": lambda f: _("进入处置"),
    "incidents.IncidentStopped": _stopped,
    "incidents.Noted": lambda f: f["text"],
    "core.ClockStarted": lambda f: _("“%(kind)s”开始计时") % {"kind": clock_word(f["kind"])},
    "core.ClockClosed": lambda f: (
        _("“%(kind)s”了结，用 %(took)s 秒%(late)s")
        % {
            "kind": clock_word(f["kind"]),
            "took": round(f["took_s"]),
            "late": _("，超 %(n)s 秒") % {"n": round(f["late_s"])} if f["late_s"] else "",
        }
    ),
    "core.ClockPaused": lambda f: _("“%(kind)s”暂停：%(why)s") % {"kind": clock_word(f["kind"]), "why": f["reason"]},
    "core.ClockResumed": lambda f: _("“%(kind)s”恢复计时") % {"kind": clock_word(f["kind"])},
    "reviews.ReviewOpened": lambda f: _("开始复盘"),
    "reviews.ReviewFinished": lambda f: _("完成复盘"),
    "reviews.PaperRequested": lambda f: _("要一份复盘报告"),
    "reviews.ReportIssued": lambda f: _("印发复盘报告 %(number)s") % {"number": f["number"]},
    "reviews.FindingRaised": lambda f: _("提出整改 %(n)s：%(text)s") % {"n": f["n"], "text": f["text"]},
    "reviews.FindingAnswered": lambda f: _("整改答复：%(text)s") % {"text": f["text"]},
    "reviews.FindingAccepted": lambda f: _("整改已认可"),
    "reviews.FindingSentBack": lambda f: _("整改退回：%(why)s") % {"why": f["reason"]},
    "reviews.FindingWithdrawn": lambda f: _("整改撤回：%(why)s") % {"why": f["reason"]},
    "reviews.PaperMade": lambda f: _("复盘报告已生成，%(n)s 页") % {"n": f["pages"]},
    "reviews.PaperFailed": lambda f: _("复盘报告没有生成：%(why)s") % {"why": f["reason"]},
}


def say(event: StoredEvent) -> str:
    """An event in words; its name where its payload is of an older shape, so that nothing vanishes."""
    words = SAID.get(event.name) or REST.get(event.name)
    try:
        return words(event.payload) if words else event.name
    except (KeyError, ValueError, TypeError):
        return event.name


LINKS: tuple[tuple[str, str, str], ...] = (
    ("alerts.BulletinIssued", "alerts:bulletin-show", "bulletin_id"),
    ("alerts.Delivery", "alerts:bulletin-show", "bulletin_id"),
    ("alerts.Person", "alerts:bulletin-show", "bulletin_id"),
    ("alerts.Warning", "alerts:warning-show", "warning_id"),
    ("incidents.Report", "incidents:report-show", "report_id"),
    ("incidents.", "command:room-show", "incident_id"),
    ("command.Task", "command:task-show", "task_id"),
    ("command.Order", "command:order-show", "order_id"),
    ("command.Response", "command:room-show", "incident_id"),
    ("sensing.ThresholdCrossed", "sensing:station-show", "station_code"),
    ("forecasts.Flood", "forecasts:flood-show", "flood"),
    ("forecasts.Lesson", "sensing:station-show", "station_code"),
    ("reviews.Finding", "reviews:finding-show", "finding_id"),
    ("reviews.", "reviews:review-show", "incident_id"),
)
"""Event name's beginning, the page of what it is about, and which field of the payload is its key; first match wins."""


def page_of(event: StoredEvent, room: str = "") -> str:
    """The page of the object an event is about; `room` (the incident's) where it has none of its own."""
    if "clock_id" in event.payload:
        return f"/clocks/{event.payload['clock_id']}/"
    for begin, name, key in LINKS:
        if event.name.startswith(begin) and event.payload.get(key):
            try:
                return reverse(name, args=[event.payload[key]])
            except NoReverseMatch:  # a payload of an older shape
                return room
    return room
