"""From a rising sensor to a closed incident: people press what stands on the pages, the replay goes on beside them."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from fengsui.apps.alerts.models import Warning
from fengsui.apps.alerts.rules import IN_FORCE, UNDECIDED
from fengsui.apps.incidents import queries
from fengsui.apps.incidents.models import Incident
from fengsui.config.ops.console import say
from fengsui.config.story import proof
from fengsui.config.story.browser import PageError
from fengsui.config.story.gauges import StoryError
from fengsui.config.story.handled import Handled
from fengsui.config.story.table import Step, render
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

SPEED = 600.0
BY_HAND = 60.0
"""Slow enough to read each page before the water falls again: 15 measured hours in 15 minutes."""
OWN_S = 55_200.0
"""What the district's own series lasts; the waiting times of the story fit it."""


class Story(Handled):
    """One telling. Facts are read from the database each time; nothing is remembered that the platform should know."""

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


def only_rain(story: Story) -> int:
    """Nobody acts but who sits at the screen: the gauges speak, then say that they are through."""
    story.rain()
    say(
        "各步由您来做：先以 duty（值班员）登录，值班台会说出下一件该办的事；步骤见 docs/tutorials/first-storm.zh-CN.md",
        "The rest is yours: log in as duty, the desk names the next thing to do; see docs/tutorials/first-storm.md",
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
