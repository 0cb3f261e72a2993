"""Places by code, and who is called for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.apps.places.models import Area, Place, Shelter, WaterloggingPoint
from fengsui.kernel.actor import Actor


def points() -> QuerySet[Place]:
    """Waterlogging points in use, with their policy."""
    return Place.objects.filter(kind="waterlogging_point", retired_at__isnull=True).select_related(
        "waterlogging", "area"
    )


def of_kinds(kinds: Sequence[str]) -> QuerySet[Place]:
    """Places in use of some kinds."""
    return Place.objects.filter(kind__in=kinds, retired_at__isnull=True)


def streets() -> QuerySet[Area]:
    """Subdistricts and what ranks with them (nine digits), where their centre is known."""
    return Area.objects.filter(centre__isnull=False, code__regex=r"^\d{9}$")


def place_word(row: Area | Place) -> str:
    """A place's or area's name in the page's language, as far as the district's files have it."""
    english = (get_language() or "").startswith("en")
    return row.name_en if english and row.name_en else row.name


def by_code(code: str) -> Place | None:
    return Place.objects.filter(code=code).select_related("area").first()


def posts_of_point(place: Place) -> dict[str, UUID]:
    """Post ids by duty: leader, street, community, traffic, drainage."""
    codes: dict[str, str] = place.waterlogging.posts
    ids = dict(Post.objects.filter(code__in=codes.values(), retired_at__isnull=True).values_list("code", "pk"))
    return {duty: ids[code] for duty, code in codes.items() if code in ids}


def call_chain_for(place: Place) -> list[people.Holder]:
    """叫应 order of a place to the last name, nobody twice.

    The posts that the district lists for the place; else those of its policy and then those listed for its area.
    """
    order = _order(place)
    posts = {post.code: post.pk for post in Post.objects.filter(code__in=order, retired_at__isnull=True)}
    held = people.holders(posts.values())
    chain: dict[UUID, people.Holder] = {}
    for code in order:
        for holder in held.get(posts[code], []) if code in posts else []:
            chain.setdefault(holder.person, holder)
    return list(chain.values())


def answers_for(keys: Sequence[Any], by: Actor) -> dict[Any, list[str]]:
    """`post name` of those who are called for each place, in order; names as far as the reader may see them."""
    rows = Place.objects.filter(pk__in=keys).select_related("area", "waterlogging")
    orders = {place.pk: _order(place) for place in rows}
    said = people.posts_said({code for order in orders.values() for code in order}, by)
    return {key: [said[code] for code in dict.fromkeys(order) if code in said] for key, order in orders.items()}


def _order(place: Place) -> list[str]:
    return place.call_order or [*_of_policy(place), *place.area.call_order]


def _of_policy(place: Place) -> list[str]:
    posts = place.waterlogging.posts if hasattr(place, "waterlogging") else {}
    return [posts[duty] for duty in ("community", "street", "leader") if duty in posts]


def offices_of(area_codes: Iterable[str]) -> dict[str, str]:
    """Codes of the street offices that answer for areas, by the area's nine digits."""
    wanted = {code[:9] for code in area_codes}
    rows = Organisation.objects.filter(kind="subdistrict", area_code__in=wanted, retired_at__isnull=True).order_by(
        "-code"
    )
    return dict(rows.values_list("area_code", "code"))


def bureaux() -> dict[str, str]:
    """Codes of the emergency bureaux by jurisdiction."""
    rows = Organisation.objects.filter(kind="bureau", retired_at__isnull=True).order_by("-code")
    return dict(rows.values_list("jurisdiction", "code"))


def bureau_of(jurisdiction: str) -> Organisation | None:
    """The emergency bureau that answers for a jurisdiction."""
    rows = Organisation.objects.filter(kind="bureau", jurisdiction=jurisdiction, retired_at__isnull=True)
    return rows.order_by("code").first()


def in_area(by: Actor, path: str) -> Q:
    """Rows whose area code (at `path`) is, holds or lies in an area of this person's posts."""
    scope = Q(pk__in=[])
    for grant in by.grants:
        if grant.role in DISTRICT_ROLES:
            return Q()
        if grant.area:
            street = grant.area[:9]  # a community's officer works in its street
            scope |= Q(**{f"{path}__startswith": grant.area}) | Q(**{path: street})
    return scope


def areas_of(by: Actor) -> tuple[str, ...] | None:
    """The same rule for who asks without rows, as tiles do: codes of one's areas, None for the whole district."""
    if by.system or by.roles & DISTRICT_ROLES:
        return None
    return tuple(sorted({grant.area for grant in by.grants if grant.area}))


def visible_to(by: Actor) -> QuerySet[Place]:
    """Places of the registers: the district for its roles, else those of one's areas. Retired ones too."""
    return Place.objects.all() if by.system else Place.objects.filter(in_area(by, "area__code"))


def areas_visible_to(by: Actor) -> QuerySet[Area]:
    """Divisions: the whole district for its roles and who administers the system, else those of one's posts."""
    if by.system or by.has_role("system_admin"):
        return Area.objects.all()
    return Area.objects.filter(in_area(by, "code"))


def points_visible_to(by: Actor) -> QuerySet[WaterloggingPoint]:
    return (
        WaterloggingPoint.objects.all()
        if by.system
        else WaterloggingPoint.objects.filter(in_area(by, "place__area__code"))
    )


def shelters_visible_to(by: Actor) -> QuerySet[Shelter]:
    return Shelter.objects.all() if by.system else Shelter.objects.filter(in_area(by, "place__area__code"))


def checkpoints_visible_to(by: Actor) -> QuerySet[Place]:
    return visible_to(by).filter(kind="checkpoint")
