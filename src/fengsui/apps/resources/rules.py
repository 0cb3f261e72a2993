from __future__ import annotations

from collections.abc import Iterable, Mapping

from fengsui.kernel.terms import Term, Terms

TEAM_LEVELS = Terms(
    "team_levels",
    Term("district", "区级", "district", "区十四五应急体系规划", "V"),
    Term("street", "街道级", "street", "区十四五应急体系规划", "V"),
    Term("social", "社会力量", "social", "区十四五应急体系规划", "V"),
)
READINESS = Terms(
    "readiness",
    Term("ready", "待命", "ready"),
    Term("out", "出动", "out"),
    Term("resting", "休整", "resting"),
    Term("unavailable", "不可用", "unavailable"),
)


def pump_capacity_m3h(equipment: Iterable[Mapping[str, object]]) -> float:
    """Sum of size times count over the pumps of a team, m³/h."""
    total = 0.0
    for each in equipment:
        if each["kind"] == "pump":
            total += float(str(each["size"] or 0)) * int(str(each["count"]))
    return total
