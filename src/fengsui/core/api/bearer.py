"""Whose token a request carries. Who owns accounts answers (people.edge); core only asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, Forbidden

ROOT = "/api/v1/"
DEVICES = "/api/v1/readings"
"""The door of devices: it knows their own logins, not tokens of people."""


class Unauthorised(FengsuiError):
    """No token, an unknown one, or one whose holder may not act any more."""

    status = 401


class TooMany(FengsuiError):
    """More calls in this minute than one token may make."""

    status = 429


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token in use: its person in one post (`by`), what it was made for, and how much of this minute is used."""

    token: UUID
    by: Actor
    scopes: frozenset[str]
    used: int
    most: int
    resets_in_s: int

    def check_rate(self) -> None:
        """Raises TooMany("core.api.too_many", seconds=…)."""
        if self.used > self.most:
            raise TooMany("core.api.too_many", seconds=self.resets_in_s, most=self.most)

    def check_scope(self, wanted: str) -> None:
        """Raises Forbidden("core.api.scope", scope=…)."""
        if wanted not in self.scopes:
            raise Forbidden("core.api.scope", scope=wanted)


Known = Callable[[str, HttpRequest], Bearer]
_known: list[Known] = []


def recognised_by(known: Known) -> None:
    """`known(secret, request)` gives the bearer or raises Unauthorised."""
    _known[:] = [known]


def bearer_of(request: HttpRequest) -> Bearer:
    """Raises Unauthorised("core.api.no_token" | "core.api.unknown_token" | …)."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise Unauthorised("core.api.no_token")
    if not _known:
        raise Unauthorised("core.api.unknown_token")
    return _known[0](secret.strip(), request)


def by_of(request: HttpRequest) -> Actor:
    """The actor of an operation, behind `guard`."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set on the request by our middleware
    return actor


def is_api(path: str) -> bool:
    """Whether an address belongs to the API proper; the devices' door has its own rules."""
    return path.startswith(ROOT) and not path.startswith(DEVICES)
