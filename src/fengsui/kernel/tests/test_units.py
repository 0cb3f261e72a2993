"""Conversions are exact and mismatches are refused."""

from __future__ import annotations

import pytest

from fengsui.kernel.errors import Invalid
from fengsui.kernel.units import convert, factor, known, quantity


@pytest.mark.parametrize(
    ("value", "source", "target", "want"),
    [
        (27, "cm", "m", 0.27),
        (1, "ft", "m", 0.3048),
        (12, "in", "ft", 1.0),
        (3600, "m3/h", "m3/s", 1.0),
        (1, "ft3/s", "m3/s", 0.028316846592),
        (36, "km/h", "m/s", 10.0),
        (2, "h", "min", 120.0),
        (1, "km2", "ha", 100.0),
        (25.4, "mm", "in", 1.0),
        (7, "m", "m", 7),
    ],
)
def test_convert_gives_the_value_when_quantity_is_the_same(value: float, source: str, target: str, want: float) -> None:
    assert convert(value, source, target) == pytest.approx(want, rel=1e-12)


def test_convert_refuses_when_quantities_differ() -> None:
    with pytest.raises(Invalid, match=r"units\.mismatch"):
        factor("m", "m3/s")
    with pytest.raises(Invalid, match=r"units\.unknown"):
        convert(1, "furlong", "furlong")


def test_quantity_is_told_when_known() -> None:
    assert quantity("mm/h") == "speed"
    assert known("L/s")
    assert not known("furlong")
