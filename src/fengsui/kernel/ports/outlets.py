"""Port: a way out of the house. At least once, with a key by which the other side drops what it already has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in one language."""

    headline: str
    description: str
    instruction: str
    area: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A frozen bulletin on its way by one outlet.

    key: the same for every try of this delivery; the receiver may drop a repeated one. cap: the exact CAP 1.2 bytes
    that were issued, sha256 their digest. web: where the same bytes can be fetched. call: link for a called person.
    """

    key: str
    identifier: str
    kind: str
    msg_type: str
    status: str
    hazard: str
    level: str
    sender: str
    sender_name: str
    sent_at: datetime
    expires_at: datetime
    area_codes: tuple[str, ...]
    zh: Words
    en: Words
    cap: bytes
    sha256: str
    references: str = ""
    web: str = ""
    call: str = ""

    @property
    def is_exercise(self) -> bool:
        return self.status != "Actual"


@dataclass(frozen=True, slots=True)
class Address:
    """Where it goes. env names the environment variable that holds an address which is not written in files."""

    to: tuple[str, ...] = ()
    topic: str = ""
    env: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """state `acknowledged`: the other side said that it has it, `reference` is its word for it.

    `sent`: handed over and not contradicted; whether that is enough is the channel's `needs_receipt`.
    """

    state: Literal["acknowledged", "sent"]
    reference: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class NotDelivered(Exception):
    """This try failed. `again` is False where another try cannot help (refused for good, nothing configured)."""

    def __init__(self, code: str, *, again: bool = True, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.again, self.facts = code, again, facts

    def __str__(self) -> str:
        inside = ", ".join(f"{key}={value}" for key, value in self.facts.items())
        return f"{self.code}({inside})" if inside else self.code


class Outlet(Protocol):
    """One object per channel and process; safe to call from several threads. Keeps its connections for the next one."""

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        """Hand it over and wait for the answer, at most the channel's time. Raises NotDelivered."""
        ...

    def test(self, address: Address) -> Receipt:
        """Ask whether the way is open without anybody being told anything. Raises NotDelivered."""
        ...

    def close(self) -> None: ...
