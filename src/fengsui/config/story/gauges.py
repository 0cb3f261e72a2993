"""The sensor's side of a telling, and how everybody in it waits."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from fengsui.apps.alerts.models import Bulletin
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Account
from fengsui.apps.sensing import actions as sensing
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import Home
from fengsui.config.story import lessons, proof
from fengsui.config.story.cast import Cast, logins
from fengsui.config.story.table import Step
from fengsui.config.wiring import district
from fengsui.core.worlds import LIVE
from fengsui.ingest.replayer import Outcome, Replayer
from fengsui.kernel import replay as series

T = TypeVar("T")
LEAST_PATIENCE_S = 0.0
"""Nobody gives up sooner; raised where processes are killed while people work."""


def whose(incident: Incident) -> str:
    """The jurisdiction whose bureau decides."""
    return str(incident.place.jurisdiction if incident.place else incident.area.jurisdiction)


class StoryError(Problem):
    """Something that had to happen did not."""


def deadline_in(seconds: float) -> float:
    """Until when to go on trying, on the steady clock."""
    return time.monotonic() + max(seconds, LEAST_PATIENCE_S)


def wait(zh: str, en: str, look: Callable[[], T | None], patience_s: float = 60) -> T:
    """Look again and again until there is an answer. Raises StoryError naming what was waited for."""
    deadline = deadline_in(patience_s)
    while True:
        if (found := look()) is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            waited_s = max(patience_s, LEAST_PATIENCE_S)
            raise StoryError(f"等了 {waited_s:.0f} 秒仍没有{zh}", f"waited {waited_s:.0f} s for {en}")
        time.sleep(0.2)


class Gauges:
    """One telling. Facts are read from the database each time; nothing is remembered that the platform should know."""

    def __init__(self, speed: float, file: Path | None) -> None:
        self.home, self.district, self.cast = Home.here(), district(), Cast()
        self.speed = speed
        self.folder, self.own = settings.FENGSUI_DISTRICTS / self.district.slug / "replay", file is None
        self.replay = series.load(self.folder, file=file)
        self.world = LIVE
        self.began = datetime.now(UTC)
        self.outcome = Outcome()
        self.broken: BaseException | None = None
        self.learned = 0
        self.foreseen: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._replay, daemon=True)

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
        self.learned = lessons.prepare(self.folder, topics, own=self.own)
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

    def _account(self, role: str, jurisdiction: str) -> str:
        """An account that holds a post of this role, of the jurisdiction's bureau where there is one."""
        held = Account.objects.filter(person__holdings__until__isnull=True, person__holdings__post__role=role)
        own = held.filter(person__holdings__post__org__jurisdiction=jurisdiction)
        found = own.order_by("username").first() or held.order_by("username").first()
        if found is None:
            raise StoryError(f"没有 {role} 的演示账号", f"no demonstration account for {role}")
        return str(found.username)
