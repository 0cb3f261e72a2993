"""From a rising sensor to a closed incident: people press what stands on the pages, the replay goes on beside them."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from fengsui.apps.alerts.models import Bulletin, Call, Warning
from fengsui.apps.alerts.rules import IN_FORCE, UNDECIDED
from fengsui.apps.command import queries as queries_of_command
from fengsui.apps.command.models import Order, Response, Task
from fengsui.apps.incidents import queries
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.rules import STAGES
from fengsui.apps.people.models import Account
from fengsui.apps.sensing import actions as sensing
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import Home
from fengsui.config.story import proof
from fengsui.config.story.browser import PageError, Person
from fengsui.config.story.cast import Cast, logins, photo
from fengsui.config.story.table import Step, render
from fengsui.config.wiring import district
from fengsui.core.worlds import LIVE
from fengsui.ingest.replayer import Outcome, Replayer
from fengsui.kernel import replay as series
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

SPEED = 600.0
BY_HAND = 60.0
"""Slow enough to read each page before the water falls again: 15 measured hours in 15 minutes."""
OWN_S = 55_200.0
"""What the district's own series lasts; the waiting times of the story fit it."""
T = TypeVar("T")


def whose(incident: Incident) -> str:
    """The jurisdiction whose bureau decides."""
    return str(incident.place.jurisdiction if incident.place else incident.area.jurisdiction)


class StoryError(Problem):
    """Something that had to happen did not."""


def wait(zh: str, en: str, look: Callable[[], T | None], patience_s: float = 60) -> T:
    """Look again and again until there is an answer. Raises StoryError naming what was waited for."""
    deadline = time.monotonic() + patience_s
    while True:
        if (found := look()) is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise StoryError(f"等了 {patience_s:.0f} 秒仍没有{zh}", f"waited {patience_s:.0f} s for {en}")
        time.sleep(0.2)


class Story:
    """One telling. Facts are read from the database each time; nothing is remembered that the platform should know."""

    def __init__(self, speed: float, file: Path | None) -> None:
        self.home, self.district, self.cast = Home.here(), district(), Cast()
        self.speed = speed
        self.replay = series.load(settings.FENGSUI_DISTRICTS / self.district.slug / "replay", file=file)
        self.world = LIVE
        self.began = datetime.now(UTC)
        self.outcome = Outcome()
        self.broken: BaseException | None = None
        self._thread = threading.Thread(target=self._replay, daemon=True)

    # --- the sensor's side ---------------------------------------------------------------------------------------

    def _replay(self) -> None:
        try:
            who = logins(self.district, self.home, self.replay.stations)
            plan = list(series.schedule(self.replay, self.speed, datetime.now(UTC)))
            with Replayer(os.environ["FENGSUI_MQTT_HOST"], int(os.environ["FENGSUI_MQTT_PORT"]), who) as devices:
                self.outcome = devices.play(plan)
        except BaseException as error:
            self.broken = error

    def rain(self) -> None:
        """Start the replay; readings come in while people act."""
        who = logins(self.district, self.home, self.replay.stations)
        topics = [each.topic for each in who.values()]
        until = datetime.now(UTC) + timedelta(seconds=3 + self.replay.duration_s / self.speed)
        sensing.set_speed(topics=topics, speed=self.speed, period_s=round(self.replay.step_s), until=until)
        time.sleep(3)  # the ingest process looks at its streams every two seconds
        say(
            f"回放 {self.replay.title}，{len(self.replay.items)} 个读数，{self.speed:g} 倍速",
            f"Replaying {len(self.replay.items)} readings of {self.replay.source} at {self.speed:g}x",
        )
        for zh, en in self.replay.chosen:
            say(zh, en)
        self._thread.start()

    def received(self, bulletins: list[Bulletin], deliveries: Any) -> Step:
        """What the other side wrote down."""
        return proof.received(self, bulletins, deliveries)

    # --- people --------------------------------------------------------------------------------------------------

    def tidy(self) -> None:
        """End what an interrupted telling left open, by hand as ever: a place has one open warning and incident."""
        warnings = list(Warning.objects.in_world(self.world).filter(status__in=IN_FORCE | UNDECIDED))
        incidents = list(queries.open_of_hazard("waterlogging", Actor(world=self.world, system="story")))
        if warnings or incidents:
            say(
                f"先了结上次中断所留：预警 {len(warnings)} 条，事件 {len(incidents)} 件",
                f"First ending what was interrupted: {len(warnings)} warnings, {len(incidents)} incidents",
            )
        for warning in warnings:
            if warning.status in IN_FORCE:
                self._press(warning, "duty_leader", "/lift", reason="演示中断，现场已无积水")
            else:
                self._press(warning, "duty_leader", "/reject", reason="演示中断，现场已无积水")
        for incident in incidents:
            self.work(incident)
            self.end(incident, "演示中断，现场已无险情")

    def warn(self) -> Warning:
        """A duty officer confirms, a leader issues: the second person from orange up."""
        drafted = wait("橙色预警稿", "a drafted warning of orange", lambda: self._draft(Level.ORANGE), 120)
        say(
            f"{drafted.place.name}：预警稿 {Level(drafted.level).zh}",
            f"{drafted.place.name_en or drafted.place.code}: {Level(drafted.level).code} warning drafted",
        )
        self.decide(drafted)
        say("已核定、签发", "Confirmed and issued by two persons")
        return drafted

    def decide(self, warning: Warning) -> None:
        """Confirm and issue what stands on the desk; water that rises in between sends the draft back, so once more."""
        deadline, last = time.monotonic() + 90, ""
        while time.monotonic() < deadline:
            warning.refresh_from_db()
            try:
                if warning.status in ("draft", "revising"):
                    self._press(warning, "duty_officer", "/confirm")
                elif warning.status in ("confirmed", "revised"):
                    self._press(warning, "duty_leader", "/issue", typed=Level(warning.level).zh)
                else:
                    return
            except PageError as error:
                warning.refresh_from_db()
                last = str(error)
                if warning.status not in ("draft", "revising"):
                    raise StoryError(last, last) from error
        raise StoryError(f"预警始终未能签发：{last}", f"the warning was never issued: {last}")

    def _press(self, warning: Warning, role: str, action: str, **values: Any) -> None:
        person = self.cast(self._account(role, warning.jurisdiction))
        person.open(f"/warnings/{warning.pk}/")
        person.submit(action, **values)

    def _draft(self, line: Level) -> Warning | None:
        rows = Warning.objects.in_world(self.world).filter(status="draft", drafted_at__gte=self.began)
        return rows.filter(level__gte=int(line)).select_related("place").order_by("-level").first()

    def _bulletins(self, warning: Warning) -> Any:
        return Bulletin.objects.in_world(self.world).filter(warning=warning).order_by("sent_at")

    def _account(self, role: str, jurisdiction: str) -> str:
        """An account that holds a post of this role, of the jurisdiction's bureau where there is one."""
        held = Account.objects.filter(person__holdings__until__isnull=True, person__holdings__post__role=role)
        own = held.filter(person__holdings__post__org__jurisdiction=jurisdiction)
        found = own.order_by("username").first() or held.order_by("username").first()
        if found is None:
            raise StoryError(f"没有 {role} 的演示账号", f"no demonstration account for {role}")
        return str(found.username)

    def answer_calls(self, warning: Warning) -> None:
        """The first name stays silent until the clock passes on; whoever is called next and can log in answers."""
        say(
            "叫应：第一人不应，等时限转下一人",
            "Calls: the first name stays silent until its clock passes on to the next",
        )
        wait("叫到第二人", "the second name to be called", lambda: self._passed(warning), 120)

        def answered() -> bool:
            for call in Call.objects.in_world(self.world).filter(bulletin__warning=warning, state="called"):
                if account := Account.objects.filter(person_id=call.person_id).first():
                    person = self.cast(account.username)
                    person.open(f"/calls/{call.pk}/")
                    person.submit("/acknowledge")
                elif call.turn > 1:
                    duty = self.cast(self._account("duty_officer", warning.jurisdiction))
                    duty.open(f"/calls/{call.pk}/")
                    duty.submit("/acknowledge", note="电话应答，值班员代记")
            return Call.objects.in_world(self.world).filter(bulletin__warning=warning, state="answered").exists()

        wait("人应答", "an answer", lambda: answered() or None, 120)

    def _passed(self, warning: Warning) -> bool | None:
        return Call.objects.in_world(self.world).filter(bulletin__warning=warning, state="passed").exists() or None

    def incident_of(self, warning: Warning) -> Incident:
        rows = Incident.objects.in_world(self.world).filter(correlation=warning.correlation)
        return wait("立案", "the incident", lambda: rows.select_related("place").first())

    def report(self, incident: Incident, stage: str) -> None:
        """Draft from what is known; by phone it is frozen at once, in writing a second person signs."""
        duty = self.cast(self._account("duty_officer", whose(incident)))
        duty.open(f"/incidents/{incident.pk}/")
        self._press_stage(duty, stage)
        zh, en = STAGES[stage].zh, STAGES[stage].en
        row = wait(
            f"报告 {zh}",
            f"the report {en}",
            lambda: Report.objects.in_world(self.world).filter(incident=incident, stage=stage).first(),
        )
        duty.open(f"/incidents/reports/{row.pk}/")
        if stage == "first_phone":
            duty.submit("/do/send")
        else:
            duty.submit("/do/submit")
            leader = self.cast(self._account("duty_leader", whose(incident)))
            leader.open(f"/incidents/reports/{row.pk}/")
            leader.submit("/do/sign")
            duty.open(f"/incidents/reports/{row.pk}/")
            duty.submit("/do/send")
        wait(
            f"{zh}的报送记录",
            f"the report {en} to be sent",
            lambda: Report.objects.in_world(self.world).filter(pk=row.pk, sent_at__isnull=False).first(),
        )

    def _press_stage(self, duty: Person, stage: str) -> None:
        assert duty.page is not None
        for form in duty.forms("/draft"):
            if any(each.get("value") == stage for each in form.iter("input")):
                duty.submit("/draft", stage=stage)
                return
        raise PageError(f"no button to draft {stage} on {duty.page.url}")

    def respond(self, incident: Incident, level: Level) -> Response:
        """The commander starts the plan at a level; its tasks go out with their clocks."""
        chief = self.cast(self._account("commander", ""))
        chief.open(f"/incidents/{incident.pk}/?level={level.code}")
        chief.submit("/respond", activate="1")
        found = wait(
            "响应",
            "the response",
            lambda: Response.objects.in_world(self.world).filter(status="active").order_by("-pk").first(),
        )
        count = self.tasks(incident).count()
        say(f"响应 {level.roman} 级启动，任务 {count} 项", f"Response at level {level.code} active, {count} tasks")
        return found

    def tasks(self, incident: Incident) -> Any:
        return Task.objects.in_world(self.world).filter(incident=incident).order_by("pk")

    def dispatch(self, incident: Incident) -> Order:
        """Take what the platform suggests over the road network, as far as a team of the cast is among it."""
        task = wait(
            "需要队伍的任务",
            "a task that needs teams",
            lambda: self.tasks(incident).exclude(skill="").order_by("code").first(),
        )
        duty = self.cast(self._account("duty_officer", whose(incident)))
        duty.open(f"/tasks/{task.pk}/dispatch")
        duty.submit("/dispatch")
        rows = Order.objects.in_world(self.world).filter(task=task).order_by("issued_at")
        return wait("派遣令", "an order", rows.first)

    def work(self, incident: Incident) -> None:
        """Every task gets a result: done by those of the cast who owe it, else waived with a reason."""
        deadline = time.monotonic() + 120
        while (
            left := [task for task in self.tasks(incident) if task.status not in proof.ENDED]
        ) and time.monotonic() < deadline:
            waiting = {task.code for task in left}
            for task in left:
                if not waiting & set(task.after):  # what must come before it is still open
                    self._do(task, incident)
        if left:
            raise StoryError(f"还有 {len(left)} 项任务没有办结", f"{len(left)} tasks are still open")
        self.send_home(incident)

    def send_home(self, incident: Incident) -> None:
        """Whoever was sent comes back: nobody else could have the team otherwise."""
        for deployment in queries_of_command.teams_out(incident):
            task_id, post = deployment.order.task_id, deployment.order.leader_post
            rows = Account.objects.filter(person__holdings__until__isnull=True)
            held = rows.filter(person__holdings__post_id=post).first() if post else None
            who = self.cast(str(held.username)) if held else None
            person = who or self.cast(self._account("duty_officer", whose(incident)))
            for _ in range(3):
                person.open(f"/tasks/{task_id}/")
                verb = next((each for each in ("recall", "leave", "return") if person.forms(f"/do/{each}")), "")
                if not verb:
                    break
                person.submit(f"/do/{verb}")

    def _do(self, task: Task, incident: Incident) -> None:
        who = self._owner(task)
        person = self.cast(who) if who else None
        if person is None:
            self._waive(task, incident)
            return
        for _ in range(8):
            person.open(f"/tasks/{task.pk}/")
            verbs = [verb for verb in ("accept", "depart", "arrive", "start") if person.forms(f"/do/{verb}")]
            if not verbs:
                break
            person.submit(f"/do/{verbs[0]}")
        try:
            facts = {"text": "已处置，照片为证"}
            known = {each.get("name") for each in person.page.tree.iter("input", "textarea")} if person.page else set()
            facts |= {name: value for name, value in (("count", "6"), ("flow", "400")) if name in known}
            person.submit("/do/finish", files={"photo": photo()}, **facts)
        except PageError:
            self._waive(task, incident)

    def _owner(self, task: Task) -> str:
        """The account that may act on this task: its team's leader, its post's holder."""
        order = Order.objects.in_world(self.world).filter(task=task).first()
        post = order.team.leader_post_id if order else task.owner_post_id
        if post is None:
            return ""
        found = Account.objects.filter(person__holdings__until__isnull=True, person__holdings__post_id=post).first()
        return str(found.username) if found else ""

    def _waive(self, task: Task, incident: Incident) -> None:
        task.refresh_from_db()
        if task.status in proof.ENDED:
            return
        leader = self.cast(self._account("duty_leader", whose(incident)))
        leader.open(f"/incidents/{incident.pk}/close")
        for form in leader.forms(f"/tasks/{task.pk}/do/waive"):
            del form
            leader.submit(f"/tasks/{task.pk}/do/waive", reason="水已退，责任人由电话回报完毕")
            return
        leader.open(f"/tasks/{task.pk}/")
        leader.submit("/do/waive", reason="水已退，责任人由电话回报完毕")

    def lift(self, warning: Warning) -> None:
        """All-clear when the water is gone; every other warning of the replay is decided too."""
        wait("回放完", "the replay's end", lambda: None if self._thread.is_alive() else True, 400)
        if self.broken:
            raise StoryError(f"回放中断：{self.broken}", f"the replay broke: {self.broken}")
        wait("全部回落", "the levels to step down", lambda: proof.all_normal(self.world) or None, 120)
        leader = self.cast(self._account("duty_leader", warning.jurisdiction))
        leader.open(f"/warnings/{warning.pk}/")
        leader.submit("/lift", reason="水位回落到关注线以下并保持，道路恢复")
        for row in Warning.objects.in_world(self.world).filter(status="draft", drafted_at__gte=self.began):
            duty = self.cast(self._account("duty_officer", row.jurisdiction))
            duty.open(f"/warnings/{row.pk}/")
            duty.submit("/reject", reason="已回落，现场核实无需对外发布")

    def end(self, incident: Incident, reason: str) -> None:
        """The response where one runs, then the incident itself."""
        chief = self.cast(self._account("commander", ""))
        chief.open(f"/incidents/{incident.pk}/")
        chief.submit("/do/end", reason=reason)
        incident.refresh_from_db()
        if incident.status in ("verified", "responding"):
            chief.open(f"/incidents/{incident.pk}/")
            chief.submit(f"/incidents/{incident.pk}/do/end", reason=reason)

    def close(self, incident: Incident) -> None:
        """End the response, then the incident; the final report; the file is closed when nothing is owed."""
        self.end(incident, "险情解除")
        self.report(incident, "final")
        leader = self.cast(self._account("duty_leader", whose(incident)))
        leader.open(f"/incidents/{incident.pk}/close")
        leader.submit("/close")
        wait(
            "归档",
            "the closed incident",
            lambda: Incident.objects.in_world(self.world).filter(pk=incident.pk, status="closed").first(),
        )

    def review(self, incident: Incident) -> bytes:
        """What went well and badly, in words, then the after-action report: numbered, frozen, a PDF made by a job."""
        leader = self.cast(self._account("duty_leader", whose(incident)))
        leader.open(f"/reviews/{incident.pk}/")
        if leader.forms("/finish"):
            lesson = "核对首名责任人的联系方式"
            leader.submit("/finish", assessment="各环节均在时限内办结，叫应首人未应", lessons=lesson)
            leader.open(f"/reviews/{incident.pk}/")
        leader.submit("/issue")
        return wait("复盘报告", "the after-action report", lambda: proof.paper(leader, incident), 120)


def only_rain(story: Story) -> int:
    """Nobody acts but who sits at the screen: the gauges speak, then say that they are through."""
    story.rain()
    say(
        "各步由您来做：先以 duty（值班员）登录，值班台会说出下一件该办的事；步骤见 docs/tutorials/first-warning.md",
        "The rest is yours: log in as duty, the desk names the next thing to do; see docs/tutorials/first-warning.md",
    )
    story._thread.join()
    if story.broken:
        say(f"回放中断：{story.broken}", f"The replay broke: {story.broken}")
        return 1
    say("回放已放完，水已退", "The replay is over, the water has gone")
    return 0


@dataclass
class Told:
    """How one telling went: its steps, and what stopped it."""

    steps: list[Step]
    failed: str

    @property
    def good(self) -> int:
        return sum(step.ok for step in self.steps)

    @property
    def whole(self) -> bool:
        return self.good == len(self.steps) and not self.failed


def tell(story: Story) -> Told:
    """From the first reading to the review, as far as it goes."""
    failed, pdf = "", b""
    warning: Warning | None = None
    incident: Incident | None = None
    try:
        story.tidy()
        story.rain()
        warning = story.warn()
        story.answer_calls(warning)
        incident = story.incident_of(warning)
        story.report(incident, "first_phone")
        story.respond(incident, Level.ORANGE)
        story.dispatch(incident)
        story.report(incident, "first_written")
        story.decide(warning)
        story.work(incident)
        story.lift(warning)
        story.close(incident)
        pdf = story.review(incident)
    except (StoryError, PageError) as error:
        failed = str(error)
    return Told(proof.steps(story, warning, incident, pdf), failed)


def show(told: Told) -> None:
    print(f"\n{render(told.steps)}")
    if told.failed:
        print(f"\n✗ {told.failed}", file=sys.stderr)


def play(options: argparse.Namespace) -> int:
    """`./fengsui story`, inside a running demonstration. Exit 0 only if every step really happened."""
    by_hand = getattr(options, "by_hand", False)
    speed = options.speed or (BY_HAND if by_hand else SPEED)
    if getattr(options, "exercise", None):
        return import_module("fengsui.config.story.exercise").play(speed, beside=options.exercise == "beside")
    if getattr(options, "busy", False):
        return int(import_module("fengsui.config.story.busy").play(options.speed))
    story = Story(speed, Path(options.replay) if options.replay else None)
    if options.replay and not options.speed:
        story.speed = story.replay.pace(speed, OWN_S, story.district.points[0].station)
    if by_hand:
        return only_rain(story)
    began = time.monotonic()
    told = tell(story)
    show(told)
    summed(told, time.monotonic() - began)
    return 0 if told.whole else 1


def summed(told: Told, took: float) -> None:
    say(
        f"{told.good}/{len(told.steps)} 步成立，用 {took:.0f} 秒",
        f"{told.good} of {len(told.steps)} steps really happened, in {took:.0f} s",
    )
