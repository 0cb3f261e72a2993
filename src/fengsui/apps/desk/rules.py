"""What the desk decides by itself: which clocks are decisions, who works from a phone, in which order clocks stand."""

from __future__ import annotations

from fengsui.kernel.terms import Term, Terms

DECISIONS = frozenset(
    {"alerts.confirm", "alerts.issue", "alerts.reassess", "alerts.lift", "incidents.verify", "command.activate"}
)
"""Kinds where a person decides something; the earliest of mine is the one next act."""

NEW_TO_ME = frozenset({"alerts.acknowledge", "command.accept"})
"""Kinds that begin by somebody waiting for my answer: they call at once, not only when little time is left."""

PHONE_ROLES = frozenset({"street_officer", "community_officer", "team_leader", "depot_keeper", "safety_officer"})
"""Roles in the field: their first screen is the phone page, unless they hold a post of the house as well."""

HOUSE_ROLES = frozenset(
    {
        "duty_officer",
        "duty_leader",
        "commander",
        "liaison",
        "auditor",
        "system_admin",
        "security_admin",
        "audit_admin",
        "enforcement_officer",
    }
)


def works_by_phone(roles: frozenset[str]) -> bool:
    return bool(roles & PHONE_ROLES) and not roles & HOUSE_ROLES


PRINT_STATES = Terms(
    "map_print_states",
    Term("waiting", "排版中", "being made"),
    Term("ready", "可取", "ready"),
    Term("failed", "未成", "failed"),
)
PAPERS = {"A4": (297, 210), "A3": (420, 297)}
"""Width and height of a sheet, mm, landscape."""
