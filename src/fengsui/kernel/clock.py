"""时限: what a deadline is, as pure data and arithmetic. The table and the engine are in `core`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Basis, Term, Terms

STATES = Terms(
    "clock_states",
    Term("running", "计时中", "running"),
    Term("paused", "暂停", "paused"),
    Term("met", "已办", "met"),
    Term("defaulted", "按默认处理", "defaulted"),
    Term("cancelled", "取消", "cancelled"),
)
MACHINE = Machine(
    "clock",
    initial="running",
    states=STATES,
    final=frozenset({"met", "defaulted", "cancelled"}),
    moves={
        "running": {"pause": "paused", "close": "met", "default": "defaulted", "cancel": "cancelled"},
        "paused": {"resume": "running", "close": "met", "cancel": "cancelled"},
    },
)

CalendarName = Literal["always", "working"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation ladder: `after_s` seconds from the due time (negative: before it)."""

    after_s: int
    to_role: str
    say: str = ""


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How long, on which calendar, who hears next, and on what ground. Data: kernel/district/clocks.yaml."""

    kind: str
    limit_s: int
    calendar: CalendarName = "always"
    ladder: tuple[Rung, ...] = ()
    default_after_s: int | None = None
    source: str = ""
    basis: Basis = "U"
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClockKind:
    """A deadline that some app owns. `verb` says what is owed; `default` says what happens if nobody acts."""

    code: str
    verb: Term
    default: str = ""
    proof: str = ""

    registered = {}  # type: dict[str, ClockKind]

    def __post_init__(self) -> None:
        if self.code in ClockKind.registered:
            raise ValueError(f"clock kind {self.code!r} defined twice")
        ClockKind.registered[self.code] = self


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working time of an office. `days` are ISO weekdays; `off` and `on` override single dates."""

    zone: str = "Asia/Shanghai"
    hours: tuple[tuple[time, time], ...] = ((time(8, 30), time(11, 30)), (time(13, 0), time(17, 0)))
    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    off: frozenset[date] = field(default_factory=frozenset)
    on: frozenset[date] = field(default_factory=frozenset)

    def works(self, day: date) -> bool:
        return day in self.on or (day.isoweekday() in self.days and day not in self.off)

    def add(self, start: datetime, seconds: float) -> datetime:
        """The moment after `seconds` of working time from `start` (aware); returns UTC."""
        if seconds < 0:
            raise ValueError("working time cannot be negative")
        zone = ZoneInfo(self.zone)
        left = timedelta(seconds=seconds)
        here = start.astimezone(zone)
        for ahead in range(3700):
            day = here.date() + timedelta(days=ahead)
            if not self.works(day):
                continue
            for opens, closes in self.hours:
                begin = max(datetime.combine(day, opens, zone), here)
                end = datetime.combine(day, closes, zone)
                if end <= begin:
                    continue
                if left <= end - begin:
                    return (begin + left).astimezone(UTC)
                left -= end - begin
        raise ValueError("the calendar has no working time in ten years")

    def between(self, start: datetime, end: datetime) -> float:
        """Working seconds between two aware moments (0 where end is before start)."""
        zone = ZoneInfo(self.zone)
        begin, until = start.astimezone(zone), end.astimezone(zone)
        total = 0.0
        day = begin.date()
        while day <= until.date():
            if self.works(day):
                for opens, closes in self.hours:
                    low = max(datetime.combine(day, opens, zone), begin)
                    high = min(datetime.combine(day, closes, zone), until)
                    total += max(0.0, (high - low).total_seconds())
            day += timedelta(days=1)
        return total


def due(start: datetime, limit_s: float, calendar: CalendarName, work: WorkCalendar) -> datetime:
    """When a limit runs out that starts at `start`."""
    return work.add(start, limit_s) if calendar == "working" else start + timedelta(seconds=limit_s)


def left_s(now: datetime, due_at: datetime, calendar: CalendarName, work: WorkCalendar) -> float:
    """Seconds of the limit not yet used at `now`; kept when a clock pauses, given back when it resumes."""
    return work.between(now, due_at) if calendar == "working" else max(0.0, (due_at - now).total_seconds())


def next_fire(due_at: datetime, ladder: Sequence[Rung], fired: int, default_after_s: int | None) -> datetime | None:
    """When the engine has to look at the clock again: the next rung, then the default; None when both are done."""
    if fired < len(ladder):
        return due_at + timedelta(seconds=ladder[fired].after_s)
    if default_after_s is not None:
        return due_at + timedelta(seconds=default_after_s)
    return None


def jumped(wall_elapsed_s: float, monotonic_elapsed_s: float, tolerance_s: float = 5.0) -> float:
    """By how many seconds the wall clock moved against the monotonic one; 0 within the tolerance."""
    drift = wall_elapsed_s - monotonic_elapsed_s
    return drift if abs(drift) > tolerance_s else 0.0


def rule_from(facts: Mapping[str, object]) -> ClockRule:
    """A rule from its stored form; raises KeyError or ValueError where the form is broken."""
    ladder = tuple(Rung(**rung) for rung in facts.get("ladder", []))  # type: ignore[attr-defined]  # rebuilt from our own JSON
    if list(ladder) != sorted(ladder, key=lambda rung: rung.after_s):
        raise ValueError(f"ladder of {facts['kind']} is not in order of time")
    return ClockRule(**{**facts, "ladder": ladder})  # type: ignore[arg-type]  # rebuilt from our own JSON
