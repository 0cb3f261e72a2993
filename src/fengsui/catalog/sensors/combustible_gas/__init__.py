"""Combustible gas in the air, as a share of what would burn (lower explosive limit, LEL)."""

from fengsui.catalog.sensors.contract import Checks, SensorKind, json_decoder
from fengsui.kernel.terms import Term

_UNITS = {"%LEL": 1.0}

ENTRY = SensorKind(
    code="combustible_gas",
    term=Term("combustible_gas", "可燃气体", "combustible gas", "GB/T 50493-2019", "G"),
    unit="%LEL",
    quantity=Term("gas_share", "可燃气体浓度", "combustible gas", "GB/T 50493-2019", "G"),
    plausible=(-5.0, 110.0),
    max_rate_per_min=200.0,
    period_s=30,
    units=_UNITS,
    decode=json_decoder("%LEL", _UNITS),
    stuck_s=None,
    decimals=0,
    checks=Checks(
        1.0,
        settles_s=86_400.0,
        basis_note="U: a detector says whole per cents; what stays for a day is a leak to be found or a zero to be set",
    ),
    basis_note="G: a detector reads a little beyond 100 %LEL, its zero drifts by some per cent, it answers within half "
    "a minute, and it rightly says 0 for months",
)
