from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LoggedIn:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class LoginFailed:
    account_id: UUID
    failures: int


@dataclass(frozen=True, slots=True)
class AccountLocked:
    account_id: UUID
    failures: int


@dataclass(frozen=True, slots=True)
class PhoneRevealed:
    person_id: UUID


@dataclass(frozen=True, slots=True)
class PostTaken:
    post_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class PostLeft:
    post_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class LoggedOut:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class FactorEnrolled:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class FactorFailed:
    account_id: UUID
    failures: int


@dataclass(frozen=True, slots=True)
class FactorReset:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class RecoveryCodeUsed:
    account_id: UUID
    left: int


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class PasswordReset:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class AccountOpened:
    account_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class AccountDeactivated:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class AccountReactivated:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class AccountUnlocked:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    account_id: UUID
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class AssignmentAsked:
    assignment_id: UUID
    post_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class AssignmentDecided:
    assignment_id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class ShiftOffered:
    handover_id: UUID
    post_id: UUID


@dataclass(frozen=True, slots=True)
class ShiftTaken:
    handover_id: UUID
    post_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class ShiftKept:
    handover_id: UUID
    post_id: UUID


@dataclass(frozen=True, slots=True)
class TokenMade:
    token_id: UUID
    account_id: UUID
    post_id: UUID
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    token_id: UUID
    account_id: UUID


@dataclass(frozen=True, slots=True)
class ScreenGranted:
    screen_id: UUID


@dataclass(frozen=True, slots=True)
class ScreenOpened:
    screen_id: UUID


@dataclass(frozen=True, slots=True)
class ScreenRevoked:
    screen_id: UUID
