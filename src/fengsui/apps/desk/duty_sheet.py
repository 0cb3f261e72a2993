"""The duty sheet (值班表): who holds which duty post on each of the coming days, and who was relieved by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import batched
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from fengsui.apps.people import queries
from fengsui.apps.people.models import Handover, Holding, Post
from fengsui.apps.people.rules import ON_DUTY
from fengsui.kernel.actor import Actor

SPANS = (7, 31)
POSTS_A_TABLE = 6
"""More columns than these are not read on A4; the next posts get a table of their own."""
TURNS = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A person on one day of one post. `since`, `until`: the moment of that day where the holding begins or ends."""

    name: str
    since: datetime | None
    until: datetime | None
    shift: bool
    """He took the shift over last and still holds the post: on today's line only."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A duty post now. `holder` took the shift last and still holds the post; None: nobody ever took it over."""

    post: Post
    holder: queries.Holder | None
    held: tuple[queries.Holder, ...]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    day: date
    cells: tuple[tuple[Held, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    posts: tuple[Post, ...]
    lines: tuple[Line, ...]


def shifts(by: Actor) -> list[Shift]:
    """The duty posts within the reader's sight: who has the shift, and since when."""
    seen = set(queries.posts_visible_to(by).filter(role__in=ON_DUTY).values_list("pk", flat=True))
    taken = Handover.objects.in_world(by.world).filter(status="taken", post__in=seen)
    began = dict(taken.order_by("post_id", "-ended_at").distinct("post_id").values_list("post_id", "ended_at"))
    return [
        Shift(post, holder, tuple(held), began.get(post.pk) if holder else None)
        for post, holder, held in queries.on_duty(by.world)
        if post.pk in seen
    ]


def tables(now: Sequence[Shift], first: date, days: int) -> list[Table]:
    """The posts day by day: one query, however long."""
    posts = [each.post for each in now]
    last = {each.post.pk: each.holder.person for each in now if each.holder}
    low, high = _start(first), _start(first + timedelta(days=days))
    rows = Holding.objects.not_over(low).filter(post__in=posts, since__lt=high).select_related("person")
    held: dict[Any, list[Holding]] = {}
    for row in rows.order_by("since", "person__name", "pk"):
        held.setdefault(row.post_id, []).append(row)
    span = [first + timedelta(days=n) for n in range(days)]
    today = timezone.localdate()
    return [
        Table(
            part,
            tuple(
                Line(day, tuple(_on(day, held.get(p.pk, []), last.get(p.pk) if day == today else None) for p in part))
                for day in span
            ),
        )
        for part in batched(posts, POSTS_A_TABLE)
    ]


def turns(by: Actor, since: datetime) -> QuerySet[Handover]:
    """Handovers since then, the latest first, as far as the reader sees them."""
    return queries.handovers_visible_to(by).filter(offered_at__gte=since).order_by("-offered_at", "-pk")[:TURNS]


def _on(day: date, rows: Sequence[Holding], shift: Any) -> tuple[Held, ...]:
    low, high = _start(day), _start(day + timedelta(days=1))
    return tuple(
        Held(
            row.person.name,
            row.since if low < row.since < high else None,
            row.until if row.until and low < row.until < high else None,
            row.person_id == shift,
        )
        for row in rows
        if row.since < high and (row.until is None or row.until > low)
    )


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
