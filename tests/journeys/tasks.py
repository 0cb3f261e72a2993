"""Ten first tasks of people who were never taught: from the login page, by what stands on the pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from fengsui.apps.alerts.models import Call, Warning
from fengsui.apps.command.models import Order, Progress, Response
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Handover
from fengsui.apps.places.models import Shelter
from fengsui.config.story.cast import photo
from fengsui.core.worlds import LIVE
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.terms import Term
from tests.journeys import scenes
from tests.journeys.hands import Keys, Person
from tests.journeys.sheet import dirty, mended


@dataclass
class Stage:
    """Where one task is done once: `data` runs what asks the database, in a thread that has no browser."""

    browser: Any
    site: str
    language: str
    by_keys: bool
    data: Executor
    people: list[Person] = field(default_factory=list)
    began: float = 0.0
    """When the first person stood before the login page."""

    def person(self, account: str, *, phone: bool = False) -> Person:
        """A window at the login page, entered by the account's door."""
        kind = Keys if self.by_keys else Person
        made = kind(self.browser, self.site, self.language, phone=phone)
        self.people.append(made)
        self.began = self.began or time.monotonic()
        made.enter(account)
        return made

    def scene(self, make: Callable[..., Any], *given: Any) -> Any:
        found = self.data.submit(make, *given).result()
        self.proved("every reaction to the scene", scenes.quiet)
        return found

    def proved(self, what: str, look: Callable[[], Any]) -> None:
        """What the person believes to have done is so in the database too."""
        self.data.submit(scenes.until, what, look).result()


@dataclass(frozen=True, slots=True)
class Journey:
    name: Term
    do: Callable[[Stage], None]


JOURNEYS: list[Journey] = []


def journey(code: str, zh: str, en: str) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    def add(do: Callable[[Stage], None]) -> Callable[[Stage], None]:
        JOURNEYS.append(Journey(Term(code, zh, en), do))
        return do

    return add


RED = Term("red", "红色", "red")


def verb(kind: str) -> Term:
    return ClockKind.registered[kind].verb


@journey("warning", "核定并签发预警（两人）", "Confirm and issue a warning (two persons)")
def warning(stage: Stage) -> None:
    here = stage.scene(scenes.rising_water)
    duty = stage.person("duty")
    duty.see(here.name)
    duty.press("去%(verb)s", verb=verb("alerts.confirm"))
    duty.press("核定，送签发")
    duty.see("等第二人签发")
    leader = stage.person("leader")
    leader.press("去%(verb)s", verb=verb("alerts.issue"))
    leader.press("签发…")
    leader.fill("输入“%(word)s”，右边的按钮才能按", leader.said(RED.zh, RED.en), word=RED)
    leader.press("签发%(level)s预警：%(place)s", begins=True, level=RED, place=here.name)
    leader.see("最新一份的送达")
    stage.proved("the issued warning", lambda: Warning.objects.in_world(LIVE).filter(place_id=here.pk, status="issued"))


@journey("silent", "找出谁没应答，叫下一人", "Find who has not answered and call the next")
def silent(stage: Stage) -> None:
    here, bulletin, called = stage.scene(scenes.silent)
    duty = stage.person("duty")
    duty.press("预警", nav=True)
    duty.open(here.name)
    duty.press("未接，叫下一人", begins=True)
    duty.see("已叫下一人")
    duty.press("拨打", begins=True)
    rows = Call.objects.in_world(LIVE)
    stage.proved("one passed", lambda: rows.filter(pk__in=called, state="passed").exists())
    stage.proved("the next called", lambda: rows.filter(bulletin=bulletin, turn=2, state="called").exists())


@journey("intake", "接电话立案", "Open an incident from a call")
def intake(stage: Stage) -> None:
    duty = stage.person("duty")
    duty.press("事件", nav=True)
    duty.press("接报立案")
    duty.fill("发生了什么", "路口积水齐膝，一辆车被困，车里有人")
    duty.fill("地点", "兴华南街与建设路口东北角")
    duty.choose("街道（镇）", "兴华街道")
    duty.fill("报告人电话", "13800000000")
    duty.press("立案，开始计时")
    duty.see("信息报送")
    rows = Incident.objects.in_world(LIVE).filter(address="兴华南街与建设路口东北角", status="received")
    stage.proved("the incident", rows.exists)


@journey("plan", "启动预案", "Activate a plan")
def plan(stage: Stage) -> None:
    here, pk = stage.scene(scenes.incident)
    chief = stage.person("commander")
    chief.press("事件", nav=True)
    chief.open(here.name)
    chief.open("Ⅲ级")
    chief.press("启动 %(roman)s级响应", begins=True, roman="Ⅲ")
    chief.see("受阻、超时在前")
    rows = Response.objects.in_world(LIVE).filter(status="active", scope__incident_id=pk)
    stage.proved("the response", rows.exists)


@journey("dispatch", "道路封着，接受派遣建议", "Accept a dispatch with a closed road")
def dispatch(stage: Stage) -> None:
    here, pk = stage.scene(scenes.closed_road)
    task = stage.scene(scenes.pump_task, pk)
    duty = stage.person("duty")
    duty.press("事件", nav=True)
    duty.open(here.name)
    duty.press("派力量", near=task.title)
    duty.see("避开：%(names)s", names="")
    duty.press("照选派出，发令")
    rows = Order.objects.in_world(LIVE).filter(task__incident_id=pk)
    stage.proved("the order round the closed road", lambda: any(row.avoided for row in rows.all()))


@journey("progress", "用手机回报进展", "Report progress by phone")
def progress(stage: Stage) -> None:
    _here, task = stage.scene(scenes.under_way)
    team = stage.person("team", phone=True)
    team.press("去%(verb)s", verb=verb("command.progress"))
    team.fill("情况", "两台泵已开，水位在降")
    team.attach("照片", "site.jpg", photo())
    team.press("回报进展")
    team.see("两台泵已开，水位在降")
    rows = Progress.objects.in_world(LIVE).filter(task_id=task, text="两台泵已开，水位在降", photo__isnull=False)
    stage.proved("the report with its photo", rows.exists)


@journey("handover", "交班", "Hand over the shift")
def handover(stage: Stage) -> None:
    stage.scene(scenes.incident)
    duty = stage.person("duty")
    duty.press("交接班")
    duty.fill("要紧的事", "地道桥在抽排，指挥长在场")
    duty.press("交班")
    duty.see("待接班")
    other = stage.person("duty2")
    other.open("接班")
    other.press("我来接班")
    other.see("已接班")
    rows = Handover.objects.in_world(LIVE).filter(status="taken", note="地道桥在抽排，指挥长在场")
    stage.proved("the shift", rows.exists)


@journey("import", "导入 500 处避难场所，改好错行", "Import 500 shelters from a dirty sheet and mend its errors")
def bring(stage: Stage) -> None:
    code = "K" if stage.by_keys else "M"
    duty = stage.person("duty")
    duty.press("台账", nav=True)
    duty.press("导入", near="避难场所")
    duty.attach("填好的表", "避难场所.xlsx", dirty(code), "application/vnd.ms-excel")
    duty.press("上传并检查")
    duty.see("有错的行")
    remarks = duty.paper("下载带批注的表")
    duty.press("改好重新上传")
    duty.attach("填好的表", "避难场所-改.xlsx", mended(remarks), "application/vnd.ms-excel")
    duty.press("上传并检查")
    duty.press("接收", patience_s=120)
    duty.see("已接收 %(n)s 行", 120, n="500")
    rows = Shelter.objects.filter(place__code__startswith=f"J{code}")
    stage.proved("all 500 shelters", lambda: rows.count() == 500)


@journey("overdue", "找出一个部门的全部超时", "Find every clock that is overdue in one department")
def overdue(stage: Stage) -> None:
    labels = stage.scene(scenes.overdue)
    duty = stage.person("duty")
    duty.press("时限", nav=True)
    duty.press("超时", begins=True)
    duty.press("交警大队", begins=True)
    for label in labels:
        duty.see(label)
    duty.absent("欠第 4 件")


@journey("paper", "出复盘报告 PDF", "Produce the after-action PDF")
def paper(stage: Stage) -> None:
    here, pk = stage.scene(scenes.finished)
    leader = stage.person("leader")
    leader.press("去%(verb)s", verb=verb("reviews.after_action"))
    leader.see(here.name)
    leader.fill("评估", "各步都在时限内，属地首名责任人应答快。")
    leader.fill("改进", "核对另两线首名责任人的电话。")
    leader.press("完成复盘")
    leader.press("印发")
    leader.press("印发", last=True)
    leader.see("打开打印", 120)
    leader.press("打开打印")
    stage.proved("the frozen report", lambda: scenes.printed(pk))
