"""结束: whatever is open in the exercise ends with the reason; nobody finds a task of it tomorrow."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.alerts import actions as alerts
from fengsui.apps.command import actions as command
from fengsui.apps.command.models import TASK_OPEN, UNDER_WAY, Closure, Deployment, Response, Task
from fengsui.apps.drills import events, queries, rules
from fengsui.apps.drills.actions.planning import inside
from fengsui.apps.drills.models import Exercise
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents import reports
from fengsui.apps.incidents.models import OPEN, Incident, Report
from fengsui.apps.sensing import doubles
from fengsui.core import clocks, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor

HOMEWARD = {"arrived": ("leave", "return"), "working": ("leave", "return"), "leaving": ("return",)}


@atomic
def end(*, exercise_id: UUID, reason: str, by: Actor, now: datetime) -> Exercise:
    """All of it in one transaction: the exercise is over, or nothing has changed.

    Every open thing is ended by its own app's verb, so that each has its record; what is then still owed is cancelled.
    """
    exercise = queries.lock(exercise_id)
    policy.require(by, "drills.end", exercise)
    before, exercise.status = exercise.status, rules.MACHINE.next(exercise.status, "end")
    reason = rules.check_reason(reason)
    why = f"演练结束：{reason}"[:300]
    within = inside(exercise, by)
    doubles.close_stations(by=within)
    done = _stop_command(within, now, why)
    done |= alerts.stop_all(by=within, now=now, reason=why)
    done |= _stop_incidents(within, now, why)
    cancelled = clocks.cancel_all(by=within, now=now, reason=why)
    exercise.inside.ended_at = now
    exercise.inside.save(update_fields=["ended_at"])
    left = exercise.presences.filter(until__isnull=True).update(until=now)
    exercise.ended_by, exercise.ended_at, exercise.reason = by.person, now, reason[:300]
    exercise.outcome = {**done, "clocks": len(cancelled), "people": left}
    exercise.save(update_fields=["status", "ended_by", "ended_at", "reason", "outcome"])
    clocks.close(rules.END.code, about=exercise, by=by, now=now, proof={"reason": reason})
    announce(
        events.ExerciseEnded(exercise.pk, exercise.inside_id, reason, len(cancelled), sum(done.values())),
        about=exercise,
        by=by.because(reason),
        before={"status": before},
        after={"status": exercise.status, **exercise.outcome},
    )
    return exercise


def _stop_command(by: Actor, now: datetime, why: str) -> dict[str, int]:
    """Tasks waived, teams home, roads open, responses ended: in this order, as each frees the next."""
    tasks = list(Task.objects.in_world(by.world).filter(status__in=TASK_OPEN).order_by("pk"))
    for task in tasks:
        command.waive_task(task_id=task.pk, by=by, now=now, reason=why)
    out = list(Deployment.objects.in_world(by.world).filter(stage__in=UNDER_WAY).select_related("order").order_by("pk"))
    for deployment in out:
        for verb in HOMEWARD.get(deployment.stage, ("recall",)):
            command.move(order_id=deployment.order_id, verb=verb, by=by, now=now, note=why)
    roads = list(Closure.objects.in_world(by.world).filter(until__isnull=True).order_by("pk"))
    for closure in roads:
        command.reopen_road(closure_id=closure.pk, by=by, now=now, note=why)
    responses = list(Response.objects.in_world(by.world).filter(status__in=["proposed", "active"]).order_by("pk"))
    for response in responses:
        stop = command.end_response if response.status == "active" else command.decline_response
        stop(response_id=response.pk, by=by, now=now, reason=why)
    return {"tasks": len(tasks), "teams": len(out), "roads": len(roads), "responses": len(responses)}


def _stop_incidents(by: Actor, now: datetime, why: str) -> dict[str, int]:
    drafts = list(Report.objects.in_world(by.world).filter(status__in=["draft", "review", "signed"]).order_by("pk"))
    for report in drafts:
        if report.status == "signed":
            reports.give_back(report_id=report.pk, by=by, reason=why)
        reports.withdraw(report_id=report.pk, by=by, reason=why)
    rows = list(Incident.objects.in_world(by.world).filter(status__in=OPEN).order_by("pk"))
    for incident in rows:
        if incident.status == "responding":
            incidents.end(incident_id=incident.pk, by=by, now=now, reason=why)
        incidents.stop(incident_id=incident.pk, by=by, now=now, reason=why)
    return {"reports": len(drafts), "incidents": len(rows)}
