from __future__ import annotations

from fengsui.apps.drills.models import Exercise
from fengsui.core.policy import roles, rule
from fengsui.kernel.actor import Actor

rule("drills.plan", "drills.start", "drills.drop", "drills.end")(roles("duty_leader", "commander"))
rule("drills.look")(
    roles(
        "duty_officer", "duty_leader", "commander", "liaison", "street_officer", "team_leader", "auditor", "audit_admin"
    )
)
rule("drills.compare")(roles("duty_officer", "duty_leader", "commander", "auditor"))


@rule("drills.view")
def may_view(by: Actor, exercise: Exercise | None) -> bool:
    """Everybody who has a post may be given a part; which exercises he sees is decided in the queryset."""
    return bool(by.posts)


@rule("drills.join")
def may_join(by: Actor, exercise: Exercise) -> bool:
    """A person with a post; that it takes part is a rule of its own, so that the refusal says so."""
    return by.person is not None and bool(by.posts)


@rule("drills.leave")
def may_leave(by: Actor, exercise: Exercise) -> bool:
    """Nobody is kept in an exercise."""
    return by.person is not None
