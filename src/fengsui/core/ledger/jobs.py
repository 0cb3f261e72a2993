"""Large sheets are checked and taken over by a job; somebody waits for it and sees how far it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from procrastinate.contrib.django import app

from fengsui.core.jobs import clean
from fengsui.core.models import LedgerImport, LedgerStep
from fengsui.core.record import plain
from fengsui.core.retries import Patience
from fengsui.kernel.actor import Actor, Grant
from fengsui.kernel.errors import FengsuiError

RETRY = Patience(3)


def start(task: Any, row: LedgerImport | LedgerStep, by: Actor) -> None:
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


@app.task(name="core.ledger_check_step", retry=RETRY, queue="ledger")
@clean
def check_step(import_id: str, **who: Any) -> None:
    from fengsui.core.ledger import bulk, steps

    by = _actor(**who)
    step = steps.find(UUID(import_id), by)
    if step.state == "checking":
        bulk.check(step, by)


@app.task(name="core.ledger_do_step", retry=RETRY, queue="ledger")
@clean
def do_step(import_id: str, **who: Any) -> None:
    from fengsui.core.ledger import bulk, steps

    by = _actor(**who)
    step = steps.find(UUID(import_id), by)
    if step.state == "doing":
        bulk.run(step, by)


@app.task(name="core.ledger_undo_step", retry=RETRY, queue="ledger")
@clean
def undo_step(import_id: str, **who: Any) -> None:
    from fengsui.core.ledger import steps

    by = _actor(**who)
    step = steps.find(UUID(import_id), by)
    if step.state != "undoing":
        return
    try:
        steps.take_back(step, by)
    except FengsuiError as refused:  # it would leave somebody's scope, or collides: it stands as it was
        step.state, step.found = "done", {**step.found, "code": refused.code, "facts": plain(refused.facts)}
        step.save(update_fields=["state", "found"])
