from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ReviewOpened:
    review_id: UUID
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class ReviewFinished:
    review_id: UUID
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class PaperRequested:
    paper_id: UUID
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class ReportIssued:
    """The report got its number and is being made; number and, once it is ready, its digest are frozen."""

    paper_id: UUID
    incident_id: UUID
    number: str
    replaces: str


@dataclass(frozen=True, slots=True)
class FindingRaised:
    finding_id: UUID
    incident_id: UUID
    n: int
    text: str
    owner_post: UUID
    due_at: datetime


@dataclass(frozen=True, slots=True)
class FindingAnswered:
    finding_id: UUID
    incident_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class FindingAccepted:
    finding_id: UUID
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class FindingSentBack:
    finding_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class FindingWithdrawn:
    finding_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class PaperMade:
    paper_id: UUID
    incident_id: UUID
    sha256: str
    pages: int


@dataclass(frozen=True, slots=True)
class PaperFailed:
    paper_id: UUID
    incident_id: UUID
    reason: str
