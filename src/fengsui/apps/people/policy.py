from __future__ import annotations

from fengsui.apps.people import queries
from fengsui.apps.people.models import Person
from fengsui.core.policy import roles, rule
from fengsui.kernel.actor import Actor


@rule("people.reveal")
def may_reveal(by: Actor, person: Person) -> bool:
    """A phone number is shown, with a recorded reason, to those whose scope holds the person."""
    return queries.persons_visible_to(by).filter(pk=person.pk).exists()


rule("people.assign")(roles("security_admin"))
rule("core.audit")(roles("auditor", "audit_admin"))
rule("core.jobs")(roles("system_admin"))
rule("core.pause_clock")(roles("duty_officer", "duty_leader", "commander"))
