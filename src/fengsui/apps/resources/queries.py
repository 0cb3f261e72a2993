from __future__ import annotations

from django.db.models import QuerySet

from fengsui.apps.resources.models import Depot, Team


def teams(skill: str = "") -> QuerySet[Team]:
    """Teams, those with a skill where one is named."""
    found = Team.objects.select_related("org", "leader_post")
    return found.filter(skills__contains=[skill]) if skill else found


def depots(jurisdiction: str = "") -> QuerySet[Depot]:
    found = Depot.objects.select_related("place", "keeper_post").prefetch_related("stock")
    return found.filter(place__jurisdiction=jurisdiction) if jurisdiction else found
