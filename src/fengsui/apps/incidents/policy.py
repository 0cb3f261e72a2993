from __future__ import annotations

from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.queries import FIELD_ROLES
from fengsui.core.policy import roles, rule
from fengsui.kernel.actor import Actor

DUTY = ("duty_officer", "duty_leader", "commander")

rule(
    "incidents.open",
    "incidents.verify",
    "incidents.dismiss",
    "incidents.merge",
    "incidents.grade",
    "incidents.draft_report",
    "incidents.send_report",
)(roles(*DUTY))
rule("incidents.sign_report", "incidents.close", "incidents.stop")(roles("duty_leader", "commander"))
rule("incidents.end", "incidents.resume")(roles(*DUTY))


@rule("incidents.note")
def may_note(by: Actor, incident: Incident) -> bool:
    """The duty room, and everybody in the field inside whose area it lies."""
    if by.has_role(*DUTY):
        return True
    return any(grant.role in FIELD_ROLES and incident.area_id.startswith(grant.area[:9]) for grant in by.grants)


@rule("incidents.view")
def may_view(by: Actor, incident: Incident | None) -> bool:
    return by.has_role(*DUTY, *FIELD_ROLES, "auditor", "audit_admin")
