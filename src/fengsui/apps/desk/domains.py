"""The map of the product: the five domains of the district's plan, and under each the pages that exist.

One list for the navigation, the page 功能地图, and the search. A domain without a page that this person may open is not
shown; a page says how much of it is open where that has a meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as mark
from django.utils.translation import pgettext_lazy

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.command import queries as command
from fengsui.apps.desk import clocks
from fengsui.apps.drills import queries as drills
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.people.rules import ADMINS
from fengsui.apps.reviews import findings
from fengsui.core import policy
from fengsui.core.ledger.register import seen_by
from fengsui.core.models import Clock
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.terms import Term, Terms

DOMAINS = Terms(
    "domains",
    Term("supervise", "监督管理", "supervision", "区十四五应急体系规划", "V"),
    Term("monitor", "监测预警", "monitoring and warning", "区十四五应急体系规划", "V"),
    Term("rescue", "指挥救援", "command and rescue", "区十四五应急体系规划", "V"),
    Term("decide", "决策支持", "decision support", "区十四五应急体系规划", "V"),
    Term("govern", "政务管理", "administration", "区十四五应急体系规划", "V"),
)
OF_APP = {"sensing": "monitor", "alerts": "monitor", "places": "rescue", "resources": "rescue", "plans": "rescue"}
"""The domain of an app's registers, or of one register; what is not named here is administration."""
OF_APP |= dict.fromkeys(("enterprises", "risks", "enforcement"), "supervise")
OF_APP["areas"] = "govern"

ALWAYS = "*"
ON_DUTY = frozenset({"duty_officer", "duty_leader", "commander"})
"""Whose first page is the desk of the district's duty; the others have a page of their own."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `verb`: what its view asks of the policy, '' for everybody with a post. `starts`: addresses below it.

    `counts`: how much of it is open, by one query. `nav`: what it takes to have it in the navigation of every page:
    "" never, ALWAYS whoever may open it, else a verb.
    """

    code: str
    domain: str
    label: Any
    about: Any
    name: str
    starts: tuple[str, ...] = ()
    verb: str = ""
    counts: Callable[[Actor], int] | None = None
    nav: str = ""

    @property
    def url(self) -> str:
        return reverse(self.name)

    def opens(self, by: Actor) -> bool:
        return policy.can(by, self.verb) if self.verb else True

    def in_nav(self, by: Actor) -> bool:
        return bool(self.nav) and (self.nav == ALWAYS or policy.can(by, self.nav))


@dataclass(frozen=True, slots=True)
class Line:
    """A page as it is shown to somebody."""

    code: str
    label: str
    about: str
    url: str
    count: int = 0
    active: bool = False


@dataclass(frozen=True, slots=True)
class Domain:
    term: Term
    pages: list[Line]
    registers: list[Line]


def _mine(by: Actor) -> int:
    return int(Clock.objects.in_world(by.world).filter(clocks.mine(by), state__in=MACHINE.open_states).count())


def _overdue(by: Actor) -> int:
    return clocks.open_rows(by).filter(state="running", due_at__lt=timezone.now()).count()


def _warnings(by: Actor) -> int:
    return alerts.visible_to(by).filter(status__in=["draft", "confirmed", "revising", "revised"]).count()


def _incidents(by: Actor) -> int:
    return incidents.open_incidents(by).count()


def _tasks(by: Actor) -> int:
    return command.my_tasks(by).exclude(status__in=["done", "waived"]).count()


def _findings(by: Actor) -> int:
    return findings.visible_to(by).filter(status__in=["open", "answered"]).count()


PAGES = (
    Page("desk", "", mark("值守"), mark("正在发生、轮到我、已超时"), "desk:home-show", ("/desk/",), counts=_mine,
         nav=ALWAYS),
    Page("warnings", "monitor", mark("预警"), mark("拟稿、核定、签发、叫应"), "alerts:warning-list",
         ("/warnings/", "/bulletins/", "/calls/"), counts=_warnings, nav=ALWAYS),
    Page("stations", "monitor", mark("监测站"), mark("每个测站的读数、过程线、门限"), "sensing:station-list",
         ("/stations/",)),
    Page("series", "monitor", mark("过程线"), mark("任选几路、任选时段画在一起，取走表和图"), "desk:series-show",
         ("/series/",)),
    Page("wall", "rescue", mark("大厅画面"), mark("指挥大厅的大屏：时限、地图、任务、未应答、水情"), "desk:wall-show",
         ("/wall/",), "desk.wall"),
    Page("screens", "rescue", mark("大屏"), mark("授权、配对、撤销不登录的大屏"), "people:screen-list",
         ("/wall/screens/",), "people.screen_see"),
    Page("map", "monitor", mark("地图"), mark("测站、事件、预警、封控、场所在一张图上"), "desk:map-show", ("/map/",),
         nav=ALWAYS),
    Page("incidents", "rescue", mark("事件"), mark("接报、核实、响应、信息报送、归档"), "incidents:incident-list",
         ("/incidents/", "/reviews/"), "incidents.view", _incidents, nav=ALWAYS),
    Page("tasks", "rescue", mark("任务"), mark("下给我的任务和出动令"), "command:task-list", ("/tasks/", "/orders/"),
         "command.view", _tasks, nav=ALWAYS),
    Page("clocks", "rescue", mark("时限"), mark("谁欠什么、到几时、到时怎么办；数为已超时"), "desk:clock-list",
         ("/clocks/",),
         counts=_overdue, nav=ALWAYS),
    Page("drills", "rescue", pgettext_lazy("nav", "演练"), mark("策划、进行、回看"), "drills:exercise-list",
         ("/drills/",), "drills.view", drills.invited, nav=ALWAYS),
    Page("handover", "rescue", mark("交接班"), mark("把未了的事交给下一班"), "desk:handover-list", ("/handover/",),
         "people.hand_over"),
    Page("reach", "decide", mark("几分钟能到"), mark("哪支队伍多少分钟到哪里，避开封控"), "command:reach-show", (),
         "command.view"),
    Page("floods", "decide", mark("积水推演"), mark("假如下这样的雨，水往哪里去、何时到、哪些路断"),
         "forecasts:flood-list", ("/floods/",), "forecasts.see_floods"),
    Page("indicators", "decide", mark("指标"), mark("从过线到发布、到场、归档各用多久，点得到原始记录"),
         "reviews:indicator-list", ("/reviews/indicators/",), "reviews.measure"),
    Page("scores", "decide", mark("预报评分"), mark("预报时说的与后来测到的比：误差、区间、到线，旁边是“不变”"),
         "forecasts:score-list", ("/forecasts/scores/",), "forecasts.score"),
    Page("lessons", "decide", mark("测站学习"), mark("各站的预报从过去的涨水学得了什么，实际报得怎样；重新学"),
         "forecasts:lesson-list", ("/forecasts/lessons/",), "forecasts.see_lessons"),
    Page("findings", "supervise", mark("整改"), mark("复盘查出的问题：谁改、几时改完、认可没有"),
         "reviews:finding-list",
         ("/reviews/findings/",), "reviews.see_findings", _findings),
    Page("registers", "govern", mark("台账"), mark("一切在册的：查、改、导入、导出、历史"), "ledger:register-list",
         ("/registers/",), nav=ALWAYS),
    Page("proofs", "govern", mark("存活"), mark("测站、渠道、联系人、部件最近一次证明自己还在"), "desk:proof-list",
         ("/proofs/",), "core.proofs", nav=ALWAYS),
    Page("people", "govern", mark("人员"), mark("单位、岗位、谁任什么职"), "people:organisation-list", ("/people/",),
         "people.see", nav="people.see_accounts"),
    Page("accounts", "govern", mark("账号"), mark("谁能登录、谁被锁、谁有第二因素"), "people:account-list",
         ("/people/accounts/",), "people.see_accounts"),
    Page("tokens", "govern", mark("令牌"), mark("给程序用的钥匙：谁的、做什么、几时到期"), "people:token-all",
         ("/people/tokens/",), "people.see_accounts"),
    Page("jobs", "govern", mark("后台作业"), mark("试到最后一次仍未成的"), "desk:job-list", ("/jobs/",), "core.jobs",
         nav=ALWAYS),
    Page("system", "govern", mark("系统"), mark("版本、库表、设置、保留期、日志级别"), "desk:system-show",
         ("/system/",), "core.system", nav=ALWAYS),
    Page("audit", "govern", mark("审计"), mark("谁在几时做了什么；链条是否完整"), "desk:audit-search",
         ("/audit/", "/chain/"), "core.audit", nav=ALWAYS),
    Page("terms", "govern", mark("术语"), mark("每个词是什么意思、依据哪部法"), "ui:term-list", ("/terms/",)),
    Page("help", "govern", mark("手册"), mark("按要办的事查怎样办"), "help:home", ("/help/",)),
    Page("api", "govern", mark("接口说明"), mark("程序怎样读写平台"), "api-docs", ("/api/",)),
    Page("me", "govern", mark("我的账号"), mark("密码、第二因素、会话、令牌"), "people:me", ("/me/",)),
)  # fmt: skip


def _order(by: Actor) -> Iterable[Page]:
    """By domain, the first page in front; an administrator's own pages before the others."""
    order = ["", *DOMAINS]
    if by.roles & ADMINS and not by.roles - ADMINS:
        order = ["", "govern", *(code for code in DOMAINS if code != "govern")]
    return sorted(PAGES, key=lambda page: order.index(page.domain))


def lines(
    by: Actor, path: str = "", *, only: Callable[[Page], bool] = lambda page: True, counted: bool = True
) -> list[tuple[Page, Line]]:
    """Pages that this person may open; counting costs one query for each page that counts."""
    here = active(path)
    return [
        (
            page,
            Line(
                page.code,
                _("工作台") if page.code == "desk" and not by.roles & ON_DUTY else str(page.label),
                str(page.about),
                page.url,
                page.counts(by) if counted and page.counts else 0,
                page.code == here,
            ),
        )
        for page in _order(by)
        if page.opens(by) and only(page)
    ]


def active(path: str) -> str:
    """The page in which an address lies: the longest beginning wins."""
    if path == "/":
        return "desk"
    held = [(start, page.code) for page in PAGES for start in page.starts if path.startswith(start)]
    return max(held, key=lambda pair: len(pair[0]), default=("", ""))[1]


def map_of(by: Actor) -> list[Domain]:
    """The whole product as this person has it, by domain."""
    shown = lines(by)
    found = []
    for code, term in DOMAINS.items():
        pages = [line for page, line in shown if page.domain == code]
        registers = [
            Line(each.code, str(each.name), str(each.about), reverse("ledger:register-show", args=[each.code]))
            for each in seen_by(by)
            if OF_APP.get(each.code, OF_APP.get(each.app, "govern")) == code
        ]
        if pages or registers:
            found.append(Domain(term, pages, registers))
    return found
