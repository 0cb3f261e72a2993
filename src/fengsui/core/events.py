"""What core itself announces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ClockStarted:
    clock_id: UUID
    kind: str
    about_type: str
    about_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ClockEscalated:
    """A rung of the ladder was reached: `to_role` hears of it now."""

    clock_id: UUID
    kind: str
    slot: str
    about_type: str
    about_id: str
    rung: int
    to_role: str


@dataclass(frozen=True, slots=True)
class ClockDefaulted:
    """Nobody decided: what the kind declares as default happens now."""

    clock_id: UUID
    kind: str
    slot: str
    about_type: str
    about_id: str


@dataclass(frozen=True, slots=True)
class ClockClosed:
    clock_id: UUID
    kind: str
    slot: str
    about_type: str
    about_id: str
    took_s: float
    late_s: float


@dataclass(frozen=True, slots=True)
class ClockPaused:
    clock_id: UUID
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClockResumed:
    clock_id: UUID
    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job gave up after its last try: what it should have done has not happened."""

    job_id: int
    task: str
    attempts: int


@dataclass(frozen=True, slots=True)
class JobRetried:
    job_id: int
    task: str


@dataclass(frozen=True, slots=True)
class JobWrittenOff:
    job_id: int
    task: str


@dataclass(frozen=True, slots=True)
class WentSilent:
    """Something that people rely on gave no sign of life for too long; `count` things at once where it is a group."""

    kind: str
    key: str
    label: str
    last_at: datetime | None
    count: int


@dataclass(frozen=True, slots=True)
class SpokeAgain:
    kind: str
    key: str
    label: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SelfTested:
    """The self-test of one kind: how many were asked, how many answered."""

    kind: str
    asked: int
    answered: int


@dataclass(frozen=True, slots=True)
class LogLevelChosen:
    """How much one logger says, until a moment; an empty level: as at the start again."""

    logger: str
    level: str
    until: datetime | None
