"""The marks of one chain of events, from the first abnormal reading to the closed file, and the legs between. Pure.

Below those who measure a chain: the after-action review, and the comparison of an exercise with what really happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fengsui.kernel.terms import Term, Terms

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
