from __future__ import annotations

from fengsui.apps.people import queries
from fengsui.apps.people.models import Person, Post
from fengsui.apps.people.rules import HANDS, ON_DUTY
from fengsui.core.policy import roles, rule
from fengsui.kernel.actor import Actor


@rule("people.reveal")
def may_reveal(by: Actor, person: Person) -> bool:
    """A number is shown, with a recorded reason, to those whose scope holds the person and who may have to call him.

    Administrators and auditors call nobody.
    """
    if not by.roles - set(HANDS):
        return False
    return queries.persons_visible_to(by).filter(pk=person.pk).exists()


rule("people.assign", "people.approve", "people.account")(roles("security_admin"))
rule("people.see_accounts")(roles("security_admin", "audit_admin", "auditor"))


# Who grants a screen shows nobody but the hall what he sees himself; administrators look after accounts, not the wall.
rule("people.screen_grant")(roles("duty_leader", "commander"))
rule("people.screen_revoke")(roles("duty_officer", "duty_leader", "commander", "security_admin"))
rule("people.screen_see")(
    roles("duty_officer", "duty_leader", "commander", "security_admin", "system_admin", "audit_admin", "auditor")
)


@rule("people.see")
def may_see(by: Actor, row: object) -> bool:
    """Organisations, posts and persons of one's own scope; the queries decide which."""
    return by.person is not None and bool(by.roles - {"public"})


@rule("people.hand_over")
def may_hand_over(by: Actor, post: Post | None) -> bool:
    """Holders of a duty post, for the post they hold."""
    return by.has_role(*ON_DUTY) and (post is None or (post.role in ON_DUTY and post.pk in by.posts))


rule("core.audit")(roles("auditor", "audit_admin"))
rule("core.jobs")(roles("system_admin"))
rule("core.system")(roles("system_admin"))
rule("core.proofs")(roles("duty_officer", "duty_leader", "commander", "system_admin", "auditor", "audit_admin"))
rule("core.pause_clock")(roles("duty_officer", "duty_leader", "commander"))
