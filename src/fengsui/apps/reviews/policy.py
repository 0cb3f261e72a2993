from __future__ import annotations

from fengsui.core.policy import roles, rule

rule("reviews.view")(
    roles(
        "duty_officer", "duty_leader", "commander", "liaison", "street_officer", "team_leader", "auditor", "audit_admin"
    )
)
rule("reviews.print")(roles("duty_officer", "duty_leader", "commander"))  # an auditor reads it: making one is a change
rule("reviews.measure")(roles("duty_officer", "duty_leader", "commander", "auditor", "audit_admin"))  # whole district
rule("reviews.finish")(roles("duty_leader", "commander"))
