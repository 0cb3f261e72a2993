"""Codes have words: on pages in both languages, in sheets in either form; lists of posts keep their order."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from fengsui.apps.people.models import Post
from fengsui.apps.places import queries as places
from fengsui.apps.places.models import Area, Place, Shelter
from fengsui.apps.resources.models import Team
from fengsui.apps.resources.rules import SKILLS, TEAM_KINDS
from fengsui.core.ledger.register import register, registers
from tests.contracts.story import client_of
from tests.ledger.make import actor, bring, upload, workbook


def test_every_code_that_the_district_loads_has_its_word(district):
    assert set(Team.objects.values_list("kind", flat=True)) <= set(TEAM_KINDS)
    assert {skill for row in Team.objects.all() for skill in row.skills} <= set(SKILLS)
    column = register("teams").by_code["jurisdiction"]
    assert set(Team.objects.values_list("jurisdiction", flat=True)) <= set(column.kind.words)


@pytest.mark.parametrize(
    ("language", "kind", "skill", "where"),
    [("zh-hans", "防汛排涝", "排水", "经开区"), ("en", "flood control and drainage", "drainage", "Development Zone")],
)
def test_page_says_words_and_no_codes_in_both_languages(district, language, kind, skill, where):
    client = client_of("leader")
    client.cookies["django_language"] = language
    text = client.get("/registers/teams/?cols=name,kind,skills,jurisdiction").content.decode()
    body = text.split("<tbody>")[1]
    assert kind in body
    assert skill in body
    assert where in body
    assert kind in text.split("<aside")[1].split("</aside>")[0]
    for code in ("water_supply", "fire_rescue", ">zone<"):
        assert code not in body


def test_word_and_code_are_the_same_when_imported(district):
    first, second, third = Team.objects.order_by("code")[:3]
    head = ["编号", "名称", "类型", "技能", "管辖"]
    rows = [
        [first.code, first.name, "危化品处置", "排水、沙袋堆筑", "经开区"],
        [second.code, second.name, "hazmat", "drainage/sandbag", "zone"],
        [third.code, third.name, "Hazardous materials", "排水、急救", ""],
    ]
    bring("teams", workbook([head, *rows]), actor("leader"))
    for row in (first, second, third):
        row.refresh_from_db()
    assert first.kind == second.kind == third.kind == "hazmat"
    assert (first.skills, second.skills, third.skills) == (
        ["drainage", "sandbag"],
        ["drainage", "sandbag"],
        ["drainage", "急救"],
    )
    assert (first.jurisdiction, second.jurisdiction, third.jurisdiction) == ("zone", "zone", "")
    wrong = upload("teams", workbook([head[:3], [first.code, first.name, "马戏团"]]), actor("leader"))
    assert [fault[2] for fault in wrong.faults] == ["core.ledger.not_allowed"]


def test_whole_district_is_a_value_one_can_narrow_to(district):
    client = client_of("secadmin")
    text = client.get("/registers/organisations/").content.decode()
    assert "f.jurisdiction=~" in text
    rows = client.get("/registers/organisations/list.json?f.jurisdiction=~").json()["rows"]
    assert rows
    assert {row["jurisdiction"] for row in rows} == {""}


def two_posts():
    held = Post.objects.filter(holdings__until__isnull=True, holdings__isnull=False)
    return list(held.distinct().order_by("code")[:2])


def test_call_order_is_read_by_code_name_or_both_and_keeps_its_order(district):
    by, (one, two) = actor("leader"), two_posts()
    place = Shelter.objects.select_related("place").order_by("place__code")[0].place
    head = ["编号", "名称", "叫应顺序"]
    writings = (f"{two.code}、{one.code}", f"{two.code} {two.title}；{one.code}", f"{two.code}\n{one.code} {one.title}")
    for written in writings:
        Place.objects.filter(pk=place.pk).update(call_order=[])
        bring("shelters", workbook([head, [place.code, place.name, written]]), by)
        place.refresh_from_db()
        assert place.call_order == [two.code, one.code]
    assert places.call_chain_for(place)[0].post == two.pk
    wrong = upload(
        "shelters", workbook([head, [place.code, place.name, f"{one.code}、没有的岗位"], ["x", "y", one.code]]), by
    )
    found = [(fault[1], fault[2]) for fault in wrong.faults if fault[0] == 2]
    assert found == [("call_order", "core.ledger.unknown_code")]
    twice = upload("shelters", workbook([head, [place.code, place.name, f"{one.code}、{one.code}"]]), by)
    assert [fault[2] for fault in twice.faults] == ["core.ledger.named_twice"]


def test_call_order_of_a_street_is_shown_by_names_and_changed_in_the_form(district):
    client, (one, two) = client_of("leader"), two_posts()
    area = Area.objects.filter(kind="subdistrict").exclude(call_order=[]).order_by("code")[0]
    title = Post.objects.get(code=area.call_order[0]).title
    assert title in client.get("/registers/areas/?cols=name,call_order").content.decode()
    where = f"/registers/areas/rows/{area.pk}/"
    form = client.get(where + "edit").content.decode()
    assert f"{area.call_order[0]} {title}" in form
    opened = form.split('name="opened" value="')[1].split('"')[0]
    answer = client.post(where + "edit", {"opened": opened, "call_order": f"{two.code}\n{one.title} 改"})
    assert answer.status_code == 422
    assert "不在册" in answer.content.decode()
    assert client.post(where + "edit", {"opened": opened, "call_order": f"{two.code}\n{one.code}"}).status_code == 302
    area.refresh_from_db()
    assert area.call_order == [two.code, one.code]
    shown = client.get(where).content.decode()
    with override("zh-hans"):
        assert f"{two.title} → {one.title}" in shown


def test_new_community_lies_in_the_street_of_its_code(district):
    street = Area.objects.filter(kind="subdistrict").order_by("code")[0]
    sheet = workbook([["区划代码", "名称", "类别"], [f"{street.code}999", "新社区", "社区（村）"]])
    bring("areas", sheet, actor("leader"))
    assert Area.objects.get(code=f"{street.code}999").parent == street


def test_shown_call_orders_cost_one_query_however_many_rows(district, django_assert_max_num_queries):
    assert "areas" in registers()
    client = client_of("leader")
    client.get("/registers/areas/?cols=name,call_order")
    with django_assert_max_num_queries(30):
        client.get("/registers/areas/?cols=name,call_order")


def test_a_form_offers_words_of_its_language(district):
    client = client_of("leader")
    client.cookies["django_language"] = "en"
    where = f"/registers/areas/rows/{Area.objects.filter(kind='subdistrict').first().pk}/edit"
    assert ">subdistrict</option>" in client.get(where).content.decode()
