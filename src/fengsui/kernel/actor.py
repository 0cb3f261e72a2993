"""Who acts. Made at each edge (request, job, message), passed down as `by`, never ambient."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4


@dataclass(frozen=True, slots=True)
class Grant:
    """One post held: a role, exercised for an organisation, an area and a jurisdiction.

    `area` is a code prefix; '' gives no area at all. `jurisdiction` is the organisation's; '' is the whole district.
    """

    role: str
    post: UUID
    org: UUID
    area: str = ""
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of the system, in one world, inside one chain of events.

    `correlation` follows from the first reading to the last indicator. `world` is the live world or one exercise.
    """

    world: UUID
    person: UUID | None = None
    system: str = ""
    grants: tuple[Grant, ...] = ()
    correlation: UUID = field(default_factory=uuid4)
    source: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.person is None) == (self.system == ""):
            raise ValueError("an actor is either a person or a part of the system")

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(grant.role for grant in self.grants)

    @property
    def posts(self) -> frozenset[UUID]:
        return frozenset(grant.post for grant in self.grants)

    @property
    def orgs(self) -> frozenset[UUID]:
        return frozenset(grant.org for grant in self.grants)

    def has_role(self, *roles: str) -> bool:
        return bool(self.roles.intersection(roles))

    def in_chain(self, correlation: UUID) -> Actor:
        """The same actor acting inside another chain (the warning's, the incident's)."""
        return replace(self, correlation=correlation)

    def because(self, reason: str) -> Actor:
        return replace(self, reason=reason)
