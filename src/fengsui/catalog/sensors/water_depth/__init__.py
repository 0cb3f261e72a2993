"""Depth of standing water over the lowest spot of a road (ultrasonic, radar or pressure)."""

from fengsui.catalog.sensors.contract import Checks, SensorKind, json_decoder
from fengsui.kernel.terms import Term
from fengsui.kernel.units import factor

_UNITS = {unit: factor(unit, "m") for unit in ("m", "cm", "mm")}

ENTRY = SensorKind(
    code="water_depth",
    term=Term("water_depth", "积水深度", "water depth"),
    unit="m",
    quantity=Term("depth", "水深", "depth"),
    plausible=(-0.02, 5.0),
    max_rate_per_min=0.15,
    period_s=60,
    units=_UNITS,
    decode=json_decoder("m", _UNITS),
    learned_s=3600.0,  # [G] a street fills within the hour
    said_in=("cm", 100.0, 0),
    checks=Checks(
        0.02,
        settles_s=3 * 86_400.0,
        basis_note="U: a zero moves by 2 cm; ponds are local, so nobody is asked; no road stands under water for "
        "three days unknown",
    ),
    basis_note="G: an underpass 5 m deep is full; zero drifts by 2 cm; no reported street rises 15 cm a minute",
)
