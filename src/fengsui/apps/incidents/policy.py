"""Who may do what with an incident. Both bureaux see the whole district; each decides in its own jurisdiction."""

from __future__ import annotations

from typing import Any

from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.queries import FIELD_ROLES
from fengsui.apps.people.rules import answers_for, lies_in
from fengsui.core.policy import Rule, rule
from fengsui.kernel.actor import Actor

DUTY = ("duty_officer", "duty_leader", "commander")
LEADERS = ("duty_leader", "commander")


def jurisdiction_of(row: Incident | Report | None) -> str:
    """Whose an incident is: that of its place, else of its area; '' where no row is asked about yet."""
    incident = row.incident if isinstance(row, Report) else row
    if incident is None:
        return ""
    return incident.place.jurisdiction if incident.place else incident.area.jurisdiction


def _in_charge(*roles: str) -> Rule:
    def decide(by: Actor, row: Any) -> bool:
        return by.has_role(*roles) and answers_for(by, jurisdiction_of(row), *roles)

    return decide


rule(
    "incidents.open",
    "incidents.verify",
    "incidents.dismiss",
    "incidents.merge",
    "incidents.grade",
    "incidents.draft_report",
    "incidents.send_report",
    "incidents.end",
    "incidents.resume",
)(_in_charge(*DUTY))
rule("incidents.sign_report", "incidents.close", "incidents.stop")(_in_charge(*LEADERS))


@rule("incidents.note")
def may_note(by: Actor, incident: Incident) -> bool:
    """Both duty rooms, and everybody in the field inside whose area it lies: a note decides nothing."""
    if by.has_role(*DUTY):
        return True
    return any(grant.role in FIELD_ROLES and lies_in(incident.area_id, grant.area) for grant in by.grants)


@rule("incidents.view")
def may_view(by: Actor, incident: Incident | None) -> bool:
    return by.has_role(*DUTY, *FIELD_ROLES, "auditor", "audit_admin")
