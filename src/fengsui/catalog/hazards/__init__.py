"""Kinds of hazard, one folder each. `hazards()` finds them by name."""

from __future__ import annotations

from typing import cast

from fengsui.catalog.hazards.contract import Hazard, Step, Text
from fengsui.kernel.errors import NotFound
from fengsui.kernel.registry import entries

__all__ = ["Hazard", "Step", "Text", "hazard", "hazards", "of_sensor"]


def hazards() -> dict[str, Hazard]:
    return cast("dict[str, Hazard]", entries(__name__))


def hazard(code: str) -> Hazard:
    """Raises NotFound("hazard.unknown")."""
    try:
        return hazards()[code]
    except KeyError:
        raise NotFound("hazard.unknown", hazard=code, known=sorted(hazards())) from None


def of_sensor(kind: str) -> Hazard | None:
    """The hazard whose ladder a sensor kind is judged by, if any."""
    return next((each for each in hazards().values() if kind in each.sensors), None)
