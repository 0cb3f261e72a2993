"""Water level of a river above the gauge's zero."""

from fengsui.catalog.sensors.contract import Checks, SensorKind, json_decoder
from fengsui.kernel.terms import Term
from fengsui.kernel.units import factor

_UNITS = {unit: factor(unit, "m") for unit in ("m", "cm", "ft")}

ENTRY = SensorKind(
    code="river_stage",
    term=Term("river_stage", "河道水位", "river stage"),
    unit="m",
    quantity=Term("stage", "水位", "stage"),
    plausible=(-5.0, 60.0),
    max_rate_per_min=0.2,
    period_s=900,
    units=_UNITS,
    decode=json_decoder("m", _UNITS),
    decimals=2,
    low_water=True,
    still_s=5 * 86_400.0,
    learned_s=6 * 3600.0,  # [G] as far as the rivers of `./fengsui bench rivers` gain on the trend
    neighbours_km=40.0,  # [U]
    checks=Checks(
        0.01, near_km=40.0, basis_note="U: one centimetre of waves and rounding; gauges of one basin within 40 km"
    ),
    basis_note="G: stage above the gauge's zero; a level above a national datum needs its own limits at the station; "
    "of 60 gauges played from measured sets the longest sound one stood still for 80 h, all at low water",
)
