"""Responses, tasks and orders as boards need them; rows locked for verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from fengsui.apps.command.models import UNDER_WAY, Closure, Deployment, Response, Scope, Task
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.apps.places import queries as places
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.plans.rules import PointState, TaskSpec, suggested_level
from fengsui.core.models import Clock
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE as CLOCKS
from fengsui.kernel.errors import NotFound
from fengsui.kernel.levels import Level


def tasks_visible_to(by: Actor) -> QuerySet[Task]:
    """All for district roles; else what one's posts, role in an organisation, or team owe."""
    rows = Task.objects.in_world(by.world).select_related("incident__place", "owner_post__org", "owner_org")
    if by.system or by.roles & DISTRICT_ROLES:
        return rows
    return rows.filter(mine(by)).distinct()


def mine(by: Actor) -> Q:
    """Owed by the actor: a post held, the same role in the owing organisation, or a team led."""
    scope = Q(owner_post__in=by.posts) | Q(
        orders__leader_post__in=by.posts, orders__deployment__stage__in=[*UNDER_WAY, "returned"]
    )
    for grant in by.grants:
        scope |= Q(owner_post__isnull=True, owner_org=grant.org, role=grant.role)
    return scope


def my_tasks(by: Actor) -> QuerySet[Task]:
    """What the actor owes by his posts, also where his role would see more."""
    rows = Task.objects.in_world(by.world).select_related("incident__place", "owner_post__org", "owner_org")
    return rows.filter(mine(by)).distinct()


def get_task(task_id: UUID, by: Actor) -> Task:
    found = tasks_visible_to(by).filter(pk=task_id).first()
    if found is None:
        raise NotFound("command.task.not_found")
    return found


def get_incident(incident_id: UUID, by: Actor) -> Incident:
    """One that the actor's area holds, or to which he owes a task. Raises NotFound."""
    found = incidents.visible_to(by).filter(pk=incident_id).first()
    if found is None and tasks_visible_to(by).filter(incident_id=incident_id).exists():
        rows = Incident.objects.in_world(by.world).select_related("place", "area")
        found = rows.filter(pk=incident_id).first()
    if found is None:
        raise NotFound("incidents.not_found")
    return found


def lock_task(task_id: UUID, by: Actor) -> Task:
    rows = Task.objects.in_world(by.world).select_for_update(of=("self",)).select_related("incident", "owner_post")
    found = rows.filter(pk=task_id).first()
    if found is None:
        raise NotFound("command.task.not_found")
    return found


def lock_response(response_id: UUID, by: Actor) -> Response:
    rows = Response.objects.in_world(by.world).select_for_update(of=("self",)).select_related("incident", "plan")
    found = rows.filter(pk=response_id).first()
    if found is None:
        raise NotFound("command.response.not_found")
    return found


def lock_deployment(order_id: UUID, by: Actor) -> Deployment:
    rows = Deployment.objects.in_world(by.world).select_for_update(of=("self",))
    found = rows.select_related("order__task__incident", "team").filter(order_id=order_id).first()
    if found is None:
        raise NotFound("command.order.not_found")
    return found


def lock_closure(closure_id: UUID, by: Actor) -> Closure:
    rows = Closure.objects.in_world(by.world).select_for_update(of=("self",)).select_related("incident", "place")
    found = rows.filter(pk=closure_id).first()
    if found is None:
        raise NotFound("command.closure.not_found")
    return found


def response_of(incident: Incident) -> Response | None:
    """The open response that covers an incident, its own or another's; else the last ended one."""
    rows = Response.objects.in_world(incident.world_id).filter(Q(incident=incident) | Q(scope__incident=incident))
    rows = rows.select_related("plan", "approver").distinct().order_by("-proposed_at")
    listed = list(rows)
    return next((each for each in listed if each.status in ("proposed", "active")), listed[0] if listed else None)


def covered(response: Response) -> list[Incident]:
    ids = Scope.objects.in_world(response.world_id).filter(response=response).values("incident_id")
    rows = Incident.objects.in_world(response.world_id).filter(pk__in=ids)
    return list(rows.select_related("place__waterlogging", "area").order_by("known_at"))


def jurisdiction_of(incident: Incident) -> str:
    place = incident.place
    return str(place.jurisdiction if place else incident.area.jurisdiction)


def points_of(found: Iterable[Incident]) -> list[PointState]:
    """Incidents as the plan sees them, in two queries; `id` is the incident's: tasks find their way back by it."""
    listed = list(found)
    offices = places.offices_of(each.area_id for each in listed)
    bureaux = places.bureaux()
    return [_point(each, offices, bureaux) for each in listed]


def _point(incident: Incident, offices: Mapping[str, str], bureaux: Mapping[str, str]) -> PointState:
    place, jurisdiction = incident.place, jurisdiction_of(incident)
    policy = getattr(place, "waterlogging", None) if place else None
    return PointState(
        id=incident.pk,
        code=place.code if place else incident.number,
        name=place.name if place else incident.address,
        area_code=incident.area_id[:9],
        jurisdiction=jurisdiction,
        level=incident.level_now,
        posts=dict(policy.posts) if policy else {},
        policy=dict(policy.policy) if policy else {},
        area_org=offices.get(incident.area_id[:9], ""),
        bureau=bureaux.get(jurisdiction, ""),
    )


def suggested(plan: PlanVersion, points: Sequence[PointState]) -> Level:
    """The level that the plan's conditions give. Stored conditions hold None for what they do not name."""
    levels = [
        {**each, "start": [{k: v for k, v in start.items() if v is not None} for start in each["start"]]}
        for each in plan.body["levels"]
    ]
    return suggested_level({"levels": levels}, points)


def owner(spec: TaskSpec) -> tuple[Post | None, Organisation | None]:
    """The post that owes a task: named by the point, or the first of its role in the organisation or below it.

    An address has no posts of a point, and a post can be vacant in the files: then it is somebody's to pass on.
    """
    if spec.owner_post and (
        post := Post.objects.filter(code=spec.owner_post, retired_at__isnull=True).select_related("org").first()
    ):
        return post, post.org
    tried: Organisation | None = None
    for code, role in ((spec.owner_org, spec.role), *spec.instead):
        org = Organisation.objects.filter(code=code, retired_at__isnull=True).first() if code else None
        if org is None:
            continue
        tried = tried or org
        inside = Post.objects.filter(Q(org=org) | Q(org__path__startswith=f"{org.path}/"), role=role)
        inside = inside.filter(retired_at__isnull=True)
        if post := inside.order_by("org__path", "call_order", "code").first():
            return post, org
    return None, tried


def clocks_about(world: UUID, about_type: str, ids: Iterable[UUID]) -> dict[str, list[Clock]]:
    """Clocks by subject key; open ones first, by due time."""
    found: dict[str, list[Clock]] = {}
    rows = Clock.objects.in_world(world).filter(about_type=about_type, about_id__in=[str(each) for each in ids])
    for clock in sorted(rows, key=lambda each: (each.state not in CLOCKS.open_states, each.due_at)):
        found.setdefault(clock.about_id, []).append(clock)
    return found


def clocks_of_tasks(tasks: Sequence[Task]) -> dict[UUID, Clock]:
    """The clock that counts for each task, open or not: its own, or the statutory one of its incident. Two queries."""
    if not tasks:
        return {}
    world = tasks[0].world_id
    own = clocks_about(world, "command.task", [each.pk for each in tasks])
    found = {each.pk: own[str(each.pk)][0] for each in tasks if own.get(str(each.pk))}
    counted = [each for each in tasks if each.clock_kind]
    theirs = clocks_about(world, "incidents.incident", {each.incident_id for each in counted}) if counted else {}
    for each in counted:
        found.pop(each.pk, None)
        for clock in theirs.get(str(each.incident_id), []):
            if clock.kind == each.clock_kind:
                found.setdefault(each.pk, clock)
    return found


def closures_now(world: UUID) -> QuerySet[Closure]:
    """Stretches that no route may use."""
    return Closure.objects.in_world(world).filter(until__isnull=True).select_related("place")


def teams_out(incident: Incident) -> list[Deployment]:
    """Teams sent to an incident that are neither back nor called back: nobody else can have them."""
    rows = Deployment.objects.in_world(incident.world_id).filter(order__incident=incident, stage__in=UNDER_WAY)
    return list(rows.select_related("order").order_by("stage_at"))


def committed(world: UUID) -> dict[UUID, Deployment]:
    """Open deployments by team."""
    rows = Deployment.objects.in_world(world).filter(stage__in=UNDER_WAY).select_related("order__incident")
    return {row.team_id: row for row in rows}
