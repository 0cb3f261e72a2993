import html

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile

from fengsui.apps.command import actions
from fengsui.apps.command.models import Closure, Deployment, Order, Response, Task
from fengsui.apps.command.tests.make import make_response
from fengsui.apps.command.tests.test_orders import no_roads, roads  # noqa: F401 - pytest fixtures are imported by name
from fengsui.apps.command.tests.test_tasks import jpeg
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.tests.make import NOW, make_incident
from fengsui.apps.people.models import Account
from fengsui.apps.resources.models import Team
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db


@pytest.fixture
def login(client, actors):
    def enter(name):
        account, _fresh = Account.objects.get_or_create(username=name, defaults={"person_id": actors[name].person})
        client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return enter


def said(response):
    return [str(each) for each in get_messages(response.wsgi_request)]


def test_room_shows_clocks_tasks_and_people_to_those_in_scope(login, actors):
    response = make_response(actors)
    address = f"/incidents/{response.incident_id}/"
    page = login("duty").get(address)
    text = page.content.decode()
    assert page.status_code == 200
    for wanted in ("210106-20260729-001", "电话初报", "5 项 未结 5", "启工街道1号地道桥：巡查", "Ⅱ级", "派力量"):
        assert wanted in text
    assert login("street").get(address).status_code == 200
    assert login("street2").get(address).status_code == 404
    assert login("T1").get(address).status_code == 404  # a team sees the incidents it is sent to
    assert login("public").get(address).status_code == 403


@pytest.mark.parametrize("name", ["head", "response", "tasks", "people", "reports", "roads", "timeline"])
def test_every_part_is_served_alone(login, actors, name):
    response = make_response(actors)
    page = login("duty").get(f"/incidents/{response.incident_id}/parts/{name}", headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert "<html" not in page.content.decode()
    assert f'data-live-url="/incidents/{response.incident_id}/parts/{name}' in page.content.decode()


def test_list_filters_pages_and_exports(login, actors):
    make_incident(actors["duty"])
    make_incident(actors["duty"], code="WL02")
    client = login("duty")
    assert "启工街道1号地道桥内涝" in client.get("/incidents/").content.decode()
    assert "启工街道1号地道桥内涝" not in client.get("/incidents/?q=兴华").content.decode()
    assert "没有符合条件" in client.get("/incidents/?state=closed").content.decode()
    table = b"".join(client.get("/incidents/list.csv").streaming_content).decode()
    assert table.startswith("\ufeff现地等级,事件,编号,")
    assert table.count("\r\n") == 4
    assert "含示意数据，非真实情况" in table
    assert client.get("/incidents/layer.geojson").json()["features"][0]["properties"]["mark"] == "内"


def test_intake_by_hand_opens_an_incident_and_says_what_is_wrong(login, actors):
    client = login("duty")
    assert client.get("/incidents/new").status_code == 200
    facts = {
        "source": "phone",
        "type_code": "11A02",
        "known_at": "2026-07-29T02:31",
        "summary": "桥下两车被困",
        "trapped": "2",
    }
    bad = client.post("/incidents/new", facts)
    assert bad.status_code == 422
    assert "没有地点" in bad.content.decode()
    assert "桥下两车被困" in bad.content.decode()
    good = client.post("/incidents/new", {**facts, "address": "建设大路 12 号门前", "area": "210106007"})
    incident = Incident.objects.in_world(LIVE).get()
    assert good.headers["Location"] == f"/incidents/{incident.pk}/"
    assert (incident.status, incident.trapped, incident.area_id) == ("received", 2, "210106007")


def test_one_press_leaves_no_half_when_its_second_half_fails(login, actors):
    incident = make_incident(actors["duty"])
    form = {"level": "orange", "matter": "内涝", "expected_hours": "6", "measures": "抽排", "activate": "1"}
    login("duty").post(f"/incidents/{incident.pk}/respond", form)  # may propose, may not activate
    assert not Response.objects.in_world(LIVE).exists()


def test_response_is_started_by_hand_through_the_panel(login, actors):
    incident = make_incident(actors["duty"])
    client = login("duty")
    text = client.get(f"/incidents/{incident.pk}/").content.decode()
    assert "提请启动 Ⅱ级" in text
    form = {"level": "orange", "matter": "内涝", "expected_hours": "6", "measures": "抽排"}
    client.post(f"/incidents/{incident.pk}/respond", form)
    found = Response.objects.in_world(LIVE).get()
    assert found.status == "proposed"
    refused = client.post(f"/responses/{found.pk}/do/activate")
    assert refused.status_code == 403
    login("leader").post(f"/responses/{found.pk}/do/activate")
    found.refresh_from_db()
    assert found.status == "proposed"
    login("commander").post(f"/responses/{found.pk}/do/activate")
    found.refresh_from_db()
    assert found.status == "active"
    assert found.tasks.count() == 5


def test_teams_are_sent_by_the_advised_press(login, actors, roads):  # noqa: F811 - pytest fixtures are imported by name
    task = make_response(actors).tasks.get(code="pump")
    client = login("duty")
    text = client.get(f"/tasks/{task.pk}/dispatch").content.decode()
    assert "最先到" in text
    assert "无泵" in text
    ways = client.get(f"/tasks/{task.pk}/ways.geojson").json()["features"]
    assert [each["properties"]["style"] for each in ways] == ["detour", "ahead"]
    assert client.get(f"/tasks/{task.pk}/teams.geojson").json()["features"][0]["properties"]["mark"] == "1"
    done = client.post(f"/tasks/{task.pk}/dispatch", {"team": [str(Team.objects.get(code="T1").pk)], "note": ""})
    order = Order.objects.in_world(LIVE).get()
    assert done.headers["Location"] == f"/incidents/{task.incident_id}/"
    assert order.number in client.get(f"/incidents/{task.incident_id}/").content.decode()
    assert "最先到" in client.get(f"/orders/{order.pk}/").content.decode()
    for name, count in (("routes", 1), ("teams", 1), ("place", 1), ("closures", 0)):
        layer = client.get(f"/incidents/{task.incident_id}/layers/{name}.geojson").json()
        assert len(layer["features"]) == count
    again = client.post(f"/tasks/{task.pk}/dispatch", {"team": [str(order.team_id)]})
    assert again.headers["Location"] == f"/tasks/{task.pk}/dispatch"
    assert Order.objects.in_world(LIVE).count() == 1


def test_phone_leads_the_leader_through_every_step_by_one_big_act(login, actors, roads):  # noqa: F811 - pytest fixtures are imported by name
    task = make_response(actors).tasks.get(code="pump")
    order = actions.dispatch(task_id=task.pk, team_id=Team.objects.get(code="T1").pk, by=actors["duty"], now=NOW)
    client, page = login("T1"), f"/tasks/{task.pk}/"
    assert task.title in client.get("/tasks/").content.decode()
    for verb, label in (
        ("accept", "我接令，马上去"),
        ("depart", "人齐了，出发"),
        ("arrive", "到了"),
        ("work", "开始作业"),
    ):
        text = client.get(page).content.decode()
        assert text.count('class="act1"') == 1
        assert label in text
        client.post(f"/orders/{order.pk}/do/{verb}", {"lon": "123.34", "lat": "41.81"})
    assert "办完了，交佐证" in client.get(page).content.decode()
    client.post(f"{page}do/report", {"text": "两台泵已开", "photo": SimpleUploadedFile("a.jpg", jpeg())})
    photo = task.progress.get().photo
    assert client.get(f"/photos/{photo.pk}.jpg").headers["Content-Type"] == "image/jpeg"
    lacking = client.post(f"{page}do/finish", {"text": "抽干"})
    assert lacking.status_code == 422
    told = lacking.content.decode()
    assert "还缺佐证" in told
    assert ">抽干</textarea>" in told.replace("\n", "")
    assert told.index("完成要有这一项") > told.index('name="flow"')
    client.post(f"{page}do/finish", {"text": "抽干", "flow": "1800"})
    task.refresh_from_db()
    assert (task.status, task.proof["flow"]) == ("done", 1800.0)
    for verb, label in (("leave", "任务已结束，撤收"), ("return", "已归建")):
        assert label in client.get(page).content.decode()
        client.post(f"/orders/{order.pk}/do/{verb}")
    assert Deployment.objects.in_world(LIVE).get().stage == "returned"
    assert login("street2").get(f"/photos/{photo.pk}.jpg").status_code == 404
    assert login("street2").get(page).status_code == 404


def test_leader_turns_back_by_one_act_when_the_task_ended_without_him(login, actors, roads):  # noqa: F811 - pytest fixtures are imported by name
    task = make_response(actors).tasks.get(code="pump")
    order = actions.dispatch(task_id=task.pk, team_id=Team.objects.get(code="T1").pk, by=actors["duty"], now=NOW)
    client, page = login("T1"), f"/tasks/{task.pk}/"
    refused = client.post(f"/orders/{order.pk}/do/recall")
    assert refused.status_code == 403
    actions.waive_task(task_id=task.pk, by=actors["duty"], now=NOW, reason="水已退")
    assert "任务已结束，不必再去" in client.get(page).content.decode()
    client.post(f"/orders/{order.pk}/do/recall")
    assert Deployment.objects.in_world(LIVE).get().stage == "recalled"


def test_second_press_is_told_who_was_first(login, actors):
    task = make_response(actors).tasks.get(code="patrol")
    client = login("street")
    client.post(f"/tasks/{task.pk}/do/accept")
    second = client.post(f"/tasks/{task.pk}/do/accept", follow=True)
    assert "任务已是已接收" in second.content.decode()
    assert second.status_code == 200


def test_report_is_drafted_prefilled_signed_and_sent_by_hand(login, actors):
    incident = make_response(actors).incident
    client = login("duty")
    page = client.post(f"/incidents/{incident.pk}/draft", {"stage": "first_written"}).headers["Location"]
    text = client.get(page).content.decode()
    assert "已启动Ⅱ级响应，封控、抽排、搜救" in text
    report = Report.objects.in_world(LIVE).get()
    client.post(f"{page}do/submit", {**report.fields, "receiver": report.receiver, "losses": "无"})
    assert (
        "等带班领导或指挥长签发" in client.get(page).content.decode()
        or "拟稿人不能签发" in client.get(page).content.decode()
    )
    login("leader").post(f"{page}do/sign")
    login("duty").post(f"{page}do/send")
    report.refresh_from_db()
    assert report.status == "sent"
    assert report.fields["losses"] == "无"
    assert "report" in page
    assert client.get(page).status_code == 200


def test_report_says_beside_its_field_what_is_missing_and_keeps_the_rest(login, actors):
    incident = make_response(actors).incident
    client = login("duty")
    page = client.post(f"/incidents/{incident.pk}/draft", {"stage": "first_written"}).headers["Location"]
    report = Report.objects.in_world(LIVE).get()
    sent = {**report.fields, "receiver": report.receiver, "measures": "", "course": "水从雨水口冒出"}
    refused = client.post(f"{page}do/submit", sent)
    text = refused.content.decode()
    assert refused.status_code == 422
    assert "水从雨水口冒出" in text
    assert text.index("还空着") > text.index('name="measures"')
    assert "拟书面初报" not in client.get(f"/incidents/{incident.pk}/").content.decode()


def test_closing_page_lists_what_still_blocks_and_closes_after(login, actors):
    from fengsui.apps.command.tests.test_tasks import conclude, report_first

    response = make_response(actors)
    client = login("leader")
    address = f"/incidents/{response.incident_id}/close"
    assert "终报还没有报送" in client.get(address).content.decode()
    conclude(response, actors)
    text = client.get(address).content.decode()
    assert text.count('name="reason"') == 5
    assert client.post(address).status_code == 409
    for task in Task.objects.in_world(LIVE):
        client.post(f"/tasks/{task.pk}/do/waive", {"reason": "水已退", "next": address})
    assert "书面初报还没有报送" in html.unescape(client.get(address).content.decode())
    report_first(response, actors)
    assert client.post(address).status_code == 302
    assert Incident.objects.in_world(LIVE).get().status == "closed"


def test_road_is_closed_and_opened_by_hand(login, actors):
    incident = make_incident(actors["duty"])
    client = login("traffic")
    client.post(f"/incidents/{incident.pk}/close-road", {"reason": "27 cm"})
    closure = Closure.objects.in_world(LIVE).get()
    assert "封控" in client.get(f"/incidents/{incident.pk}/").content.decode()
    assert client.get("/closures/layer.geojson").json()["features"][0]["geometry"]["type"] == "LineString"
    client.post(f"/closures/{closure.pk}/reopen", {"note": "水退"})
    closure.refresh_from_db()
    assert closure.until is not None


ADDRESSES = [
    "/incidents/",
    "/incidents/new",
    "/incidents/list.csv",
    "/incidents/layer.geojson",
    "/tasks/",
    "/closures/layer.geojson",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_sees_a_page_without_login_or_without_a_post(client, login, address):
    assert client.get(address).status_code == 302
    assert login("public").get(address).status_code == 403


def test_grade_and_casualties_are_changed_by_hand_with_a_ground(login, actors):
    incident = make_incident(actors["duty"])
    client, address = login("duty"), f"/incidents/{incident.pk}/grade"
    assert client.get(address).status_code == 200
    assert client.post(address, {"trapped": "2", "grade": "larger"}).status_code == 422
    client.post(address, {"trapped": "2", "grade": "larger", "reason": "现场核实"})
    incident.refresh_from_db()
    assert (incident.trapped, incident.grade) == (2, "larger")
    assert login("street").get(address).status_code == 403


def test_second_place_comes_under_the_response_by_one_press(login, actors):
    response = make_response(actors)
    second = make_incident(actors["duty"], code="WL02")
    client = login("duty")
    assert "纳入 兴华街道1号下穿通道内涝" in client.get(f"/incidents/{response.incident_id}/").content.decode()
    client.post(f"/responses/{response.pk}/do/widen", {"incident": str(second.pk)})
    assert response.tasks.filter(incident=second).count() == 4
