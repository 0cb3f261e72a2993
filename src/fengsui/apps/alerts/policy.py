"""Who may do what with a warning. Both bureaux see the whole district; each decides in its own jurisdiction."""

from __future__ import annotations

from fengsui.apps.alerts.models import Call, Delivery, Warning
from fengsui.apps.people.rules import answers_for
from fengsui.core.policy import roles, rule
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

DESK = ("duty_officer", "duty_leader", "commander")
LEADERS = ("duty_leader", "commander")


def _decides(by: Actor, warning: Warning | None, *roles: str) -> bool:
    return by.has_role(*roles) and answers_for(by, warning.jurisdiction if warning else "", *roles)


@rule(
    "alerts.draft",
    "alerts.confirm",
    "alerts.reject",
    "alerts.revise",
    "alerts.send_back",
    "alerts.keep",
    "alerts.cancel",
)
def may_decide(by: Actor, warning: Warning | None) -> bool:
    return _decides(by, warning, *DESK)


rule("alerts.retry", "alerts.waive")(roles(*DESK, "system_admin"))
rule("alerts.recipients")(roles("system_admin"))
rule("alerts.self_test")(roles("system_admin", "duty_officer"))
rule("alerts.see")(roles(*DESK, "liaison", "street_officer", "auditor", "audit_admin", "system_admin"))


@rule("alerts.issue")
def may_issue(by: Actor, warning: Warning | None) -> bool:
    """Blue and yellow: anybody on the desk. From orange up: a leader."""
    high = warning is not None and Level(warning.level) >= Level.ORANGE
    return _decides(by, warning, *(LEADERS if high else DESK))


@rule("alerts.lift")
def may_lift(by: Actor, warning: Warning | None) -> bool:
    """Who may issue a level may lift it."""
    high = warning is not None and Level(warning.level_in_force) >= Level.ORANGE
    return _decides(by, warning, *(LEADERS if high else DESK))


@rule("alerts.acknowledge")
def may_acknowledge(by: Actor, call: Call) -> bool:
    """The person called; or somebody on the desk who writes down an answer by telephone."""
    return call.person_id == by.person or by.has_role(*DESK)


rule("alerts.pass_on")(roles(*DESK))


@rule("alerts.seen")
def may_report_seen(by: Actor, delivery: Delivery | None) -> bool:
    """A screen reports that it showed a bulletin: anybody who is logged in."""
    return by.person is not None
