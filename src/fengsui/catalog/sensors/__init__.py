"""Kinds of sensors, one folder each. `kinds()` finds them by name."""

from __future__ import annotations

from typing import cast

from fengsui.catalog.sensors.contract import Checks, Display, Reading, Rejected, SensorKind
from fengsui.kernel.registry import entries

__all__ = ["Checks", "Display", "Reading", "Rejected", "SensorKind", "display", "kind", "kinds"]


def kinds() -> dict[str, SensorKind]:
    return cast("dict[str, SensorKind]", entries(__name__))


def display(code: str, unit: str) -> Display:
    """How numbers of a stream of this kind are said; as stored where no folder describes the kind."""
    known = kinds().get(code)
    return known.display if known else Display(1.0, unit, 3)


def kind(code: str) -> SensorKind:
    """Raises Rejected("sensor.kind.unknown")."""
    try:
        return kinds()[code]
    except KeyError:
        raise Rejected("sensor.kind.unknown", kind=code, known=sorted(kinds())) from None
