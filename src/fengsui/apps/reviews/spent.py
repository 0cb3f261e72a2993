"""The clocks of a story: what each took, its pauses, whom it reached, and the sums of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fengsui.apps.incidents.models import Incident
from fengsui.apps.people import queries as people
from fengsui.apps.people.rules import ROLES
from fengsui.apps.reviews import rules
from fengsui.apps.reviews.telling import clock_word
from fengsui.core.models import Clock
from fengsui.kernel.clock import STATES


@dataclass(frozen=True, slots=True)
class Spent:
    """One clock. owner: who closed it, else who owes it. paused_s: standing still, part of used.used_s."""

    clock: Clock
    name: str
    owner: str
    used: rules.Used
    paused_s: float
    reasons: tuple[str, ...]
    heard: tuple[str, ...]
    is_default: bool

    @property
    def is_late(self) -> bool:
        return self.used.late_s > 0 and self.clock.state != "cancelled"


def clocks_of(incident: Incident, now: datetime) -> list[Spent]:
    """Every clock of the chain in order of its start; five questions however many there are."""
    rows = list(
        Clock.objects.in_world(incident.world_id)
        .filter(correlation=incident.correlation)
        .prefetch_related("pauses", "firings")
        .order_by("started_at", "kind", "id")
    )
    persons: list[UUID] = [each for row in rows for each in (row.closed_by, row.owner_person) if each]
    names = people.people_names(persons)
    held = people.holders([row.owner_post for row in rows if row.owner_post])
    found = []
    for clock in rows:
        end = clock.closed_at or now
        pauses = list(clock.pauses.all())
        firings = sorted(clock.firings.all(), key=lambda each: each.at)
        found.append(
            Spent(
                clock,
                clock_word(clock.kind),
                _owner(clock, names, held),
                rules.used(clock.started_at, clock.due_at, clock.closed_at, clock.limit_s, now),
                sum(max(0.0, ((each.ended_at or end) - each.started_at).total_seconds()) for each in pauses),
                tuple(each.reason for each in pauses),
                tuple(each.to_role for each in firings if each.rung >= 0 and each.to_role),
                any(each.rung < 0 for each in firings),
            )
        )
    return found


def _owner(clock: Clock, names: dict[UUID, str], held: dict[UUID, list[people.Holder]]) -> str:
    if clock.closed_by in names:
        return names[clock.closed_by]
    if clock.owner_person in names:
        return names[clock.owner_person]
    holders = held.get(clock.owner_post, []) if clock.owner_post else []
    if holders:
        return holders[0].title
    return ROLES.zh(clock.owner_role) if clock.owner_role else ""


def sums(rows: list[Spent]) -> list[rules.KindSum]:
    """One line a kind, the kind that began first on top."""
    by_kind: dict[str, list[Spent]] = {}
    for row in rows:
        by_kind.setdefault(row.clock.kind, []).append(row)
    return [
        rules.kind_sum(kind, [(each.clock.state, each.used, each.paused_s) for each in listed])
        for kind, listed in by_kind.items()
    ]


def state_word(clock: Clock) -> str:
    return STATES.zh(clock.state)
