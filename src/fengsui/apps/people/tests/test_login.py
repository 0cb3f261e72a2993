"""Login: counted failures, lock-out, equal answers, an open path for nobody else."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from fengsui.apps.people import actions, rules
from fengsui.apps.people.actions import entering
from fengsui.apps.people.models import Account, UnknownName
from fengsui.apps.people.tests.make import NOW, PASSWORD, make_account, make_person, make_streets
from fengsui.core.models import AuditRow, StoredEvent
from fengsui.kernel.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """The shipped hasher with small costs: its real ones are for attackers, not for tests."""
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 64)
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 1)
    monkeypatch.setattr(entering, "_NOBODY", make_password("equal time for unknown accounts"))


@pytest.fixture
def account():
    orgs = make_streets()
    return make_account("duty", orgs["bureau"].people.get())


def attempt(password, username="duty", now=NOW):
    try:
        return actions.log_in(username=username, password=password, source="10.1.2.3", now=now)
    except Refused as refused:
        return refused


def test_account_is_answered_and_recorded_when_the_password_is_right(account):
    account.failures = 3
    account.save()
    assert attempt(PASSWORD) == account
    account.refresh_from_db()
    assert (account.failures, account.locked_until, account.last_login) == (0, None, NOW)
    stored = StoredEvent.objects.get()
    assert (stored.name, stored.person_id) == ("people.LoggedIn", account.person_id)
    assert '"source":"10.1.2.3"' in AuditRow.objects.get().facts


def test_password_is_kept_as_argon2_when_stored(account):
    assert account.password.startswith("argon2$argon2id$")


def test_account_is_locked_when_five_in_a_row_are_wrong(account, settings):
    codes = [attempt("wrong").code for _ in range(6)]
    assert codes == ["people.login.wrong"] * 5 + ["people.login.locked"]
    account.refresh_from_db()
    assert (account.failures, account.locked_until) == (5, NOW + timedelta(minutes=30))
    names = list(StoredEvent.objects.order_by("pk").values_list("name", flat=True))
    assert names == ["people.LoginFailed"] * 4 + ["people.AccountLocked"]


def test_right_password_is_refused_when_locked_and_taken_when_the_lock_ran_out(account):
    for _ in range(5):
        attempt("wrong")
    locked = attempt(PASSWORD, now=NOW + timedelta(minutes=29))
    assert (locked.code, locked.facts["minutes"]) == ("people.login.locked", 1)
    assert attempt(PASSWORD, now=NOW + timedelta(minutes=30)) == account


def test_count_begins_anew_when_a_login_succeeds_between(account):
    for _ in range(4):
        attempt("wrong")
    attempt(PASSWORD)
    assert [attempt("wrong").code for _ in range(4)] == ["people.login.wrong"] * 4
    assert attempt(PASSWORD) == account


def test_failure_stays_counted_when_the_refusal_is_raised(account):
    """The count is committed in a transaction of its own, before the error leaves the function."""
    attempt("wrong")
    assert Account.objects.get().failures == 1


def test_unknown_and_inactive_accounts_answer_as_a_wrong_password_when_tried(account):
    Account.objects.update(is_active=False)
    answers = {
        (attempt(PASSWORD).code, str(attempt(PASSWORD))),
        (attempt("x", "nobody").code, str(attempt("x", "nobody"))),
    }
    assert answers == {("people.login.wrong", "people.login.wrong()")}
    assert StoredEvent.objects.count() == 0


def test_names_that_nobody_has_lock_like_accounts_when_tried(account):
    """Six tries would tell which accounts exist: only those lock."""
    make_account("gone", make_person("离岗", account.person.org), is_active=False)
    for later in (timedelta(0), timedelta(minutes=31)):
        said = {
            name: [str(attempt("wrong", name, NOW + later)) for _ in range(7)] for name in ("duty", "nobody", "gone")
        }
        assert said["duty"] == said["nobody"] == said["gone"]
        assert "locked" in said["nobody"][-1]


def test_unknown_names_rest_as_keyed_hashes_and_not_for_ever_when_tried(account):
    """What is typed there by mistake is often the password."""
    attempt("wrong", "Geheim-1234")
    assert not UnknownName.objects.filter(digest__contains="Geheim").exists()
    attempt("wrong", "other", NOW + timedelta(days=31))
    assert UnknownName.objects.count() == 1


@pytest.mark.parametrize("username", ["duty", "nobody", "gone"])
def test_every_failure_costs_one_hash_when_tried(account, username, monkeypatch):
    """An answer without hashing would come hundreds of times faster and tell which accounts exist."""
    gone = make_account("gone", make_person("离岗", account.person.org), is_active=False)
    assert not gone.is_active
    paid, verify = [], Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *given: paid.append(1) or verify(*given))
    assert attempt("wrong", username).code == "people.login.wrong"
    assert len(paid) == 1


def test_page_says_the_same_when_account_or_password_is_wrong(client, account):
    pages = []
    for username in ("duty", "nobody"):
        response = client.post("/login/", {"username": username, "password": "wrong"})
        assert response.status_code == 422
        pages.append(response.content.decode())
    assert all("账号或密码不对" in page for page in pages)
    assert all("sessionid" not in client.cookies for _ in pages)


def test_session_begins_when_the_password_is_right(client, account):
    response = client.post("/login/", {"username": "duty", "password": PASSWORD, "next": "/clocks/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/clocks/")
    cookie = client.cookies["sessionid"]
    assert (bool(cookie["httponly"]), cookie["samesite"]) == (True, "Lax")
    client.post("/logout/")
    assert client.get("/people/00000000-0000-4000-8000-000000000001/phone").status_code == 302


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"]
)
def test_login_leads_home_when_asked_to_lead_elsewhere(client, account, wanted):
    response = client.post("/login/", {"username": "duty", "password": PASSWORD, "next": wanted})
    assert response.headers["Location"] == "/"


def test_session_changes_when_logging_in(client, account):
    """A session prepared by somebody else is not the one that is logged in."""
    client.cookies["sessionid"] = "a" * 32
    client.post("/login/", {"username": "duty", "password": PASSWORD})
    assert client.cookies["sessionid"].value != "a" * 32


def test_demonstration_door_does_not_exist_when_not_in_a_demonstration(client, account, settings):
    settings.DEMO = False
    assert client.post("/login/demo", {"username": "duty"}).status_code == 404
    assert b"duty" not in client.get("/login/").content
    settings.DEMO = True
    assert b">duty" in client.get("/login/").content  # the name that the handbook uses stands on its button
    assert client.post("/login/demo", {"username": "duty"}).headers["Location"] == "/"
    assert StoredEvent.objects.get().name == "people.LoggedIn"


def test_htmx_is_sent_to_the_login_when_the_session_ended(client, account):
    response = client.get("/clocks/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (401, "/login/")


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "dutyduty99"])
def test_password_is_refused_when_weak(account, password):
    account.username = "dutyduty99"
    with pytest.raises(ValidationError):
        validate_password(password, account)


@pytest.mark.parametrize(("language", "word"), [("en", "en"), ("zh-hans", "zh"), ("fr", "zh"), ("", "zh")])
def test_language_follows_the_cookie_when_chosen(client, account, language, word):
    client.post("/language/", {"language": language, "next": "/login/"})
    assert f'<html lang="{word}' in client.get("/login/").content.decode()


@pytest.mark.parametrize(("failures", "locked"), [(0, False), (4, False), (5, True), (9, True)])
def test_lock_follows_the_count_when_computed(failures, locked):
    assert (rules.lock_until(failures, NOW, 5, 60) == NOW + timedelta(seconds=60)) == locked


@pytest.mark.parametrize(
    ("phone", "shown"), [("13812340000", "138****0000"), ("02412345", "024****2345"), ("110", "****"), ("", "****")]
)
def test_phone_is_masked_when_shown(phone, shown):
    assert rules.mask_phone(phone) == shown


def test_form_sent_after_the_session_ended_leads_back_to_the_page_it_stood_on(client, account):
    late = client.post("/tasks/1/do/finish", headers={"Referer": "http://testserver/tasks/1/?a=b"})
    assert late.headers["Location"] == "/login/?next=/tasks/1/%3Fa%3Db"
    foreign = client.post("/tasks/1/do/finish", headers={"Referer": "http://elsewhere.example/x"})
    assert foreign.headers["Location"] == "/login/?next=/"
