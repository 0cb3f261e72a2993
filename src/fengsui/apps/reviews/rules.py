"""What an after-action review measures: the legs between its marks, and clocks used against their limits. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fengsui.apps.command.marks import MARK_OF_EVENT, MARKS, Leg, Used, first_marks, legs, used
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, Refused
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
PAPER_KINDS = Terms(
    "paper_kinds",
    Term("draft", "草稿", "draft"),
    Term("issued", "印发", "issued", "党政机关公文处理工作条例", "G"),
)
FINDING_STATES = Terms(
    "finding_states",
    Term("open", "待整改", "to be remedied"),
    Term("answered", "已答复，待认可", "answered, to be accepted"),
    Term("closed", "已整改", "remedied"),
    Term("withdrawn", "已撤回", "withdrawn"),
)
FINDING = Machine(
    "finding",
    initial="open",
    states=FINDING_STATES,
    final=frozenset({"closed", "withdrawn"}),
    moves={
        "open": {"answer": "answered", "withdraw": "withdrawn"},
        "answered": {"accept": "closed", "send_back": "open"},
    },
)
DAYS = (1, 180)
"""A remedy is due in so many days: local choice [U]."""
REMEDY = ClockKind(
    "reviews.remedy",
    Term("reviews.remedy", "整改", "remedy a finding", "突发事件应对法 (2024) Art. 87", "G"),
    default="继续催办",
    proof="整改结果",
)
ACCEPT = ClockKind(
    "reviews.accept",
    Term("reviews.accept", "认可整改", "accept a remedy", "突发事件应对法 (2024) Art. 87", "G"),
    default="继续催办",
    proof="认可或退回",
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


def check_finding(text: str, remedy: str, days: int | None) -> None:
    """Raises Invalid naming the field."""
    if not text.strip():
        raise Invalid("reviews.finding.no_text", field="text")
    if not remedy.strip():
        raise Invalid("reviews.finding.no_remedy", field="remedy")
    if days is None or not DAYS[0] <= days <= DAYS[1]:
        raise Invalid("reviews.finding.days", field="days", low=DAYS[0], high=DAYS[1])


def check_said(text: str, code: str) -> str:
    """The text, stripped. Raises Invalid(code) where there is none."""
    if not text.strip():
        raise Invalid(code)
    return text.strip()


def check_issue(review_status: str) -> None:
    """What is issued has been judged. Raises Refused("reviews.issue.not_finished")."""
    if review_status != "finished":
        raise Refused("reviews.issue.not_finished")


def document_number(year: int, serial: int, sign: str = "") -> str:
    """应急复盘〔2026〕3号: six-angle brackets, no 第, no leading zeros (GB/T 9704); the office's word is local [U]."""
    return f"{sign}应急复盘〔{year}〕{serial}号"
