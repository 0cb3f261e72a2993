"""Roles, kinds of organisation, who may hold what beside what, and the arithmetic of lock-out and sessions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

ROLES = Terms(
    "roles",
    Term("duty_officer", "值班员", "duty officer"),
    Term("duty_leader", "带班领导", "duty leader"),
    Term("commander", "指挥长", "commander"),
    Term("liaison", "部门联络员", "department liaison"),
    Term("street_officer", "街道值守", "street officer"),
    Term("community_officer", "社区网格员", "community officer"),
    Term("team_leader", "队长", "team leader"),
    Term("depot_keeper", "保管员", "depot keeper"),
    Term("safety_officer", "企业安全员", "safety officer"),
    Term("enforcement_officer", "执法员", "enforcement officer"),
    Term("auditor", "审计员", "auditor"),
    Term("system_admin", "系统管理员", "system administrator", "GB/T 22239-2019 8.1.5", "G"),
    Term("security_admin", "安全管理员", "security administrator", "GB/T 22239-2019 8.1.5", "G"),
    Term("audit_admin", "审计管理员", "audit administrator", "GB/T 22239-2019 8.1.5", "G"),
    Term("public", "公众", "public"),
)
ORG_KINDS = Terms(
    "org_kinds",
    Term("government", "政府", "government"),
    Term("headquarters", "指挥机构", "headquarters", "区十四五应急体系规划", "V"),
    Term("bureau", "应急局", "emergency bureau", "区十四五应急体系规划", "V"),
    Term("department", "部门", "department"),
    Term("brigade", "消防救援大队", "fire and rescue brigade", "区十四五应急体系规划", "V"),
    Term("subdistrict", "街道（镇）", "subdistrict"),
    Term("community", "社区（村）", "community"),
    Term("team", "救援队伍", "rescue team"),
    Term("company", "企业", "enterprise"),
)
WHOLE_DISTRICT = Term("", "全区", "whole district")
"""Stands for a jurisdiction where none is named."""
DISTRICT_ROLES = frozenset({"duty_officer", "duty_leader", "commander", "auditor", "audit_admin"})
"""Roles that see the whole district; the others see their organisation and what lies below it."""

HANDS = {"system_admin": "system", "security_admin": "security", "audit_admin": "audit", "auditor": "audit"}
"""三员分立: each of these roles belongs to one hand; GB/T 22239-2019 8.1.5, basis G. Who holds a post of one hand holds
none of another, and none that acts in an emergency."""
ADMINS = frozenset({"system_admin", "security_admin", "audit_admin"})
NEUTRAL = frozenset({"public"})
ON_DUTY = frozenset({"duty_officer", "duty_leader"})
"""Posts that are never without a holder."""
ASSIGNMENT_STATES = Terms(
    "assignment_states",
    Term("asked", "待批准", "waits for approval"),
    Term("approved", "已批准", "approved"),
    Term("refused", "已驳回", "turned down"),
    Term("withdrawn", "已撤回", "withdrawn"),
)
ASSIGNMENT = Machine(
    "assignment",
    initial="asked",
    states=ASSIGNMENT_STATES,
    final=frozenset({"approved", "refused", "withdrawn"}),
    moves={"asked": {"approve": "approved", "refuse": "refused", "withdraw": "withdrawn"}},
)
APPROVE = ClockKind(
    "people.approve",
    Term("people.approve", "批准任职", "approve an assignment"),
    default="不自动任职；继续催办",
    proof="批准或驳回记录",
)
HANDOVER_STATES = Terms(
    "handover_states",
    Term("offered", "待接班", "waits to be taken over"),
    Term("taken", "已接班", "taken over"),
    Term("withdrawn", "已撤回", "withdrawn"),
)
HANDOVER_MACHINE = Machine(
    "handover",
    initial="offered",
    states=HANDOVER_STATES,
    final=frozenset({"taken", "withdrawn"}),
    moves={"offered": {"take": "taken", "withdraw": "withdrawn"}},
)
HANDOVER = ClockKind(
    "people.handover",
    Term("people.handover", "接班", "take over the shift"),
    default="原班继续负责",
    proof="接班记录",
)
TOKEN_DAYS = (1, 7, 30, 90, 365)
"""For how long a token may be made; local [U]."""
TOKENS_MOST = 10
"""Tokens in use that one account may have; local [U]."""
LATE = timedelta(minutes=1)
"""A press is never exactly now: so much may lie between the time chosen and the time it arrives."""


def check_separate(roles: Iterable[str]) -> None:
    """May one person hold these roles at the same time? Raises Refused("people.assign.not_separate")."""
    held = set(roles) - NEUTRAL
    hands = {HANDS[role] for role in held if role in HANDS}
    if len(hands) > 1 or (hands and held - set(HANDS)):
        raise Refused("people.assign.not_separate")


def check_not_own(mine: UUID | None, theirs: UUID) -> None:
    """Nobody administers his own account or post. Raises Refused("people.account.own")."""
    if mine == theirs:
        raise Refused("people.account.own")


def check_second(by: UUID | None, asked_by: UUID, theirs: UUID) -> None:
    """A second administrator decides. Raises Refused("people.approve.same_person" | "people.account.own")."""
    if by == asked_by:
        raise Refused("people.approve.same_person")
    check_not_own(by, theirs)


def check_times(since: datetime, until: datetime | None, now: datetime) -> None:
    """A post is taken now or later. Raises Refused("people.assign.in_arrears" | "people.assign.ends_before")."""
    if since < now - LATE:
        raise Refused("people.assign.in_arrears")
    if until is not None and until <= since:
        raise Refused("people.assign.ends_before")


def overlap(since: datetime, until: datetime | None, other_since: datetime, other_until: datetime | None) -> bool:
    """Half-open spans; None has no end."""
    return (until is None or other_since < until) and (other_until is None or since < other_until)


def session_over(began_at: datetime, seen_at: datetime, now: datetime, *, idle_s: float, absolute_s: float) -> bool:
    """A session ends when nobody used it for `idle_s` seconds, and in any case `absolute_s` after the login."""
    return now - seen_at > timedelta(seconds=idle_s) or now - began_at > timedelta(seconds=absolute_s)


def password_due(changed_at: datetime | None, now: datetime, days: int, roles: Collection[str]) -> bool:
    """Whether a privileged password is older than it may become; 0 days: never. Unknown age counts as due."""
    if not roles or not days:
        return False
    return changed_at is None or now - changed_at > timedelta(days=days)


def answers_for(by: Actor, jurisdiction: str, *roles: str) -> bool:
    """May he decide there in one of these roles? Everybody in his own jurisdiction, the commander in all of them.

    Both bureaux see the whole district; what lies in the other's is decided by the other. '' is the whole district's.
    """
    return any(
        grant.role in roles
        and (grant.role == "commander" or not jurisdiction or grant.jurisdiction in ("", jurisdiction))
        for grant in by.grants
    )


def ancestors(area: str) -> tuple[str, ...]:
    """Codes of the areas in which an area lies, itself left out: district 6 digits, street 9, community 12."""
    return tuple(area[:length] for length in (6, 9) if length < len(area))


def lies_in(area: str, own: str) -> bool:
    """Whether a row's area concerns a post's: inside it, or around it. A post without an area is concerned by none."""
    return bool(own) and (area.startswith(own) or area in ancestors(own))


def check_token(name: str, scopes: Collection[str], days: int, known: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Name and purposes of a token as they are kept. Raises Invalid("people.token.name" | "…scopes" | "…days")."""
    if not 1 <= len(name.strip()) <= 60:
        raise Invalid("people.token.name", field="name")
    wanted = tuple(sorted(set(scopes)))
    if not wanted or not set(wanted) <= set(known):
        raise Invalid("people.token.scopes", field="scopes")
    if days not in TOKEN_DAYS:
        raise Invalid("people.token.days", field="days")
    return name.strip(), wanted


def check_not_locked(locked_until: datetime | None, now: datetime) -> None:
    """Raises Refused("people.login.locked", minutes=…)."""
    if locked_until and now < locked_until:
        raise Refused("people.login.locked", minutes=max(1, round((locked_until - now).total_seconds() / 60)))


def lock_until(failures: int, now: datetime, after: int, seconds: int) -> datetime | None:
    """When an account opens again after so many failed logins in a row; None while it stays open."""
    return now + timedelta(seconds=seconds) if failures >= after else None


def mask_phone(phone: str) -> str:
    """138****0000"""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


_BROWSERS = (
    ("MicroMessenger/", "微信"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser(agent: str) -> str:
    """`Chrome 156，Linux` of a browser's long name for itself (RFC 9110, 10.1.5); what is not known stays as it is.

    The order decides: each of these also names those after it.
    """
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    for mark, name in _BROWSERS:
        found = re.search(re.escape(mark) + r"[A-Za-z]*/?(\d+)", agent)
        if found and system:
            return f"{name} {found[1]}，{system}"
    return agent
