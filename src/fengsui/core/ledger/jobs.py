"""Large sheets are checked and taken over by a job; somebody waits for it and sees how far it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from fengsui.core.jobs import clean
from fengsui.core.models import LedgerImport
from fengsui.kernel.actor import Actor, Grant

RETRY = RetryStrategy(max_attempts=3, exponential_wait=2)


def start(task: Any, row: LedgerImport, by: Actor) -> None:
    """Defer with the actor as it is now: what a person may do is what they might when they pressed."""
    grants = [[grant.role, str(grant.post), str(grant.org), grant.area] for grant in by.grants]
    task.defer(
        import_id=str(row.pk),
        person=str(by.person),
        world=str(by.world),
        grants=grants,
        source=by.source,
        correlation=str(by.correlation),
    )


def _actor(person: str, world: str, grants: list[list[str]], source: str, correlation: str) -> Actor:
    held = tuple(Grant(role, UUID(post), UUID(org), area) for role, post, org, area in grants)
    return Actor(world=UUID(world), person=UUID(person), grants=held, source=source, correlation=UUID(correlation))


@app.task(name="core.ledger_check", retry=RETRY, queue="ledger")
@clean
def check_sheet(import_id: str, **who: Any) -> None:
    from fengsui.core.ledger import taking

    by = _actor(**who)
    row = taking.find(UUID(import_id), by)
    if row.state == "checking":
        taking.check(row, by)


@app.task(name="core.ledger_take", retry=RETRY, queue="ledger")
@clean
def take_sheet(import_id: str, **who: Any) -> None:
    from fengsui.core.ledger import taking

    by = _actor(**who)
    row = taking.find(UUID(import_id), by)
    if row.state == "taking":
        taking.run(row, by)
