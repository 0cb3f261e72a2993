"""Indicators, one folder each. `indicators()` finds them by name."""

from __future__ import annotations

from typing import cast

from fengsui.catalog.indicators.contract import Fact, Indicator, Item, Result, result
from fengsui.kernel.errors import NotFound
from fengsui.kernel.registry import entries

__all__ = ["Fact", "Indicator", "Item", "Result", "indicator", "indicators", "result"]


def indicators() -> dict[str, Indicator]:
    return cast("dict[str, Indicator]", entries(__name__))


def indicator(code: str) -> Indicator:
    """Raises NotFound("indicator.unknown")."""
    try:
        return indicators()[code]
    except KeyError:
        raise NotFound("indicator.unknown", indicator=code, known=sorted(indicators())) from None
