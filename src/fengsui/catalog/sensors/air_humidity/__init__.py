"""Relative humidity of the air."""

from fengsui.catalog.sensors.contract import Checks, SensorKind, json_decoder
from fengsui.kernel.terms import Term

_UNITS = {"%": 1.0}

ENTRY = SensorKind(
    code="air_humidity",
    term=Term("air_humidity", "相对湿度", "relative humidity"),
    unit="%",
    quantity=Term("humidity", "相对湿度", "relative humidity"),
    plausible=(0.0, 105.0),
    max_rate_per_min=10.0,
    period_s=600,
    units=_UNITS,
    decode=json_decoder("%", _UNITS),
    decimals=0,
    checks=Checks(
        2.0,
        near_km=30.0,
        basis_note="U: two per cent is what capacitive sensors do by themselves; one front passes over 30 km",
    ),
    basis_note="G: capacitive sensors read a few per cent above saturation; a front changes less than 10 % a minute",
)
