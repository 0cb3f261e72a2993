"""What the compiled checks can say of a reading: the flags of `quality`, and marks that only remark.

A flag of `quality` keeps a reading from moving the ladder. A mark does not: a real flood's first readings are as far
from their past as a spike is, so whoever deleted them would delete the flood. Marks share the flags' small integer.
"""

from __future__ import annotations

from fengsui.kernel.terms import Term, Terms
from fengsui.science.series import quality

SPIKE = 512
AWAY = 1024
SHIFT = 2048
DRIFT = 4096
ALONE = 8192
BORNE = 16_384

CODES = quality.CODES | {
    "spike": SPIKE, "away": AWAY, "shift": SHIFT, "drift": DRIFT, "alone": ALONE, "borne": BORNE,
}  # fmt: skip

REMARKS = SPIKE | AWAY | SHIFT | DRIFT | ALONE | BORNE

MARKS = Terms(
    "series_marks",
    Term("spike", "孤立突跳", "spike"),
    Term("away", "偏离近况", "away from its recent course"),
    Term("shift", "水平改变", "level has shifted"),
    Term("drift", "相对邻站漂移", "drifts from its neighbours"),
    Term("alone", "邻站未见", "no neighbour sees it"),
    Term("borne", "已获印证", "borne out"),
)


def names(bits: int) -> list[str]:
    """Codes of the flags and marks set; ['ok'] where none is."""
    return [code for code, bit in CODES.items() if bits & bit] or ["ok"]
