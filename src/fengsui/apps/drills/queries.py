"""Exercises as their pages need them; who is inside; what of one's own burns in the live world meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.alerts.models import Delivery
from fengsui.apps.command import marks
from fengsui.apps.drills import rules
from fengsui.apps.drills.models import Exercise, Presence, Seat
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Holding, Post
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.core.models import AuditRow, Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE as CLOCKS
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import NotFound

STORIES = 50
"""So many incidents of each side are offered for comparing, the newest first."""


@dataclass(frozen=True, slots=True)
class Burning:
    """What this person owes in the live world. first: label of the most urgent clock."""

    open: int
    overdue: int
    calls: int
    first: str
    due_at: datetime | None

    @property
    def count(self) -> int:
        return max(self.open, self.calls)


@dataclass(frozen=True, slots=True)
class ClockPair:
    """One kind of clock on both sides: (started, met in time, late, seconds of the slowest)."""

    name: tuple[str, str]
    limit_s: float
    live: tuple[int, int, int, float]
    drill: tuple[int, int, int, float]


def has_part(world: UUID, person: UUID) -> bool:
    """Whether a person holds a post that takes part; true for a world that no plan stands behind."""
    held = Holding.objects.filter(person_id=person, until__isnull=True).values("post")
    if Seat.objects.filter(exercise__inside_id=world, post__in=held).exists():
        return True
    return not Exercise.objects.in_world(LIVE).filter(inside_id=world).exists()


def is_inside(world: UUID, person: UUID) -> bool:
    """Whether a person has come in and not left; true for a world that no plan stands behind."""
    if Presence.objects.filter(exercise__inside_id=world, person_id=person, until__isnull=True).exists():
        return True
    return not Exercise.objects.in_world(LIVE).filter(inside_id=world).exists()


def visible_to(by: Actor) -> QuerySet[Exercise]:
    """From the live world: all for district roles, else those in which one's posts take part; from inside: this one."""
    rows: QuerySet[Exercise] = Exercise.objects.in_world(LIVE)
    if by.world != LIVE:
        return rows.filter(inside_id=by.world)
    if by.system or by.roles & DISTRICT_ROLES:
        return rows
    return rows.filter(pk__in=Seat.objects.filter(post__in=by.posts).values("exercise"))


def get(exercise_id: UUID, by: Actor) -> Exercise:
    found = visible_to(by).select_related("inside").filter(pk=exercise_id).first()
    if found is None:
        raise NotFound("drills.not_found")
    return found


def lock(exercise_id: UUID) -> Exercise:
    rows = Exercise.objects.in_world(LIVE).select_for_update(of=("self",), no_key=True).select_related("inside")
    found: Exercise | None = rows.filter(pk=exercise_id).first()
    if found is None:
        raise NotFound("drills.not_found")
    return found


def invited(by: Actor) -> int:
    """Running exercises in which one has a part."""
    seats = Seat.objects.filter(post__in=by.posts, exercise__status="running")
    return seats.values("exercise").distinct().count()


def posts_to_choose() -> QuerySet[Post]:
    """Posts that somebody holds, the district's own first."""
    held = Holding.objects.filter(until__isnull=True).values("post")
    return Post.objects.filter(pk__in=held).select_related("org").order_by("org__path", "call_order", "code")


def seats(exercise: Exercise) -> list[tuple[Post, list[str], bool]]:
    """Posts that take part, who holds each, and whether one of them is inside: those first."""
    inside = set(exercise.presences.filter(until__isnull=True).values_list("person_id", flat=True))
    holders: dict[UUID, list[tuple[UUID, str]]] = {}
    rows = list(exercise.seats.select_related("post__org").order_by("post__org__path", "post__call_order"))
    held = Holding.objects.filter(until__isnull=True, post__in=[row.post_id for row in rows]).select_related("person")
    for each in held.order_by("since", "pk"):
        holders.setdefault(each.post_id, []).append((each.person_id, each.person.name))
    listed = [
        (
            row.post,
            [name for _, name in holders.get(row.post_id, [])],
            any(person in inside for person, _ in holders.get(row.post_id, [])),
        )
        for row in rows
    ]
    return sorted(listed, key=lambda each: not each[2])


def burning(by: Actor, now: datetime) -> Burning:
    """Asked while the person is in an exercise: open clocks of the live world that he owes, and calls to him."""
    mine = Q(owner_person=by.person) | Q(owner_person__isnull=True, owner_post__in=by.posts)
    mine |= Q(owner_person__isnull=True, owner_post__isnull=True, owner_role__in=by.roles)
    rows = Clock.objects.in_world(LIVE).filter(mine, state__in=CLOCKS.open_states).order_by("due_at", "pk")
    listed = list(rows.values_list("label", "due_at", "state"))
    calls = alerts.open_calls(Actor(world=LIVE, person=by.person, grants=by.grants)).count()
    first = listed[0] if listed else ("", None, "")
    overdue = sum(state == "running" and due < now for _label, due, state in listed)
    return Burning(len(listed), overdue, calls, first[0], first[1])


# --- side by side ----------------------------------------------------------------------------------------------------


def stories(world: UUID) -> list[Incident]:
    rows = Incident.objects.in_world(world).select_related("place").order_by("-known_at")
    return list(rows[:STORIES])


def twin_of(drill: Incident | None, live: Iterable[Incident]) -> Incident | None:
    """The live incident that an exercise's is compared with unless another is chosen: same place, then same hazard."""
    if drill is None:
        return None
    listed = list(live)
    same = [each for each in listed if each.place_id and each.place_id == drill.place_id]
    same += [each for each in listed if each.hazard == drill.hazard]
    return same[0] if same else (listed[0] if listed else None)


def marks_of(incident: Incident | None) -> dict[str, datetime]:
    if incident is None:
        return {}
    rows = StoredEvent.objects.filter(correlation=incident.correlation, world_id=incident.world_id)
    return marks.first_marks(rows.order_by("at", "id").values_list("name", "at", "payload"))


def compared(live: Incident | None, drill: Incident | None) -> list[rules.Pair]:
    return rules.side_by_side(marks_of(live), marks_of(drill))


def clocks_compared(live: Incident | None, drill: Incident | None, now: datetime) -> list[ClockPair]:
    """Every kind of clock that either chain started, in the order of its first start."""
    sides = [_clocks(live, now), _clocks(drill, now)]
    kinds = list(dict.fromkeys([*sides[0], *sides[1]]))
    found = []
    for kind in kinds:
        known = ClockKind.registered.get(kind)
        name = (known.verb.zh, known.verb.en) if known else (kind, kind)
        rows = [side.get(kind, []) for side in sides]
        limit = max(clock.limit_s for side in rows for clock, _ in side)
        found.append(ClockPair(name, limit, *(_summed(side) for side in rows)))
    return found


def _clocks(incident: Incident | None, now: datetime) -> dict[str, list[tuple[Clock, marks.Used]]]:
    found: dict[str, list[tuple[Clock, marks.Used]]] = {}
    if incident is None:
        return found
    rows = Clock.objects.in_world(incident.world_id).filter(correlation=incident.correlation)
    for clock in rows.order_by("started_at", "kind"):
        spent = marks.used(clock.started_at, clock.due_at, clock.closed_at, clock.limit_s, now)
        found.setdefault(clock.kind, []).append((clock, spent))
    return found


def _summed(rows: list[tuple[Clock, marks.Used]]) -> tuple[int, int, int, float]:
    counted = [(clock, spent) for clock, spent in rows if clock.state != "cancelled"]
    met = sum(clock.state == "met" and not spent.late_s for clock, spent in counted)
    late = sum(spent.late_s > 0 for _, spent in counted)
    return len(rows), met, late, max((spent.used_s for _, spent in counted), default=0.0)


def recorded(exercise: Exercise) -> dict[str, int]:
    """How much of an exercise is on record, and what of it came to its gate and was stopped there."""
    sent = Delivery.objects.in_world(exercise.inside_id)
    return {
        "audit": AuditRow.objects.filter(world_id=exercise.inside_id).count(),
        "stopped": sent.filter(state="blocked").count(),
        "handed": sent.filter(state__in=["sent", "acknowledged"]).count(),
    }
