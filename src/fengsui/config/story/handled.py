"""People at an incident: reports, response, teams sent and brought home, the file closed, the review issued."""

from __future__ import annotations

import time
from typing import Any

from fengsui.apps.command import queries as queries_of_command
from fengsui.apps.command.models import Order, Response, Task
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.rules import STAGES
from fengsui.apps.people.models import Account
from fengsui.config.ops.console import say
from fengsui.config.story import proof
from fengsui.config.story.browser import PageError, Person
from fengsui.config.story.cast import photo
from fengsui.config.story.gauges import StoryError, deadline_in, wait, whose
from fengsui.config.story.warned import Warned
from fengsui.kernel.levels import Level


class Handled(Warned):
    """What happens to an incident from its first report to the after-action report."""

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
        deadline = deadline_in(120)
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
            try:
                person.submit(f"/do/{verbs[0]}")
            except PageError:  # a report that was sent ends its task by itself, perhaps between look and press
                task.refresh_from_db()
                if task.status not in proof.ENDED:
                    raise
                return
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
