"""The record in its reader's words: events that are no news, the fields that changed, what they became."""

from __future__ import annotations

import json
import re
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.kernel.levels import LEVELS
from fengsui.kernel.terms import Terms

NAMED = {
    "alerts.DeliveryBlocked": mark("演练中拦下一次对外发送"),
    "alerts.DeliveryRetried": mark("重发一条送达"),
    "alerts.DeliverySent": mark("渠道收下一条送达"),
    "alerts.DeliveryWaived": mark("一条送达改用其他渠道"),
    "alerts.RecipientsTaken": mark("登记号码有增减"),
    "alerts.WarningKept": mark("维持原级别"),
    "alerts.WarningRevised": mark("改级或改稿"),
    "core.SelfTested": mark("自检"),
    "core.SpokeAgain": mark("恢复在线"),
    "core.WentSilent": mark("失联"),
    "drills.ExerciseDropped": mark("演练取消"),
    "drills.ExerciseEnded": mark("演练结束"),
    "drills.ExerciseJoined": mark("进入演练"),
    "drills.ExerciseLeft": mark("离开演练"),
    "drills.ExercisePlanned": mark("策划演练"),
    "drills.ExerciseStarted": mark("演练开始"),
    "drills.ScenarioPlayed": mark("演练情景放完"),
    "incidents.IncidentResponding": mark("事件转入处置"),
    "incidents.IncidentStopped": mark("事件随演练停止"),
    "incidents.Noted": mark("记一条纪要"),
    "people.AccountDeactivated": mark("账号停用"),
    "people.AccountOpened": mark("账号开通"),
    "people.AccountReactivated": mark("账号恢复"),
    "people.AccountUnlocked": mark("账号解锁"),
    "people.AssignmentAsked": mark("申请任职"),
    "people.AssignmentDecided": mark("任职申请有了结论"),
    "people.FactorEnrolled": mark("绑定第二因子"),
    "people.FactorFailed": mark("第二因子没有通过"),
    "people.FactorReset": mark("第二因子重置"),
    "people.LoggedOut": mark("退出登录"),
    "people.PasswordChanged": mark("改密码"),
    "people.PasswordReset": mark("重置密码"),
    "people.RecoveryCodeUsed": mark("用掉一个恢复码"),
    "people.ScreenGranted": mark("批准一块大屏"),
    "people.ScreenOpened": mark("大屏接入"),
    "people.ScreenRevoked": mark("收回一块大屏"),
    "people.SessionsEnded": mark("结束其他登录"),
    "people.ShiftKept": mark("收回交班"),
    "people.ShiftOffered": mark("交班"),
    "people.ShiftTaken": mark("接班"),
    "people.TokenMade": mark("生成程序令牌"),
    "people.TokenRevoked": mark("收回程序令牌"),
    "reviews.FindingAccepted": mark("整改通过"),
    "reviews.FindingAnswered": mark("整改答复"),
    "reviews.FindingRaised": mark("提出整改"),
    "reviews.FindingSentBack": mark("整改退回"),
    "reviews.FindingWithdrawn": mark("整改撤销"),
    "reviews.PaperFailed": mark("复盘文件没有做成"),
    "reviews.PaperMade": mark("复盘文件做成"),
    "reviews.PaperRequested": mark("要做复盘文件"),
    "reviews.ReportIssued": mark("复盘报告印发"),
    "reviews.ReviewFinished": mark("复盘办结"),
    "reviews.ReviewOpened": mark("开始复盘"),
    "sensing.CredentialsIssued": mark("给设备发接入凭证"),
    "sensing.DoublesClosed": mark("可能重复的点位已定"),
    "sensing.DoublesOpened": mark("查出可能重复的点位"),
    "sensing.LadderChanged": mark("改阈值"),
}
"""Events that need no facts to be understood; the others have sentences (telling.QUIET, command.timeline.SAID)."""

FIELDS = {
    "org": mark("单位"),
    "owner": mark("责任岗位"),
    "progress": mark("进展"),
    "skill": mark("专长"),
    "posts": mark("参演岗位"),
    "incidents": mark("事件"),
}
"""What the record calls a thing that the model has no field for."""


def is_english() -> bool:
    return (get_language() or "").startswith("en")


def model_of(subject: str) -> type[Model] | None:
    """The model of a subject `app.model:key`; None for what no model stands for."""
    try:
        return apps.get_model(subject.partition(":")[0])
    except (LookupError, ValueError):
        return None


def kind_word(subject: str) -> str:
    """What a subject is, in words: 账号 for `people.account:…`; the model's own name in English."""
    model = model_of(subject)
    if model is None:
        return subject.partition(":")[0]
    if is_english():
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower()
    return _("时限") if model._meta.label_lower == "core.clock" else str(model._meta.verbose_name)


def field_word(subject: str, code: str) -> str:
    """The changed field's name: 状态 for `status`; the code, spaced, in English."""
    if is_english():
        return code.replace("_", " ")
    found = _field(subject, code)
    named = str(found.verbose_name) if found is not None else ""
    return named if named and not named.isascii() else _(FIELDS[code]) if code in FIELDS else code


def value_word(subject: str, code: str, value: Any) -> str:
    """A value as people say it: the word of a closed list's code, yes and no; other things as they were written."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    found = _field(subject, code)
    choices = dict(found.flatchoices) if found is not None else {}
    if "level" in code and value in LEVELS:
        term = LEVELS[value]
        return term.en if is_english() else term.zh
    if value not in choices:
        return value
    return _english_of(value, str(choices[value])) if is_english() else str(choices[value])


def _field(subject: str, code: str) -> Field[Any, Any] | None:
    model = model_of(subject)
    try:
        found = model._meta.get_field(code) if model is not None else None
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None


def _english_of(code: str, zh: str) -> str:
    """The closed list is the one that says this Chinese word for this code."""
    return next((listed[code].en for listed in Terms.registered.values() if listed.zh(code) == zh), code)
