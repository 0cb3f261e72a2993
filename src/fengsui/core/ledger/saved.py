"""Saved views of a list: one's own, given to one's organisation, given to all; and the one it opens with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from fengsui.core import policy
from fengsui.core.ledger.listed import Given, Listed
from fengsui.core.ledger.steps import person_of
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.models import LedgerChosen, LedgerView
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, Invalid, NotFound, Refused

MOST = 60
"""Views a person may keep in one register."""
WHOLE = "all"
"""Stands in an address for "no view": the register as it is."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One view as a page shows it."""

    id: str
    name: str
    query: str
    mine: bool
    shared: str
    """'' mine alone, 'org', 'all'."""
    on: bool
    opens: bool


def visible_to(by: Actor, register: Listed) -> QuerySet[LedgerView]:
    """One's own, those of one's organisations, those for everybody."""
    mine = Q(person_id=person_of(by)) | Q(org_id__in=by.orgs) | Q(everyone=True)
    return LedgerView.objects.filter(mine, register=register.code).order_by("-everyone", "name")


def tabs(register: Listed, by: Actor, wanted: Wanted) -> list[Tab]:
    opens = chosen(register, by)
    return [
        Tab(
            str(each.pk), each.name, f"view={each.pk}", each.person_id == by.person,
            "all" if each.everyone else "org" if each.org_id else "", str(each.pk) == wanted.view, each.pk == opens,
        )
        for each in visible_to(by, register)[:MOST]
    ]  # fmt: skip


def given(register: Listed, by: Actor, wanted: Wanted) -> list[tuple[Given, bool]]:
    """The views that the list itself offers; whether this is what is shown."""
    held = wanted.view if wanted.view != WHOLE else ""
    now = (wanted.narrowed(register, by), wanted.q, wanted.retired, wanted.within)
    listed = []
    for each in register.given:
        asked = Wanted.of(register, QueryDict(each.query))
        same = now == (asked.narrowed(register, by), asked.q, asked.retired, asked.within)
        listed.append((each, not held and same))
    return listed


def chosen(register: Listed, by: Actor) -> UUID | None:
    """The view that the register opens with for this person."""
    found = LedgerChosen.objects.filter(register=register.code, person_id=person_of(by)).values_list(
        "view_id", flat=True
    )
    return found.first()


def opened(register: Listed, by: Actor, asked: QueryDict, *, first: bool = True) -> Wanted:
    """The list's question: what the address says, over the view that it names, over the one chosen (`first`).

    A view that is gone or not ours is passed over: an old link still opens the register.
    """
    wanted = Wanted.of(register, asked)
    if asked.get("changed") == "1" or wanted.view == WHOLE:
        return wanted
    if wanted.view:
        view = _found(register, by, wanted.view)
        return _of(register, view, asked) if view else replace(wanted, view="")
    held = chosen(register, by) if first else None
    if held is None:
        return wanted
    view = _found(register, by, str(held)) if wanted.plainly() else None
    return _of(register, view, asked) if view else replace(wanted, view=WHOLE)


def _of(register: Listed, view: LedgerView, asked: QueryDict) -> Wanted:
    kept = QueryDict(view.query, mutable=True)
    kept["view"], kept["page"] = str(view.pk), asked.get("page", "1")
    return Wanted.of(register, kept)


def _found(register: Listed, by: Actor, key: str) -> LedgerView | None:
    try:
        pk = UUID(key)
    except ValueError:
        return None
    return visible_to(by, register).filter(pk=pk).first()


def find(register: Listed, view_id: UUID, by: Actor, *, own: bool = False) -> LedgerView:
    """Raises NotFound("core.ledger.no_view")."""
    view = visible_to(by, register).filter(pk=view_id).first()
    if view is None or (own and view.person_id != by.person):
        raise NotFound("core.ledger.no_view")
    return view


@transaction.atomic
def keep(*, register: Listed, name: str, wanted: Wanted, shared: str, by: Actor, now: datetime) -> LedgerView:
    """Keep a question under a name; one's own view of that name is replaced.

    `shared`: '' for oneself, 'org' for one's organisation, 'all'. Raises Invalid("core.ledger.view_name"),
    Refused("core.ledger.view_many"), Forbidden.
    """
    policy.require(by, f"{register.verb}.view")
    called = " ".join(name.split())[:40]
    if not called:
        raise Invalid("core.ledger.view_name", field="name")
    if shared == "all" and not register.may_share(by):
        raise Forbidden("core.policy.forbidden", verb=f"{register.verb}.share")
    held = LedgerView.objects.filter(register=register.code, person_id=person_of(by))
    if held.count() >= MOST:
        raise Refused("core.ledger.view_many", most=MOST)
    org = next(iter(sorted(by.orgs)), None) if shared == "org" else None
    view, _made = LedgerView.objects.update_or_create(
        register=register.code,
        person_id=person_of(by),
        name=called,
        defaults={"query": wanted.query(view=""), "org_id": org, "everyone": shared == "all", "changed_at": now},
    )
    return view


@transaction.atomic
def drop(*, register: Listed, view_id: UUID, by: Actor) -> None:
    """One's own goes; for whom it was the first page, the whole register is again."""
    find(register, view_id, by, own=True).delete()


@transaction.atomic
def choose(*, register: Listed, view_id: UUID | None, by: Actor) -> None:
    """The register opens with this view from now on, or whole (None). Raises NotFound."""
    if view_id is None:
        LedgerChosen.objects.filter(register=register.code, person_id=person_of(by)).delete()
        return
    view = find(register, view_id, by)
    LedgerChosen.objects.update_or_create(register=register.code, person_id=person_of(by), defaults={"view": view})
