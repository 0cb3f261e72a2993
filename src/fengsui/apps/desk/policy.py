"""Who may look behind the record, and whose chain."""

from __future__ import annotations

from fengsui.core.policy import roles, rule

# Screens without a login read the wall by their own right (people.screens).
rule("desk.wall")(roles("duty_officer", "duty_leader", "commander", "auditor", "audit_admin", "system_admin"))
rule("desk.chain")(roles("duty_officer", "duty_leader", "commander", "auditor", "audit_admin"))
rule("desk.own_district")(roles("system_admin"))
