"""What an after-action review measures: the legs between its marks, and clocks used against their limits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fengsui.apps.command.marks import MARK_OF_EVENT, MARKS, Leg, Used, first_marks, legs, used
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

__all__ = ["MARKS", "MARK_OF_EVENT", "Leg", "Used", "first_marks", "legs", "used"]

STATES = Terms(
    "review_states",
    Term("open", "待复盘", "open"),
    Term("finished", "已复盘", "finished", "突发事件应对法 (2024) Art. 87", "V"),
)
MACHINE = Machine(
    "review", initial="open", states=STATES, final=frozenset({"finished"}), moves={"open": {"finish": "finished"}}
)
PAPER_STATES = Terms(
    "paper_states",
    Term("waiting", "正在生成", "being made"),
    Term("ready", "可下载", "ready"),
    Term("failed", "没有生成", "failed"),
)
PAPER = Machine(
    "paper",
    initial="waiting",
    states=PAPER_STATES,
    final=frozenset({"ready", "failed"}),
    moves={"waiting": {"make": "ready", "fail": "failed"}},
)
AFTER_ACTION = ClockKind(
    "reviews.after_action",
    Term("reviews.after_action", "复盘报告", "after-action report", "突发事件应对法 (2024) Art. 87", "V"),
    default="继续催办",
    proof="已完成的复盘",
)


@dataclass(frozen=True, slots=True)
class Sum:
    """How the clocks of one chain went."""

    met: int
    late: int
    open: int
    cancelled: int
    worst_late_s: float


def summary(clocks: Sequence[tuple[str, float]]) -> Sum:
    """(state, late_s) of every clock. A clock closed late counts as late, not as met."""
    met = sum(state == "met" and late == 0 for state, late in clocks)
    late = sum(state != "cancelled" and late > 0 for state, late in clocks)
    still = sum(state in ("running", "paused") for state, _late in clocks)
    gone = sum(state == "cancelled" for state, _late in clocks)
    worst = max((late for state, late in clocks if state != "cancelled"), default=0.0)
    return Sum(met, late, still, gone, worst)


def check_finish(assessment: str, lessons: str) -> None:
    """Art. 87: what was assessed and what follows. Raises Invalid naming the empty field."""
    if not assessment.strip():
        raise Invalid("reviews.finish.no_assessment", field="assessment")
    if not lessons.strip():
        raise Invalid("reviews.finish.no_lessons", field="lessons")
