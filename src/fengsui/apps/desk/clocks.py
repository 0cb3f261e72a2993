"""Clocks as pages show them: the verb owed, the owner by name, what happens if nobody acts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.apps.desk.rules import DECISIONS
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Organisation, Person, Post
from fengsui.apps.people.rules import ADMINS, DISTRICT_ROLES, ROLES
from fengsui.core import clocks, policy
from fengsui.core.clock_words import default_word
from fengsui.core.models import Clock, ClockPause
from fengsui.kernel.actor import Actor, Grant
from fengsui.kernel.clock import MACHINE, ClockKind
from fengsui.kernel.errors import NotFound
from fengsui.kernel.terms import Term


@dataclass(frozen=True, slots=True)
class Row:
    """One clock for a list. Carries the names that the clock chip reads."""

    id: UUID
    kind: str
    state: str
    label: str
    url: str
    started_at: datetime
    due_at: datetime
    limit_s: int
    closed_at: datetime | None
    reason: str
    verb: str
    owner_text: str
    owner_person: UUID | None
    owner_post: UUID | None
    heard: str
    default: str
    source: str
    basis: str
    correlation: UUID
    about_type: str
    about_id: str
    holders: tuple[people.Holder, ...] = field(default=())

    @property
    def is_decision(self) -> bool:
        return self.kind in DECISIONS

    @property
    def page(self) -> str:
        """Where the thing owed is done; the clock's own page where no app named one."""
        return self.url or f"/clocks/{self.id}/"

    @property
    def call(self) -> people.Holder | None:
        """Whom to call about it."""
        return self.holders[0] if self.holders else None


def word(term: Term) -> str:
    return term.en if (get_language() or "").startswith("en") else term.zh


def verb_of(kind: str) -> str:
    """The thing owed in the page's language; the code where its app is not installed."""
    found = ClockKind.registered.get(kind)
    text = word(found.verb) if found else kind
    return text[:1].upper() + text[1:]


def role_word(code: str) -> str:
    if code == "next_in_chain":
        return "next in chain" if (get_language() or "").startswith("en") else "下一名责任人"
    return word(ROLES[code]) if code in ROLES else code


def mine(by: Actor) -> Q:
    """Owed by this person: named, or holding the post, or in the role where no post is named yet."""
    by_role = Q(owner_person__isnull=True, owner_post__isnull=True, owner_role__in=by.roles)
    return Q(owner_person=by.person) | Q(owner_person__isnull=True, owner_post__in=by.posts) | by_role


def of_organisations(by: Actor) -> Q:
    """Owed inside the organisations whose scope the actor holds."""
    local = _local(by)
    inside = people.visible_to(Actor(world=by.world, person=by.person, grants=tuple(local)))
    posts = Post.objects.filter(org__in=inside).values("pk")
    persons = Person.objects.filter(org__in=inside).values("pk")
    return Q(owner_post__in=posts) | Q(owner_person__in=persons)


def owed_in(code: str) -> Q:
    """Owed by a post or person of this organisation or of one below it; by nobody where there is no such code."""
    path = Organisation.objects.filter(code=code).values_list("path", flat=True).first()
    inside = Q(org__path=path) | Q(org__path__startswith=f"{path}/")
    return Q(owner_post__in=Post.objects.filter(inside).values("pk")) | Q(
        owner_person__in=Person.objects.filter(inside).values("pk")
    )


def by_organisation(numbers: Iterable[tuple[UUID | None, UUID | None, int]]) -> Counter[str]:
    """Numbers of (post, person, n) by path: of every unit that `owed_in` would count them for. Two queries."""
    counted = list(numbers)
    posts = dict(Post.objects.filter(pk__in={row[0] for row in counted if row[0]}).values_list("pk", "org__path"))
    persons = dict(Person.objects.filter(pk__in={row[1] for row in counted if row[1]}).values_list("pk", "org__path"))
    found: Counter[str] = Counter()
    for post, person, n in counted:
        owing = {posts.get(post) if post else None, persons.get(person) if person else None} - {None}
        parts = [str(path).split("/") for path in owing]
        for above in {"/".join(each[: at + 1]) for each in parts for at in range(len(each))}:
            found[above] += n
    return found


def _local(by: Actor) -> list[Grant]:
    """The same posts without the district-wide view: `my organisation` means mine, for a duty officer too.

    An administrator's post looks after the platform, not after what its bureau owes.
    """
    return [replace(grant, role="liaison") for grant in by.grants if grant.role not in ADMINS]


def visible(by: Actor) -> QuerySet[Clock]:
    """Clocks of the actor's world inside his scope."""
    rows: QuerySet[Clock] = Clock.objects.in_world(by.world)
    if by.system or by.roles & DISTRICT_ROLES:
        return rows
    return rows.filter(mine(by) | of_organisations(by))


def open_rows(by: Actor) -> QuerySet[Clock]:
    return visible(by).filter(state__in=MACHINE.open_states)


def get(clock_id: UUID, by: Actor) -> Clock:
    """Raises NotFound("core.clock.not_found"), also outside the actor's scope."""
    found = visible(by).filter(pk=clock_id).first()
    if found is None:
        raise NotFound("core.clock.not_found")
    return found


def pause(clock_id: UUID, *, by: Actor, now: datetime, reason: str) -> Clock:
    """暂停 one that the actor sees, in the chain of what it is about. Raises NotFound, Forbidden, FengsuiError."""
    clock = get(clock_id, by)
    policy.require(by, "core.pause_clock", clock)
    return clocks.pause(clock_id, by=by.in_chain(clock.correlation).because(reason), now=now, reason=reason)


def resume(clock_id: UUID, *, by: Actor, now: datetime) -> Clock:
    """恢复 a paused one. Raises NotFound, Forbidden, FengsuiError."""
    clock = get(clock_id, by)
    policy.require(by, "core.pause_clock", clock)
    return clocks.resume(clock_id, by=by.in_chain(clock.correlation), now=now)


def present(rows: QuerySet[Clock] | Iterable[Clock]) -> list[Row]:
    """Rows with names and the reason of a pause: four queries, however many clocks."""
    listed = list(rows)
    paused = [row.pk for row in listed if row.state == "paused"]
    reasons: dict[UUID, str] = {}
    if paused:
        standing = ClockPause.objects.filter(clock__in=paused, ended_at__isnull=True).order_by("started_at")
        reasons = dict(standing.values_list("clock_id", "reason"))
    posts = {row.owner_post for row in listed if row.owner_post}
    persons = {row.owner_person for row in listed if row.owner_person}
    held = people.holders(posts) if posts else {}
    titles = dict(Post.objects.filter(pk__in=posts - set(held)).values_list("pk", "title")) if posts else {}
    names = people.people_names(persons) if persons else {}
    return [_row(row, held, titles, names, reasons.get(row.pk, "")) for row in listed]


def _row(
    row: Clock, held: dict[UUID, list[people.Holder]], titles: dict[UUID, str], names: dict[UUID, str], reason: str
) -> Row:
    owners = tuple(held.get(row.owner_post, [])) if row.owner_post else ()
    if row.owner_person:
        name = names.get(row.owner_person, "")
        titled = next((each for each in owners if each.person == row.owner_person), None)
        owner = f"{name} {titled.title}" if titled else name
        owners = (titled,) if titled else ()
    elif owners:
        owner = owners[0].title
        owner += " " + "、".join(each.name for each in owners[:3]) + ("…" if len(owners) > 3 else "")
    else:
        owner = titles.get(row.owner_post, "") if row.owner_post else role_word(row.owner_role)
    kind = ClockKind.registered.get(row.kind)
    return Row(
        row.pk,
        row.kind,
        row.state,
        row.label,
        row.url,
        row.started_at,
        row.due_at,
        row.limit_s,
        row.closed_at,
        reason,
        verb_of(row.kind),
        owner,
        row.owner_person,
        row.owner_post,
        _("、").join(role_word(each) for each in row.heard_roles),
        default_word(kind),
        row.source,
        row.basis,
        row.correlation,
        row.about_type,
        row.about_id,
        owners,
    )
