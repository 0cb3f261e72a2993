"""Registers of resources: rescue teams, depots."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fengsui.apps.people.ledger import JURISDICTION
from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.people.queries import answers_at
from fengsui.apps.places.ledger import KEEPERS, PROVENANCE_WORDS, STAFF, origin, place
from fengsui.apps.resources import queries
from fengsui.apps.resources.models import Depot, StockItem, Team
from fengsui.apps.resources.rules import READINESS, SKILLS, TEAM_KINDS, TEAM_LEVELS
from fengsui.core.ledger import Card, Choice, Code, Column, Number, Position, Ref, Register, Retire, Words, add
from fengsui.core.policy import roles

TEAMS = add(
    Register(
        "resources",
        "teams",
        _("救援队伍"),
        Team,
        [
            Column("code", _("编号"), Code(), key=True, search=True, aliases=("队伍编号",)),
            Column("name", _("名称"), required=True, search=True, aliases=("队伍名称", "队名")),
            Column("level", _("层级"), Choice(of=TEAM_LEVELS), required=True, facet=True),
            Column("kind", _("类型"), Choice(of=TEAM_KINDS), required=True, facet=True),
            Column("org", _("所属单位"), Ref(model=Organisation), required=True, search=True, shown=False),
            Column("leader_post", _("队长岗位"), Ref(model=Post, called="title"), required=True, shown=False),
            Column(
                "people", _("人数"), Number(whole=True), required=True, unit=_("人"), aliases=("队员数", "队伍人数")
            ),
            Column("assembly_min", _("集结时间"), Number(whole=True), required=True, unit="min", aliases=("集结分钟",)),
            Column("skills", _("技能"), Words(of=SKILLS), shown=False),
            Column("pump_m3h", _("移动泵能力"), Number(least=0), unit="m³/h"),
            Column("readiness", _("在位状态"), Choice(of=READINESS), facet=True),
            Column("area_code", _("驻地区划"), Code(), shown=False),
            Column("jurisdiction", _("管辖"), JURISDICTION, facet=True, shown=False),
            Column("base", _("驻地"), Position(), required=True, shown=False),
            Column("provenance", _("数据性质"), Choice(of=PROVENANCE_WORDS), facet=True),
        ],
        queries.teams_visible_to,
        roles(*STAFF),
        roles(*KEEPERS, "team_leader"),
        retire=Retire("retired_at"),
        order="code",
        fresh=lambda by: {"provenance": "document"},
        about=_("人数、技能、泵、集结时间、在位状态"),
        card=Card(("kind", "people", "assembly_min", "pump_m3h", "skills"), answers_at(Team, "leader_post__code")),
    )
)
DEPOTS = add(
    Register(
        "resources",
        "depots",
        _("物资储备库"),
        Depot,
        [
            *place(part="place"),
            Column("keeper_post", _("保管岗位"), Ref(model=Post, called="title")),
            Column("floor_m2", _("建筑面积"), Number(least=0), required=True, unit="m²"),
            *origin(part="place"),
        ],
        queries.depots_visible_to,
        roles(*STAFF),
        roles(*KEEPERS, "depot_keeper"),
        retire=Retire("place__retired_at"),
        order="code",
        fresh=lambda by: {"place__kind": "depot", "place__provenance": "document"},
        about=_("面积、保管岗位、位置"),
        card=Card(("floor_m2",), answers_at(Depot, "keeper_post__code")),
    )
)
STOCK = add(
    Register(
        "resources",
        "stock",
        _("储备物资"),
        StockItem,
        [
            Column(
                "depot",
                _("物资库"),
                Ref(model=Depot, by="place__code", called="place__name"),
                key=True,
                facet=True,
                search=True,
                aliases=("库", "所在库", "储备库"),
            ),
            Column("item", _("物资代码"), Code(), key=True, search=True, aliases=("代码", "编号")),
            Column("name", _("名称"), required=True, search=True, aliases=("物资名称", "品名")),
            Column("category", _("类别"), facet=True, aliases=("物资类别",)),
            Column("count", _("数量"), Number(whole=True, least=0), required=True, aliases=("库存", "件数", "实有数")),
            Column("unit", _("计量单位"), required=True, aliases=("单位",)),
        ],
        queries.stock_visible_to,
        roles(*STAFF),
        roles(*KEEPERS, "depot_keeper"),
        order="item",
        origin="depot__place__provenance",
        about=_("哪个库有什么、有多少"),
    )
)
