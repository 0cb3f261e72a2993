import io

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic
from PIL import Image

from fengsui.apps.command import actions, queries
from fengsui.apps.command.models import Photo, Progress, Task
from fengsui.apps.command.tests.make import make_response
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents import reports
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.tests.make import NOW, make_incident
from fengsui.core.models import AuditRow, Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Invalid, Refused

pytestmark = pytest.mark.django_db


def jpeg(width=40, height=30):
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "maker of the phone"
    Image.new("RGB", (width, height), "grey").save(out, "JPEG", exif=exif)
    return out.getvalue()


def task_of(response, code):
    return response.tasks.get(code=code)


def test_accepting_closes_its_clock_and_only_the_owner_may(actors):
    task = task_of(make_response(actors), "patrol")
    before = StoredEvent.objects.count()
    with pytest.raises(Forbidden):
        actions.accept_task(task_id=task.pk, by=actors["street2"], now=NOW)
    assert StoredEvent.objects.count() == before
    actions.accept_task(task_id=task.pk, by=actors["street"], now=NOW)
    assert Clock.objects.in_world(LIVE).get(about_id=str(task.pk), kind="command.accept").state == "met"
    with pytest.raises(Refused, match=r"task\.accept\.wrong_state"):
        actions.accept_task(task_id=task.pk, by=actors["duty"], now=NOW)
    assert AuditRow.objects.filter(subject=f"command.task:{task.pk}").count() == 2


def test_finishing_needs_the_proof_and_reports_on_the_way_count(actors):
    task = task_of(make_response(actors), "close_road")
    with pytest.raises(Refused, match=r"task\.finish\.wrong_state"):
        actions.finish_task(task_id=task.pk, by=actors["traffic"], now=NOW, text="封好")
    actions.accept_task(task_id=task.pk, by=actors["traffic"], now=NOW)
    with pytest.raises(Invalid) as refused:
        actions.finish_task(task_id=task.pk, by=actors["traffic"], now=NOW, text="封好")
    assert refused.value.field == "photo"
    actions.report_progress(
        task_id=task.pk,
        by=actors["traffic"],
        now=NOW,
        text="北口已封",
        photo=jpeg(4000, 3000),
        position=(123.342, 41.8127),
    )
    photo = Photo.objects.in_world(LIVE).get()
    assert (photo.width, photo.height, photo.kind) == (1600, 1200, "image/jpeg")
    assert b"maker of the phone" not in bytes(photo.data)
    done = actions.finish_task(task_id=task.pk, by=actors["traffic"], now=NOW, text="两口封闭")
    assert (done.status, done.proof) == ("done", {"text": "两口封闭"})
    assert not Clock.objects.in_world(LIVE).filter(about_id=str(task.pk), state="running").exists()
    assert list(Progress.objects.in_world(LIVE).values_list("kind", flat=True)) == ["report", "finish"]


@pytest.mark.parametrize("data", [b"not a picture", b"\xff\xd8\xff\xe0broken", b"<svg onload=alert(1)>"])
def test_photo_is_refused_when_it_is_none(actors, data):
    with pytest.raises(Invalid, match=r"command\.photo\.broken"):
        actions.keep_photo(data=data, by=actors["duty"], now=NOW)


def test_start_is_refused_when_a_predecessor_is_open_and_allowed_when_waived(actors):
    response = make_response(actors)
    rescue, road = task_of(response, "rescue"), task_of(response, "close_road")
    actions.accept_task(task_id=rescue.pk, by=actors["traffic"], now=NOW)
    for verb in (actions.start_task, actions.finish_task):
        with pytest.raises(Refused, match=r"command\.start\.before"):
            verb(task_id=rescue.pk, by=actors["traffic"], now=NOW)
    with pytest.raises(Forbidden):
        actions.waive_task(task_id=road.pk, by=actors["traffic"], now=NOW, reason="不用封")
    with pytest.raises(Invalid, match=r"command\.reason\.missing"):
        actions.waive_task(task_id=road.pk, by=actors["duty"], now=NOW, reason="")
    actions.waive_task(task_id=road.pk, by=actors["duty"], now=NOW, reason="已由路政封闭")
    assert actions.start_task(task_id=rescue.pk, by=actors["traffic"], now=NOW).status == "doing"


def test_blocked_and_declined_are_kept_with_the_reason_and_assigned_anew(actors):
    response = make_response(actors)
    patrol, road = task_of(response, "patrol"), task_of(response, "close_road")
    actions.decline_task(task_id=patrol.pk, by=actors["street"], now=NOW, reason="人手在另一点")
    post = next(iter(actors["street2"].posts))
    actions.assign_task(task_id=patrol.pk, post_id=post, by=actors["duty"], now=NOW)
    patrol.refresh_from_db()
    assert (patrol.status, patrol.owner_post_id) == ("waiting", post)
    assert answers(patrol) == [("met", {"verb": "assign"})]
    assert (
        Clock.objects.in_world(LIVE).get(about_id=str(patrol.pk), kind="command.task", state="running").owner_post
        == post
    )
    actions.accept_task(task_id=road.pk, by=actors["traffic"], now=NOW)
    actions.block_task(task_id=road.pk, by=actors["traffic"], now=NOW, reason="路障车未到")
    road.refresh_from_db()
    assert (road.status, road.reason) == ("blocked", "路障车未到")
    assert answers(road) == [("running", {})]
    owed = Clock.objects.in_world(LIVE).get(kind="command.answer", about_id=str(road.pk))
    assert (owed.owner_post, owed.label) == (next(iter(actors["duty"].posts)), f"受阻：{road.title}")
    assert actions.start_task(task_id=road.pk, by=actors["traffic"], now=NOW).status == "doing"
    assert answers(road) == [("met", {"verb": "start"})]


def answers(task):
    rows = Clock.objects.in_world(LIVE).filter(kind="command.answer", about_id=str(task.pk))
    return list(rows.values_list("state", "proof"))


def test_sent_report_is_the_proof_of_its_task(actors):
    response = make_response(actors)
    report = reports.draft(incident_id=response.incident_id, stage="first_phone", by=actors["duty"], now=NOW)
    reports.send(report_id=report.pk, by=actors["duty"], now=NOW)
    done = actions.finish_by_report(
        incident_id=response.incident_id,
        clock_kind="incidents.first_report_phone",
        by=actors["duty"],
        now=NOW,
        title=report.title,
    )
    assert [(task.code, task.status, task.proof) for task in done] == [
        ("report_phone", "done", {"document": report.title})
    ]


def test_report_sent_before_the_plan_began_is_the_proof_of_its_task(actors):
    incident = make_incident(actors["duty"])
    report = reports.draft(incident_id=incident.pk, stage="first_phone", by=actors["duty"], now=NOW)
    reports.send(report_id=report.pk, by=actors["duty"], now=NOW)
    task = make_response(actors, incident=incident).tasks.get(code="report_phone")
    assert (task.status, task.proof) == ("done", {"document": report.title})


def report_first(response, actors):
    first = reports.draft(incident_id=response.incident_id, stage="first_written", by=actors["duty"], now=NOW)
    fields = {**first.fields, "casualties": "无", "course": "积水", "measures": "封控"}
    reports.edit(report_id=first.pk, by=actors["duty"], fields=fields)
    reports.submit(report_id=first.pk, by=actors["duty"], now=NOW)
    reports.sign(report_id=first.pk, by=actors["leader"], now=NOW)
    reports.send(report_id=first.pk, by=actors["duty"], now=NOW)


def conclude(response, actors):
    actions.end_response(response_id=response.pk, by=actors["duty"], now=NOW, reason="回落")
    final = reports.draft(incident_id=response.incident_id, stage="final", by=actors["duty"], now=NOW)
    reports.edit(report_id=final.pk, by=actors["duty"], fields={"summary": "一", "disposal": "二", "losses": "三"})
    reports.submit(report_id=final.pk, by=actors["duty"], now=NOW)
    reports.sign(report_id=final.pk, by=actors["leader"], now=NOW)
    reports.send(report_id=final.pk, by=actors["duty"], now=NOW)


def test_incident_closes_only_when_every_task_is_done_or_waived(actors):
    response = make_response(actors)
    conclude(response, actors)
    before = StoredEvent.objects.count()
    with pytest.raises(Refused) as refused:
        actions.close_incident(incident_id=response.incident_id, by=actors["leader"], now=NOW)
    assert (refused.value.code, refused.value.facts["count"]) == ("incidents.close.open_tasks", 5)
    assert StoredEvent.objects.count() == before
    for task in response.tasks.all():
        actions.waive_task(task_id=task.pk, by=actors["duty"], now=NOW, reason="水已退")
    with pytest.raises(Refused) as refused:
        actions.close_incident(incident_id=response.incident_id, by=actors["leader"], now=NOW)
    assert refused.value.code == "incidents.close.open_clocks"
    assert refused.value.facts == {"count": 3, "titles": "电话初报、书面初报、自然灾害上报市级"}
    report_first(response, actors)
    actions.close_incident(incident_id=response.incident_id, by=actors["leader"], now=NOW)
    assert Incident.objects.in_world(LIVE).get().status == "closed"
    assert not Clock.objects.in_world(LIVE).filter(state="running", about_type="incidents.incident").exists()
    with pytest.raises(Refused, match=r"incident\.close\.wrong_state"):
        actions.close_incident(incident_id=response.incident_id, by=actors["commander"], now=NOW)


def test_database_refuses_as_well_when_an_incident_is_closed_over_open_tasks(actors):
    response = make_response(actors)
    report_first(response, actors)
    conclude(response, actors)
    with pytest.raises(IntegrityError, match="open tasks"), atomic():
        incidents.close(incident_id=response.incident_id, by=actors["leader"], now=NOW, unfinished=[])


def test_owner_sees_his_tasks_only(actors):
    make_response(actors)
    assert {task.code for task in queries.tasks_visible_to(actors["street"])} == {"patrol"}
    assert {task.code for task in queries.my_tasks(actors["duty"])} == {"report_phone"}
    assert queries.tasks_visible_to(actors["duty"]).count() == 5
    assert not queries.tasks_visible_to(actors["street2"]).exists()
    assert Task.objects.in_world(LIVE).count() == 5
