"""The register of outlets: the ways out of the house. Addresses and secrets are not here: they stay with the district's
files and the environment."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fengsui.apps.alerts.models import Outlet
from fengsui.apps.places.ledger import PROVENANCE_WORDS, STAFF
from fengsui.catalog.channels import channels
from fengsui.core.ledger import Choice, Code, Column, Number, Register, Retire, Words, add
from fengsui.core.policy import roles
from fengsui.kernel.levels import LEVELS, Level

CHANNELS = Choice(of=[(code, each.term.zh, each.term.en) for code, each in channels().items()])
FROM = Choice(of=[(int(Level.of(code)), term.zh, term.en) for code, term in LEVELS.items()])

OUTLETS = add(
    Register(
        "alerts",
        "outlets",
        pgettext_lazy("register", "渠道"),
        Outlet,
        [
            Column("code", _("代码"), Code(), key=True, search=True, aliases=("渠道代码", "编号")),
            Column("name", _("名称"), required=True, search=True, aliases=("渠道名称", "渠道")),
            Column("channel", _("种类"), CHANNELS, required=True, facet=True, aliases=("渠道种类",)),
            Column("audience", _("对象"), search=True, aliases=("受众", "发布对象")),
            Column("areas", _("覆盖区域"), Words(), shown=False, note=_("区划代码，空为全区")),
            Column("min_level", _("起发级别"), FROM, required=True),
            Column("people", _("覆盖人数"), Number(whole=True), unit=_("人")),
            Column("provenance", _("数据性质"), Choice(of=PROVENANCE_WORDS), facet=True),
        ],
        lambda by: Outlet.objects.all(),
        roles(*STAFF),
        roles("duty_leader", "system_admin"),
        retire=Retire("is_active", flag=True),
        about=_("发到哪里、给谁、从哪一级起"),
    )
)
