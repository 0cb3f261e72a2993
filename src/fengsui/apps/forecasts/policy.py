from fengsui.core.policy import roles, rule

rule("forecasts.ask_flood")(roles("duty_officer", "duty_leader", "commander"))
rule("forecasts.see_floods")(
    roles(
        "duty_officer", "duty_leader", "commander", "liaison", "street_officer", "community_officer", "team_leader",
        "auditor", "audit_admin"
    )
)  # fmt: skip
rule("forecasts.see_lessons")(
    roles("duty_officer", "duty_leader", "commander", "auditor", "audit_admin", "system_admin")
)
rule("forecasts.learn")(roles("system_admin"))  # it takes the processors; what it says follows from readings alone
rule("forecasts.score")(roles("duty_officer", "duty_leader", "commander", "auditor", "audit_admin"))  # whole district
