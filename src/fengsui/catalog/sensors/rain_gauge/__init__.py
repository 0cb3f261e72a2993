"""Rain since the last reading, by tipping bucket (0.2 mm a tip) or weighing gauge."""

from fengsui.catalog.sensors.contract import SensorKind, json_decoder
from fengsui.kernel.terms import Term
from fengsui.kernel.units import factor

MM_PER_TIP = 0.2
_UNITS = {"mm": 1.0, "in": factor("in", "mm"), "tips": MM_PER_TIP}

ENTRY = SensorKind(
    code="rain_gauge",
    term=Term("rain_gauge", "雨量", "rain"),
    unit="mm",
    quantity=Term("rain", "时段降雨量", "rain in the interval"),
    plausible=(0.0, 60.0),
    max_rate_per_min=8.0,
    period_s=300,
    units=_UNITS,
    decode=json_decoder("mm", _UNITS),
    sums=True,
    decimals=1,
    basis_note="G: 60 mm in one interval and 8 mm a minute lie above everything recorded in the region",
)
