"""Pages as they are used: who sees what, what a press does, how many queries a page costs, and the public feeds."""

from __future__ import annotations

import pytest
from django.test import Client
from lxml import etree

from fengsui.apps.alerts import actions
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.apps.alerts.tests import make
from fengsui.apps.alerts.tests.make import NOW, later, make_warning, signal
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import NotDelivered

ATOM = "{http://www.w3.org/2005/Atom}"


def log_in(town: make.Town, name: str, world=LIVE) -> Client:
    client = Client()
    client.force_login(town.persons[name].account, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["world"] = str(world)
    session.save()
    return client


def fetch(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:600]
    return answer.content.decode()


@pytest.mark.parametrize("status", ["draft", "confirmed", "issued"])
@pytest.mark.parametrize("who", ["赵明远", "孙丽", "李指挥", "王审计"])
def test_warning_page_when_opened_by_the_desk(town, outlets, status, who):
    row = make_warning(town, status=status)
    page = fetch(log_in(town, who), f"/warnings/{row.pk}/")
    assert "南两洞桥" in page
    assert ("核定，送签发" in page) is (status == "draft" and who != "王审计")
    assert "style=" not in page


def test_pages_when_english_have_english_data(town, outlets):
    row = make_warning(town, status="issued")
    client = log_in(town, "赵明远")
    client.cookies["django_language"] = "en"
    page = fetch(client, f"/warnings/{row.pk}/")
    assert "Nanliangdong bridge" in page
    assert "in force" in page


def test_draft_when_not_on_the_desk_is_not_found(town, outlets):
    row = make_warning(town)
    fetch(log_in(town, "吴街道"), f"/warnings/{row.pk}/", 404)
    assert "南两洞桥" not in fetch(log_in(town, "吴街道"), "/warnings/")


def test_warning_when_in_another_world_is_not_found(town, outlets):
    row = make_warning(town)
    world = make.make_exercise()
    fetch(log_in(town, "赵明远", world.pk), f"/warnings/{row.pk}/", 404)


def test_press_when_confirmed_and_issued_through_the_pages(town, outlets):
    row = make_warning(town)
    officer, leader = log_in(town, "赵明远"), log_in(town, "孙丽")
    assert officer.post(f"/warnings/{row.pk}/confirm").status_code == 302
    wrong = leader.post(f"/warnings/{row.pk}/issue", {"typed": "红色"}, follow=True)
    assert "没有照写级别" in wrong.content.decode()
    assert Bulletin.objects.in_world(LIVE).count() == 0
    done = leader.post(f"/warnings/{row.pk}/issue", {"typed": "橙色"}, follow=True)
    assert "预警〔" in done.content.decode()
    again = leader.post(f"/warnings/{row.pk}/issue", {"typed": "橙色"}, follow=True)
    assert "不能签发" in again.content.decode()
    assert Bulletin.objects.in_world(LIVE).count() == 1


def test_confirm_when_the_draft_rose_while_it_was_read_is_refused(town, outlets):
    read = make_warning(town, Level.YELLOW)
    risen = signal(town, Level.ORANGE, at=later(minutes=2))
    assert risen.version > read.version
    officer = log_in(town, "赵明远")
    late = officer.post(f"/warnings/{read.pk}/confirm", {"version": read.version}, follow=True)
    assert f"你看的是第 {read.version} 稿" in late.content.decode()
    assert Warning.objects.in_world(LIVE).get().status == "draft"
    officer.post(f"/warnings/{read.pk}/confirm", {"version": risen.version})
    assert Warning.objects.in_world(LIVE).get().status == "confirmed"


def test_press_when_by_who_confirmed_shows_the_shut_button(town, outlets):
    row = signal(town, Level.ORANGE)
    actions.confirm(warning_id=row.pk, by=town.by("孙丽"), now=NOW)
    assert "你核定的须由第二人签发" in fetch(log_in(town, "孙丽"), f"/warnings/{row.pk}/")


def test_press_when_without_csrf_is_refused(town):
    row = make_warning(town)
    client = Client(enforce_csrf_checks=True)
    client.force_login(town.persons["赵明远"].account, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/warnings/{row.pk}/confirm").status_code == 403
    assert Warning.objects.in_world(LIVE).get().status == "draft"


@pytest.mark.parametrize(
    ("verb", "status", "fields", "after"),
    [
        ("reject", "draft", {"reason": "溅水"}, "rejected"),
        ("revise", "draft", {"reason": "更深", "level": "4"}, "draft"),
        ("send-back", "confirmed", {"reason": "范围"}, "draft"),
        ("keep", "issued", {"reason": "稳定"}, "issued"),
        ("lift", "issued", {"reason": "看过"}, "lifted"),
        ("cancel", "issued", {"reason": "误接", "typed": "橙"}, "cancelled"),
        ("cancel", "issued", {"reason": "误接", "typed": ""}, "issued"),
        ("reject", "draft", {"reason": ""}, "draft"),
    ],
)
def test_press_when_each_verb(town, outlets, verb, status, fields, after):
    row = make_warning(town, status=status)
    assert log_in(town, "孙丽").post(f"/warnings/{row.pk}/{verb}", fields).status_code == 302
    assert Warning.objects.in_world(LIVE).get().status == after


def test_bench_when_many_costs_the_same_queries(town, outlets, django_assert_max_num_queries):
    make_warning(town)
    client = log_in(town, "赵明远")
    fetch(client, "/warnings/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        fetch(client, "/warnings/")
    for n in range(30):
        place = make.Place.objects.create(
            code=f"X{n}",
            kind="waterlogging_point",
            name=f"点{n}",
            area=town.place.area,
            jurisdiction="core",
            location=town.place.location,
            provenance="illustrative",
        )
        actions.draft_by_hand(
            place_id=place.pk, hazard="waterlogging", level=Level.BLUE, reason="x", by=town.by("赵明远"), now=NOW
        )
    with CaptureQueriesContext(connection) as many:
        fetch(client, "/warnings/")
    assert len(many) == len(few)


@pytest.mark.parametrize("path", ["/warnings/{warning}/", "/bulletins/{bulletin}/"])
def test_page_when_opened_stays_under_its_query_limit(town, outlets, path, django_assert_max_num_queries):
    row = make_warning(town, status="issued")
    bulletin = Bulletin.objects.in_world(LIVE).get()
    client = log_in(town, "赵明远")
    with django_assert_max_num_queries(40):
        fetch(client, path.format(warning=row.pk, bulletin=bulletin.pk))


def test_fragments_when_fetched(town, outlets):
    row = make_warning(town, status="issued")
    bulletin = Bulletin.objects.in_world(LIVE).get()
    client = log_in(town, "赵明远")
    for path in (
        *(f"/warnings/{row.pk}/parts/{name}" for name in ("draft", "reach", "bar")),
        *(f"/bulletins/{bulletin.pk}/parts/{name}" for name in ("deliveries", "calls")),
        "/warnings/queue",
        "/warnings/screen",
    ):
        assert "<html" not in fetch(client, path)


def test_export_when_a_reason_is_a_formula_is_harmless(town, outlets):
    row = make_warning(town)
    actions.reject(warning_id=row.pk, reason="=1+1", by=town.by("赵明远"), now=NOW)
    answer = log_in(town, "赵明远").get("/warnings/list.csv")
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    assert "'=1+1" in text
    assert "示意" in text


def test_history_when_filtered(town, outlets):
    make_warning(town)
    client = log_in(town, "赵明远")
    assert "没有符合条件的预警" in fetch(client, "/warnings/?status=lifted")
    assert "没有符合条件的预警" not in fetch(client, "/warnings/?level=3&q=南两洞")


def test_new_when_drafted_by_hand(town, outlets):
    client = log_in(town, "赵明远")
    assert "手工拟稿" in fetch(client, "/warnings/new")
    facts = {"place": str(town.other.pk), "hazard": "waterlogging", "level": "2", "reason": "群众来电"}
    assert client.post("/warnings/new", facts).status_code == 302
    again = client.post("/warnings/new", facts)
    assert (again.status_code, "未了结的预警" in again.content.decode()) == (422, True)
    assert client.post("/warnings/new", facts | {"reason": ""}).status_code == 422


def test_bulletin_when_dead_can_be_retried_and_waived_on_the_page(town, outlets, sent):
    bulletin = sent
    outlets["webhook"].fail = [NotDelivered("webhook.status", again=False, status=401)] * 2
    row = Delivery.objects.in_world(LIVE).get(outlet_id="media")
    actions.deliver(delivery_id=row.pk, now=sent.sent_at)
    client = log_in(town, "赵明远")
    page = fetch(client, f"/bulletins/{bulletin.pk}/")
    assert "死信 1" in page
    assert "对方没有受理（HTTP 401）" in page
    assert client.post(f"/deliveries/{row.pk}/retry").status_code == 302
    row.refresh_from_db()
    actions.deliver(delivery_id=row.pk, now=row.next_try_at)
    assert client.post(f"/deliveries/{row.pk}/waive", {"reason": "改用扩音车"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "waived"
    assert log_in(town, "吴街道").post(f"/deliveries/{row.pk}/retry").status_code in (403, 404)


def test_cap_when_downloaded_is_the_issued_bytes(town, outlets):
    make_warning(town, status="issued")
    bulletin = Bulletin.objects.in_world(LIVE).get()
    answer = log_in(town, "赵明远").get(f"/bulletins/{bulletin.pk}/cap.xml")
    assert answer.content == bytes(bulletin.sent_xml)


def test_call_page_when_pressed_by_the_person(town, outlets):
    make_warning(town, status="issued")
    call = Call.objects.in_world(LIVE).get(name="周网格")
    client = log_in(town, "周网格")
    assert "收到" in fetch(client, f"/calls/{call.pk}/")
    assert client.post(f"/calls/{call.pk}/acknowledge").status_code == 302
    assert "已应答" in fetch(client, f"/calls/{call.pk}/")
    fetch(log_in(town, "陈立"), f"/calls/{call.pk}/", 404)
    assert log_in(town, "陈立").post(f"/calls/{call.pk}/acknowledge").status_code == 404


def test_call_when_written_down_by_the_desk_needs_a_note(town, outlets):
    make_warning(town, status="issued")
    call = Call.objects.in_world(LIVE).get(name="周网格")
    client = log_in(town, "赵明远")
    assert "要写明" in client.post(f"/calls/{call.pk}/acknowledge", {"note": ""}, follow=True).content.decode()
    client.post(f"/calls/{call.pk}/acknowledge", {"note": "02:51 电话，已到场"})
    call.refresh_from_db()
    assert call.state == "answered"


def test_seen_when_reported_by_a_page(town, outlets):
    make_warning(town, status="issued")
    bulletin = Bulletin.objects.in_world(LIVE).get()
    actions.deliver(delivery_id=Delivery.objects.in_world(LIVE).get(outlet_id="desk-screen").pk, now=NOW)
    assert log_in(town, "赵明远").post(f"/bulletins/{bulletin.pk}/seen").status_code == 204
    assert Delivery.objects.in_world(LIVE).get(outlet_id="desk-screen").state == "acknowledged"


@pytest.fixture
def sent(town, outlets) -> Bulletin:
    from django.utils import timezone

    row = signal(town, Level.ORANGE)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=NOW)
    return actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=timezone.now())


def test_feed_when_fetched_by_anybody_lists_the_bulletin(sent):
    answer = Client().get("/feeds/cap.atom")
    assert answer["Content-Type"].startswith("application/atom+xml")
    entry = etree.fromstring(answer.content).find(f"{ATOM}entry")
    assert sent.headline in entry.findtext(f"{ATOM}title")
    link = entry.find(f"{ATOM}link").get("href")
    got = Client().get(link.partition("8600")[2] or link)
    assert got.content == bytes(sent.sent_xml)
    assert got["Content-Type"] == "application/cap+xml"


@pytest.mark.parametrize("path", ["/feeds/cap.atom", "/feeds/cap/{identifier}.xml"])
def test_feed_when_asked_conditionally_answers_304(sent, path):
    path = path.format(identifier=sent.identifier)
    first = Client().get(path)
    etag, at = first["ETag"], first["Last-Modified"]
    assert Client().get(path, headers={"If-None-Match": etag}).status_code == 304
    assert Client().get(path, headers={"If-None-Match": f'W/{etag}, "other"'}).status_code == 304
    assert Client().get(path, headers={"If-Modified-Since": at}).status_code == 304
    assert Client().get(path, headers={"If-None-Match": '"other"', "If-Modified-Since": at}).status_code == 200
    assert Client().get(path, headers={"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}).status_code == 200
    assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 405


def test_feed_when_a_new_bulletin_comes_is_another_version(sent, town):
    before = Client().get("/feeds/cap.atom")["ETag"]
    actions.lift(warning_id=sent.warning_id, reason="退了", by=town.by("孙丽"), now=sent.sent_at)
    assert Client().get("/feeds/cap.atom", headers={"If-None-Match": before}).status_code == 200


def test_feed_when_exercise_shows_nothing(town, outlets):
    world = make.make_exercise()
    make_warning(town, status="issued", world=world.pk)
    bulletin = Bulletin.objects.in_world(world).get()
    assert b"<entry" not in Client().get("/feeds/cap.atom").content
    assert Client().get(f"/feeds/cap/{bulletin.identifier}.xml").status_code == 404
    assert later(minutes=0) == NOW
