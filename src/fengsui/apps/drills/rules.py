"""An exercise from its plan to its end, and what is compared afterwards. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fengsui.apps.command.marks import MARKS, Leg, legs
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

LAW = "突发事件应急演练指南 (应急办函〔2009〕62号)"
STATES = Terms(
    "exercise_states",
    Term("planned", "已策划", "planned"),
    Term("running", "进行中", "running", LAW, "G"),
    Term("ended", "已结束", "ended", LAW, "G"),
    Term("dropped", "已撤销", "dropped"),
)
MACHINE = Machine(
    "exercise",
    initial="planned",
    states=STATES,
    final=frozenset({"ended", "dropped"}),
    moves={
        "planned": {"start": "running", "drop": "dropped"},
        "running": {"join": "running", "leave": "running", "end": "ended"},
    },
)
END = ClockKind(
    "drills.end",
    Term("drills.end", "结束演练", "end the exercise", LAW, "G"),
    default="不自动结束；继续催办",
    proof="演练结束记录",
)
SPEED = (1.0, 3600.0)
"""Slower than real would announce a flood that the series does not hold; faster than an hour a second is noise [U]."""
NAME = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned. from_h, to_h: the part of the series, in hours from its start; to_h None: to its end."""

    name: str
    series: str
    speed: float
    from_h: float
    to_h: float | None
    posts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One mark on both sides. Seconds since the first mark of each story; None where it was never reached."""

    mark: str
    live_s: float | None
    drill_s: float | None
    live_step_s: float | None
    drill_step_s: float | None

    @property
    def differs_s(self) -> float | None:
        """How much longer the exercise took for this step than the real thing; negative: it was faster."""
        if self.live_step_s is None or self.drill_step_s is None:
            return None
        return self.drill_step_s - self.live_step_s


def check_plan(plan: Plan) -> None:
    """Raises Invalid naming the field."""
    if not plan.name.strip():
        raise Invalid("drills.plan.no_name", field="name")
    if not SPEED[0] <= plan.speed <= SPEED[1]:
        raise Invalid("drills.plan.speed", field="speed", low=f"{SPEED[0]:g}", high=f"{SPEED[1]:g}")
    if plan.from_h < 0 or (plan.to_h is not None and plan.to_h <= plan.from_h):
        raise Invalid("drills.plan.window", field="to_h")
    if not plan.posts:
        raise Invalid("drills.plan.nobody", field="posts")


def check_reason(reason: str) -> str:
    """The reason, stripped. Raises Invalid("drills.reason.missing")."""
    if not reason.strip():
        raise Invalid("drills.reason.missing", field="reason")
    return reason.strip()


def check_over(status: str) -> None:
    """Only what is over is looked back at. Raises Refused("drills.look.not_over")."""
    if status != "ended":
        raise Refused("drills.look.not_over")


def check_seat(seats: Sequence[UUID], posts: frozenset[UUID]) -> None:
    """Raises Refused("drills.join.no_part") for whoever holds none of the posts that take part."""
    if not posts.intersection(seats):
        raise Refused("drills.join.no_part")


def check_typed(name: str, typed: str) -> None:
    """Who changes worlds or ends one writes its name. Raises Invalid("drills.typed.other")."""
    if typed.strip() != name:
        raise Invalid("drills.typed.other", field="typed", name=name)


def prefix_of(world: UUID) -> str:
    """Root of the topics of an exercise's stations: `fs/x` and eight digits of its world."""
    return f"fs/x{world.hex[:8]}"


def side_by_side(live: Mapping[str, datetime], drill: Mapping[str, datetime]) -> list[Pair]:
    """Each mark that either story reached, in their fixed order: time since the start, time since the step before.

    A step is measured from the nearest earlier mark, in that order, that both stories reached: else two different
    things would be compared.
    """
    sides = ({each.mark: each for each in legs(live)}, {each.mark: each for each in legs(drill)})
    rows: list[Pair] = []
    before: tuple[Leg, Leg] | None = None
    for mark in MARKS:
        one, two = sides[0].get(mark), sides[1].get(mark)
        if one is None and two is None:
            continue
        both = one is not None and two is not None
        steps = (
            (one.since_start_s - before[0].since_start_s, two.since_start_s - before[1].since_start_s)
            if before and one is not None and two is not None
            else (None, None)
        )
        rows.append(Pair(mark, one.since_start_s if one else None, two.since_start_s if two else None, *steps))
        if both:
            assert one is not None
            assert two is not None
            before = (one, two)
    return rows
