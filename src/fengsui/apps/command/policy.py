"""Who may do what in a response. Both bureaux see the whole district; each decides in its own jurisdiction."""

from __future__ import annotations

from typing import Any

from fengsui.apps.command.models import UNDER_WAY, Closure, Deployment, Order, Response, Task
from fengsui.apps.command.rules import TASK, approvers
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.policy import jurisdiction_of
from fengsui.apps.people.models import Post
from fengsui.apps.people.rules import answers_for
from fengsui.core.policy import Rule, rule
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

DUTY = ("duty_officer", "duty_leader", "commander")


def _whose(row: Any) -> str:
    """The jurisdiction of an incident, or of what is done in one; '' where no row is asked about."""
    if isinstance(row, Closure) and row.incident is None:
        return row.place.jurisdiction if row.place else ""
    return jurisdiction_of(row if isinstance(row, Incident) or row is None else row.incident)


def _in_charge(*allowed: str) -> Rule:
    def decide(by: Actor, row: Any) -> bool:
        return by.has_role(*allowed) and answers_for(by, _whose(row), *allowed)

    return decide


rule("command.propose", "command.dispatch", "command.end", "command.waive", "command.assign")(_in_charge(*DUTY))
rule("command.close_road", "command.reopen_road")(_in_charge(*DUTY, "liaison"))


def holds_approval(by: Actor, response: Response, level: Level) -> bool:
    """The plan's approver of this level or of a higher one."""
    codes = approvers(response.plan.body, level)
    return Post.objects.filter(code__in=codes, pk__in=by.posts).exists()


@rule("command.activate")
def may_activate(by: Actor, response: Response) -> bool:
    """The approver by plan; the duty leader on an oral approval, which the action wants named."""
    return _in_charge("duty_leader", "commander")(by, response) or holds_approval(by, response, response.level_now)


def owns(by: Actor, task: Task) -> bool:
    """Holds the owing post, the same role in the owing organisation, or leads a team ordered to it."""
    if task.owner_post_id in by.posts:
        return True
    if any(grant.org == task.owner_org_id and grant.role == task.role for grant in by.grants):
        return True
    leaders = task.orders.filter(deployment__stage__in=UNDER_WAY)
    return leaders.filter(leader_post__in=by.posts).exists()


@rule("command.task")
def may_do_task(by: Actor, task: Task) -> bool:
    """Its owner; the duty room may write down what it heard by telephone, under its own name."""
    return by.has_role(*DUTY) or owns(by, task)


@rule("command.move")
def may_move(by: Actor, deployment: Deployment | Order) -> bool:
    order = deployment.order if isinstance(deployment, Deployment) else deployment
    return by.has_role(*DUTY) or order.leader_post in by.posts


@rule("command.recall")
def may_recall(by: Actor, deployment: Deployment) -> bool:
    """The duty room; the leader himself once the task has its result without him."""
    order = deployment.order
    return by.has_role(*DUTY) or (order.leader_post in by.posts and order.task.status in TASK.final)


@rule("command.view")
def may_view(by: Actor, row: object) -> bool:
    return by.has_role(
        *DUTY,
        "liaison",
        "street_officer",
        "community_officer",
        "team_leader",
        "depot_keeper",
        "enforcement_officer",
        "auditor",
        "audit_admin",
    )
