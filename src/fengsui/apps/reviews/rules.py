"""What an after-action review measures: the legs between its marks, and clocks used against their limits. Pure."""

from __future__ import annotations

import math
import re
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


@dataclass(frozen=True, slots=True)
class KindSum:
    """The clocks of one kind. Times in seconds over those not cancelled; used_s is their total."""

    kind: str
    count: int
    met: int
    late: int
    open: int
    cancelled: int
    used_s: float
    paused_s: float
    p50_s: float
    p90_s: float
    worst_s: float
    worst_late_s: float


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that at least `share` percent do not exceed (nearest rank); 0 where there is none."""
    listed = sorted(values)
    return listed[max(0, math.ceil(share / 100 * len(listed)) - 1)] if listed else 0.0


def kind_sum(kind: str, clocks: Sequence[tuple[str, Used, float]]) -> KindSum:
    """(state, used, paused seconds) of every clock of the kind."""
    counted = [(used, paused) for state, used, paused in clocks if state != "cancelled"]
    times = [used.used_s for used, _paused in counted]
    sums = summary([(state, used.late_s) for state, used, _paused in clocks])
    return KindSum(
        kind,
        len(clocks),
        sums.met,
        sums.late,
        sums.open,
        sums.cancelled,
        sum(times),
        sum(paused for _used, paused in counted),
        percentile(times, 50),
        percentile(times, 90),
        max(times, default=0.0),
        sums.worst_late_s,
    )


GROUPS = Terms(
    "review_groups",
    Term("reading", "读数与越线", "readings and crossings"),
    Term("warning", "预警", "warnings"),
    Term("delivery", "渠道送达", "deliveries"),
    Term("call", "叫应", "calls"),
    Term("incident", "事件", "incident"),
    Term("report", "信息报送", "reports"),
    Term("response", "响应", "response"),
    Term("task", "任务", "tasks"),
    Term("order", "派遣", "dispatch"),
    Term("road", "封控", "closures"),
    Term("clock", "时限", "clocks"),
    Term("review", "复盘", "review"),
    Term("other", "其他", "other"),
)
GROUP_PATTERNS = {
    "reading": r"^(sensing|forecasts)\.",
    "warning": r"^alerts\.(Warning|Bulletin)",
    "delivery": r"^alerts\.Delivery",
    "call": r"^alerts\.Person",
    "report": r"^incidents\.Report",
    "incident": r"^incidents\.(Incident|Noted)",
    "response": r"^command\.Response",
    "task": r"^command\.Task",
    "order": r"^command\.Order",
    "road": r"^command\.Road",
    "clock": r"^core\.Clock",
    "review": r"^reviews\.",
}
"""Which events belong to a group; their names match one pattern at most."""
_REST = "^(?!" + "|".join(f"(?:{each.removeprefix('^')})" for each in GROUP_PATTERNS.values()) + ")"


def group_of(name: str) -> str:
    """`other` where no group knows the event, so that it is shown all the same."""
    return next((code for code, pattern in GROUP_PATTERNS.items() if re.match(pattern, name)), "other")


def group_pattern(group: str) -> str:
    """A regular expression for the database; one that matches nothing for an unknown group."""
    return _REST if group == "other" else GROUP_PATTERNS.get(group, "^$")


def check_finish(assessment: str, lessons: str) -> None:
    """Art. 87: what was assessed and what follows. Raises Invalid naming the empty field."""
    if not assessment.strip():
        raise Invalid("reviews.finish.no_assessment", field="assessment")
    if not lessons.strip():
        raise Invalid("reviews.finish.no_lessons", field="lessons")
