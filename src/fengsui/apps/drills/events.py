from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ExercisePlanned:
    exercise_id: UUID
    name: str
    series: str
    speed: float
    posts: int


@dataclass(frozen=True, slots=True)
class ExerciseDropped:
    """A plan that will not be played."""

    exercise_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ExerciseStarted:
    exercise_id: UUID
    inside: UUID
    readings: int


@dataclass(frozen=True, slots=True)
class ExerciseJoined:
    exercise_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class ExerciseLeft:
    exercise_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class ScenarioPlayed:
    """All readings of the scenario were handed to the broker."""

    exercise_id: UUID
    readings: int


@dataclass(frozen=True, slots=True)
class ExerciseEnded:
    """Over: `clocks` were cancelled, `things` (warnings, calls, tasks, incidents…) ended with the reason."""

    exercise_id: UUID
    inside: UUID
    reason: str
    clocks: int
    things: int
