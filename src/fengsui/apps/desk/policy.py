"""Who may look behind the record, and whose chain."""

from __future__ import annotations

from fengsui.core.policy import roles, rule

rule("desk.chain")(roles("duty_officer", "duty_leader", "commander", "auditor", "audit_admin"))
rule("desk.own_district")(roles("system_admin"))
