"""What still needs a row of a register: it is asked before the row goes out of use, and named where it refuses.

Apps declare it in their `uses.py` (found by name). Every world is asked: a team out in an exercise is out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.db.models import Model, Q

from fengsui.core.models import Clock
from fengsui.core.record import subject_of
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.errors import Refused

SHOWN = 3
WHY = "whoever goes out of use may be needed in any world"
Use = Callable[[Model], Iterable[str]]
_uses: dict[str, list[Use]] = {}


def uses(*labels: str) -> Callable[[Use], Use]:
    """Declare a function that names what needs a row of these models (`places.place`)."""

    def declare(function: Use) -> Use:
        for label in labels:
            _uses.setdefault(label, []).append(function)
        return function

    return declare


@cache
def _discover() -> None:
    for app in apps.get_app_configs():
        if app.name.startswith("fengsui.") and find_spec(f"{app.name}.uses"):
            import_module(f"{app.name}.uses")


def check_unused(row: Model) -> None:
    """Raises Refused("core.ledger.still_used") naming the first few that need the row, and how many more there are."""
    _discover()
    found = list(_clocks(row))
    for use in _uses.get(row._meta.label_lower, []):
        found += use(row)
    if found:
        rest = len(found) - SHOWN
        named = "；".join(found[:SHOWN])
        raise Refused("core.ledger.still_used", what=f"{named}；+{rest}" if rest > 0 else named)


def _clocks(row: Model) -> Iterable[str]:
    """Open clocks about the row, or that this post or person owes."""
    kind, key = subject_of(row)
    asked = Q(about_type=kind, about_id=key)
    if kind in {"people.post", "people.person"}:
        asked |= Q(**{f"owner_{kind.removeprefix('people.')}": row.pk})
    rows = Clock.objects.all_worlds(WHY).filter(asked).exclude(state__in=MACHINE.final)
    return rows.order_by("due_at").values_list("label", flat=True)
