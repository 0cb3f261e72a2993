"""Kinds of places."""

from __future__ import annotations

from fengsui.kernel.terms import Term, Terms

PLACE_KINDS = Terms(
    "place_kinds",
    Term("waterlogging_point", "积水点", "waterlogging point", "区十四五应急体系规划", "V"),
    Term("shelter", "应急避难场所", "emergency shelter", "GB 51143-2015", "V"),
    Term("checkpoint", "森林防火检查站", "forest fire checkpoint", "区十四五应急体系规划", "V"),
    Term("depot", "应急物资储备库", "emergency supply depot", "建标 121-2009", "V"),
    Term("monitoring_site", "监测点", "monitoring site"),
)
AREA_KINDS = Terms(
    "area_kinds",
    Term("district", "区", "district", "GB/T 2260", "G"),
    Term("subdistrict", "街道（镇）", "subdistrict", "GB/T 10114", "G"),
    Term("development_zone", "开发区", "development zone"),
    Term("community", "社区（村）", "community"),
)
POINT_FORMS = Terms(
    "point_forms",
    Term("underpass", "下穿道路", "underpass"),
    Term("road", "低洼路段", "low road"),
    Term("culvert", "桥涵", "culvert"),
)
