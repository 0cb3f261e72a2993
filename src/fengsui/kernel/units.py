"""Units of measurement. SI inside; conversion is one multiplication, so a reader can prepare its factor once."""

from __future__ import annotations

from fengsui.kernel.errors import Invalid

# unit -> (quantity, factor into the SI unit of that quantity). Exact by definition (international foot, inch).
_UNITS: dict[str, tuple[str, float]] = {
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "cm": ("length", 0.01),
    "mm": ("length", 0.001),
    "ft": ("length", 0.3048),
    "in": ("length", 0.0254),
    "m3/s": ("flow", 1.0),
    "m3/h": ("flow", 1.0 / 3600.0),
    "L/s": ("flow", 0.001),
    "ft3/s": ("flow", 0.3048**3),
    "m2": ("area", 1.0),
    "ha": ("area", 10_000.0),
    "km2": ("area", 1_000_000.0),
    "s": ("time", 1.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "d": ("time", 86_400.0),
    "m/s": ("speed", 1.0),
    "km/h": ("speed", 1.0 / 3.6),
    "mm/h": ("speed", 0.001 / 3600.0),
}


def known(unit: str) -> bool:
    return unit in _UNITS


def quantity(unit: str) -> str:
    """What a unit measures, e.g. `length`. Raises Invalid("units.unknown")."""
    return _find(unit)[0]


def factor(source: str, target: str) -> float:
    """Multiply a value in `source` by this to have it in `target`.

    Raises Invalid("units.unknown") or Invalid("units.mismatch") where the two measure different things.
    """
    (one, numerator), (other, denominator) = _find(source), _find(target)
    if one != other:
        raise Invalid("units.mismatch", field="unit", source=source, target=target)
    return numerator / denominator


def convert(value: float, source: str, target: str) -> float:
    """`value` in another unit of the same quantity; the value itself where the units are equal."""
    return value if source == target and source in _UNITS else value * factor(source, target)


def _find(unit: str) -> tuple[str, float]:
    try:
        return _UNITS[unit]
    except KeyError:
        raise Invalid("units.unknown", field="unit", unit=unit, known=sorted(_UNITS)) from None
