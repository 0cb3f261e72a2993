"""Registers of people: organisations, posts, persons. Who holds which post is handed over on its own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fengsui.apps.people import queries
from fengsui.apps.people.models import PROVENANCE, Organisation, Person, Post
from fengsui.apps.people.rules import ORG_KINDS, ROLES, WHOLE_DISTRICT
from fengsui.core.ledger import Choice, Code, Column, Number, Phone, Ref, Register, Retire, add
from fengsui.core.policy import roles
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused

STAFF = tuple(role for role in ROLES if role != "public")
NATURE = [(code, word, code) for code, word in PROVENANCE]


def jurisdictions() -> list[tuple[str, str, str]]:
    """Code, Chinese and English word of each jurisdiction of the district's files; without a code, all of them."""
    try:
        listed = port("district").jurisdictions
    except PortAbsent:
        listed = ()
    return [
        (WHOLE_DISTRICT.code, WHOLE_DISTRICT.zh, WHOLE_DISTRICT.en),
        *((each.code, each.name, each.name_en) for each in listed),
    ]


JURISDICTION = Choice(of=jurisdictions)


@dataclass(frozen=True, eq=False)
class PostCode(Code):
    """The code of a post, where the row keeps no more than that; people read the post's title, sheets hold the code."""

    titles: Mapping[str, str] | None = None

    def ready(self) -> PostCode:
        return replace(self, titles=dict(Post.objects.values_list("code", "title")))

    def show(self, plain: Any) -> str:
        known = self.titles if self.titles is not None else self.ready().titles
        return str((known or {}).get(plain or "", plain or ""))


def set_paths(keys: Sequence[Any], by: Actor) -> None:
    """Paths follow codes and parents, of the changed rows and of all below them.

    Raises Refused("core.ledger.circle") where parents lead back to where they came from.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE down AS (SELECT id, code::text AS path FROM people_organisation WHERE parent_id IS NULL "
            "UNION ALL SELECT o.id, d.path || '/' || o.code FROM people_organisation o "
            "JOIN down d ON o.parent_id = d.id), "
            "moved AS (UPDATE people_organisation o SET path = d.path FROM down d "
            "WHERE o.id = d.id AND o.path <> d.path) "
            "SELECT (SELECT count(*) FROM people_organisation) - (SELECT count(*) FROM down)"
        )
        if cursor.fetchone()[0]:
            raise Refused("core.ledger.circle")


ORGANISATIONS = add(
    Register(
        "people",
        "organisations",
        pgettext_lazy("register", "单位"),
        Organisation,
        [
            Column("code", _("代码"), Code(), key=True, search=True, aliases=("单位代码", "编号", "统一社会信用代码")),
            Column("name", _("名称"), required=True, search=True, aliases=("单位名称", "单位", "机构名称", "企业名称")),
            Column("kind", _("类别"), Choice(of=ORG_KINDS), required=True, facet=True, aliases=("单位类别",)),
            Column("parent", _("上级"), Ref(model=Organisation), search=True, aliases=("上级单位", "隶属")),
            Column("jurisdiction", _("管辖"), JURISDICTION, facet=True, shown=False),
            Column("area_code", _("区划代码"), Code(), shown=False),
            Column("headcount", _("人数"), Number(whole=True), unit=_("人")),
            Column("provenance", _("数据性质"), Choice(of=NATURE), facet=True),
            Column("source", _("来源"), shown=False),
        ],
        queries.visible_to,
        roles(*STAFF),
        roles("security_admin"),  # jurisdictions and parents decide who may decide
        order="code",
        after=set_paths,
        whole=True,
        fresh=lambda by: {"provenance": "document", "path": ""},
        retire=Retire("retired_at"),
        about=_("两局、部门、街道、社区、队伍、企业与隶属"),
    )
)
POSTS = add(
    Register(
        "people",
        "posts",
        _("岗位"),
        Post,
        [
            Column("code", _("代码"), Code(), key=True, search=True, aliases=("岗位代码", "编号")),
            Column("title", _("岗位"), required=True, search=True, aliases=("岗位名称", "职务")),
            Column("org", _("单位"), Ref(model=Organisation), required=True, search=True, aliases=("所属单位",)),
            Column("role", _("角色"), Choice(of=ROLES), required=True, facet=True),
            Column("area_code", _("区域"), Code()),
            Column("call_order", _("叫应次序"), Number(whole=True, least=1)),
        ],
        queries.posts_visible_to,
        roles(*STAFF),
        roles("security_admin"),
        title="title",
        order="code",
        origin="org__provenance",
        retire=Retire("retired_at"),
        about=_("岗位、角色、叫应次序"),
    )
)
PEOPLE = add(
    Register(
        "people",
        "people",
        _("人员"),
        Person,
        [
            Column("name", _("姓名"), key=True, required=True, search=True, aliases=("名字", "人员")),
            Column("org", _("单位"), Ref(model=Organisation), key=True, search=True, aliases=("所属单位", "工作单位")),
            Column(
                "staff_no",
                _("工号"),
                Code(),
                telling=True,
                search=True,
                note=_("同一单位有同名的人时用来区分"),
                aliases=("员工编号", "警号"),
            ),
            Column("phone", _("电话"), Phone(), aliases=("手机", "联系电话", "手机号", "手机号码")),
            Column("email", _("邮箱"), shown=False),
            Column("provenance", _("数据性质"), Choice(of=NATURE), facet=True),
        ],
        queries.persons_visible_to,
        roles(*STAFF),
        roles("duty_officer", "duty_leader", "security_admin"),
        order="name",
        retire=Retire("retired_at"),
        end=roles("security_admin"),
        fresh=lambda by: {"provenance": "document"},
        about=_("姓名、单位、电话（遮盖）"),
    )
)
