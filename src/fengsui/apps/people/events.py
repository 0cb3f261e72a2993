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
