"""The register of plans, read only: a plan is changed as a program, version by version."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fengsui.apps.places.ledger import PROVENANCE_WORDS, STAFF
from fengsui.apps.plans import queries
from fengsui.apps.plans.models import PlanVersion
from fengsui.catalog.hazards import hazards
from fengsui.core.ledger import Choice, Code, Column, Moment, Register, Retire, YesNo, add
from fengsui.core.policy import roles

PLANS = add(
    Register(
        "plans",
        "plans",
        _("应急预案"),
        PlanVersion,
        [
            Column("code", _("预案代码"), Code(), key=True, search=True),
            Column("version", _("版本"), key=True),
            Column("name", _("名称"), search=True),
            Column(
                "hazard",
                _("灾种"),
                Choice(of=[(code, each.term.zh, each.term.en) for code, each in hazards().items()]),
                facet=True,
            ),
            Column("in_force", _("现行"), YesNo(), facet=True),
            Column("loaded_at", _("载入"), Moment(), editable=False),
            Column("provenance", _("数据性质"), Choice(of=PROVENANCE_WORDS)),
            Column("source", _("来源"), shown=False),
        ],
        queries.visible_to,
        roles(*STAFF),
        retire=Retire("in_force", flag=True),
        end=roles("duty_leader", "commander"),
        about=_("版本与现行；只看，不在这里改"),
    )
)
