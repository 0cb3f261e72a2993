"""Registers of places: waterlogging points, shelters, checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from fengsui.apps.people.ledger import JURISDICTION
from fengsui.apps.people.models import PROVENANCE, Post
from fengsui.apps.places import queries
from fengsui.apps.places.models import Area, Place, Shelter, WaterloggingPoint
from fengsui.apps.places.rules import AREA_KINDS, POINT_FORMS
from fengsui.core.ledger import (
    Card,
    Choice,
    Code,
    Column,
    Kind,
    Line,
    Number,
    Position,
    Ref,
    Refs,
    Register,
    Retire,
    Text,
    add,
)
from fengsui.core.policy import roles
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import LEVELS

STAFF = (
    "duty_officer",
    "duty_leader",
    "commander",
    "liaison",
    "street_officer",
    "community_officer",
    "team_leader",
    "depot_keeper",
    "safety_officer",
    "enforcement_officer",
    "auditor",
    "audit_admin",
    "system_admin",
    "security_admin",
)
KEEPERS = ("duty_officer", "duty_leader", "commander", "street_officer")


@dataclass(frozen=True, eq=False)
class Ladder(Kind):
    """Depths of each line, shown; they are changed where the station's readings are judged."""

    name: str = "ladder"

    def show(self, plain: Any) -> str:
        return " ".join(f"{LEVELS.zh(code)} {depth:g}" for code, depth in (plain or {}).items())

    def sheet(self, plain: Any) -> Any:
        return self.show(plain)


CALLED = Refs(model=Post, called="title")


def place(*, part: str = "") -> list[Column]:
    """The columns that every place has; `part` where the register's rows extend a place."""
    at = f"{part}__" if part else ""
    return [
        Column(f"{at}code", _("编号"), Code(), key=True, search=True, aliases=("代码", "点位编号", "id")),
        Column(
            f"{at}name", _("名称"), required=True, search=True, aliases=("单位名称", "场所名称", "点位名称", "点位")
        ),
        Column(f"{at}name_en", _("英文名称"), shown=False),
        Column(
            f"{at}area",
            _("街道（区划）"),
            Ref(model=Area),
            required=True,
            facet=True,
            search=True,
            aliases=("街道", "所属街道", "区划代码", "所在街道"),
        ),
        Column(f"{at}jurisdiction", _("管辖"), JURISDICTION, facet=True, shown=False),
        Column(f"{at}location", _("位置"), Position(), required=True, shown=False),
        Column(f"{at}call_order", _("叫应顺序"), CALLED, shown=False, note=_("先叫的在前；空着按一点一策和街道的顺序")),
    ]


def origin(*, part: str = "") -> list[Column]:
    at = f"{part}__" if part else ""
    return [
        Column(f"{at}provenance", _("数据性质"), Choice(of=PROVENANCE_WORDS), facet=True),
        Column(f"{at}source", _("来源"), shown=False),
    ]


PROVENANCE_WORDS = [
    (code, word, {"document": "document", "derived": "derived", "illustrative": "illustrative"}[code])
    for code, word in PROVENANCE
]


def _new(kind: str) -> Any:
    def fresh(by: Actor) -> Mapping[str, Any]:
        return {"place__kind": kind, "place__provenance": "document"}

    return fresh


def _new_point(by: Actor) -> Mapping[str, Any]:
    """A new point begins with the lines of the others; its station's are set where readings are judged."""
    other = WaterloggingPoint.objects.order_by("pk").first()
    lines = {"ladder_m": other.ladder_m, "ladder_basis": other.ladder_basis} if other else {"ladder_m": {}}
    return {"place__kind": "waterlogging_point", "place__provenance": "document", **lines}


def set_parents(keys: Sequence[Any], by: Actor) -> None:
    """A division lies in the one whose code begins its own: a community (12 digits) in a street (9)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE places_area a SET parent_id = p.code FROM places_area p WHERE a.code = ANY(%s) "
            "AND p.code = left(a.code, CASE length(a.code) WHEN 12 THEN 9 WHEN 9 THEN 6 END) "
            "AND a.parent_id IS DISTINCT FROM p.code",
            [list(keys)],
        )


AREAS = add(
    Register(
        "places",
        "areas",
        _("区域（区划）"),
        Area,
        [
            Column("code", _("区划代码"), Code(), key=True, search=True, aliases=("代码", "编号")),
            Column("name", _("名称"), required=True, search=True, aliases=("街道", "社区", "区域")),
            Column("name_en", _("英文名称"), shown=False),
            Column("kind", _("类别"), Choice(of=AREA_KINDS), required=True, facet=True),
            Column("parent", _("上级"), Ref(model=Area), editable=False, note=_("按代码定")),
            Column("jurisdiction", _("管辖"), JURISDICTION, facet=True, shown=False),
            Column("population", _("人口"), Number(whole=True, least=0), unit=_("人"), aliases=("常住人口",)),
            Column("centre", _("中心"), Position(), shown=False),
            Column("call_order", _("叫应顺序"), CALLED, note=_("先叫的在前")),
            Column("provenance", _("数据性质"), Choice(of=PROVENANCE_WORDS), facet=True),
            Column("note", _("说明"), shown=False),
        ],
        queries.areas_visible_to,
        roles(*STAFF),
        roles("duty_leader", "commander"),
        order="code",
        fresh=lambda by: {"scheme": "GB/T 2260", "provenance": "document"},
        after=set_parents,
        about=_("街道与社区，以及先叫谁、再叫谁"),
    )
)
POINTS = add(
    Register(
        "places",
        "waterlogging-points",
        _("积水点"),
        WaterloggingPoint,
        [
            *place(part="place"),
            Column("form", _("形态"), Choice(of=POINT_FORMS), required=True, facet=True),
            Column("ladder_m", _("分级水深 m"), Ladder(), editable=False, note=_("随区资料文件载入，页面上还不能改")),
            Column("hold_s", _("持续"), Number(whole=True), unit="s", shown=False),
            Column("catchment_ha", _("汇水面积"), Number(least=0), unit="ha", shown=False),
            Column("installed_pump_m3h", _("固定泵"), Number(least=0), unit="m³/h"),
            Column("clearance_m", _("净空"), Number(least=0, most=20), unit="m"),
            Column("closure", _("封控线"), Line(), required=True, shown=False),
            Column("detour", _("绕行"), Text(), shown=False),
            *origin(part="place"),
        ],
        queries.points_visible_to,
        roles(*STAFF),
        roles(*KEEPERS),
        retire=Retire("place__retired_at"),
        order="code",
        fresh=_new_point,
        about=_("一点一策：形态、分级水深、泵与封控"),
        card=Card(("form", "ladder_m", "clearance_m"), queries.answers_for),
    )
)
SHELTERS = add(
    Register(
        "places",
        "shelters",
        _("应急避难场所"),
        Shelter,
        [
            *place(part="place"),
            Column("grade", _("类别"), required=True, facet=True),
            Column("area_m2", _("有效面积"), Number(least=0), required=True, unit="m²"),
            Column("m2_per_person", _("人均面积"), Number(least=0.1, most=50), required=True, unit="m²"),
            Column(
                "open_days",
                _("最长开放"),
                Number(whole=True),
                required=True,
                unit=_("天"),
                aliases=("最长开放天", "开放天数"),
            ),
            Column(
                "capacity",
                _("可容纳人数"),
                Number(whole=True),
                required=True,
                unit=_("人"),
                aliases=("容量", "容纳人数"),
            ),
            *origin(part="place"),
        ],
        queries.shelters_visible_to,
        roles(*STAFF),
        roles(*KEEPERS),
        retire=Retire("place__retired_at"),
        order="code",
        fresh=_new("shelter"),
        about=_("类别、面积、可容纳人数"),
        card=Card(("grade", "capacity", "area_m2", "open_days"), queries.answers_for),
    )
)
CHECKPOINTS = add(
    Register(
        "places",
        "checkpoints",
        _("检查站"),
        Place,
        [*place(), *origin()],
        queries.checkpoints_visible_to,
        roles(*STAFF),
        roles(*KEEPERS),
        retire=Retire("retired_at"),
        order="code",
        fresh=lambda by: {"kind": "checkpoint", "provenance": "document"},
        about=_("森林防火检查站"),
        card=Card(answers=queries.answers_for),
    )
)
