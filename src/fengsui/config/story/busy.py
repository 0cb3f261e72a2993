"""A cloudburst: five places at once, three officers in parallel, one team wanted twice, a shift that changes meanwhile.

Everybody presses what stands on his own pages, several at the same moment. What is proved is that nothing is drafted
twice, promised twice or forgotten.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.db import close_old_connections

from fengsui.apps.alerts.models import Warning
from fengsui.apps.alerts.rules import IN_FORCE, UNDECIDED
from fengsui.apps.command.models import Task
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Account, Handover
from fengsui.config.ops.console import say, word
from fengsui.config.story import busy_proof, proof
from fengsui.config.story.browser import PageError, Person
from fengsui.config.story.gauges import StoryError, wait, whose
from fengsui.config.story.play import Story, Told, show, summed
from fengsui.kernel.district import District, Point
from fengsui.kernel.levels import Level
from fengsui.kernel.replay import Item, Replay

PLACES = 5
OFFICERS = 3
SPEED = 120.0
STEP_S = 60.0
APART_S = 10.0
"""Measured seconds between the first place and the next: all five cross within a minute of their own clock."""
RISE_S, STAY_S, FALL_S, AFTER_S = 1200.0, 4500.0, 1200.0, 2400.0
ABOVE_M = 0.04
"""So much the water stands above the orange line at its highest: below the red one of any ladder here."""


def cloudburst(district: District, like: Replay) -> Replay:
    """Water that rises at several points at once, made up; of both jurisdictions where there are two."""
    items = [item for number, point in enumerate(_chosen(district)) for item in _hump(point, number * APART_S)]
    items.sort(key=lambda item: item.offset_s)
    return replace(
        like, title=word("示意：五处同时积水", "made up: five places at once"), source="-", items=tuple(items), gaps=(),
        step_s=STEP_S, chosen=(), illustrative=True,
    )  # fmt: skip


def _chosen(district: District) -> list[Point]:
    """The last points of the file, so that the smaller jurisdiction, listed last, has one among them."""
    return list(district.points)[-PLACES:]


def _hump(point: Point, late_s: float) -> Iterator[Item]:
    top = point.ladder_m["orange"] + ABOVE_M
    for number in range(round((RISE_S + STAY_S + FALL_S + AFTER_S) / STEP_S)):
        at = number * STEP_S
        level = min(1.0, at / RISE_S, max(0.0, (RISE_S + STAY_S + FALL_S - at) / FALL_S))
        yield Item(at + late_s, point.station, round(top * level + 0.0001 * (number % 3), 4), "m", at + late_s)


@dataclass
class Desk:
    """What several people did at once: presses that were first, and those that were told somebody else had been."""

    pressed: Counter[str] = field(default_factory=Counter)
    late: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def press(self, person: Person, url: str, action: str, **values: Any) -> bool:
        try:
            person.open(url)
            person.submit(action, **values)
        except PageError as told:
            with self.lock:
                self.late.append(f"{person.name} {action}: {str(told)[-160:]}")
            return False
        with self.lock:
            self.pressed[f"{person.name} {action.strip('/')}"] += 1
        return True


class BusyStory(Story):
    """One telling with many hands."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed, None)
        self.replay = cloudburst(self.district, self.replay)
        self.desk = Desk()
        self.raced: list[str] = []
        self.places = PLACES
        self.handover: Handover | None = None

    def accounts(self, role: str, jurisdiction: str | None = None) -> list[str]:
        held = Account.objects.filter(person__holdings__until__isnull=True, person__holdings__post__role=role)
        if jurisdiction is not None:
            held = held.filter(person__holdings__post__org__jurisdiction=jurisdiction)
        return list(dict.fromkeys(held.order_by("username").values_list("username", flat=True)))

    def warnings(self, statuses: frozenset[str] | set[str] | None = None) -> list[Warning]:
        rows = Warning.objects.in_world(self.world).filter(drafted_at__gte=self.began).select_related("place")
        return list(rows.filter(status__in=statuses) if statuses else rows)

    def incidents(self) -> list[Incident]:
        keys = [each.correlation for each in self.warnings()]
        rows = Incident.objects.in_world(self.world).filter(correlation__in=keys, known_at__gte=self.began)
        return list(rows.select_related("place").order_by("known_at"))

    # --- many hands ----------------------------------------------------------------------------------------------

    def together(self, *works: Callable[[], None]) -> None:
        """Run all at the same time. Raises what the first of them raised."""
        failed: list[BaseException] = []
        ready = threading.Barrier(len(works))

        def run(work: Callable[[], None]) -> None:
            try:
                ready.wait(30)
                work()
            except BaseException as error:
                failed.append(error)
            finally:
                close_old_connections()

        threads = [threading.Thread(target=run, args=[work]) for work in works]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        if failed:
            raise failed[0]

    def decide_all(self) -> None:
        """Every officer takes what he finds first, so they meet at the same warnings; leaders issue behind them.

        Until each place has its incident: who is quick issues at a level that opens none, and the water goes on rising.
        """
        officers, leaders = self.accounts("duty_officer")[:OFFICERS], self.accounts("duty_leader")
        people = {name: self.cast(name) for name in (*officers, *leaders)}
        deadline = time.monotonic() + 120

        def settled() -> bool:
            found = self.warnings()
            issued = len(found) >= PLACES and all(each.status in IN_FORCE for each in found)
            return issued and len(self.incidents()) >= PLACES

        def work(name: str, statuses: set[str], action: str) -> None:
            while not settled() and time.monotonic() < deadline:
                for row in self.warnings(statuses):
                    typed = {"typed": Level(row.level).zh} if action == "/issue" else {}
                    self.desk.press(people[name], f"/warnings/{row.pk}/", action, **typed)
                time.sleep(0.05)

        drafted, confirmed = {"draft", "revising"}, {"confirmed", "revised"}
        confirm = [lambda name=name: work(name, drafted, "/confirm") for name in officers]
        issue = [lambda name=name: work(name, confirmed, "/issue") for name in leaders]
        self.together(*confirm, *issue)
        if not settled():
            states = Counter(each.status for each in self.warnings())
            n = len(self.incidents())
            raise StoryError(
                f"未能全部签发并立案：{dict(states)}，{n} 起事件", f"not all were issued: {dict(states)}, {n} incidents"
            )

    def want_the_same_team(self, first: Incident, second: Incident) -> None:
        """Two officers look at the same advice and press in the same moment; who is late reads why and takes others."""
        tasks = [
            self.tasks(each).filter(skill="drainage", status="assigned").order_by("code").first()
            or self.tasks(each).exclude(skill="").order_by("code").first()
            for each in (first, second)
        ]
        names = self.accounts("duty_officer", whose(first))[:2]
        seen = threading.Barrier(2)

        def press(person: Person, task: Task) -> None:
            person.open(f"/tasks/{task.pk}/dispatch")
            seen.wait(30)
            for _ in range(4):
                try:
                    person.submit("/dispatch")
                except PageError as told:
                    self.raced.append(str(told)[-160:])
                    person.open(f"/tasks/{task.pk}/dispatch")
                    continue
                return

        people = [self.cast(name) for name in names]
        self.together(*(lambda p=p, t=t: press(p, t) for p, t in zip(people, tasks, strict=True) if t is not None))

    def change_shift(self) -> None:
        """The officer who began hands over while everything is open; another holder of the post takes it."""
        outgoing = next((name for name in self.accounts("duty_officer") if self._mates(name)), None)
        if outgoing is None:
            return
        person = self.cast(outgoing)
        person.open("/handover/")
        person.submit("/handover/offer", note="五处积水在办，两起共用一支排涝队，盯住到场")
        row = Handover.objects.in_world(self.world).filter(offered_at__gte=self.began).latest("offered_at")
        taker = self.cast(self._mates(outgoing)[0])
        taker.open(f"/handover/{row.pk}/")
        taker.submit(f"/handover/{row.pk}/take")
        row.refresh_from_db()
        self.handover = row
        say(
            f"交接班：在办时限 {row.facts['clock_count']} 项",
            f"Shift handed over with {row.facts['clock_count']} clocks",
        )

    def _mates(self, name: str) -> list[str]:
        """Accounts of others who hold the same post."""
        posts = Account.objects.get(username=name).person.holdings.filter(until__isnull=True).values("post")
        held = Account.objects.filter(person__holdings__until__isnull=True, person__holdings__post__in=posts)
        return sorted(held.exclude(username=name).values_list("username", flat=True).distinct())

    # --- the whole -----------------------------------------------------------------------------------------------

    def tell(self) -> str:
        """Returns what stopped it, '' where nothing did."""
        try:
            self.tidy()
            self.began = datetime.now(UTC)
            self.rain()
            wait("五份预警稿", "five drafts", lambda: len(self.warnings()) >= PLACES or None, 120)
            say(f"{PLACES} 处同时起草预警", f"{PLACES} warnings drafted at once")
            self.decide_all()
            found = self.incidents()
            say(
                f"{OFFICERS} 人并行核定，{len(found)} 起事件",
                f"{OFFICERS} officers in parallel, {len(found)} incidents",
            )
            own = [each for each in found if whose(each) == whose(found[0])]
            for each in own[:2]:
                self.report(each, "first_phone")
                self.respond_if_none(each, Level.ORANGE)
            self.want_the_same_team(*own[:2])
            self.change_shift()
            for each in found:
                self.respond_if_none(each, Level.BLUE)
            self.finish(found)
        except (StoryError, PageError) as error:
            return str(error)
        return ""

    def respond_if_none(self, incident: Incident, level: Level) -> None:
        if not self.tasks(incident).exists():
            self.respond(incident, level)

    def finish(self, found: list[Incident]) -> None:
        for each in found:
            self.work(each)
        wait("回放完", "the replay's end", lambda: None if self._thread.is_alive() else True, 400)
        wait("全部回落", "the levels to step down", lambda: proof.all_normal(self.world) or None, 120)
        for row in self.warnings(set(IN_FORCE)):
            self._press(row, "duty_leader", "/lift", reason="水位回落，道路恢复")
        for row in self.warnings(set(UNDECIDED)):
            self._press(row, "duty_leader", "/reject", reason="已回落，无需再发")
        for each in found:
            for stage in ("first_phone", "first_written"):
                if not each.reports.filter(stage=stage, sent_at__isnull=False).exists():
                    self.report(each, stage)
        for each in found:
            self.close(each)
        for each in found:
            self.review(each)


def play(speed: float | None) -> int:
    story = BusyStory(speed or SPEED)
    began = time.monotonic()
    failed = story.tell()
    told = Told(busy_proof.steps(story), failed)
    show(told)
    for each in sorted(set(story.desk.late))[:6]:
        print(f"  · {each}")
    for each in story.raced[:4]:
        print(f"  · {each}")
    summed(told, time.monotonic() - began)
    return 0 if told.whole else 1
