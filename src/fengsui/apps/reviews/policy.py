from __future__ import annotations

from fengsui.apps.reviews.models import Finding
from fengsui.core.policy import roles, rule
from fengsui.kernel.actor import Actor

rule("reviews.view")(
    roles(
        "duty_officer", "duty_leader", "commander", "liaison", "street_officer", "team_leader", "auditor", "audit_admin"
    )
)
rule("reviews.print")(roles("duty_officer", "duty_leader", "commander"))  # an auditor reads it: making one is a change
rule("reviews.measure")(roles("duty_officer", "duty_leader", "commander", "auditor", "audit_admin"))  # whole district
rule("reviews.see_findings")(
    roles(
        "duty_officer", "duty_leader", "commander", "liaison", "street_officer", "community_officer", "team_leader",
        "depot_keeper", "safety_officer", "enforcement_officer", "auditor", "audit_admin"
    )
)  # fmt: skip  # a remedy may be anybody's; which ones one sees is decided in the queryset
rule("reviews.issue", "reviews.find", "reviews.accept")(roles("duty_leader", "commander"))


@rule("reviews.answer")
def may_answer(by: Actor, finding: Finding | None) -> bool:
    """Whoever holds the post that owes it."""
    return finding is not None and finding.owner_post_id in by.posts


rule("reviews.finish")(roles("duty_leader", "commander"))
