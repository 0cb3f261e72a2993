"""The first page of each role: what it is there for, what it begins with, and the panels that say what to do now.

Who runs the district's duty has the desk. Everybody else has his own words, his own shortcuts and his own panels: a
page that answers "what do I do now", not a duty officer's page with holes. A panel asks a fixed number of questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as mark

from fengsui.apps.desk import panels, watch
from fengsui.apps.desk.domains import ON_DUTY
from fengsui.apps.desk.panels import Panel
from fengsui.apps.people.rules import ROLES
from fengsui.kernel.actor import Actor

Make = Callable[[Actor, datetime], Panel]


@dataclass(frozen=True, slots=True)
class First:
    """One role's first page. `starts`: codes of offers, the doers' first actions, in their order."""

    lead: Any = ""
    starts: tuple[str, ...] = ()
    panels: Mapping[str, Make] = field(default_factory=dict)


FIRSTS: dict[str, First] = {
    "duty_officer": First(starts=("incident", "warning", "handover", "reach")),
    "duty_leader": First(starts=("incident", "warning", "handover", "exercise")),
    "commander": First(starts=("incident", "exercise", "reach")),
    "liaison": First(
        mark("本部门要办的：接令、封控、回报；别人催的也在这里"),
        ("reach", "findings"),
        {
            "tasks": panels.tasks,
            "closures": panels.closures,
            "incidents": panels.incidents,
            "findings": panels.findings,
        },
    ),
    "enforcement_officer": First(
        mark("轮到我的、要我整改的、区内正在发生的"),
        ("findings", "reach"),
        {"findings": panels.findings, "bulletins": panels.bulletins, "incidents": panels.incidents},
    ),
    "street_officer": First(
        mark("本街道要叫应的、要办的、正在发生的"),
        ("shelters", "points", "reach"),
        {
            "bulletins": panels.bulletins,
            "spots": panels.spots,
            "incidents": panels.incidents,
            "shelters": panels.shelters,
        },
    ),
    "community_officer": First(
        mark("要应答的、要入户的、本社区的避难场所"),
        ("shelters", "points"),
        {
            "bulletins": panels.bulletins,
            "spots": panels.spots,
            "incidents": panels.incidents,
            "shelters": panels.shelters,
        },
    ),
    "team_leader": First(
        mark("下给本队的令、本队的人和装备"),
        ("team", "reach"),
        {
            "team": panels.team,
            "closures": panels.closures,
            "spots": panels.spots,
            "bulletins": panels.bulletins,
        },
    ),
    "depot_keeper": First(
        mark("要出库的、不够的、好久没有核对的"),
        ("stock", "stock_import"),
        {"stock": panels.stock, "bulletins": panels.bulletins},
    ),
    "safety_officer": First(
        mark("本单位欠着什么、几时到期；正在生效的预警"),
        ("own_people", "findings"),
        {
            "owed": panels.owed,
            "findings": panels.findings,
            "bulletins": panels.bulletins,
            "spots": panels.spots,
        },
    ),
    "auditor": First(
        mark("链条是否完整、哪些环没有按时合上"),
        ("audit", "indicators", "late", "findings"),
        {
            "chain": watch.chain,
            "late": watch.late,
            "recorded": watch.recorded,
            "rights": watch.rights,
            "findings": panels.findings,
        },
    ),
    "system_admin": First(
        mark("部件是否都在、作业是否办成、数据是否在来"),
        ("proofs", "jobs", "stations", "outlets"),
        {"parts": watch.parts, "jobs": watch.jobs, "silent": watch.silent},
    ),
    "security_admin": First(
        mark("等批准的任职、被锁的账号、正在使用的会话"),
        ("account", "approve", "tokens"),
        {"asked": watch.asked, "accounts": watch.accounts, "sessions": watch.sessions},
    ),
    "audit_admin": First(
        mark("链条是否完整、谁动了权限、谁登录失败"),
        ("audit", "late", "tokens"),
        {"chain": watch.chain, "rights": watch.rights, "late": watch.late, "recorded": watch.recorded},
    ),
    "public": First(mark("现在对公众生效的预警"), (), {"bulletins": panels.public_bulletins}),
}


def role_of(by: Actor) -> str:
    """Whose first page it is: who is on duty is that first, then in the order of the roles."""
    held = [role for role in ROLES if role in by.roles]
    return next((role for role in held if role in ON_DUTY), held[0] if held else "public")
