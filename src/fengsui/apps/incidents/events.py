"""What happened to incidents and their reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    incident_id: UUID
    number: str
    title: str
    source: str
    place_id: UUID | None
    level: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class IncidentVerified:
    incident_id: UUID
    note: str


@dataclass(frozen=True, slots=True)
class IncidentDismissed:
    """误报."""

    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentMerged:
    incident_id: UUID
    into_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentRaised:
    """The hazard's level at the place moved while the incident was open."""

    incident_id: UUID
    level_from: str
    level_to: str


@dataclass(frozen=True, slots=True)
class IncidentGraded:
    incident_id: UUID
    grade: str
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentResponding:
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class IncidentEnded:
    """响应终止: an explicit act (Art. 86)."""

    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentResumed:
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentConcluded:
    """The final report is out."""

    incident_id: UUID


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    incident_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class IncidentStopped:
    """Its exercise ended: filed as it stood."""

    incident_id: UUID
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """记一笔."""

    incident_id: UUID
    entry_id: UUID
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportDrafted:
    report_id: UUID
    incident_id: UUID
    stage: str


@dataclass(frozen=True, slots=True)
class ReportEdited:
    """`changed`: codes of the fields whose text is another now; before and after stand in the audit row."""

    report_id: UUID
    incident_id: UUID
    stage: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportSubmitted:
    report_id: UUID
    incident_id: UUID
    stage: str


@dataclass(frozen=True, slots=True)
class ReportSigned:
    report_id: UUID
    incident_id: UUID
    stage: str


@dataclass(frozen=True, slots=True)
class ReportGivenBack:
    report_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ReportWithdrawn:
    report_id: UUID
    incident_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ReportSent:
    """A report left the house. late_s: seconds over its limit, 0 in time."""

    report_id: UUID
    incident_id: UUID
    stage: str
    title: str
    receiver: str
    sent_at: datetime
    late_s: float


@dataclass(frozen=True, slots=True)
class ReportReceived:
    report_id: UUID
    incident_id: UUID
    receipt: str
