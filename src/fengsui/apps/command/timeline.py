"""The story of one chain in words: stored events and log entries, from the first reading on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.apps.alerts.queries import outlet_names
from fengsui.apps.alerts.reasons import said as delivery_reason
from fengsui.apps.command.rules import STAGES, level_of
from fengsui.apps.incidents.models import Incident, LogEntry
from fengsui.apps.incidents.page import word
from fengsui.apps.incidents.rules import GRADES, SOURCES
from fengsui.apps.incidents.rules import STAGES as REPORT_STAGES
from fengsui.apps.people import queries as people
from fengsui.catalog.sensors import display
from fengsui.core.models import StoredEvent
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.levels import LEVELS, Level

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One row. proof: the event's number in the record; correction: it mends an earlier row."""

    at: datetime
    text: str
    who: str
    name: str
    proof: int | None = None
    correction: bool = False


def _level(code: str) -> str:
    return word(LEVELS, level_of(code).code)


def _roman(code: str) -> str:
    return f"{Level.of(code).roman}级"


def _clock(facts: Facts) -> str:
    kind = ClockKind.registered.get(str(facts["kind"]))
    return word({kind.code: kind.verb}, kind.code) if kind else str(facts["kind"])


def _crossed(f: Facts) -> str:
    value = display(f["sensor"], f["unit"]).whole(f["value"])
    return _("%(station)s %(value)s，%(before)s→%(after)s") % {
        "station": f["station_name"],
        "value": value,
        "before": _level(f["level_from"]),
        "after": _level(f["level_to"]),
    }


def _outlet(f: Facts) -> str:
    """The outlet's name; the code of one that no longer exists."""
    zh, en = outlet_names(str(f["outlet"]))
    return en if en and (get_language() or "").startswith("en") else zh


def _sent(f: Facts) -> str:
    late = f"，{_('迟')} {f['late_s'] / 60:.0f} {_('分')}" if f["late_s"] else ""
    return _("%(title)s已报送 %(receiver)s%(late)s") % {"title": f["title"], "receiver": f["receiver"], "late": late}


SAID: dict[str, Callable[[Facts], str]] = {
    "sensing.ThresholdCrossed": _crossed,
    "alerts.WarningDrafted": lambda f: (
        _("%(place)s 已拟%(level)s预警") % {"place": f["place_name"], "level": _level(f["level"])}
    ),
    "alerts.WarningRaised": lambda f: _("预警稿升为%(level)s") % {"level": _level(f["level"])},
    "alerts.WarningEased": lambda f: _("读数回落，建议%(level)s") % {"level": _level(f["suggested"])},
    "alerts.WarningConfirmed": lambda f: _("%(level)s预警已核定") % {"level": _level(f["level"])},
    "alerts.WarningSentBack": lambda f: _("预警退回：%(why)s") % {"why": f["reason"]},
    "alerts.WarningRejected": lambda f: _("预警不发布：%(why)s") % {"why": f["reason"]},
    "alerts.BulletinIssued": lambda f: f"{f['number']} {f['headline']}",
    "alerts.WarningLifted": lambda f: _("预警解除"),
    "alerts.WarningCancelled": lambda f: _("预警撤销：%(why)s") % {"why": f["reason"]},
    "alerts.DeliveryAcknowledged": lambda f: _("渠道 %(outlet)s 已送达") % {"outlet": _outlet(f)},
    "alerts.DeliveryFailed": lambda f: (
        _("渠道 %(outlet)s 未送达：%(why)s") % {"outlet": _outlet(f), "why": delivery_reason(f["reason"])}
    ),
    "alerts.DeliveryDead": lambda f: (
        _("渠道 %(outlet)s 放弃：%(why)s") % {"outlet": _outlet(f), "why": delivery_reason(f["reason"])}
    ),
    "alerts.PersonCalled": lambda f: _("叫应第 %(turn)s 人") % {"turn": f["turn"]},
    "alerts.PersonAnswered": lambda f: _("叫应已应，用 %(took)s 秒") % {"took": round(f["took_s"])},
    "alerts.PersonPassed": lambda f: (
        _("叫应未应，%(next)s") % {"next": _("无人可转") if f["is_last"] else _("转下一人")}
    ),
    "incidents.IncidentOpened": lambda f: (
        _("%(source)s，事件 %(number)s 立案：%(title)s")
        % {"source": word(SOURCES, f["source"]), "number": f["number"], "title": f["title"]}
    ),
    "incidents.IncidentVerified": lambda f: _("已核实 %(note)s") % {"note": f["note"]},
    "incidents.IncidentDismissed": lambda f: _("定为误报：%(why)s") % {"why": f["reason"]},
    "incidents.IncidentMerged": lambda f: _("并案：%(why)s") % {"why": f["reason"]},
    "incidents.IncidentRaised": lambda f: (
        _("现地等级 %(before)s→%(after)s") % {"before": _level(f["level_from"]), "after": _level(f["level_to"])}
    ),
    "incidents.IncidentGraded": lambda f: (
        _("初判%(grade)s：%(why)s") % {"grade": word(GRADES, f["grade"]), "why": f["reason"]}
    ),
    "incidents.IncidentEnded": lambda f: _("响应终止：%(why)s") % {"why": f["reason"]},
    "incidents.IncidentResumed": lambda f: _("恢复处置：%(why)s") % {"why": f["reason"]},
    "incidents.IncidentConcluded": lambda f: _("终报已报送"),
    "incidents.IncidentClosed": lambda f: _("事件 %(number)s 归档") % {"number": f["number"]},
    "incidents.ReportDrafted": lambda f: _("%(stage)s已拟稿") % {"stage": word(REPORT_STAGES, f["stage"])},
    "incidents.ReportEdited": lambda f: _("修改%(stage)s稿") % {"stage": word(REPORT_STAGES, f["stage"])},
    "incidents.ReportSubmitted": lambda f: _("%(stage)s送审核签发") % {"stage": word(REPORT_STAGES, f["stage"])},
    "incidents.ReportSigned": lambda f: _("%(stage)s已签发") % {"stage": word(REPORT_STAGES, f["stage"])},
    "incidents.ReportGivenBack": lambda f: _("报告退回：%(why)s") % {"why": f["reason"]},
    "incidents.ReportWithdrawn": lambda f: _("报告作废：%(why)s") % {"why": f["reason"]},
    "incidents.ReportSent": _sent,
    "incidents.ReportReceived": lambda f: _("回执：%(receipt)s") % {"receipt": f["receipt"]},
    "command.ResponseProposed": lambda f: (
        _("提请启动%(level)s响应，由%(who)s批准") % {"level": _roman(f["level"]), "who": f["approver"] or _("指挥长")}
    ),
    "command.ResponseActivated": lambda f: (
        _("启动%(level)s响应：%(matter)s，预计 %(hours)s 小时，下达 %(n)s 项任务")
        % {"level": _roman(f["level"]), "matter": f["matter"], "hours": f"{f['expected_hours']:g}", "n": f["tasks"]}
    ),
    "command.ResponseDeclined": lambda f: _("未批准启动：%(why)s") % {"why": f["reason"]},
    "command.ResponseChanged": lambda f: (
        _("响应由%(before)s调为%(after)s：%(why)s")
        % {"before": _roman(f["level_from"]), "after": _roman(f["level_to"]), "why": f["reason"]}
    ),
    "command.ResponseWidened": lambda f: _("又一处纳入响应"),
    "command.ResponseEnded": lambda f: _("终止响应：%(why)s") % {"why": f["reason"]},
    "command.TaskAssigned": lambda f: _("下达任务 %(title)s") % {"title": f["title"]},
    "command.TaskAccepted": lambda f: _("任务接令"),
    "command.TaskDeclined": lambda f: _("任务拒接：%(why)s") % {"why": f["reason"]},
    "command.TaskStarted": lambda f: _("任务开始"),
    "command.TaskProgressed": lambda f: (
        _("回报：%(text)s%(photo)s") % {"text": f["text"], "photo": _("（附照片）") if f["has_photo"] else ""}
    ),
    "command.TaskBlocked": lambda f: _("任务受阻：%(why)s") % {"why": f["reason"]},
    "command.TaskFinished": lambda f: _("任务完成：%(proof)s") % {"proof": f["proof"]},
    "command.TaskWaived": lambda f: _("任务免除：%(why)s") % {"why": f["reason"]},
    "command.OrderIssued": lambda f: (
        _("%(number)s 派%(team)s，行程 %(minutes)s 分%(first)s")
        % {
            "number": f["number"],
            "team": f["team_name"],
            "minutes": max(1, round(f["seconds"] / 60)),
            "first": "" if f["chosen_first"] else _("（非首选）"),
        }
    ),
    "command.OrderMoved": lambda f: (
        _("%(team)s %(stage)s") % {"team": f["team_name"], "stage": word(STAGES, f["stage"])}
    ),
    "command.RoadClosed": lambda f: _("%(name)s 封闭：%(why)s") % {"name": f["name"], "why": f["reason"]},
    "command.RoadReopened": lambda f: _("%(name)s 放行：%(why)s") % {"name": f["name"], "why": f["reason"]},
    "core.ClockEscalated": lambda f: _("“%(kind)s”到时限，升级") % {"kind": _clock(f)},
    "core.ClockDefaulted": lambda f: _("“%(kind)s”无人办理，按默认处理") % {"kind": _clock(f)},
}
"""How each event is told; names that are not here are not part of the story (starts and closings of clocks)."""

LEFT_OUT_BRIEFLY = ("command.TaskAssigned", "incidents.ReportDrafted", "alerts.PersonCalled")
TASK_TITLED = (
    "command.TaskAccepted",
    "command.TaskStarted",
    "command.TaskFinished",
    "command.TaskDeclined",
    "command.TaskWaived",
    "command.TaskBlocked",
    "command.TaskProgressed",
)


def of_chain(correlation: UUID, world: UUID, *, titles: dict[str, str] | None = None) -> list[Line]:
    """All that is told of a chain, oldest first. titles: task titles by id, put before what happened to each."""
    rows = StoredEvent.objects.filter(correlation=correlation, world_id=world, name__in=list(SAID)).order_by("at", "id")
    return _lines(rows, titles or {})


def _lines(rows: Iterable[StoredEvent], titles: dict[str, str]) -> list[Line]:
    listed = list(rows)
    names = people.people_names([row.person_id for row in listed if row.person_id])
    lines = []
    for row in listed:
        text = SAID[row.name](row.payload)
        if row.name in TASK_TITLED and (title := titles.get(str(row.payload["task_id"]))):
            text = f"{title}　{text}"
        who = names.get(row.person_id, "") if row.person_id else _("系统")
        lines.append(Line(row.at, text, who, row.name, row.pk))
    return lines


def of_incident(incident: Incident, *, brief: bool = False) -> list[Line]:
    """The chain's events and the log entries of one incident, oldest first. brief: without each single assignment."""
    titles = {str(pk): title for pk, title in incident.tasks.values_list("pk", "title")}
    lines = of_chain(incident.correlation, incident.world_id, titles=titles)
    entries = list(LogEntry.objects.in_world(incident.world_id).filter(incident=incident))
    names = people.people_names([each.written_by for each in entries if each.written_by])
    lines += [
        Line(
            each.at,
            each.text,
            names.get(each.written_by, "") if each.written_by else _("系统"),
            "incidents.LogEntry",
            correction=each.corrects_id is not None,
        )
        for each in entries
    ]
    if brief:
        lines = [line for line in lines if line.name not in LEFT_OUT_BRIEFLY]
    return sorted(lines, key=lambda line: line.at)
