"""Pictures of the manual that the storm does not pass: taken after it, on the same platform, as a person would."""

from __future__ import annotations

from fengsui.apps.people.rules import ROLES
from fengsui.config.tutorial.steps import Step, Walk
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.terms import Term

NAV_DRILLS = Term("drills", "演练", "Exercises")
"""In the menu; elsewhere the word marks a page."""
SHEET = (
    "编号,名称,街道,类别,有效面积,人均面积,最长开放,可容纳人数,位置\n"
    'S-901,示意小学操场,没有这条路,紧急,1200,2,3,600,"123.36,41.80"\n'
    'S-902,示意中学操场,没有这条巷,紧急,两千,2,3,六百,"123.37,41.81"\n'
    'S-903,示意广场,没有这条街,固定,3000,2,15,1500,"41.79,123.35"\n'
).encode()
"""Three rows, each of them wrong; no street of a district is named here."""


def hand_over(walk: Walk) -> None:
    duty = walk.person("duty")
    duty.home()
    duty.menu("交接班")
    duty.fill(
        "要紧的事",
        duty.said(
            "防汛一队的两台泵留在现场到明早；书面终报已签发。", "Team one leaves two pumps on site until morning."
        ),
    )
    duty.press("交班", last=True)
    second = walk.person("duty2")
    second.open(ClockKind.registered["people.handover"].verb)
    second.see("我来接班")
    second.shoot("hand-over")
    second.press("我来接班")


def look(walk: Walk) -> None:
    duty = walk.person("duty2")
    duty.press("地图", nav=True)
    duty.shoot("map")
    duty.press("时限", nav=True)
    duty.press("辖区全部")
    duty.shoot("clocks")
    duty.press("存活", nav=True)
    duty.shoot("proofs")


def registers(walk: Walk) -> None:
    duty = walk.person("duty2")
    duty.press("台账", nav=True)
    duty.open("队伍")
    duty.shoot("register")
    duty.press("台账", nav=True)
    duty.open("应急避难场所")
    duty.press("粘贴、导入")
    duty.attach("填好的表", "shelters.csv", SHEET)
    duty.press("上传并检查")
    duty.see("有错的行", 60)
    duty.shoot("import")
    duty.press("不要了，作废")


def exercise(walk: Walk) -> None:
    leader = walk.person("leader")
    leader.home()
    leader.press(NAV_DRILLS, nav=True)
    leader.press("策划一次演练")
    leader.fill("名称", leader.said("七月防汛演练", "July flood exercise"))
    for role in ("duty_officer", "duty_leader", "commander", "team_leader"):
        leader.tick(ROLES[role])
    leader.press("策划好了，存下")
    leader.press("开始演练")
    leader.shoot("drill")


def rights(walk: Walk) -> None:
    admin = walk.person("secadmin")
    admin.press("人员", nav=True)
    admin.press("岗位")
    admin.open_row(ROLES["duty_leader"])
    admin.shoot("rights")


STEPS = [
    Step(Term("hand-over", "交接班", "Handover"), hand_over),
    Step(Term("look", "地图、时限、存活", "Map, clocks, proofs"), look),
    Step(Term("registers", "台账和导入", "Registers and import"), registers),
    Step(Term("exercise", "演练", "Exercise"), exercise),
    Step(Term("rights", "岗位", "Posts"), rights),
]
