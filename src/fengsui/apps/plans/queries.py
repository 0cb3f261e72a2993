from __future__ import annotations

from fengsui.apps.plans.models import PlanVersion


def in_force(hazard: str) -> PlanVersion | None:
    """The plan that answers a hazard now."""
    return PlanVersion.objects.filter(hazard=hazard, in_force=True).first()
