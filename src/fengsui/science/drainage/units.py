"""Project units at the border: what SWMM takes and tells in its file's own units, and SI.

SWMM reckons in feet. It turns flows of a CMS project into cubic feet by 0.02832, not by 0.0283168: a flow put in as
CMS is 1.1e-4 less water than it says (5.2.4 [V]: a storage node holds 2.24975 m3 of 2.25; exact in CFS). `put` undoes
that, so that a cubic metre taken from a street is one in the pipe; what a project's own file says stays as it says.
"""

from __future__ import annotations

from dataclasses import dataclass

FOOT_M = 0.3048
FT3_M3 = FOOT_M**3
INCH_M = 0.0254
FLOWS = ("CFS", "GPM", "MGD", "CMS", "LPS", "MLD")
_FLOW_M3_S = (FT3_M3, 231 * INCH_M**3 / 60, 231e6 * INCH_M**3 / 86_400, 1.0, 1e-3, 1000 / 86_400)
_PER_CFS = (1.0, 448.831, 0.64632, 0.02832, 28.317, 2.4466)
_TOTALS_M3 = 0.02832


@dataclass(frozen=True, slots=True)
class Units:
    """`flow`: place in FLOWS, as SWMM numbers them. US units go with the first three, metres with the others."""

    flow: int

    @property
    def metric(self) -> bool:
        return self.flow >= 3

    @property
    def name(self) -> str:
        return FLOWS[self.flow]

    @property
    def length_m(self) -> float:
        return 1.0 if self.metric else FOOT_M

    @property
    def volume_m3(self) -> float:
        return 1.0 if self.metric else FT3_M3

    @property
    def flow_m3_s(self) -> float:
        """m3/s in one of the project's flow units."""
        return _FLOW_M3_S[self.flow]

    @property
    def put(self) -> float:
        """What to set for 1 m3/s, so that SWMM reckons with 35.3147 cubic feet a second."""
        return _PER_CFS[self.flow] / FT3_M3

    @property
    def total_m3(self) -> float:
        """m3 of SWMM's cubic feet in one unit of the flows in the toolkit's routing totals [V: tests/test_dual.py]."""
        return FT3_M3 / _TOTALS_M3 if self.metric else FT3_M3

    @property
    def storage_m3(self) -> float:
        """The same of what is stored, which the totals do not turn into metres, but divide by the rounded factor."""
        return _TOTALS_M3 if self.metric else FT3_M3
