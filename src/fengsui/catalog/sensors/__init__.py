"""Kinds of sensors, one folder each. `kinds()` finds them by name."""

from __future__ import annotations

from typing import cast

from fengsui.catalog.sensors.contract import Reading, Rejected, SensorKind
from fengsui.kernel.registry import entries

__all__ = ["Reading", "Rejected", "SensorKind", "kind", "kinds"]


def kinds() -> dict[str, SensorKind]:
    return cast("dict[str, SensorKind]", entries(__name__))


def kind(code: str) -> SensorKind:
    """Raises Rejected("sensor.kind.unknown")."""
    try:
        return kinds()[code]
    except KeyError:
        raise Rejected("sensor.kind.unknown", kind=code, known=sorted(kinds())) from None
