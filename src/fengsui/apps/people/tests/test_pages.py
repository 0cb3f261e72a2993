"""Pages of organisations, persons, posts and accounts: scope, dates, filters, export, and what each role may press."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fengsui.apps.people.models import Account, Assignment, Holding, Person
from fengsui.apps.people.tests.make import make_account, make_person, make_post, make_streets
from fengsui.core.models import AuditRow, ClockRuleRow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 64)
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 1)


@pytest.fixture
def house():
    """The streets of `make_streets`, with a security administrator, an audit administrator, and accounts."""
    ClockRuleRow.objects.create(kind="people.approve", limit_s=86400, source="本地约定", basis="U")
    orgs = make_streets()
    for login, role in (("sec", "security_admin"), ("sec2", "security_admin"), ("aud", "audit_admin")):
        person = make_person(f"{login}某", orgs["bureau"])
        make_post(login, role, orgs["bureau"], person)
        make_account(login, person)
    for login, org in (("duty", "bureau"), ("a", "street-a")):
        make_account(login, Person.objects.get(name=f"{org}某"))
    return orgs


def enter(login):
    client = Client()
    client.force_login(Account.objects.get(username=login))
    return client


def text(login, where, status=200):
    response = enter(login).get(where)
    assert response.status_code == status, where
    return response.content.decode()


def test_tree_shows_own_part_with_holders_when_opened_in_a_street(house):
    page = text("a", "/people/")
    assert "street-a某" in page
    assert "community-a某" in page
    assert "street-b" not in page
    assert "bureau某" not in page


def test_tree_names_who_held_it_when_asked_about_a_day(house):
    Holding.objects.filter(person__name="street-a某").update(until="2026-09-01T00:00Z")
    post = Holding.objects.get(person__name="street-a某").post
    Holding.objects.create(post=post, person=make_person("后任", house["street-a"]), since="2026-09-01T00:00Z")
    before, now = text("duty", "/people/?on=2026-08-10"), text("duty", "/people/")
    assert ("street-a某" in before, "后任" in before) == (True, False)
    assert ("street-a某" in now, "后任" in now) == (False, True)
    assert "后任" in text("duty", "/people/?kind=no-kind")
    assert "“在哪一天”看不懂：no-day" in text("duty", "/people/?on=no-day", 422)


def test_numbers_are_masked_when_listed_or_exported(house):
    for where in ("/people/persons/", "/people/persons.csv"):
        page = text("duty", where)
        assert "138****0000" in page
        assert "13812340000" not in page
    page = text("duty", f"/people/{Person.objects.get(name='street-a某').pk}/")
    assert "13812340000" not in page


def test_export_is_marked_and_runs_no_formula_when_opened(house):
    make_person("=1+1", house["bureau"])
    rows = text("duty", "/people/persons.csv?order=name").splitlines()
    assert "示意数据" in rows[0]
    assert any(row.startswith("'=1+1,") for row in rows)


def test_vacant_post_is_said_and_found_when_nobody_holds_it(house):
    make_post("empty", "team_leader", house["bureau"])
    page = text("duty", "/people/posts/?vacant=1")
    assert "empty" in page
    assert "street-a-duty" not in page
    assert "空缺" in text("duty", "/people/posts.csv?q=empty")


def test_empty_page_says_so_when_nothing_fits(house):
    for where in ("/people/", "/people/persons/", "/people/posts/"):
        assert "没有符合的" in text("duty", f"{where}?q=没有这样的")
    assert "没有符合的" in text("sec", "/people/accounts/?q=没有这样的")


@pytest.mark.parametrize(("login", "status"), [("sec", 200), ("aud", 200), ("duty", 403), ("a", 403)])
def test_accounts_are_seen_by_those_who_keep_or_audit_them_when_asked_for(house, login, status):
    text(login, "/people/accounts/", status)
    text(login, "/people/accounts.csv", status)


@pytest.mark.parametrize(("state", "found"), [("locked", {"duty"}), ("inactive", {"a"}), ("no_factor", {"sec"})])
def test_accounts_are_found_by_their_state_when_filtered(house, state, found):
    Account.objects.filter(username="duty").update(locked_until=timezone.now() + timedelta(hours=1))
    Account.objects.filter(username="a").update(is_active=False)
    Account.objects.filter(username__in=["sec2", "aud"]).update(factor_at=timezone.now())
    page = text("sec", f"/people/accounts.csv?state={state}")
    assert {row.split(",")[0] for row in page.splitlines()[2:]} == found


def test_history_is_shown_to_those_who_read_the_audit_only(house):
    account = Account.objects.get(username="duty")
    enter("sec").post(f"/people/accounts/{account.pk}/reset-password", {"reason": "忘记"})
    where = f"/people/accounts/{account.pk}/"
    assert "people.PasswordReset" in text("aud", where)
    assert "people.PasswordReset" not in text("sec", where)


def test_one_time_password_is_shown_once_when_reset(house):
    account = Account.objects.get(username="duty")
    client = enter("sec")
    page = client.post(f"/people/accounts/{account.pk}/reset-password", {"reason": "忘记"})
    assert '<code class="code">' in page.content.decode()
    assert page.headers["Cache-Control"].startswith("max-age=0")
    assert '<code class="code">' not in client.get(f"/people/accounts/{account.pk}/").content.decode()


def test_account_is_opened_from_the_persons_page_when_he_has_none(house):
    person = make_person("新人", house["bureau"])
    client = enter("sec")
    assert "开通账号" in client.get(f"/people/{person.pk}/").content.decode()
    page = client.post("/people/accounts/open", {"person": person.pk, "username": "xin", "reason": "入职"})
    assert '<code class="code">' in page.content.decode()
    assert Account.objects.get(username="xin").must_change


def test_post_is_given_by_the_page_when_two_administrators_agree(house):
    post = make_post("chief", "commander", house["bureau"])
    person = make_person("新人", house["bureau"])
    sent = {"person": person.pk, "reason": "任命", "since": "", "until": ""}
    enter("sec").post(f"/people/posts/{post.pk}/assign", sent)
    asked = Assignment.objects.get()
    assert "新人" in text("sec2", "/people/accounts/")
    assert "/approve" not in text("sec", f"/people/posts/{post.pk}/")  # who asked is not offered the button
    assert "/approve" in text("sec2", f"/people/posts/{post.pk}/")
    enter("sec2").post(f"/people/assignments/{asked.pk}/approve", {"note": "同意"})
    assert Holding.objects.get(post=post).person == person
    assert AuditRow.objects.filter(verb="people.AssignmentDecided").count() == 1


@pytest.mark.parametrize("since", ["2020-01-01T08:00", "31 February", "2026-13-40T99:99"])
def test_wrong_times_are_said_on_the_page_when_typed(house, since):
    post = Holding.objects.get(person__name="street-a某").post
    person = make_person("新人", house["street-a"])
    client = enter("sec")
    sent = {"person": person.pk, "reason": "任命", "since": since}
    page = client.post(f"/people/posts/{post.pk}/assign", sent, follow=True).content.decode()
    assert "不能补在过去" in page or "“从何时起”看不懂：31 February" in page or "“从何时起”没有这个日期或时刻" in page
    assert not Holding.objects.filter(person=person).exists()


def test_nothing_of_another_street_is_found_when_addressed(house):
    person = Person.objects.get(name="street-b某")
    post = Holding.objects.get(person=person).post
    for where in (f"/people/{person.pk}/", f"/people/posts/{post.pk}/"):
        text("a", where, 404)
        text("duty", where)


@pytest.mark.parametrize(
    ("login", "where"),
    [
        ("duty", "/people/"),
        ("duty", "/people/persons/"),
        ("duty", "/people/posts/"),
        ("sec", "/people/accounts/"),
        ("duty", "/people/persons.csv"),
        ("duty", "/people/posts.csv"),
        ("sec", "/people/accounts.csv"),
    ],
)
def test_list_asks_as_often_when_rows_are_many(house, login, where):
    def fill(first, last):
        for n in range(first, last):
            person = make_person(f"人{n}", house["bureau"])
            make_post(f"p{n}", "liaison", house["bureau"], person)
            Account.objects.create(username=f"u{n}", person=person, password="!")

    def count():
        client = enter(login)
        client.get(where)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(where).status_code == 200
        return len(seen)

    fill(0, 3)
    few = count()
    fill(3, 33)
    assert count() <= few
