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
