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
TEAM_KINDS = Terms(
    "team_kinds",
    Term("flood", "防汛排涝", "flood control and drainage"),
    Term("drought", "抗旱供水", "drought relief and water supply"),
    Term("fire_rescue", "消防救援", "fire and rescue"),
    Term("construction", "建筑工程抢险", "building and structural rescue"),
    Term("communications", "通信保障", "communications support"),
    Term("power", "电力保障", "power support"),
    Term("road", "道路抢通", "road clearance"),
    Term("hazmat", "危化品处置", "hazardous materials"),
    Term("militia", "民兵应急", "militia emergency"),
    Term("street", "街道综合应急", "street emergency"),
    Term("social", "社会应急力量", "social rescue force"),
)
SKILLS = Terms(
    "skills",
    Term("drainage", "排水", "drainage"),
    Term("rescue", "救援", "rescue"),
    Term("evacuation", "转移", "evacuation"),
    Term("barrier", "封控", "closures"),
    Term("power", "供电", "power supply"),
    Term("communications", "通信", "communications"),
    Term("shoring", "支护", "shoring"),
    Term("debris", "清障", "debris removal"),
    Term("road", "抢通", "road clearance"),
    Term("water_supply", "供水", "water supply"),
    Term("hazmat", "危化处置", "hazardous materials"),
    Term("sandbag", "沙袋堆筑", "sandbagging"),
    Term("boat", "舟艇", "boats"),
    Term("patrol", "巡查", "patrol"),
)


def pump_capacity_m3h(equipment: Iterable[Mapping[str, object]]) -> float:
    """Sum of size times count over the pumps of a team, m³/h."""
    total = 0.0
    for each in equipment:
        if each["kind"] == "pump":
            total += float(str(each["size"] or 0)) * int(str(each["count"]))
    return total
