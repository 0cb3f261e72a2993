"""Storm intensity formulas (暴雨强度公式) as data: q = 167 A (1 + C lg P) / (t + b)^n, q in L/(s ha), t in min, P in a.

The form is that of GB 50014 [G]. The parameters belong to a place and come with their basis and validity; a return
period is never shown without the name of the formula it was taken from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from fengsui.science.contract import Basis, Remark, within

Values = npt.NDArray[np.float64]
MM_PER_MIN = 0.006
"""i [mm/min] = 0.006 q [L/(s ha)]: 1 L/(s ha) is 1e-7 m/s."""


@dataclass(frozen=True, slots=True)
class Formula:
    """`a`: the whole factor before (1 + C lg P), that is 167 A1, in L/(s ha) min^n. `c`, `n` without unit, `b` in min.

    Valid for durations t_min..t_max (min) and return periods p_min..p_max (a); both are refused outside.
    """

    name: str
    a: float
    c: float
    b: float
    n: float
    basis: Basis = "U"
    source: str = ""
    t_min: float = 5.0
    t_max: float = 180.0
    p_min: float = 1.0
    p_max: float = 100.0

    def __post_init__(self) -> None:
        why = "an intensity formula falls with the duration"
        within("a", self.a, 1e-9, None, unit="L/(s ha) min^n", why=why)
        within("c", self.c, 0.0, None, why=why)
        within("b", self.b, 0.0, None, unit="min", why=why)
        within("n", self.n, 1e-3, 0.999, why=why)

    def factor(self, p: float) -> float:
        """0.006 A (1 + C lg P), in mm/min min^n. Raises OutOfRange outside p_min..p_max."""
        within("return_period_a", p, self.p_min, self.p_max, unit="a", why=f"{self.name} was fitted for these")
        return MM_PER_MIN * self.a * (1.0 + self.c * math.log10(p))

    def intensity(self, t: float, p: float) -> float:
        """Mean intensity over `t` minutes, mm/min. Raises OutOfRange outside of the validity."""
        within("duration_min", t, self.t_min, self.t_max, unit="min", why=f"{self.name} was fitted for these")
        return self.factor(p) / (t + self.b) ** self.n

    @overload
    def depth(self, t: float, p: float) -> float: ...
    @overload
    def depth(self, t: Values, p: float) -> Values: ...
    def depth(self, t: float | Values, p: float) -> float | Values:
        """H(t): rain in the heaviest `t` minutes, mm, also below t_min, for the parts of a storm."""
        return self.factor(p) * t / (t + self.b) ** self.n

    def remarks(self) -> tuple[Remark, ...]:
        """What is told with every figure taken from the formula; nothing where it was verified."""
        if self.basis == "V":
            return ()
        return (
            Remark(
                "rain.formula",
                f"暴雨强度公式“{self.name}”待核实：{self.source}",
                f"The intensity formula “{self.name}” is not confirmed: {self.source}",
                self.basis,
            ),
        )


SHENYANG = (
    Formula("沈阳 1984", 1984.0, 0.77, 9.0, 0.77, source="公开资料，未见正式文件"),
    Formula("沈阳 2018", 1522.58, 0.76, 9.3, 0.67, source="公开表格，标注 2018，未见正式文件"),
)
"""Two that circulate and differ (P = 50 a, 60 min: 63.3 against 73.4 mm); the district says which holds."""
