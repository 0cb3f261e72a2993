"""Who sees whom, who holds what, and what a revealed number leaves behind."""

import json
from uuid import uuid4

import pytest

from fengsui.apps.people import actions, queries
from fengsui.apps.people.models import Holding, Person, Post
from fengsui.apps.people.tests.make import NOW, actor, make_account, make_person, make_post, make_streets
from fengsui.core.models import AuditRow, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, NotFound, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def orgs():
    return make_streets()


EVERYTHING = {"government", "bureau", "street-a", "community-a", "street-b", "street-ab"}


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("bureau", EVERYTHING),
        ("street-a", {"street-a", "community-a"}),  # not street-ab, whose path begins alike
        ("community-a", {"community-a"}),
        ("street-b", {"street-b"}),
    ],
)
def test_scope_is_ones_own_and_below_when_looked_at(orgs, who, seen):
    by = actor(who)
    assert set(queries.visible_to(by).values_list("code", flat=True)) == seen
    assert set(queries.persons_visible_to(by).values_list("org__code", flat=True)) == seen - {"government"}


def test_scope_is_empty_when_no_post_is_held(orgs):
    by = queries.actor_for(make_person("无岗", orgs["bureau"]).pk, LIVE)
    assert (by.grants, queries.visible_to(by).count(), queries.persons_visible_to(by).count()) == ((), 0, 0)


def test_scope_is_the_union_when_two_posts_are_held(orgs):
    person = Person.objects.get(org=orgs["street-b"])
    make_post("second", "community_officer", orgs["community-a"], person)
    by = queries.actor_for(person.pk, LIVE)
    assert set(queries.visible_to(by).values_list("code", flat=True)) == {"street-b", "community-a"}
    assert by.roles == {"street_officer", "community_officer"}


def test_scope_is_everything_when_a_part_of_the_system_looks(orgs):
    assert queries.visible_to(Actor(world=LIVE, system="engine")).count() == 6


def test_grant_is_gone_when_the_post_was_left(orgs):
    person = Person.objects.get(org=orgs["street-a"])
    Holding.objects.filter(person=person).update(until="2026-08-01T00:00Z")
    assert queries.actor_for(person.pk, LIVE).grants == ()


def test_number_is_answered_and_recorded_when_revealed_with_a_reason(orgs):
    by, person = actor("street-a", source="10.1.2.3"), Person.objects.get(org__code="community-a")
    assert actions.reveal_phone(person_id=person.pk, by=by, reason=" 叫应未答 ") == "13812340000"
    stored, row = StoredEvent.objects.get(), AuditRow.objects.get()
    assert (stored.name, stored.about_id, stored.person_id) == ("people.PhoneRevealed", str(person.pk), by.person)
    facts = json.loads(row.facts)
    assert (facts["reason"], facts["source"]) == ("叫应未答", "10.1.2.3")
    assert "13812340000" not in row.facts + json.dumps(stored.payload)


@pytest.mark.parametrize(
    ("who", "whom", "reason", "error"),
    [
        ("street-a", "street-b", "叫应", NotFound),
        ("street-a", "street-ab", "叫应", NotFound),
        ("community-a", "street-a", "叫应", NotFound),
        ("bureau", "street-a", "  ", Refused),
    ],
)
def test_number_stays_hidden_and_nothing_is_written_when_refused(orgs, who, whom, reason, error):
    person = Person.objects.get(org__code=whom)
    with pytest.raises(error):
        actions.reveal_phone(person_id=person.pk, by=actor(who), reason=reason)
    assert (StoredEvent.objects.count(), AuditRow.objects.count()) == (0, 0)


def test_number_is_not_found_when_the_person_does_not_exist(orgs):
    with pytest.raises(NotFound) as refused:
        actions.reveal_phone(person_id=uuid4(), by=actor("bureau"), reason="叫应")
    assert refused.value.code == "people.reveal.not_found"


def test_page_answers_the_number_when_pressed_with_a_reason(orgs, client):
    person = Person.objects.get(org__code="community-a")
    client.force_login(make_account("a", Person.objects.get(org__code="street-a")))
    address = f"/people/{person.pk}/phone"
    assert client.get(address).status_code == 405
    assert client.post(address, {"reason": ""}).status_code == 409
    response = client.post(address, {"reason": "叫应未答"})
    assert (response.status_code, b"13812340000" in response.content) == (200, True)
    other = Person.objects.get(org__code="street-b")
    refused = client.post(f"/people/{other.pk}/phone", {"reason": "叫应未答"})
    assert (refused.status_code, b"13812340000" in refused.content) == (404, False)


def test_post_passes_on_when_taken(orgs):
    chief = make_person("安管", orgs["bureau"])
    make_post("security", "security_admin", orgs["bureau"], chief)
    post, new = Post.objects.get(code="street-a-duty"), make_person("新人", orgs["street-a"])
    old = Person.objects.get(name="street-a某")
    actions.take_post(post_id=post.pk, person_id=new.pk, by=queries.actor_for(chief.pk, LIVE), now=NOW.replace(hour=20))
    assert [each.person for each in queries.holders([post.pk])[post.pk]] == [new.pk]
    assert queries.actor_for(old.pk, LIVE).grants == ()
    assert list(StoredEvent.objects.order_by("pk").values_list("name", flat=True)) == [
        "people.PostLeft", "people.PostTaken",
    ]  # fmt: skip


def test_post_is_refused_when_somebody_else_hands_it_over(orgs):
    post = Post.objects.get(code="street-a-duty")
    with pytest.raises(Forbidden):
        actions.take_post(post_id=post.pk, person_id=actor("street-b").person, by=actor("bureau"), now=NOW)
    assert StoredEvent.objects.count() == 0


def test_holders_are_found_by_role_when_asked_for_one_organisation(orgs):
    assert [each.org_name for each in queries.by_role("community_officer")] == ["community-a"]
    assert queries.by_role("street_officer", orgs["bureau"].pk) == []


def test_vacant_post_is_missing_when_holders_are_asked(orgs):
    empty = make_post("vacant", "team_leader", orgs["bureau"])
    assert queries.holders([empty.pk]) == {}
    assert queries.post_by_code("vacant") == empty
    assert queries.post_by_code("unheard-of") is None


def test_contacts_are_answered_when_an_engine_asks(orgs):
    person = make_person("某", orgs["bureau"], email="a@example.invalid", phone="11100001234")
    assert queries.contacts([person.pk, uuid4()]) == {person.pk: ("a@example.invalid", "11100001234")}
    assert queries.people_names([person.pk]) == {person.pk: "某"}
