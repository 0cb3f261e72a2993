from __future__ import annotations

from dataclasses import dataclass
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
