"""What happened to warnings, bulletins, deliveries and calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class WarningDrafted:
    warning_id: UUID
    hazard: str
    level: str
    place_id: UUID
    place_code: str
    place_name: str
    trigger: str


@dataclass(frozen=True, slots=True)
class WarningRevised:
    """Level or text of the draft (or of the update being prepared) changed; by whom and why is in the actor."""

    warning_id: UUID
    level_before: str
    level: str
    version: int


@dataclass(frozen=True, slots=True)
class WarningRaised:
    """New evidence lifted the proposed level."""

    warning_id: UUID
    level_before: str
    level: str


@dataclass(frozen=True, slots=True)
class WarningEased:
    """New evidence would allow a lower level, or none; people decide."""

    warning_id: UUID
    suggested: str


@dataclass(frozen=True, slots=True)
class WarningConfirmed:
    warning_id: UUID
    level: str


@dataclass(frozen=True, slots=True)
class WarningSentBack:
    warning_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class WarningRejected:
    warning_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class WarningKept:
    """Reassessed and left as it is in force."""

    warning_id: UUID
    level: str


@dataclass(frozen=True, slots=True)
class BulletinIssued:
    """A bulletin left the desk, frozen. kind: alert | update | all_clear | cancel; level_before: none for the first."""

    bulletin_id: UUID
    warning_id: UUID
    number: str
    identifier: str
    kind: str
    hazard: str
    level: str
    level_before: str
    place_id: UUID
    place_code: str
    place_name: str
    area_code: str
    jurisdiction: str
    headline: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class WarningLifted:
    warning_id: UUID
    bulletin_id: UUID
    place_id: UUID
    hazard: str


@dataclass(frozen=True, slots=True)
class WarningCancelled:
    """误发撤销."""

    warning_id: UUID
    bulletin_id: UUID
    place_id: UUID
    hazard: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeliverySent:
    delivery_id: UUID
    bulletin_id: UUID
    outlet: str


@dataclass(frozen=True, slots=True)
class DeliveryAcknowledged:
    delivery_id: UUID
    bulletin_id: UUID
    outlet: str
    receipt: str
    attempts: int


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    delivery_id: UUID
    bulletin_id: UUID
    outlet: str
    reason: str
    next_try_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryDead:
    """Given up after so many attempts: somebody has to use another outlet."""

    delivery_id: UUID
    bulletin_id: UUID
    outlet: str
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class DeliveryBlocked:
    """The last gate said no: exercise at a public door, superseded, expired or withdrawn."""

    delivery_id: UUID
    bulletin_id: UUID
    outlet: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryRetried:
    delivery_id: UUID
    bulletin_id: UUID
    outlet: str


@dataclass(frozen=True, slots=True)
class DeliveryWaived:
    delivery_id: UUID
    bulletin_id: UUID
    outlet: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonCalled:
    call_id: UUID
    bulletin_id: UUID
    person_id: UUID
    line: str
    turn: int


@dataclass(frozen=True, slots=True)
class PersonAnswered:
    """`on_behalf` is true where a duty officer wrote down an answer by telephone."""

    call_id: UUID
    bulletin_id: UUID
    person_id: UUID
    on_behalf: bool
    took_s: float


@dataclass(frozen=True, slots=True)
class PersonPassed:
    """No answer in time: the next name of the line was called, or nobody is left."""

    call_id: UUID
    bulletin_id: UUID
    person_id: UUID
    is_last: bool


@dataclass(frozen=True, slots=True)
class RecipientsTaken:
    """The register of numbers changed: how many, and never which."""

    added: int
    removed: int
    wrong: int
