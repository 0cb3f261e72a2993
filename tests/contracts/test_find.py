"""Find anything: by Chinese, pinyin, initials, English and with slips; and nobody finds what his lists do not show."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone, translation

from fengsui.apps.alerts.models import Warning
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people import actions as rights
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Account, Holding, Person
from fengsui.apps.places.models import Place
from fengsui.apps.sensing.models import Station
from fengsui.core import find
from fengsui.core.find import asking, keeping, spelling
from fengsui.core.find.registry import of_label
from fengsui.core.find.spelling import pinyin
from fengsui.core.models import FindRow, FindWord, World
from fengsui.core.worlds import LIVE
from tests.contracts.story import LOGINS, client_of, quick_passwords, tell

LIMIT = 50


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    with quick_passwords(), django_db_blocker.unblock(), transaction.atomic():
        story = tell()
        keeping.rebuild()
        yield story
        transaction.set_rollback(True)


@pytest.fixture
def story(told, db):
    return told


def titles(by, question, **over):
    return [hit.title for group in asking.search(by, question, **over).groups for hit in group.hits]


@pytest.mark.parametrize("written", ["whole", "part", "pinyin", "initials", "slip", "code"])
def test_a_place_is_found_as_it_is_typed(story, written):
    place = Place.objects.filter(kind="waterlogging_point").order_by("code")[0]
    full, initials = pinyin(place.name)
    middle = len(full) // 2
    typed = {
        "whole": place.name,
        "part": place.name[1:3],
        "pinyin": full,
        "initials": initials,
        "slip": full[: middle - 1] + full[middle] + full[middle - 1] + full[middle + 1 :],
        "code": place.code.lower(),
    }
    assert place.name in titles(story.by("duty"), typed[written], limit=LIMIT)


def test_a_place_is_found_by_its_english_name_and_shown_by_it(story):
    place = Place.objects.exclude(name_en="").filter(kind="waterlogging_point").order_by("code")[0]
    with translation.override("en"):
        assert place.name_en in titles(story.by("duty"), place.name_en.split()[0].upper(), limit=LIMIT)


def test_a_wrong_character_of_the_same_sound_still_finds(story):
    person = Person.objects.filter(retired_at__isnull=True).order_by("pk")[0]
    Person.objects.filter(pk=person.pk).update(name="欧阳建国")
    keeping.refresh(of_label("people.person"), [str(person.pk)], LIVE)
    by = story.by("duty")
    assert "欧阳建国" in titles(by, "欧阳建果")
    assert "欧阳建国" in titles(by, "ouyang jianguo")
    assert "欧阳建国" in titles(by, "oyjg")


SLIPS = {
    "yuhongxiaofangzhna": "于洪消防站三号点",
    "于洪消队站三号": "于洪消防站三号点",
    "fire hydrnat": "钢厂北门",
    "yuhongxiaofnagzhan": "于洪消防站三号点",
}


@pytest.mark.parametrize("typed", SLIPS)
def test_a_slip_finds_the_likest_word_first_and_says_that_it_guessed(story, typed):
    org = Person.objects.filter(retired_at__isnull=True).order_by("pk")[0].org
    for title, english in (("于洪消防站三号点", ""), ("钢厂北门", "fire hydrant 12")):
        FindRow.objects.create(
            kind="person", key=str(Person.objects.create(name=title, org=org).pk), title=title, title_en=english,
            url="/", words=spelling.written(title, english),
        )  # fmt: skip
        for word in spelling.runs(spelling.sections(title, english)):
            FindWord.objects.create(word=word)
    found = asking.search(story.by("duty"), typed)
    assert found.is_guess
    assert found.groups[0].hits[0].title == SLIPS[typed]


def test_a_slip_with_a_number_finds_the_row_of_that_number_first(story):
    org = Person.objects.filter(retired_at__isnull=True).order_by("pk")[0].org
    made = [Person.objects.create(name=f"欧阳建国{n}号", org=org) for n in (7, 8, 9)]
    keeping.refresh(of_label("people.person"), [str(each.pk) for each in made], LIVE)
    assert titles(story.by("duty"), "ouyangjinaguo8", kinds=["person"])[0] == "欧阳建国8号"


def test_somebody_of_a_narrow_scope_is_not_shown_others_by_a_slip(story):
    by = story.by("community")
    other = Person.objects.exclude(org_id__in=by.orgs).order_by("pk")[0].org
    made = Person.objects.create(name="司马青云", org=other)
    keeping.refresh(of_label("people.person"), [str(made.pk)], LIVE)
    assert titles(story.by("duty"), "simaqignyun") == ["司马青云"]
    assert "司马青云" not in titles(by, "simaqignyun")


def test_the_dictionary_holds_a_word_while_some_row_does_and_once(story):
    org = Person.objects.filter(retired_at__isnull=True).order_by("pk")[0].org
    made = Person.objects.create(name="司马青云", org=org)
    keeping.refresh(of_label("people.person"), [str(made.pk)], LIVE)
    FindWord.objects.create(word="simaqingyun")
    keeping.rebuild()
    assert FindWord.objects.filter(word="simaqingyun").count() == 1
    made.delete()
    keeping.rebuild()
    assert not FindWord.objects.filter(word="simaqingyun").exists()
    assert not {each for each in FindWord.objects.values_list("word", flat=True) if each.isdigit()}


def test_initials_and_numbers_are_no_words_of_the_dictionary():
    held = spelling.runs(spelling.sections("南两洞桥3号", "underpass no 3", "NLDQ-3"))
    assert held == {spelling.tripled("南两洞桥"), "nanliangdongqiao", "hao", "underpass no", "nldq"}


def test_what_was_just_opened_is_found_at_once_and_what_was_rolled_back_is_not(story):
    by, now = story.by("duty"), timezone.now()
    place = Place.objects.filter(kind="shelter").order_by("code")[0]
    try:
        with transaction.atomic():
            made = incidents.open_incident(
                by=by, now=now, source="phone", type_code="20000", title="仓库冒烟", area=place.area,
                position=(place.location.x, place.location.y), address="试验路九号",
            )  # fmt: skip
            assert "仓库冒烟" in titles(by, "ckmy")
            assert FindRow.objects.get(kind="incident", key=str(made.pk)).is_open
            raise RuntimeError
    except RuntimeError:
        assert "仓库冒烟" not in titles(by, "ckmy")


def test_a_row_out_of_use_leaves_the_index(story):
    station = Station.objects.in_world(LIVE).order_by("code")[0]
    assert station.name in titles(story.by("duty"), station.code, limit=LIMIT)
    Station.objects.in_world(LIVE).filter(pk=station.pk).update(retired_at=timezone.now())
    assert station.code not in [row.key for row in FindRow.objects.filter(title=station.code)]
    assert station.name not in titles(story.by("duty"), station.code, limit=LIMIT)


BROAD = ("1", "街道", "员", "a", "s", "预警", "站", "队")
"""Questions that nearly everything of the district answers."""


@pytest.mark.parametrize("role", LOGINS)
def test_nobody_finds_what_his_own_lists_do_not_show(story, role):
    """What comes back of broad questions is in the kind's own list of this person, and its page opens for him."""
    by, known, client = story.by(LOGINS[role]), find.findables(), client_of(LOGINS[role])
    allowed: dict[str, set[str]] = {}
    for code, kind in known.items():
        if kind.view(by):
            rows = kind.current(kind.visible_to(by)).order_by()
            allowed[code] = {str(key) for key in rows.values_list("pk", flat=True)}
    seen: dict[str, str] = {}
    for question in BROAD:
        for group in asking.search(by, question, limit=asking.ENOUGH).groups:
            assert group.code in allowed, (role, group.code)
            assert {hit.key for hit in group.hits} <= allowed[group.code], (role, group.code)
            seen.setdefault(group.code, group.hits[-1].url)
    for code, url in seen.items():
        assert client.get(url).status_code == 200, (role, code, url)
    assert bool(seen) == (role != "public")


def test_a_list_over_http_and_the_search_agree_about_a_register(story):
    """The street officer's list of teams, as his browser gets it, is all that he finds of teams."""
    listed = client_of("street").get("/registers/teams/list.json").json()
    ids = {str(row["id"]) for row in listed["rows"]}
    found = asking.search(story.by("street"), "队", limit=asking.ENOUGH, kinds=["register-teams"]).groups
    assert {hit.key for group in found for hit in group.hits} <= ids
    assert FindRow.objects.filter(kind="register-teams").count() > len(ids)


def test_a_role_that_may_not_open_a_list_finds_nothing_of_it(story):
    warned = Warning.objects.in_world(LIVE).get(pk=story.warning.pk)
    assert [group.code for group in asking.search(story.by("duty"), warned.place.name).groups].count("warning") == 1
    other = asking.search(story.by("street2"), warned.place.name)
    assert "warning" not in [group.code for group in other.groups]
    assert asking.search(story.by("somebody"), warned.place.name).groups == []


def test_somebody_of_a_narrow_scope_finds_his_own_among_many_of_others(story):
    """His row stands behind more of others' than are looked at first."""
    by = story.by("community")
    (org,) = by.orgs
    other = Person.objects.exclude(org_id=org).order_by("pk")[0].org
    Person.objects.bulk_create(Person(name="同名者", org=other) for _n in range(asking.FIRST + 20))
    own = Person.objects.create(name="同名者", org_id=org)
    keeping.rebuild()
    (group,) = asking.search(by, "同名者", kinds=["person"]).groups
    assert [hit.key for hit in group.hits] == [str(own.pk)]
    assert group.more == 0


def test_an_exercise_is_not_found_in_live_nor_live_in_an_exercise(story):
    world = World.objects.create(kind="exercise", name="演练世界")
    double = Incident.objects.in_world(LIVE).get(pk=story.incident.pk)
    double.pk = double.id = uuid4()
    double.world_id, double.title, double._state.adding = world.pk, "演练里的险情", True
    double.save(force_insert=True)
    keeping.rebuild()
    inside = people.actor_for(Account.objects.get(username="duty").person_id, world.pk)
    assert "演练里的险情" in titles(inside, "演练里的险情")
    assert "演练里的险情" not in titles(story.by("duty"), "演练里的险情", limit=LIMIT)
    assert story.incident.title not in titles(inside, story.incident.number, limit=LIMIT)


def test_the_index_holds_no_telephone_number(story):
    phones = [each for each in Person.objects.values_list("phone", flat=True) if each]
    assert phones
    for phone in phones:
        assert not FindRow.objects.filter(words__contains=phone).exists()
        assert not FindRow.objects.filter(detail__contains=phone).exists()


def test_a_post_taken_is_found_under_its_new_holder(story):
    holding = Holding.objects.now().select_related("post", "person").filter(post__role="community_officer")[0]
    free = Person.objects.create(name="司马长风", org=holding.post.org)
    rights.assign(
        post_id=holding.post_id, person_id=free.pk, by=story.by("secadmin"), now=timezone.now(),
        since=timezone.now() - timedelta(seconds=1), reason="试",
    )  # fmt: skip
    row = FindRow.objects.get(kind="post", key=str(holding.post_id))
    assert "司马长风" in row.detail
    assert holding.person.name not in row.detail


def test_names_are_text_on_the_page_whatever_they_hold(story):
    person = Person.objects.create(name="<script>x</script>", org=Account.objects.get(username="duty").person.org)
    keeping.refresh(of_label("people.person"), [str(person.pk)], LIVE)
    client = client_of("duty")
    for where in ("/find/?q=<script>x", "/find/?q=<script>x&part=1"):
        said = client.get(where).content.decode()
        assert "&lt;script&gt;x&lt;/script&gt;" in said
        assert "<script>x" not in said
