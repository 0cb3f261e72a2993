"""People at a warning: two decide it, the called answer, and it is lifted when the water has gone."""

from __future__ import annotations

import time
from typing import Any

from fengsui.apps.alerts.models import Bulletin, Call, Warning
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Account
from fengsui.config.ops.console import say
from fengsui.config.story import proof
from fengsui.config.story.browser import PageError
from fengsui.config.story.gauges import Gauges, StoryError, deadline_in, wait
from fengsui.kernel.levels import Level

FORESEEN_S = 8.0
"""Of the wall: some runs of the forecasts while the water still rises."""


class Warned(Gauges):
    """What happens to a warning from its draft to the all-clear."""

    def warn(self) -> Warning:
        """A duty officer confirms, a leader issues: the second person from orange up."""
        drafted = wait("橙色预警稿", "a drafted warning of orange", lambda: self._draft(Level.ORANGE), 120)
        say(
            f"{drafted.place.name}：预警稿 {Level(drafted.level).zh}",
            f"{drafted.place.name_en or drafted.place.code}: {Level(drafted.level).code} warning drafted",
        )
        self.foreseen = self._learned_forecast() if self.learned else {}
        self.decide(drafted)
        say("已核定、签发", "Confirmed and issued by two persons")
        return drafted

    def _learned_forecast(self) -> dict[str, Any]:
        """Chance and lead that the drafts of this telling hold from what was learned; a newer forecast replaces it."""
        deadline = deadline_in(FORESEEN_S)
        while True:
            for row in Warning.objects.in_world(self.world).filter(drafted_at__gte=self.began):
                for each in row.evidence:
                    stated = each["kind"] == "forecast" and each["method"] == "levels" and each["chance"] is not None
                    if stated and each["lead_s"]:
                        return dict(each)
            if time.monotonic() > deadline:
                return {}
            time.sleep(0.2)

    def decide(self, warning: Warning) -> None:
        """Confirm and issue what stands on the desk; water that rises in between sends the draft back, so once more."""
        deadline, last = deadline_in(90), ""
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
                    if person.forms("/acknowledge"):  # its clock may have passed it on while the page was on its way
                        person.submit("/acknowledge")
                elif call.turn > 1:
                    duty = self.cast(self._account("duty_officer", warning.jurisdiction))
                    duty.open(f"/calls/{call.pk}/")
                    if duty.forms("/acknowledge"):
                        duty.submit("/acknowledge", note="电话应答，值班员代记")
            return Call.objects.in_world(self.world).filter(bulletin__warning=warning, state="answered").exists()

        wait("人应答", "an answer", lambda: answered() or None, 120)

    def _passed(self, warning: Warning) -> bool | None:
        return Call.objects.in_world(self.world).filter(bulletin__warning=warning, state="passed").exists() or None

    def incident_of(self, warning: Warning) -> Incident:
        rows = Incident.objects.in_world(self.world).filter(correlation=warning.correlation)
        return wait("立案", "the incident", lambda: rows.select_related("place").first())

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
