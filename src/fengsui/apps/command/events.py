"""What happened to responses, tasks, orders and closures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ResponseProposed:
    response_id: UUID
    incident_id: UUID
    level: str
    approver: str


@dataclass(frozen=True, slots=True)
class ResponseActivated:
    """Art. 72: matter, level, expected duration, measures are in the record."""

    response_id: UUID
    incident_id: UUID
    level: str
    matter: str
    expected_hours: float
    tasks: int


@dataclass(frozen=True, slots=True)
class ResponseDeclined:
    response_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ResponseChanged:
    response_id: UUID
    incident_id: UUID
    level_from: str
    level_to: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResponseWidened:
    """One more incident came under the response."""

    response_id: UUID
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class ResponseEnded:
    response_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class TaskAssigned:
    task_id: UUID
    incident_id: UUID
    code: str
    title: str
    owner_post: UUID | None
    owner_role: str
    deadline_s: int


@dataclass(frozen=True, slots=True)
class TaskAccepted:
    task_id: UUID
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class TaskDeclined:
    task_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class TaskStarted:
    task_id: UUID
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class TaskProgressed:
    task_id: UUID
    incident_id: UUID
    progress_id: UUID
    text: str
    has_photo: bool


@dataclass(frozen=True, slots=True)
class TaskBlocked:
    task_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class TaskFinished:
    task_id: UUID
    incident_id: UUID
    code: str
    proof: str


@dataclass(frozen=True, slots=True)
class TaskWaived:
    task_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class OrderIssued:
    order_id: UUID
    incident_id: UUID
    task_id: UUID
    number: str
    team_id: UUID
    team_name: str
    seconds: float
    chosen_first: bool


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """接令、出发、到场、作业、撤收、归建, each with its moment."""

    order_id: UUID
    incident_id: UUID
    number: str
    team_name: str
    stage: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoadClosed:
    closure_id: UUID
    place_id: UUID | None
    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RoadReopened:
    closure_id: UUID
    place_id: UUID | None
    kind: str
    name: str
    reason: str
