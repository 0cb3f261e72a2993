from __future__ import annotations

from django.db.models import QuerySet

from fengsui.apps.plans.models import PlanVersion
from fengsui.kernel.actor import Actor


def in_force(hazard: str) -> PlanVersion | None:
    """The plan that answers a hazard now."""
    return PlanVersion.objects.filter(hazard=hazard, in_force=True).first()


def visible_to(by: Actor) -> QuerySet[PlanVersion]:
    """Plans are for everybody who may have to follow them."""
    return PlanVersion.objects.all()
