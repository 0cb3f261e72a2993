"""The list of incidents: what stands in it, how it narrows, what an address of before meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fengsui.apps.incidents import actions, queries, rules
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.policy import DUTY, LEADERS, may_view
from fengsui.apps.places.ledger import PROVENANCE_WORDS
from fengsui.apps.places.models import Area
from fengsui.core.ledger import Code, Number, Ref
from fengsui.core.ledger.filters import of_states
from fengsui.core.ledger.listed import Given
from fengsui.core.ledger.shown import At, Due, Grade, LevelOf, Shown, Word, ranked
from fengsui.core.ledger.worklist import Deed, Worklist, add
from fengsui.core.models import Clock
from fengsui.core.policy import roles
from fengsui.kernel.clock import MACHINE as CLOCKS
from fengsui.kernel.levels import LEVELS

FIRST_DUE = Subquery(
    Clock.objects.all_worlds("of a row that is in its world")
    .filter(about_type="incidents.incident", about_id=Cast(OuterRef("pk"), CharField()), state__in=CLOCKS.open_states)
    .order_by("due_at")
    .values("due_at")[:1]
)


def _present(rows: Sequence[Any]) -> Sequence[Any]:
    """With the clock of each that is due first: one query."""
    first: dict[str, Clock] = {}
    if rows:
        for clock in queries.open_clocks([str(each.pk) for each in rows], rows[0].world_id):
            first.setdefault(clock.about_id, clock)
    for each in rows:
        each.first_due = first.get(str(each.pk))
    return rows


def _room(row: Any) -> str:
    key: UUID = row.pk
    return rules.page(key)


INCIDENTS = add(
    Worklist(
        app="incidents",
        code="incidents",
        name=_("事件"),
        model=Incident,
        columns=[
            Shown("level", _("现地等级"), LevelOf(of=LEVELS), facet=True, by=ranked("level", LEVELS)),
            Shown("title", pgettext_lazy("column", "事件"), search=True),
            Shown("number", _("编号"), Code(), search=True),
            Shown("status", _("状态"), Word(of=rules.STATES), by=ranked("status", rules.STATES)),
            Shown("grade", _("初判"), Grade(of=rules.GRADES), facet=True, by=ranked("grade", rules.GRADES)),
            Shown("due", _("最急时限"), Due(), of=lambda row: row.first_due, by=FIRST_DUE),
            Shown("area", _("区域"), Ref(model=Area), facet=True, of=lambda row: row.area.name),
            Shown("address", _("地点"), search=True),
            Shown("known_at", _("接报"), At()),
            Shown("type_name", _("类型"), facet=True, shown=False),
            Shown("source", _("信息来源"), Word(of=rules.SOURCES), facet=True, shown=False),
            *(
                Shown(path, label, Number(whole=True), unit=_("人"), shown=False)
                for path, label in (
                    ("trapped", _("被困")), ("injured", _("受伤")), ("missing", _("失踪")), ("deaths", _("死亡")),
                )
            ),
            Shown("opened_at", _("立案"), At(), shown=False),
            Shown("ended_at", _("响应终止"), At(), shown=False),
            Shown("closed_at", _("归档"), At(), shown=False),
            Shown("reason", _("理由"), shown=False),
            Shown("provenance", _("数据性质"), Word(of=PROVENANCE_WORDS), shown=False),
        ],
        visible_to=queries.visible_to,
        view=may_view,
        share=roles(*LEADERS),
        title="title",
        order="-known_at",
        filters=[of_states(_("状态"), rules.STATES, rules.MACHINE.final)],
        page="incidents:incident-list",
        link=_room,
        views=(Given(_("未结"), "f.state=open"), Given(_("全部"), "f.state=any")),
        topics="incidents core.clocks",
        deeds=(
            Deed(
                code="dismiss",
                label=pgettext_lazy("deed", "误报"),
                do=lambda key, by, now, why: actions.dismiss(incident_id=key, by=by, now=now, reason=why),
                may=lambda by: by.has_role(*DUTY),
                reason=True,
            ),
        ),
        present=_present,
        before={
            "state": ("f.state", {"all": "any", **{code: code for code in rules.STATES}}),
            "level": ("f.level", None),
            "area": ("f.area", None),
        },
        nothing=(
            _("没有符合条件的事件"),
            _("橙色及以上预警发布后自动立案；其余由值班员从预警公告一键立案，或接报立案"),
        ),
    )
)  # fmt: skip
