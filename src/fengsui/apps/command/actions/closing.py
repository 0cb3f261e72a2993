"""归档: only when every task has a result."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.command import queries, rules
from fengsui.apps.command.models import Task
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.incidents.models import Incident
from fengsui.core import policy
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused


@atomic
def close_incident(*, incident_id: UUID, by: Actor, now: datetime) -> Incident:
    """Raises Refused("incidents.close.open_tasks" | "incidents.close.teams_out", titles=…): what is open."""
    incident = incident_queries.lock(incident_id, by)
    policy.require(by, "incidents.close", incident)
    tasks = Task.objects.in_world(by.world).select_for_update(of=("self",)).filter(incident=incident).order_by("pk")
    left = rules.unfinished([task.facts() for task in tasks])
    teams = queries.teams_out(incident)
    if teams and not left:
        names = "、".join(f"{each.order.team_name}（{each.order.number}）" for each in teams[:5])
        raise Refused("incidents.close.teams_out", count=len(teams), titles=names)
    return incidents.close(incident_id=incident_id, by=by, now=now, unfinished=left)
