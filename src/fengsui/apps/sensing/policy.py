"""Who may change what in sensing. Reading is open to every account of the world."""

from fengsui.core.policy import roles, rule

rule("sensing.change_ladder")(roles("duty_leader", "commander", "system_admin"))
rule("sensing.doubles")(roles("duty_leader", "commander"))
rule("sensing.credentials")(roles("system_admin"))
rule("sensing.see_rejected")(
    roles(
        "duty_officer",
        "duty_leader",
        "commander",
        "liaison",
        "auditor",
        "system_admin",
        "audit_admin",
    )
)
