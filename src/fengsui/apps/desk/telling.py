"""What has just happened, in words: stored events of every app below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from fengsui.apps.alerts.models import Warning
from fengsui.apps.command.timeline import SAID
from fengsui.apps.desk import clocks, trail
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.people import queries as people
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.apps.places.queries import place_word
from fengsui.apps.reviews.telling import REST
from fengsui.core.models import StoredEvent
from fengsui.core.recent import newest
from fengsui.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Told:
    """One row of 刚刚."""

    at: datetime
    text: str
    who: str
    correlation: UUID
    is_one_of_many: bool = False


def recent(by: Actor, limit: int = 10) -> list[Told]:
    """The newest events that have words, each chain the actor may see."""
    if by.roles & DISTRICT_ROLES:
        return told(newest(by.world, SAID, limit))
    seen = incidents.visible_to(by).order_by("-known_at").values_list("correlation", flat=True)[:200]
    rows = StoredEvent.objects.filter(world_id=by.world, name__in=list(SAID), correlation__in=list(seen))
    return told(list(rows.order_by("-id")[:limit]))


def told(rows: list[StoredEvent]) -> list[Told]:
    names = people.people_names({row.person_id for row in rows if row.person_id})
    about = {row.about_id for row in rows if row.about_type == "alerts.warning"}
    places_of = {}
    if about:
        warnings = Warning.objects.all_worlds("events of one world name their own").filter(pk__in=about)
        places_of = {str(row.pk): (row.place.name, place_word(row.place)) for row in warnings.select_related("place")}
    told_rows = []
    for row in rows:
        text = say(row)
        name, place = places_of.get(row.about_id, ("", ""))
        if name and name in text:  # an event keeps the Chinese name
            text = text.replace(name, place)
        elif place and place not in text:
            text = f"{place} {text}"
        who = names.get(row.person_id, "") if row.person_id else _("系统")
        told_rows.append(Told(row.at, text, who, row.correlation, row.name in MANY))
    return _together(told_rows)


def _together(rows: list[Told]) -> list[Told]:
    """The same thing said again at once (one mail to each of nine people) is one row with its number."""
    kept: list[tuple[Told, int]] = []
    for row in rows:
        near = next(
            (
                number
                for number, (first, _n) in enumerate(kept)
                if row.is_one_of_many
                and (first.text, first.who, first.correlation) == (row.text, row.who, row.correlation)
                and abs(first.at - row.at) < AT_ONCE
            ),
            None,
        )
        if near is None:
            kept.append((row, 1))
        else:
            kept[near] = (kept[near][0], kept[near][1] + 1)
    said = _("%(what)s（%(n)d 次）")
    return [replace(row, text=said % {"what": row.text, "n": n}) if n > 1 else row for row, n in kept]


AT_ONCE = timedelta(seconds=10)
MANY = frozenset({"alerts.DeliveryAcknowledged", "alerts.DeliveryFailed", "alerts.PersonCalled", "core.ClockEscalated"})
"""Events that say nothing of whom or which they are about: alike, they are alike."""


QUIET: dict[str, Callable[[dict[str, Any]], str]] = {
    "people.LoggedIn": lambda f: _("登录"),
    "people.LoginFailed": lambda f: _("登录失败第 %(n)s 次") % {"n": f["failures"]},
    "people.AccountLocked": lambda f: _("连错 %(n)s 次，账号锁定") % {"n": f["failures"]},
    "people.PhoneRevealed": lambda f: _("查看电话号码"),
    "people.PostTaken": lambda f: _("接岗"),
    "people.PostLeft": lambda f: _("离岗"),
    "core.ClockStarted": lambda f: _("“%(kind)s”开始计时") % {"kind": clocks.verb_of(f["kind"])},
    "core.ClockClosed": lambda f: (
        _("“%(kind)s”办结，用 %(took)s 秒") % {"kind": clocks.verb_of(f["kind"]), "took": round(f["took_s"])}
    ),
    "core.ClockPaused": lambda f: (
        _("“%(kind)s”暂停：%(why)s") % {"kind": clocks.verb_of(f["kind"]), "why": f["reason"]}
    ),
    "core.ClockResumed": lambda f: _("“%(kind)s”恢复计时") % {"kind": clocks.verb_of(f["kind"])},
    "core.RowChanged": lambda f: _("台账 %(what)s 变动") % {"what": f["name"]},
    "core.SheetTaken": lambda f: (
        _("接收 %(file)s：新增 %(fresh)s 行，变动 %(changed)s 行")
        % {"file": f["file_name"], "fresh": f["fresh"], "changed": f["changed"]}
    ),
    "desk.DistrictTried": lambda f: (
        _("建区“%(step)s”：检查了 %(files)s 个文件，%(wrong)s 处要改")
        % {"step": f["step"], "files": f["files"], "wrong": f["wrong"]}
    ),
    "desk.DistrictTaken": lambda f: (
        _("建区“%(step)s”：写了 %(files)s 个文件") % {"step": f["step"], "files": f["files"]}
    ),
    "desk.DistrictLoaded": lambda f: _("建区“%(step)s”：装入 %(rows)s 行") % {"step": f["step"], "rows": f["rows"]},
    "desk.DistrictFinished": lambda f: _("建区完成"),
    "core.JobFailed": lambda f: _("后台作业 %(n)s 试了 %(tries)s 次未成") % {"n": f["job_id"], "tries": f["attempts"]},
    "core.JobRetried": lambda f: _("重做后台作业 %(n)s") % {"n": f["job_id"]},
    "core.JobWrittenOff": lambda f: _("作废后台作业 %(n)s") % {"n": f["job_id"]},
    "core.LogLevelChosen": lambda f: (
        _("日志级别 %(name)s：%(level)s") % {"name": f["logger"], "level": f["level"] or "—"}
    ),
    "sensing.MonthDropped": lambda f: (
        _("删除 %(month)s 的读数 %(n)s 行，已到保留期") % {"month": f["month"], "n": f["rows"]}
    ),
    **{name: words for name, words in REST.items() if name.startswith("forecasts.")},
}
"""What the record says as well, and the desk's list of news leaves out."""


def has_words(name: str) -> bool:
    return name in SAID


def say(row: StoredEvent) -> str:
    """An event in words; its name where no app has words or its content is of an older shape."""
    words = SAID.get(row.name) or QUIET.get(row.name) or REST.get(row.name)
    if words is None:
        return _(trail.NAMED[row.name]) if row.name in trail.NAMED else row.name
    try:
        return words(row.payload)
    except (KeyError, ValueError, TypeError):
        return row.name
