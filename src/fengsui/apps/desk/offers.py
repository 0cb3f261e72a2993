"""What this person may do now, in words that say it, and where each leads: for the search and the first pages.

Two kinds: what waits for him (each open clock of his, each thing only he can do), and what his posts let him begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as mark

from fengsui.apps.desk import queries
from fengsui.core import policy
from fengsui.core.ledger.register import seen_by
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Start:
    """Something that can be begun by whoever may do `verb`; `live` only in the live world."""

    code: str
    label: Any
    verb: str
    name: str
    live: bool = False
    key: str = ""
    args: tuple[str, ...] = ()
    query: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing to do: its words, why it is offered, where it leads."""

    label: str
    note: str
    url: str
    key: str = ""


STARTS = (
    Start("incident", mark("新建事件"), "incidents.open", "incidents:incident-new", key="n"),
    Start("warning", mark("拟一份预警"), "alerts.draft", "alerts:warning-new"),
    Start("handover", mark("交班"), "people.hand_over", "desk:handover-list"),
    Start("exercise", mark("策划演练"), "drills.plan", "drills:exercise-new", live=True),
    Start("approve", mark("批准任职、接手岗位"), "people.assign", "people:post-list", live=True),
    Start("account", mark("开账号、解锁、停用"), "people.account", "people:account-list", live=True),
    Start("jobs", mark("处理未成的作业"), "core.jobs", "desk:job-list"),
    Start("audit", mark("查审计"), "core.audit", "desk:audit-search"),
    Start("reach", mark("看队伍几分钟能到"), "command.view", "command:reach-show"),
    Start("findings", mark("看要整改的"), "reviews.see_findings", "reviews:finding-list"),
    Start("indicators", mark("看各环节用时"), "reviews.measure", "reviews:indicator-list"),
    Start("late", mark("看超时未办的"), "", "desk:clock-list", query="?f.late=1&f.scope=any"),
    Start("shelters", mark("查避难场所"), "places.shelters.view", "ledger:register-show", args=("shelters",)),
    Start("points", mark("查积水点"), "places.waterlogging-points.view", "ledger:register-show",
          args=("waterlogging-points",)),
    Start("team", mark("改本队在位状态"), "resources.teams.edit", "ledger:register-show", args=("teams",)),
    Start("stock", mark("核对库存"), "resources.stock.edit", "ledger:register-show", key="n", args=("stock",)),
    Start("stock_import", mark("导入库存表"), "resources.stock.import", "ledger:import-new", args=("stock",)),
    Start("own_people", mark("查本单位的人"), "people.see", "people:person-list"),
    Start("proofs", mark("看部件和联系人还在不在"), "core.proofs", "desk:proof-list"),
    Start("stations", mark("查测站"), "sensing.stations.view", "sensing:station-list"),
    Start("outlets", mark("查发布渠道"), "alerts.outlets.view", "ledger:register-show", args=("outlets",)),
    Start("tokens", mark("查程序令牌"), "people.see_accounts", "people:token-all"),
    Start("password", mark("改密码、第二因素"), "", "people:me"),
)  # fmt: skip


def starts(by: Actor, *codes: str) -> list[Offer]:
    """What his posts let him begin, in the order of `codes` where they are given."""
    known = {each.code: each for each in STARTS}
    chosen = [known[code] for code in codes] if codes else STARTS
    return [
        Offer(str(each.label), "", reverse(each.name, args=each.args) + each.query, each.key)
        for each in chosen
        if (not each.verb or policy.can(by, each.verb)) and (not each.live or by.world == LIVE)
    ]


def rows(by: Actor) -> list[Offer]:
    """New rows and sheets of the registers that he keeps."""
    found = []
    for register in seen_by(by):
        if by.world != LIVE and not register.in_world:
            continue
        if policy.can(by, f"{register.verb}.edit"):
            label = _("新增：%(register)s") % {"register": register.name}
            found.append(Offer(label, "", reverse("ledger:row-new", args=[register.code])))
        if policy.can(by, f"{register.verb}.import"):
            label = _("导入：%(register)s") % {"register": register.name}
            found.append(Offer(label, "", reverse("ledger:import-new", args=[register.code])))
    return found


def waiting(by: Actor) -> list[Offer]:
    """What waits for him: his open clocks, then what nobody but he and his peers can do."""
    found = [Offer(f"{row.verb}　{row.label}", row.owner_text, row.page) for row in queries.my_open(by)]
    return found + [Offer(f"{each.verb}　{each.label}", "", each.url) for each in queries.waiting(by)]
