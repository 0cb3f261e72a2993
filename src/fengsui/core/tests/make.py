"""Events, actors and rows for tests of core, which knows no app: a world stands for any row."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.db import connection

from fengsui.core import clocks, record
from fengsui.core.models import ClockRuleRow, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor, Grant
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.terms import Term

NOW = datetime(2026, 7, 28, 18, 31, tzinfo=UTC)
KIND = "core.test_confirm"
if KIND not in ClockKind.registered:
    ClockKind(KIND, Term("confirm", "确认", "confirm", source="测试"), default="不自动发布", proof="确认人")


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with one field of every sort that comes back from JSON."""

    row_id: UUID
    at: datetime
    depth_m: float
    posts: tuple[UUID, ...] = ()
    word: str = "水深"
    nothing: UUID | None = None


def happened(**over):
    return Happened(**{"row_id": uuid4(), "at": NOW, "depth_m": 0.27, **over})


def make_person(world=LIVE, **over):
    return Actor(
        **{
            "world": world,
            "person": uuid4(),
            "grants": (Grant("duty_officer", uuid4(), uuid4()),),
            "source": "10.1.2.3",
            **over,
        }
    )


def make_world(name="七月演练"):
    return World.objects.create(kind="exercise", name=name)


def make_rule(**over):
    facts = {
        "kind": KIND,
        "limit_s": 600,
        "ladder": [
            {"after_s": -300, "to_role": "duty_officer"},
            {"after_s": 0, "to_role": "duty_leader"},
            {"after_s": 300, "to_role": "commander"},
        ],
        "default_after_s": 900,
        "source": "本地约定",
        "basis": "U",
        **over,
    }
    return ClockRuleRow.objects.update_or_create(kind=facts.pop("kind"), defaults=facts)[0]


def make_clock(by, about=None, now=NOW, **over):
    facts = {"label": "启工街道橙色预警", "owner_role": "duty_officer", **over}
    return clocks.start(KIND, about=about or World.objects.get(pk=LIVE), by=by, now=now, **facts)


@contextmanager
def reacting(handler, kind=Happened):
    """The handler listens to `kind` inside the block only."""
    name = record.event_name(kind)
    record.on(kind)(handler)
    try:
        yield f"{handler.__module__}.{handler.__name__}"
    finally:
        del record._handlers[name][f"{handler.__module__}.{handler.__name__}"]


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.fetchall() if cursor.description else cursor.rowcount


@contextmanager
def unguarded(table):
    """What an intruder with the database's password would do: switch the table's guard off."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # else the deferred keys of rows just made keep the table busy
    sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
    try:
        yield
    finally:
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")
