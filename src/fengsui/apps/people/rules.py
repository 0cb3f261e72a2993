"""Roles, kinds of organisation, and the arithmetic of lock-out and scopes."""

from __future__ import annotations

from datetime import datetime, timedelta

from fengsui.kernel.errors import Refused
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
DISTRICT_ROLES = frozenset({"duty_officer", "duty_leader", "commander", "auditor", "audit_admin"})
"""Roles that see the whole district; the others see their organisation and what lies below it."""


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
