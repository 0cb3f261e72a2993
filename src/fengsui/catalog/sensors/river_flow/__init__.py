"""Discharge of a river at a gauge, from its rating curve or a flow meter."""

from fengsui.catalog.sensors.contract import Checks, SensorKind, json_decoder
from fengsui.kernel.terms import Term
from fengsui.kernel.units import factor

_UNITS = {unit: factor(unit, "m3/s") for unit in ("m3/s", "L/s", "m3/h", "ft3/s")}

ENTRY = SensorKind(
    code="river_flow",
    term=Term("river_flow", "河道流量", "river discharge"),
    unit="m3/s",
    quantity=Term("discharge", "流量", "discharge"),
    plausible=(-5_000.0, 100_000.0),
    max_rate_per_min=500.0,
    period_s=900,
    units=_UNITS,
    decode=json_decoder("m3/s", _UNITS),
    decimals=2,
    low_water=True,
    checks=Checks(
        0.05, near_km=40.0, basis_note="U: what little flow the rating tells apart; gauges of one basin within 40 km"
    ),
    basis_note="G: a tide turns the flow of a lower reach; a large basin's inflow moves by hundreds of m3/s a minute; "
    "where the rating curve ends, the station's own upper limit says so",
)
