"""Temperature of the air."""

from fengsui.catalog.sensors.contract import Checks, SensorKind, json_decoder
from fengsui.kernel.terms import Term

_UNITS = {"degC": 1.0}

ENTRY = SensorKind(
    code="air_temperature",
    term=Term("air_temperature", "气温", "air temperature"),
    unit="degC",
    quantity=Term("temperature", "气温", "temperature"),
    plausible=(-60.0, 60.0),
    max_rate_per_min=2.0,
    period_s=600,
    units=_UNITS,
    decode=json_decoder("degC", _UNITS),
    decimals=1,
    checks=Checks(
        0.2, near_km=30.0, basis_note="U: two tenths of a degree of shade and draught; one air over 30 km of plain"
    ),
    basis_note="G: no air on land was colder or hotter; 2 degrees a minute is faster than a cold front",
)
