from __future__ import annotations

from django.db.models import Q, QuerySet

from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.apps.places.queries import in_area
from fengsui.apps.resources.models import Depot, StockItem, Team
from fengsui.kernel.actor import Actor


def teams(skill: str = "") -> QuerySet[Team]:
    """Teams in use, those with a skill where one is named."""
    found = Team.objects.filter(retired_at__isnull=True).select_related("org", "leader_post")
    return found.filter(skills__contains=[skill]) if skill else found


def depots(jurisdiction: str = "") -> QuerySet[Depot]:
    found = Depot.objects.filter(place__retired_at__isnull=True)
    found = found.select_related("place", "keeper_post").prefetch_related("stock")
    return found.filter(place__jurisdiction=jurisdiction) if jurisdiction else found


def teams_visible_to(by: Actor) -> QuerySet[Team]:
    """Teams of the registers: the district for its roles, else those of one's area and one's own."""
    if by.system or by.roles & DISTRICT_ROLES:
        return Team.objects.all()
    return Team.objects.filter(in_area(by, "area_code") | Q(org__in=by.orgs))


def stock_visible_to(by: Actor) -> QuerySet[StockItem]:
    return StockItem.objects.filter(depot__in=depots_visible_to(by))


def depots_visible_to(by: Actor) -> QuerySet[Depot]:
    if by.system or by.roles & DISTRICT_ROLES:
        return Depot.objects.all()
    return Depot.objects.filter(in_area(by, "place__area__code") | Q(keeper_post__in=by.posts))
