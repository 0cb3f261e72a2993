"""Places by code, and who is called for them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.places.models import Area, Place


def points() -> QuerySet[Place]:
    """Waterlogging points with their policy."""
    return Place.objects.filter(kind="waterlogging_point").select_related("waterlogging", "area")


def by_code(code: str) -> Place | None:
    return Place.objects.filter(code=code).select_related("area").first()


def point_of(place_id: UUID) -> Place:
    """A waterlogging point with its policy; Place.DoesNotExist where it is none."""
    return points().get(pk=place_id)


def posts_of_point(place: Place) -> dict[str, UUID]:
    """Post ids by duty: leader, street, community, traffic, drainage."""
    codes: dict[str, str] = place.waterlogging.posts
    ids = dict(Post.objects.filter(code__in=codes.values()).values_list("code", "pk"))
    return {duty: ids[code] for duty, code in codes.items() if code in ids}


def call_chain_for(place: Place) -> list[people.Holder]:
    """叫应 order of a place: community, street duty officers, street lead, the leader in charge; no name twice."""
    codes = dict(place.waterlogging.posts) if hasattr(place, "waterlogging") else {}
    order = [codes.get("community"), codes.get("street"), f"street-{place.area_id}-lead", codes.get("leader")]
    posts = {post.code: post.pk for post in Post.objects.filter(code__in=[code for code in order if code])}
    held = people.holders(posts.values())
    chain: list[people.Holder] = []
    for code in order:
        for holder in held.get(posts.get(code or ""), []):  # type: ignore[arg-type]
            if holder.person not in {each.person for each in chain}:
                chain.append(holder)
    return chain


def bureau_of(jurisdiction: str) -> Organisation | None:
    """The emergency bureau that answers for a jurisdiction."""
    return Organisation.objects.filter(kind="bureau", jurisdiction=jurisdiction).order_by("code").first()


def area_names(codes: list[str]) -> dict[str, str]:
    return dict(Area.objects.filter(code__in=codes).values_list("code", "name"))
