from datetime import timedelta

import pytest

from fengsui.apps.command import actions
from fengsui.apps.command.models import Response, Task
from fengsui.apps.command.tests.make import make_response
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.tests.make import NOW, make_incident
from fengsui.core.models import AuditRow, Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Invalid, Refused
from fengsui.kernel.levels import Level

pytestmark = pytest.mark.django_db


def tasks_of(response):
    return {task.code: task for task in response.tasks.select_related("owner_post")}


def clock(about, kind):
    return Clock.objects.in_world(LIVE).get(about_id=str(about.pk), kind=kind, state="running")


def test_activation_expands_the_plan_to_owned_tasks_with_clocks(actors):
    response = make_response(actors)
    tasks = tasks_of(response)
    owners = {code: task.owner_post.code if task.owner_post else "" for code, task in tasks.items()}
    assert owners == {
        "patrol": "street-210106007-duty",
        "report_phone": "duty-core",
        "close_road": "police-core-traffic",
        "pump": "",
        "rescue": "police-core-traffic",
    }
    assert tasks["pump"].resources == {"pump_m3h": 1200, "people": 24}
    assert clock(tasks["patrol"], "command.task").due_at == NOW + timedelta(minutes=20)
    assert clock(tasks["patrol"], "command.accept").due_at == NOW + timedelta(minutes=5)
    assert clock(tasks["pump"], "command.task").owner_role == "duty_officer"
    assert not Clock.objects.in_world(LIVE).filter(about_id=str(tasks["report_phone"].pk)).exists()
    assert Incident.objects.in_world(LIVE).get().status == "responding"
    assert StoredEvent.objects.filter(name="command.TaskAssigned").count() == 5
    said = StoredEvent.objects.get(name="command.ResponseActivated").payload
    assert (said["level"], said["matter"], said["expected_hours"], said["tasks"]) == (
        "orange",
        "启工街道1号地道桥内涝",
        12.0,
        5,
    )
    row = AuditRow.objects.get(verb="command.ResponseActivated")
    assert "封控、抽排、搜救" in row.facts
    assert Clock.objects.in_world(LIVE).get(kind="command.activate").state == "met"


def test_activation_by_the_duty_leader_needs_the_named_oral_approval(actors):
    incident = make_incident(actors["duty"])
    response = actions.propose_response(
        incident_id=incident.pk,
        level=Level.ORANGE,
        by=actors["duty"],
        now=NOW,
        matter="内涝",
        expected_hours=6,
        measures="抽排",
    )
    assert response.suggested == "orange"
    with pytest.raises(Forbidden):
        actions.activate(response_id=response.pk, by=actors["duty"], now=NOW)
    with pytest.raises(Refused, match=r"command\.response\.needs_approval"):
        actions.activate(response_id=response.pk, by=actors["leader"], now=NOW)
    with pytest.raises(Refused, match=r"command\.response\.needs_approval"):
        actions.activate(response_id=response.pk, by=actors["office"], now=NOW)  # Ⅱ is above the office's Ⅳ and Ⅲ
    assert not Task.objects.in_world(LIVE).exists()
    done = actions.activate(
        response_id=response.pk, by=actors["leader"], now=NOW, approval_note="总指挥 02:33 电话同意"
    )
    assert (done.status, done.approval_note) == ("active", "总指挥 02:33 电话同意")


def test_response_is_refused_when_the_incident_is_not_verified_or_runs_already(actors):
    incident = make_incident(actors["duty"], verified=False)
    with pytest.raises(Refused, match=r"incident\.respond\.wrong_state"):
        make_response(actors, incident=incident)
    incidents.verify(incident_id=incident.pk, by=actors["duty"], now=NOW)
    make_response(actors, incident=incident)
    with pytest.raises(Refused, match=r"command\.response\.already"):
        make_response(actors, incident=incident)
    assert Response.objects.in_world(LIVE).count() == 1


def test_start_record_is_refused_when_measures_are_missing(actors):
    with pytest.raises(Invalid, match=r"command\.response\.no_measures"):
        make_response(actors, measures=" ")
    assert not Response.objects.in_world(LIVE).exists()


def test_other_incidents_come_under_the_response_when_ticked_or_later(actors):
    first, second = make_incident(actors["duty"]), make_incident(actors["duty"], code="WL02")
    response = make_response(actors, incident=first, also=[second.pk])
    assert response.tasks.filter(code="pump").count() == 2
    assert response.tasks.filter(code="report_phone").count() == 1
    second.refresh_from_db()
    assert second.status == "responding"


def test_widening_adds_the_tasks_of_the_new_place_only(actors):
    response = make_response(actors)
    second = make_incident(actors["duty"], code="WL02")
    actions.widen(response_id=response.pk, incident_id=second.pk, by=actors["duty"], now=NOW)
    assert sorted(response.tasks.filter(incident=second).values_list("code", flat=True)) == [
        "close_road",
        "patrol",
        "pump",
        "rescue",
    ]


def test_raising_adds_and_lowering_waives_what_nobody_took_up(actors):
    response = make_response(actors, level=Level.YELLOW)
    assert sorted(tasks_of(response)) == ["patrol", "pump", "report_phone"]
    actions.change_level(
        response_id=response.pk, level=Level.ORANGE, by=actors["commander"], now=NOW, reason="水位上升"
    )
    tasks = tasks_of(response)
    assert len(tasks) == 5
    actions.accept_task(task_id=tasks["close_road"].pk, by=actors["traffic"], now=NOW)
    actions.change_level(response_id=response.pk, level=Level.BLUE, by=actors["office"], now=NOW, reason="回落")
    assert {code: task.status for code, task in tasks_of(response).items()} == {
        "patrol": "waiting",
        "report_phone": "waiting",
        "close_road": "accepted",
        "pump": "waived",
        "rescue": "waived",
    }
    with pytest.raises(Refused, match=r"command\.response\.same_level"):
        actions.change_level(response_id=response.pk, level=Level.BLUE, by=actors["office"], now=NOW, reason="再降")


def test_ending_stops_the_incident_and_asks_for_the_road_back(actors):
    response = make_response(actors)
    closure = actions.close_road(incident_id=response.incident_id, by=actors["traffic"], now=NOW, reason="27 cm")
    with pytest.raises(Refused, match=r"command\.close_road\.already"):
        actions.close_road(incident_id=response.incident_id, by=actors["duty"], now=NOW, reason="27 cm")
    actions.end_response(response_id=response.pk, by=actors["duty"], now=NOW, reason="全部点位回落 30 分钟")
    assert Incident.objects.in_world(LIVE).get().status == "ended"
    assert clock(closure, "command.reopen").owner_role == "liaison"
    with pytest.raises(Refused, match=r"response\.end\.wrong_state"):
        actions.end_response(response_id=response.pk, by=actors["duty2"], now=NOW, reason="再终止")
    actions.reopen_road(closure_id=closure.pk, by=actors["traffic"], now=NOW, note="水退，无淤泥")
    closure.refresh_from_db()
    assert (closure.until, closure.reopen_note) == (NOW, "水退，无淤泥")
