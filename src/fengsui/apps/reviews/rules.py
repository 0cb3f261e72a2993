"""What an after-action review measures: the legs between its marks, and clocks used against their limits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

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
MARKS = Terms(
    "review_marks",
    Term("first_reading", "首个异常读数", "first abnormal reading"),
    Term("crossed", "越线判定", "line crossed"),
    Term("drafted", "预警拟稿", "warning drafted"),
    Term("confirmed", "核定", "confirmed"),
    Term("issued", "签发", "issued"),
    Term("delivered", "首条送达", "first delivery"),
    Term("answered", "首人应答", "first answer"),
    Term("opened", "事件立案", "incident opened"),
    Term("activated", "响应启动", "response activated"),
    Term("ordered", "首道派遣令", "first order"),
    Term("arrived", "首队到场", "first team on site"),
    Term("ended", "响应终止", "response ended"),
    Term("closed", "归档", "closed"),
)
MARK_OF_EVENT: Mapping[str, str] = {
    "sensing.ThresholdCrossed": "crossed",
    "alerts.WarningDrafted": "drafted",
    "alerts.WarningConfirmed": "confirmed",
    "alerts.BulletinIssued": "issued",
    "alerts.DeliveryAcknowledged": "delivered",
    "alerts.PersonAnswered": "answered",
    "incidents.IncidentOpened": "opened",
    "command.ResponseActivated": "activated",
    "command.OrderIssued": "ordered",
    "incidents.IncidentEnded": "ended",
    "incidents.IncidentClosed": "closed",
}


@dataclass(frozen=True, slots=True)
class Leg:
    """From one mark to the next one reached, and since the first."""

    mark: str
    at: datetime
    since_before_s: float
    since_start_s: float


@dataclass(frozen=True, slots=True)
class Used:
    """A clock in retrospect. late_s counts to its closing, or to `now` while it runs."""

    limit_s: float
    used_s: float
    late_s: float

    @property
    def share(self) -> int:
        """Percent of the limit that was used."""
        return round(100 * self.used_s / self.limit_s) if self.limit_s else 0


@dataclass(frozen=True, slots=True)
class Sum:
    """How the clocks of one chain went."""

    met: int
    late: int
    open: int
    cancelled: int
    worst_late_s: float


def legs(marks: Mapping[str, datetime]) -> list[Leg]:
    """Marks in order of time with the time between them; a mark that never came is left out."""
    order = list(MARKS)
    reached = sorted(marks.items(), key=lambda pair: (pair[1], order.index(pair[0])))
    found: list[Leg] = []
    for mark, at in reached:
        before = found[-1].at if found else at
        found.append(Leg(mark, at, (at - before).total_seconds(), (at - reached[0][1]).total_seconds()))
    return found


def first_marks(events: Iterable[tuple[str, datetime, Mapping[str, object]]]) -> dict[str, datetime]:
    """The first moment of each mark; events are (name, at, payload), in any order."""
    found: dict[str, datetime] = {}

    def keep(mark: str, at: datetime) -> None:
        if mark not in found or at < found[mark]:
            found[mark] = at

    for name, at, payload in events:
        if name in MARK_OF_EVENT:
            keep(MARK_OF_EVENT[name], at)
        if name == "sensing.ThresholdCrossed" and isinstance(first := payload.get("first_at"), str):
            keep("first_reading", datetime.fromisoformat(first))
        if name == "command.OrderMoved" and payload.get("stage") == "arrived":
            keep("arrived", at)
    return found


def used(started_at: datetime, due_at: datetime, closed_at: datetime | None, limit_s: float, now: datetime) -> Used:
    """What a clock took. Pauses moved its due time, so lateness is against the due time."""
    end = closed_at or now
    return Used(limit_s, (end - started_at).total_seconds(), max(0.0, (end - due_at).total_seconds()))


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
