"""The same story inside an exercise: planned, started, joined and ended on its pages; the platform plays the rain.

`beside`: a live telling goes on at the same time, by the same people in other windows, over the same streets.
"""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import UUID

from django.db import close_old_connections

from fengsui.apps.alerts.models import Bulletin, Delivery
from fengsui.apps.drills.models import Exercise
from fengsui.apps.people.models import Account, Post
from fengsui.catalog.channels import channels
from fengsui.config.ops.console import say, word
from fengsui.config.story import proof
from fengsui.config.story.browser import Page, PageError
from fengsui.config.story.cast import book
from fengsui.config.story.gauges import StoryError, wait
from fengsui.config.story.play import Story, Told, show, summed, tell
from fengsui.config.story.table import NO_CLOCK, Step, listed
from fengsui.core.models import Clock
from fengsui.core.worlds import LIVE
from fengsui.kernel.clock import MACHINE as CLOCKS

NAME = "演示演练"
PUBLIC = sorted(code for code, entry in channels().items() if entry.public)


class ExerciseStory(Story):
    """A telling in a world of its own."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed, None)
        self.exercise = self._plan()
        self.world = self.exercise.inside_id
        self.cast.exercise = f"/drills/{self.exercise.pk}/"

    def _director(self) -> Any:
        """Whoever leads it stays in the live world: a window of its own."""
        cast = type(self.cast)()
        return cast(self._account("duty_leader", ""))

    def _plan(self) -> Exercise:
        """Every post that somebody of the demonstration holds takes part."""
        director = self._director()
        director.open("/drills/")
        director.open("/drills/new")
        held = Post.objects.filter(holdings__until__isnull=True, holdings__person__account__in=Account.objects.all())
        posts = [str(key) for key in held.values_list("pk", flat=True).distinct()]
        name = f"{NAME} {self.began:%H%M%S}"
        director.submit("/drills/new", name=name, series="events.csv", speed=f"{self.speed:g}", posts=posts)
        found: Exercise = Exercise.objects.in_world(LIVE).select_related("inside").get(name=name)
        say(f"已策划：{name}，{len(posts)} 个岗位", f"Planned an exercise for {len(posts)} posts")
        return found

    def rain(self) -> None:
        """A press starts it; the platform's own job plays the scenario."""
        director = self._director()
        director.open(self.cast.exercise)
        director.submit("/start")
        say(
            f"演练开始，放 {self.exercise.readings} 个读数，{self.speed:g} 倍速",
            f"The exercise runs: {self.exercise.readings} readings at {self.speed:g}x",
        )
        self._thread.start()

    def _replay(self) -> None:
        """Waits for the platform's job instead of sending anything."""
        try:
            patience = self.replay.duration_s / self.speed + 120
            wait("情景放完", "the scenario to end", lambda: self._played() or None, patience)
            self.outcome.published, self.outcome.acknowledged = self.exercise.readings, self.exercise.played
            for item in self.replay.items:
                if item.fault:
                    self.outcome.by_fault[item.fault] = self.outcome.by_fault.get(item.fault, 0) + 1
        except BaseException as error:
            self.broken = error
        finally:
            close_old_connections()

    def _played(self) -> bool:
        self.exercise.refresh_from_db(fields=["played", "readings"])
        return self.exercise.played >= self.exercise.readings > 0

    def received(self, bulletins: list[Bulletin], deliveries: Any) -> Step:
        """The public doors wrote down nothing of it; the mails of the house say what they are."""
        return proof_of_doors(self, bulletins, deliveries)

    def finish(self) -> list[Step]:
        """Everybody goes home, the leader ends it; then nothing of it is open, and it stands beside the live story."""
        marked = self._marks()
        director = self._director()
        director.open(self.cast.exercise)
        director.submit("/end", typed=self.exercise.name, reason="演示结束，讲评")
        self.exercise.refresh_from_db()
        open_clocks = Clock.objects.in_world(self.world).filter(state__in=CLOCKS.open_states).count()
        inside = self.exercise.presences.filter(until__isnull=True).count()
        compared = director.open(f"/drills/{self.exercise.pk}/compare").text
        legs = len(director.page.tree.xpath("//table//tbody/tr")) if director.page else 0
        back = [said_world(each.open("/")) for each in self.cast.people.values()]
        went_home = inside == 0 and not any(back)
        ended = self.exercise.status == "ended" and open_clocks == 0
        closed = word(
            f"了结 {sum(self.exercise.outcome.values())} 件，仍开着的时限 {open_clocks} 只",
            f"{sum(self.exercise.outcome.values())} things ended, {open_clocks} clocks still open",
        )
        return [
            marked,
            Step(word("结束演练", "Ended"), closed, NO_CLOCK, ended),
            Step(
                word("回到实战", "Back to live"),
                word(f"仍在演练中 {inside} 人", f"{inside} still inside"),
                NO_CLOCK,
                went_home,
            ),
            Step(
                word("并排比", "Compared"),
                word(f"{legs} 行", f"{legs} rows"),
                NO_CLOCK,
                legs > 0 and bool(compared),
            ),
        ]

    def _marks(self) -> Step:
        """Every page that somebody of the cast has open says exercise, in its frame, its title and its head."""
        pages = [each.open("/") for each in self.cast.people.values()]
        framed = sum('data-world="drill"' in page.body.decode() and "演练" in page.text for page in pages)
        headed = sum(said_world(page) == "exercise" for page in pages)
        text = word(f"{framed}/{len(pages)} 人的页面标明演练", f"{framed} of {len(pages)} people's pages are marked")
        return Step(word("页面标明", "Pages"), text, NO_CLOCK, framed == headed == len(pages) > 0)


def said_world(page: Page) -> str:
    """What the answer itself says of its world; servers write names of headers as they like."""
    return {name.lower(): value for name, value in page.headers.items()}.get("x-fengsui-world", "")


def proof_of_doors(story: ExerciseStory, bulletins: list[Bulletin], deliveries: Any) -> Step:
    """No public door was used: by the gate's reasons, by the receivers' books, by the public feed."""
    public = deliveries.filter(outlet__channel__in=PUBLIC)
    stopped = public.filter(state="blocked", reason="core.gate.exercise").count()
    out = {each.identifier for each in bulletins}
    radio = [line for line in book(story.home, "broadcast") if line.get("identifier") in out]
    hooks = [line for line in book(story.home, "webhook") if any(each in line.get("body", "") for each in out)]
    keys = {str(key) for key in Delivery.objects.in_world(story.world).values_list("pk", flat=True)}
    mails = [line for line in book(story.home, "mail") if line["id"].partition("@")[0].strip("<") in keys]
    marked = [line for line in mails if "演练" in line["subject"]]
    _status, feed = proof.fetch(story.cast.base, "/feeds/cap.atom")
    leaked = [each for each in out if each.encode() in feed]
    statuses = {each.status for each in bulletins}
    got_out = len(hooks) + len(radio) + len(leaked)
    facts = [
        word(f"对外出口拦下 {stopped}/{public.count()}", f"{stopped} of {public.count()} stopped at public doors"),
        word(f"接口、广播、订阅源所得 {got_out}", f"{got_out} got out"),
        word(f"邮件 {len(mails)}，标明演练 {len(marked)}", f"{len(mails)} mails, {len(marked)} marked"),
        f"CAP {'、'.join(sorted(statuses))}",
    ]
    ok = stopped == public.count() > 0 and got_out == 0 and statuses == {"Exercise"}
    return Step(word("出口", "Doors"), listed(facts), NO_CLOCK, ok and bool(mails) and len(marked) == len(mails))


def _tell_in_thread(story: Story, told: dict[UUID, Told]) -> threading.Thread:
    def run() -> None:
        try:
            told[story.world] = tell(story)
        finally:
            close_old_connections()

    thread = threading.Thread(target=run, name=f"story {story.world}")
    thread.start()
    return thread


def play(speed: float, *, beside: bool) -> int:
    """Exit 0 only if every step of every telling really happened and nothing of the exercise got out."""
    began = time.monotonic()
    drill = ExerciseStory(speed)
    told: dict[UUID, Told] = {}
    live = Story(speed, None) if beside else None
    threads = [_tell_in_thread(each, told) for each in (drill, live) if each]
    for thread in threads:
        thread.join()
    try:
        told[drill.world].steps += drill.finish()
    except (StoryError, PageError) as error:
        told[drill.world].failed = told[drill.world].failed or str(error)
    for world, title in ((LIVE, word("实战", "Live")), (drill.world, word("演练", "Exercise"))):
        if world in told:
            print(f"\n{title}")
            show(told[world])
            summed(told[world], time.monotonic() - began)
    return 0 if all(each.whole for each in told.values()) and len(told) == len(threads) else 1
