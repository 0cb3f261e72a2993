"""The last gate: everything is asked again, immediately before the send, from the rows as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fengsui.apps.alerts import queries, rules
from fengsui.apps.alerts.models import Delivery
from fengsui.core.worlds import gate
from fengsui.kernel.errors import Refused


def refusals(rows: Sequence[Delivery], public: bool, now: datetime) -> dict[UUID, Refused]:
    """Which of these deliveries must not go out, and why. One query for all of the live world.

    Raises ValueError where they are of several worlds: an exercise and the live world are never asked about together.
    """
    worlds = {row.world_id for row in rows}
    if len(worlds) != 1:
        raise ValueError(f"one gate for {len(worlds)} worlds")
    standing = queries.standing((row.bulletin.warning_id for row in rows), *worlds)
    refused: dict[UUID, Refused] = {}
    for row in rows:
        try:
            _ask(row, public, *standing[row.bulletin.warning_id], now)
        except Refused as why:
            refused[row.pk] = why
    return refused


def last_gate(row: Delivery, public: bool, now: datetime) -> None:
    """The same of one delivery. Raises Refused."""
    for why in refusals([row], public, now).values():
        raise why


def _ask(row: Delivery, public: bool, status: str, latest: int, now: datetime) -> None:
    gate(row.world_id, door=row.outlet_id, public=public, person=row.call.person_id if row.call else None)
    bulletin = row.bulletin
    is_latest = bulletin.sequence >= latest
    rules.gate(kind=bulletin.kind, status=status, is_latest=is_latest, expires_at=bulletin.expires_at, now=now)
    if row.call is not None and not rules.may_hear(bulletin.kind, row.call.state):
        raise Refused("alerts.gate.superseded")
