"""The first storm, by hand: each function is one step of docs/tutorials/first-storm.md, and knows no address.

People and places are those of the shipped district; the words pressed are those of the page.
"""

from __future__ import annotations

from fengsui.apps.alerts.rules import CALL_STATES, DELIVERY_STATES
from fengsui.apps.incidents.rules import STAGES
from fengsui.config.ops.home import REPO
from fengsui.config.story.cast import photo
from fengsui.config.tutorial.steps import STEPS, Walk, Window, step
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.district import load
from fengsui.kernel.terms import Term

__all__ = ["STEPS"]
_POINT = load("tiexi", REPO / "districts").points[0]
PLACE = Term("place", _POINT.name, _POINT.name_en)
RED = Term("red", "红色", "red")
INCIDENT = Term("incident", _POINT.name, _POINT.name)
"""Titles of incidents are Chinese in either language, as the record keeps them."""
SECOND = Term("second", "Ⅱ级", "Ⅱ level")
BULLETIN = "0001 号"
RISE_S = 240.0
GONE_S = 600.0
PASSED_S = 400.0


def _owed(window: Window, clock: str, patience_s: float = 30.0) -> None:
    """The one great button of a desk: what is owed next, by the name of its clock."""
    window.home()
    window.press("去%(verb)s", verb=ClockKind.registered[clock].verb, patience_s=patience_s)


def _room(window: Window) -> None:
    """The incident, from the list on the desk."""
    window.press("事件", nav=True)
    window.open(INCIDENT)


@step("log-in", "登录", "Log in")
def log_in(walk: Walk) -> None:
    door = walk.door()
    door.shoot("log-in")
    door.enter("duty")
    door.see("现在没有等你决定的事")
    door.shoot("quiet-desk")


@step("rise", "水涨起来", "The water rises")
def rise(walk: Walk) -> None:
    duty = walk.person("duty")
    duty.see(Term("red-place", "红色 Ⅰ级", "Red Level Ⅰ"), RISE_S)
    duty.shoot("rising-desk")


@step("evidence", "看证据", "Read the evidence")
def evidence(walk: Walk) -> None:
    duty = walk.person("duty")
    _owed(duty, "alerts.confirm")
    duty.see("为什么是这一级")
    duty.shoot("evidence")


@step("confirm", "核定", "Confirm")
def confirm(walk: Walk) -> None:
    duty = walk.person("duty")
    duty.press("核定，送签发")
    duty.see("等第二人签发")
    duty.shoot("confirmed")


@step("issue", "由第二人签发", "A second person issues")
def issue(walk: Walk) -> None:
    leader = walk.person("leader")
    _owed(leader, "alerts.issue")
    leader.press("签发…")
    leader.fill("输入“%(word)s”，右边的按钮才能按", leader.said(RED.zh, RED.en), word=RED)
    leader.shoot("issue")
    leader.press("签发%(level)s预警：%(place)s", level=RED, place=PLACE)
    leader.see("最新一份的送达")


@step("deliveries", "看送到了哪里", "See where it went")
def deliveries(walk: Walk) -> None:
    leader = walk.person("leader")
    leader.open(BULLETIN)
    leader.see(DELIVERY_STATES["acknowledged"], 60)
    leader.shoot("deliveries")


@step("answer", "被叫应的人应答", "Somebody who was called answers")
def answer(walk: Walk) -> None:
    community = walk.person("community", phone=True)
    community.shoot("call-phone")
    _owed(community, "alerts.acknowledge")
    community.press("收到")
    community.see("看公告全文")
    community.shoot("answered-phone")


@step("incident", "事件已经立了", "The incident is open")
def incident(walk: Walk) -> None:
    duty = walk.person("duty")
    _room(duty)
    duty.see("信息报送")
    duty.shoot("incident")


@step("phone-report", "电话初报", "Report by phone")
def phone_report(walk: Walk) -> None:
    duty = walk.person("duty")
    duty.press("拟%(stage)s", stage=STAGES["first_phone"])
    duty.see("已电话报出，记下并冻结")
    duty.shoot("phone-report")
    duty.press("已电话报出，记下并冻结")
    duty.see("在时限内")


@step("plan", "指挥长启动预案", "The commander starts the plan")
def plan(walk: Walk) -> None:
    commander = walk.person("commander")
    _room(commander)
    commander.open(SECOND)
    commander.shoot("plan", at="启动响应")
    commander.press("启动 %(roman)s级响应，下达 %(n)d 项任务", roman="Ⅱ", n=11)
    commander.see("受阻、超时在前")
    commander.shoot("tasks")


@step("close-road", "封路", "Close the road")
def close_road(walk: Walk) -> None:
    duty = walk.person("duty")
    _room(duty)
    duty.fill("封控原因", duty.said("桥下积水，车辆不能通过", "Water under the bridge, no vehicle gets through"))
    duty.press("按一点一策封控")
    duty.see("放行")


@step("send", "派队伍", "Send a team")
def send(walk: Walk) -> None:
    duty = walk.person("duty")
    duty.press("派力量", near=duty.said("移动泵到位抽排", "Bring mobile pumps and drain"))
    duty.see("照选派出，发令")
    duty.shoot("send")
    duty.press("照选派出，发令")


@step("team", "队长用手机", "The team leader's phone")
def team(walk: Walk) -> None:
    leader = walk.person("team", phone=True)
    leader.shoot("team-phone")
    _owed(leader, "command.accept")
    leader.shoot("order-phone")
    for label in ("我接令，马上去", "人齐了，出发", "到了"):
        leader.press(label)
    leader.press("开始作业")
    leader.fill("情况", leader.said("两台泵已开，水位在降", "Two pumps running, the water falls"))
    leader.fill("抽排流量 m³/h", "400")
    leader.attach("照片", "site.jpg", photo())
    leader.shoot("report-phone", at="现场怎样")
    leader.press("办完了，交佐证")
    leader.press("任务已结束，撤收")
    leader.press("已归建")
    leader.shoot("home-phone")


@step("written-report", "书面初报", "Report in writing")
def written_report(walk: Walk) -> None:
    _report(walk, "first_written", "written-report")


@step("silent", "谁没有应答", "Who has not answered")
def silent(walk: Walk) -> None:
    duty = walk.person("duty")
    duty.press("预警", nav=True)
    duty.open(PLACE)
    duty.see(CALL_STATES["passed"], PASSED_S)
    duty.press("电话应答…")
    duty.fill("通话时间和对方答复", duty.said("接通，马上到岗", "Reached him, on his way"))
    duty.shoot("silent")
    duty.press("记下应答")


@step("lift", "解除", "Lift the warning")
def lift(walk: Walk) -> None:
    leader = walk.person("leader")
    _owed(leader, "alerts.lift", GONE_S)
    leader.press("解除…", patience_s=GONE_S)
    leader.fill(
        "依据：谁、何时看过现场", leader.said("防汛一队刚看过，路面已无水", "Team one has just looked: no water left")
    )
    leader.shoot("lift")
    leader.press("解除%(level)s预警", level=RED)
    leader.see("已了结")
    _others(walk.person("duty"))


def _others(duty: Window) -> None:
    """Other drafts of the storm that nobody issued: decided too, as many as there are."""
    duty.home()
    verb = ClockKind.registered["alerts.confirm"].verb
    while duty.offers("去%(verb)s", verb=verb):
        duty.press("去%(verb)s", verb=verb)
        duty.press("不发布，写理由…")
        duty.fill("不发布的理由", duty.said("水已退，现场看过", "The water has gone, looked at on site"))
        duty.press("不发布，写理由…", last=True)
        duty.see("已了结")
        duty.home()


@step("end", "终止响应，放行", "End the response, reopen the road")
def end(walk: Walk) -> None:
    commander = walk.person("commander")
    _room(commander)
    commander.press("终止响应")
    commander.fill("理由", commander.said("全部点位已回落", "All points are back to normal"))
    commander.press("终止响应", last=True)
    duty = walk.person("duty")
    _room(duty)
    duty.fill("放行说明", duty.said("水退，路面已清", "Water gone, road cleared"))
    duty.press("放行")


@step("final-report", "终报", "The final report")
def final_report(walk: Walk) -> None:
    _report(walk, "final")


def _report(walk: Walk, stage: str, picture: str = "") -> None:
    """Drafted by one, signed by another, sent by the first."""
    duty, leader = walk.person("duty"), walk.person("leader")
    _room(duty)
    duty.press("拟%(stage)s", stage=STAGES[stage])
    duty.see("送审核签发")
    if picture:
        duty.shoot(picture)
    duty.press("送审核签发")
    leader.home()
    leader.open("审核签发%(stage)s", stage=STAGES[stage])
    leader.press("审核无误，签发")
    duty.press("报送 %(to)s", to="市委市政府总值班室、市应急管理局")
    duty.see("在时限内")


@step("close", "归档", "Close the file")
def close(walk: Walk) -> None:
    leader = walk.person("leader")
    _room(leader)
    leader.press("归档 还差什么")
    leader.shoot("close")
    leader.fill("免除理由", leader.said("水已退，不再需要", "The water has gone, no longer needed"))
    leader.press("免除")
    while leader.offers("免除"):
        leader.fill("免除理由", leader.said("水已退，不再需要", "The water has gone, no longer needed"))
        leader.press("免除")
    leader.press("归档 %(n)s", n="", begins=True)
    leader.see("看复盘")


@step("review", "复盘", "The after-action review")
def review(walk: Walk) -> None:
    leader = walk.person("leader")
    leader.press("看复盘")
    leader.see("从第一个读数到结束")
    leader.shoot("review")
    leader.fill(
        "评估",
        leader.said("各步都在时限内；属地首名责任人应答快。", "Every step was in time; the first name answered fast."),
    )
    leader.fill(
        "改进",
        leader.said("核对另两线首名责任人的电话。", "Check the numbers of the first names of the other two lines."),
    )
    leader.press("完成复盘")
    leader.press("印发")
    leader.press("印发", last=True)
    leader.see("打开打印", 120)
    leader.shoot("paper")


@step("replay", "回放和指标", "Replay and indicators")
def replay(walk: Walk) -> None:
    leader = walk.person("leader")
    leader.shoot("indicators", at="指标")
    leader.press("回放")
    leader.press("下一件", begins=True)
    leader.shoot("replay")
