"""The pages of registers, as somebody on duty presses them."""

from __future__ import annotations

import io
import re
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from fengsui.apps.people.models import Organisation, Person, Post
from fengsui.apps.places.models import Shelter
from fengsui.apps.resources.models import Team
from fengsui.core.ledger.register import registers
from fengsui.core.models import StoredEvent
from tests.contracts.story import client_of
from tests.ledger.make import workbook


@pytest.fixture
def client(district):
    return client_of("leader")


@pytest.fixture
def team(district):
    return Team.objects.order_by("code")[0]


def page(client, where, status=200):
    response = client.get(where)
    assert response.status_code == status, (
        f"{where}: {response.status_code} {response.content[:300]!r} {response.exc_info}"
    )
    return (
        b"".join(response.streaming_content).decode()
        if response.streaming
        else response.content.decode("utf-8", "replace")
    )


def test_every_register_opens_in_every_form_when_asked(client):
    index = page(client, "/registers/")
    assert len(registers()) >= 10
    for code, register in registers().items():
        assert f"/registers/{code}/" in index
        shown = page(client, f"/registers/{code}/")
        assert str(register.name) in shown
        first = re.search(rf'href="(/registers/{code}/rows/[^"]+)"', shown)
        assert first, code
        assert "经过" in page(client, first[1])
        for kind in ("list.csv", "list.xlsx", "list.json", "layer.geojson"):
            page(client, f"/registers/{code}/{kind}")
        column = register.columns[1].code
        page(client, f"/registers/{code}/?sort=-{column}&cols={column},{register.columns[0].code}")
        if register.edit and register.edit(actor_of(client), None):
            page(client, f"/registers/{code}/new")
            page(client, f"/registers/{code}/import")
            page(client, f"/registers/{code}/template.xlsx")
        if register.geometry:
            page(client, f"/registers/{code}/map")


def actor_of(client):
    from tests.ledger.make import actor

    return actor("leader")


def test_list_is_narrowed_searched_and_sorted_when_asked(client):
    rows = client.get("/registers/teams/list.json?f.level=street").json()
    assert rows["total"] == Team.objects.filter(level="street").count()
    both = client.get("/registers/teams/list.json?f.level=street&f.level=social").json()
    assert both["total"] == Team.objects.filter(level__in=["street", "social"]).count()
    found = client.get("/registers/teams/list.json?" + urlencode({"q": "消防 经开"})).json()
    assert [row["code"] for row in found["rows"]] == ["T02"]
    most = client.get("/registers/teams/list.json?sort=-people").json()["rows"]
    assert most[0]["people"] == max(row["people"] for row in most)
    html = page(client, "/registers/teams/?f.level=street")
    assert "街道级" in html
    assert "cols=" not in html.split("<tbody>")[1]
    assert client.get("/registers/teams/?page=99&sort=nonsense&cols=x&f.zzz=1").status_code == 200


def test_telephone_numbers_are_masked_wherever_they_leave(client):
    phones = set(Person.objects.exclude(phone="").values_list("phone", flat=True))
    assert phones
    for where in (
        "/registers/people/?cols=name,phone",
        "/registers/people/list.csv?cols=name,phone",
        "/registers/people/list.json",
    ):
        text = page(client, where)
        assert "****" in text
        assert not [phone for phone in phones if phone in text]
    assert client.get("/registers/people/?f.phone=1&sort=phone").status_code == 200


def test_two_people_see_each_others_changes_when_both_save(client, team):
    where = f"/registers/teams/rows/{team.pk}/edit"
    first, second = page(client, where), page(client_of("duty"), where)
    opened = [re.search(r'name="opened" value="([^"]+)"', text)[1] for text in (first, second)]
    form = {
        "name": team.name,
        "level": "区级",
        "kind": team.kind,
        "org": team.org.code,
        "leader_post": team.leader_post.code,
        "people": team.people,
        "assembly_min": team.assembly_min,
        "readiness": "待命",
        "provenance": "示意",
    }
    form["base"] = re.search(r'name="base" value="([^"]+)"', first)[1]
    assert client.post(where, {**form, "people": 11, "opened": opened[0]}).status_code == 302
    clash = client_of("duty").post(where, {**form, "people": 22, "opened": opened[1]})
    assert clash.status_code == 409
    text = clash.content.decode()
    assert "现在是" in text
    assert "<b>11</b>" in text
    assert "<b>22</b>" in text
    team.refresh_from_db()
    assert team.people == 11
    again = re.search(r'name="opened" value="([^"]+)"', text)[1]
    assert client_of("duty").post(where, {**form, "people": 22, "opened": again}).status_code == 302
    team.refresh_from_db()
    assert team.people == 22


def test_last_change_is_undone_once_when_pressed(client, team):
    where = f"/registers/teams/rows/{team.pk}/"
    opened = re.search(r'name="opened" value="([^"]+)"', page(client, where + "edit"))[1]
    was = team.people
    assert client.post(where + "edit", {"people": was + 3, "opened": opened}).status_code == 302
    assert "撤销上次改动：人数" in page(client, where)
    assert client.post(where + "undo").status_code == 302
    team.refresh_from_db()
    assert team.people == was
    assert "撤销上一次改动" in page(client, where)


def test_row_leaves_the_list_and_keeps_its_history_when_retired(client, team):
    where = f"/registers/teams/rows/{team.pk}/"
    assert client.post(where + "retire", {"reason": ""}).status_code == 409
    assert client.post(where + "retire", {"reason": "撤编"}).status_code == 302
    assert team.name not in page(client, "/registers/teams/?q=" + team.code)
    assert team.name in page(client, "/registers/teams/?retired=1&q=" + team.code)
    assert "撤编" in page(client, where)
    assert client.post(where + "restore").status_code == 302
    assert [each.payload["how"] for each in StoredEvent.objects.filter(name="core.RowChanged").order_by("id")] == [
        "retired",
        "restored",
    ]


def test_new_row_is_made_or_each_field_says_what_is_wrong(client):
    wrong = client.post("/registers/posts/new", {"code": "p1"})
    assert wrong.status_code == 403
    admin = client_of("secadmin")
    org = Organisation.objects.get(code="bureau-core")
    answer = admin.post(
        "/registers/posts/new", {"code": "p1", "title": "", "org": "没有的", "role": "指挥长", "call_order": "一"}
    )
    assert answer.status_code == 422
    for words in ("没有填", "不在册", "不是数字"):
        assert words in answer.content.decode()
    made = admin.post(
        "/registers/posts/new", {"code": "p1", "title": "测试岗", "org": org.name, "role": "指挥长", "call_order": "1"}
    )
    assert made.status_code == 302
    assert Post.objects.get(code="p1").org == org
    twice = admin.post(
        "/registers/posts/new", {"code": "p1", "title": "又一个", "org": org.code, "role": "指挥长", "call_order": "1"}
    )
    assert "已被另一行占用" in twice.content.decode()


def test_sheet_goes_from_upload_to_register_when_pressed(client):
    old = Shelter.objects.select_related("place").order_by("place__code")[0]
    body = workbook(
        [["编号", "名称", "可容纳人数"], [old.place.code, "甲", 100], ["没有", "乙", "许多"], ["注：以上为上半年数"]]
    )
    sent = client.post("/registers/shelters/import", {"file": SimpleUploadedFile("表.xlsx", body)})
    assert sent.status_code == 302
    where = sent["Location"]
    text = page(client, where)
    assert "第 3 行" in text
    assert "“许多”不是数字" in text
    assert "第 4 行是说明" in text
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get(where + "faults.xlsx").content))
    remarks = [row[3] for row in book.get_sheet_by_index(0).to_python(skip_empty_area=False)]
    assert remarks[0] == "问题与改法"
    assert remarks[1] == ""
    assert "可容纳人数：“许多”不是数字" in remarks[2]
    assert client.post(where + "take", {"changed": "1", "fresh": "1"}).status_code == 302
    assert "有 1 行有错" in page(client, where)
    assert client.post(where + "take", {"changed": "1", "skip_wrong": "1"}).status_code == 302
    assert "已接收 1 行" in page(client, where)
    old.refresh_from_db()
    assert old.capacity == 100
    assert client.post("/registers/shelters/import", {}).status_code == 422
    bad = client.post("/registers/shelters/import", {"file": SimpleUploadedFile("x.xlsx", b"nothing")})
    assert "打不开这份文件" in page(client, bad["Location"])


def test_every_register_says_what_of_it_is_made_up(by):
    """The shipped district's rows are illustrative or belong to what is: no page and no export may be silent on it."""
    filled = [each for each in registers().values() if each.visible_to(by).exists()]
    silent = [each.code for each in filled if not each.made_up(by).exists()]
    assert silent == []
