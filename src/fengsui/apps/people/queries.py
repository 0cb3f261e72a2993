"""Who holds which post, who may see whom, and how an actor is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Model, Q, QuerySet

from fengsui.apps.people.models import Account, Assignment, Handover, Holding, Organisation, Person, Post
from fengsui.apps.people.rules import DISTRICT_ROLES, ON_DUTY, ancestors
from fengsui.core.models import World
from fengsui.kernel.actor import Actor, Grant
from fengsui.kernel.errors import NotFound

SEE_EVERYBODY = DISTRICT_ROLES | {"security_admin"}
"""Who sees all organisations and persons (numbers stay masked): the district's roles, and who assigns their posts."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A person in a post, as pages and messages name them. The phone is not here: see `contacts`."""

    person: UUID
    name: str
    post: UUID
    title: str
    org: UUID
    org_name: str
    role: str
    call_order: int


def _current() -> QuerySet[Holding]:
    return Holding.objects.now().select_related("post__org", "person")


def _holder(row: Holding) -> Holder:
    post = row.post
    return Holder(
        row.person_id, row.person.name, post.pk, post.title, post.org_id, post.org.name, post.role, post.call_order
    )


def actor_for(
    person: UUID, world: UUID, *, source: str = "", reason: str = "", correlation: UUID | None = None
) -> Actor:
    """The actor a person is now: one grant per post held."""
    rows = _current().filter(person_id=person)
    grants = tuple(
        Grant(
            row.post.role,
            row.post_id,
            row.post.org_id,
            row.post.area_code or row.post.org.area_code,
            row.post.org.jurisdiction,
        )
        for row in rows
    )
    return Actor(
        world=world, person=person, grants=grants, source=source, reason=reason, correlation=correlation or uuid4()
    )


def is_world(world: UUID) -> bool:
    return World.objects.filter(pk=world).exists()


def holders(posts: Iterable[UUID]) -> dict[UUID, list[Holder]]:
    """Current holders by post; a vacant post is missing from the answer."""
    found: dict[UUID, list[Holder]] = {}
    for row in _current().filter(post_id__in=set(posts)).order_by("since", "id"):
        found.setdefault(row.post_id, []).append(_holder(row))
    return found


def posts_said(codes: Iterable[str], by: Actor) -> dict[str, str]:
    """`post name、name` of each post by its code, as a card says it; a name only where the reader sees the person."""
    posts = {post.pk: post for post in posts_by_code(codes).values()}
    held = holders(posts)
    persons = {holder.person for each in held.values() for holder in each}
    seen = set(persons_visible_to(by).filter(pk__in=persons).values_list("pk", flat=True))
    said = {}
    for pk, post in posts.items():
        names = "、".join(holder.name for holder in held.get(pk, []) if holder.person in seen)
        said[post.code] = f"{post.title} {names}" if names else post.title
    return said


def answers_at(model: type[Model], path: str) -> Callable[[Sequence[Any], Actor], dict[Any, list[str]]]:
    """Who answers for a row whose post's code stands at `path`: what a register's card asks for."""

    def answers(keys: Sequence[Any], by: Actor) -> dict[Any, list[str]]:
        codes = dict(model._base_manager.filter(pk__in=keys).values_list("pk", path))
        said = posts_said([code for code in codes.values() if code], by)
        return {key: [said[code]] for key, code in codes.items() if code in said}

    return answers


def people_names(persons: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Person.objects.filter(pk__in=set(persons)).values_list("pk", "name"))


def by_role(role: str, org: UUID | None = None) -> list[Holder]:
    """Holders of a role in calling order; in one organisation where given."""
    rows = _current().filter(post__role=role)
    if org is not None:
        rows = rows.filter(post__org_id=org)
    return [_holder(row) for row in rows.order_by("post__org__path", "post__call_order", "post__code")]


def posts_by_code(codes: Iterable[str]) -> dict[str, Post]:
    """Posts in use by their code; one that is not there is missing from the answer."""
    return {post.code: post for post in Post.objects.filter(code__in=set(codes), retired_at__isnull=True)}


def post_by_code(code: str) -> Post | None:
    return Post.objects.filter(code=code, retired_at__isnull=True).first()


def contacts(persons: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """E-mail and phone for delivery engines; never for pages."""
    rows = Person.objects.filter(pk__in=set(persons)).values_list("pk", "email", "phone")
    return {pk: (email, phone) for pk, email, phone in rows}


def visible_to(by: Actor) -> QuerySet[Organisation]:
    """Organisations in scope: the whole district for its roles, else one's own and what lies below."""
    if by.system or by.roles & SEE_EVERYBODY:
        return Organisation.objects.all()
    own = Organisation.objects.filter(pk__in=by.orgs).values_list("path", flat=True)
    scope = Q(pk__in=[])
    for path in own:
        scope |= Q(path=path) | Q(path__startswith=f"{path}/")
    return Organisation.objects.filter(scope)


def in_areas(by: Actor, path: str, roles: Collection[str] | None = None) -> Q:
    """Rows whose area (its code at `path`) lies in an area of the actor's posts, or holds one.

    A community's officer hears of what concerns his street as a whole, but not of the community beside his own. A
    post without an area gives none. `roles`: only posts of these roles count.
    """
    scope = Q(pk__in=[])
    for grant in by.grants:
        if grant.area and (roles is None or grant.role in roles):
            scope |= Q(**{f"{path}__startswith": grant.area}) | Q(**{f"{path}__in": ancestors(grant.area)})
    return scope


def persons_visible_to(by: Actor) -> QuerySet[Person]:
    return Person.objects.filter(org__in=visible_to(by)).select_related("org")


def posts_visible_to(by: Actor) -> QuerySet[Post]:
    return Post.objects.filter(org__in=visible_to(by)).select_related("org")


def accounts_visible_to(by: Actor) -> QuerySet[Account]:
    """Those who administer or audit accounts see them; nobody else knows which exist."""
    if by.system or by.has_role("security_admin", "audit_admin", "auditor"):
        return Account.objects.select_related("person__org")
    return Account.objects.none()


def lock_account(account_id: UUID, by: Actor) -> Account:
    """Raises NotFound("people.account.not_found")."""
    found = accounts_visible_to(by).select_for_update(of=("self",)).filter(pk=account_id).first()
    if found is None:
        raise NotFound("people.account.not_found")
    return found


def lock_assignment(assignment_id: UUID) -> Assignment:
    """Raises NotFound("people.approve.not_found")."""
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("post", "person")
    found = rows.filter(pk=assignment_id).first()
    if found is None:
        raise NotFound("people.approve.not_found")
    return found


def handovers_visible_to(by: Actor) -> QuerySet[Handover]:
    """Of the posts one holds; all of them for the district's roles."""
    rows: QuerySet[Handover] = Handover.objects.in_world(by.world).select_related("post__org", "outgoing", "incoming")
    return rows if by.system or by.roles & DISTRICT_ROLES else rows.filter(post__in=by.posts)


def lock_handover(handover_id: UUID, by: Actor) -> Handover:
    """Raises NotFound("people.handover.not_found")."""
    found = handovers_visible_to(by).select_for_update(of=("self",)).filter(pk=handover_id).first()
    if found is None:
        raise NotFound("people.handover.not_found")
    return found


def on_duty(world: UUID) -> list[tuple[Post, Holder | None, list[Holder]]]:
    """Each duty post, who took its shift last and still holds it (None: never handed over), and all who hold it."""
    posts = list(
        Post.objects.filter(role__in=ON_DUTY, retired_at__isnull=True)
        .select_related("org")
        .order_by("org__path", "call_order", "code")
    )
    held = holders(post.pk for post in posts)
    last: dict[UUID, UUID | None] = {}
    taken = Handover.objects.in_world(world).filter(status="taken", post__in=posts)
    for post, person in (
        taken.order_by("post_id", "-ended_at").distinct("post_id").values_list("post_id", "incoming_id")
    ):
        last[post] = person
    return [
        (post, next((h for h in held.get(post.pk, []) if h.person == last.get(post.pk)), None), held.get(post.pk, []))
        for post in posts
    ]
