"""What the incident's room shows: clocks, tasks with owners, people, reports, closures, and which verbs are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from fengsui.apps.alerts.models import Call
from fengsui.apps.command import queries, rules
from fengsui.apps.command.models import UNDER_WAY, Closure, Deployment, Order, Response, Task
from fengsui.apps.forecasts import floods
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.rules import MACHINE
from fengsui.apps.people import queries as people
from fengsui.apps.plans import queries as plans
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.plans.rules import TaskSpec, expand
from fengsui.core import policy
from fengsui.core.models import Clock
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

OPEN = ("verified", "responding")
URGENT = ("declined", "blocked")


@dataclass(slots=True)
class Card:
    """A task as a row: its clock, who owes it, what its teams do."""

    task: Task
    clock: Clock | None
    owner: str
    deployments: list[Deployment] = field(default_factory=list)
    holders: Sequence[people.Holder] = ()

    @property
    def open(self) -> bool:
        return self.task.status not in rules.TASK.final

    @property
    def needs_team(self) -> bool:
        return bool(self.task.skill) and self.open and not self.deployments


@dataclass(frozen=True, slots=True)
class Someone:
    """A person who has to know: from the call-response list, or as owner of a task."""

    person: UUID
    name: str
    title: str
    answered: bool
    said: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a level of the plan would do, before anybody presses."""

    level: Level
    name: str
    approver: str
    hours: float
    tasks: list[TaskSpec]
    suggested: bool
    may_approve: bool


def cards(incident: Incident, owed: Sequence[Clock]) -> list[Card]:
    """Open tasks first by due time, refused and blocked before the others; then the ended ones.

    `owed`: the incident's own clocks, open ones first.
    """
    tasks = list(incident.tasks.select_related("owner_post__org", "owner_org").order_by("assigned_at", "code"))
    about = queries.clocks_about(incident.world_id, "command.task", [task.pk for task in tasks])
    statutory = {clock.kind: clock for clock in reversed(owed)}
    held = people.holders([task.owner_post_id for task in tasks if task.owner_post_id])
    moves: dict[UUID, list[Deployment]] = {}
    rows = Deployment.objects.in_world(incident.world_id).filter(order__incident=incident)
    for deployment in rows.select_related("order").order_by("order__issued_at"):
        moves.setdefault(deployment.order.task_id, []).append(deployment)
    found = []
    for task in tasks:
        clocks = about.get(str(task.pk), [])
        clock = statutory.get(task.clock_kind) if task.clock_kind else (clocks[0] if clocks else None)
        holders = held.get(task.owner_post_id, []) if task.owner_post_id else []
        names = "、".join(holder.name for holder in holders[:2])
        title = task.owner_post.title if task.owner_post else (task.owner_org.name if task.owner_org else "")
        found.append(Card(task, clock, f"{title} {names}".strip(), moves.get(task.pk, []), holders))
    far = max((card.clock.due_at for card in found if card.clock), default=None)
    return sorted(
        found,
        key=lambda card: (
            not card.open,
            card.task.status not in URGENT,
            card.clock.due_at if card.clock else far or card.task.assigned_at,
        ),
    )


def people_of(incident: Incident, listed: list[Card]) -> list[Someone]:
    """到最后一人: those who did not answer come first."""
    found: dict[UUID, Someone] = {}
    if incident.warning_id:
        calls = Call.objects.in_world(incident.world_id).filter(bulletin__warning_id=incident.warning_id)
        for call in calls.order_by("bulletin__sequence", "line", "turn"):
            if call.called_at is None:
                continue
            answered = call.acknowledged_at is not None
            found[call.person_id] = Someone(
                call.person_id,
                call.name,
                f"{call.org_name} {call.title}",
                answered,
                "叫应已应" if answered else "叫应未应",
            )
    for card in listed:
        for holder in card.holders[:1]:
            taken = card.task.status not in ("waiting", "declined")
            before = found.get(holder.person)
            said = f"{rules.TASK_STATES.zh(card.task.status)}：{card.task.title}"
            answered = taken if before is None else before.answered and (taken or not card.open)
            found[holder.person] = Someone(
                holder.person, holder.name, f"{holder.org_name} {holder.title}", answered, said
            )
    return sorted(found.values(), key=lambda each: each.answered)


def ladder(incident: Incident, by: Actor) -> tuple[PlanVersion | None, list[Step]]:
    """The plan's levels with the tasks each would give, for this incident and its place."""
    plan = plans.in_force(incident.hazard) if incident.hazard else None
    if plan is None:
        return None, []
    same = queries.points_of(incident_queries.open_of_hazard(incident.hazard, by))
    suggested = queries.suggested(plan, same)
    posts = people.posts_by_code(each["approver"] for each in plan.body["levels"])
    points = queries.points_of([incident])
    steps = []
    for each in plan.body["levels"]:
        level = Level.of(each["level"])
        allowed = {posts[code].pk for code in rules.approvers(plan.body, level) if code in posts}
        approver = posts.get(each["approver"])
        steps.append(
            Step(
                level,
                each["name"],
                approver.title if approver else each["approver"],
                float(each["expected_hours"]),
                expand(plan.body, level, points),
                level == suggested,
                bool(by.posts & allowed),
            )
        )
    return plan, steps


@dataclass(slots=True)
class Room:
    """Everything of the page, read once."""

    incident: Incident
    response: Response | None
    clocks: list[Clock]
    cards: list[Card]
    people: list[Someone]
    reports: list[Report]
    closures: list[Closure]
    trial: floods.Trial | None
    """The newest flood that was tried out for it, while it is open: which streets would be cut."""
    orders: list[Order]
    verbs: list[str]
    may: dict[str, bool]

    @property
    def open_count(self) -> int:
        return sum(card.open for card in self.cards)

    @property
    def answered(self) -> int:
        return sum(each.answered for each in self.people)

    @property
    def underway(self) -> list[Deployment]:
        return [each for card in self.cards for each in card.deployments if each.stage in UNDER_WAY]


def room_of(incident: Incident, by: Actor) -> Room:
    owed = incident_queries.clocks_of(incident)
    listed = cards(incident, owed)
    closures = Closure.objects.in_world(incident.world_id).filter(until__isnull=True)
    may = {
        verb.replace(".", "_"): policy.can(by, verb, incident)
        for verb in (
            "incidents.verify",
            "incidents.dismiss",
            "incidents.merge",
            "incidents.grade",
            "incidents.end",
            "incidents.resume",
            "incidents.close",
            "incidents.note",
            "incidents.draft_report",
            "incidents.sign_report",
            "command.propose",
            "command.dispatch",
            "command.end",
            "command.waive",
            "command.close_road",
        )
    }
    response = queries.response_of(incident)
    may["command_activate"] = response is not None and policy.can(by, "command.activate", response)
    return Room(
        incident=incident,
        response=response,
        clocks=[clock for clock in owed if clock.state != "cancelled"],
        cards=listed,
        people=people_of(incident, listed),
        reports=list(incident.reports.order_by("-drafted_at")),
        trial=floods.newest_of(incident.pk, incident.world_id) if incident.status in OPEN else None,
        closures=list(closures.filter(incident=incident) | closures.filter(place=incident.place, place__isnull=False)),
        orders=list(incident.orders.select_related("deployment").order_by("-issued_at")),
        verbs=MACHINE.verbs(incident.status),
        may=may,
    )


def known_for_reports(incident: Incident) -> dict[str, str]:
    """What command adds to a report's draft: measures, forces, response; "report once"."""
    response = queries.response_of(incident)
    measures = []
    if response is not None and response.activated_at:
        measures.append(f"已启动{response.level_now.roman}级响应，{response.measures}")
    done = incident.tasks.filter(status="done").values_list("title", flat=True)
    doing = incident.tasks.filter(status__in=["accepted", "doing"]).values_list("title", flat=True)
    if done:
        measures.append(f"已完成：{'；'.join(done)}")
    if doing:
        measures.append(f"正在进行：{'；'.join(doing)}")
    forces = [f"{order.team_name}（{rules.STAGES.zh(order.deployment.stage)}）" for order in incident.orders.all()]
    closed = Closure.objects.in_world(incident.world_id).filter(incident=incident, kind="closed", until__isnull=True)
    if names := list(closed.values_list("name", flat=True)):
        measures.append(f"封控{'、'.join(names)}")
    text = "。".join(measures)
    return {
        "measures": text,
        "forces": "、".join(forces),
        "disposal": "。".join([text, f"出动{'、'.join(forces)}" if forces else ""]).strip("。"),
    }
