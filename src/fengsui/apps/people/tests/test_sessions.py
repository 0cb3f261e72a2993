"""Sessions end: unused, too long, too many, by a press, with a password, an account or a post."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client
from django.utils import timezone

from fengsui.apps.people import actions, queries, rules
from fengsui.apps.people.models import Account, Holding, Session
from fengsui.apps.people.tests.make import NOW, PASSWORD, make_account, make_org, make_person, make_post
from fengsui.core.models import StoredEvent
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db
NEW = "烽火-连三月-2027"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 64)
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 1)


@pytest.fixture
def account():
    org = make_org("bureau", "bureau")
    person = make_person("值班某", org)
    make_post("duty", "liaison", org, person)
    return make_account("duty", person)


@pytest.fixture
def chief(account):
    org = account.person.org
    person = make_person("安管", org)
    make_post("security", "security_admin", org, person)
    return queries.actor_for(person.pk, LIVE)


def entered(password=PASSWORD):
    client = Client(headers={"User-Agent": "Firefox"})
    client.post("/login/", {"username": "duty", "password": password})
    return client


def is_in(client):
    return client.get("/me/").status_code == 200


@pytest.mark.parametrize(
    ("idle", "age", "over"),
    [(0, 0, False), (100, 100, False), (101, 101, True), (0, 1000, False), (0, 1001, True)],
)
def test_session_is_over_when_unused_or_too_long(idle, age, over):
    began, seen = NOW - timedelta(seconds=age), NOW - timedelta(seconds=idle)
    assert rules.session_over(began, seen, NOW, idle_s=100, absolute_s=1000) == over


def test_row_says_whose_and_from_where_when_logged_in(account):
    client = entered()
    row = Session.objects.get()
    assert (row.account, row.agent, row.source, row.is_admin) == (account, "Firefox", "127.0.0.1", False)
    assert client.cookies["sessionid"].value == row.session_key
    assert row.session_key not in client.get("/me/").content.decode()


def test_session_ends_when_unused(account, settings):
    client = entered()
    assert is_in(client)
    Session.objects.update(seen_at=timezone.now() - timedelta(seconds=settings.FENGSUI_SESSION_IDLE_S + 1))
    assert not is_in(client)
    assert not Session.objects.exists()


def test_session_ends_when_a_shift_is_over_however_busy(account, settings):
    client = entered()
    Session.objects.update(began_at=timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE + 1))
    assert not is_in(client)


def test_use_is_noted_when_a_person_acts_and_not_when_the_page_fetches_itself(account):
    client = entered()
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=30))
    client.get("/desk/nav", headers={"HX-Request": "true"})
    assert timezone.now() - Session.objects.get().seen_at > timedelta(minutes=29)
    client.get("/me/")
    assert timezone.now() - Session.objects.get().seen_at < timedelta(minutes=1)


def test_begin_and_name_stay_when_the_session_is_saved_again(account):
    client = entered()
    Session.objects.update(began_at=timezone.now() - timedelta(hours=1))
    before = Session.objects.get()
    session = client.session
    session["theme"] = "x"
    session.save()
    after = Session.objects.get()
    assert (after.public_id, after.account_id) == (before.public_id, account.pk)


def test_oldest_ends_when_there_are_more_than_allowed(account, settings):
    settings.FENGSUI_SESSIONS_MAX = 2
    first, second, third = entered(), entered(), entered()
    assert [is_in(each) for each in (first, second, third)] == [False, True, True]
    ended = StoredEvent.objects.get(name="people.SessionsEnded")
    assert (ended.payload["count"], ended.payload["why"]) == (1, "too_many")


def test_own_session_ends_when_pressed_and_nobody_elses_does(account):
    first, second = entered(), entered()
    row = Session.objects.get(session_key=first.cookies["sessionid"].value)
    stranger_person = make_person("别人", account.person.org)
    make_account("other", stranger_person)
    stranger = Client()
    stranger.post("/login/", {"username": "other", "password": PASSWORD})
    stranger.post(f"/me/sessions/{row.public_id}/end")
    assert is_in(first)
    second.post(f"/me/sessions/{row.public_id}/end")
    assert (is_in(first), is_in(second)) == (False, True)


def test_others_end_when_the_password_changes_and_this_one_goes_on_under_a_new_key(account):
    first, second = entered(), entered()
    key = second.cookies["sessionid"].value
    page = second.post("/me/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert page.headers["Location"] == "/me/"
    assert (is_in(first), is_in(second)) == (False, True)
    assert second.cookies["sessionid"].value != key
    assert is_in(entered(NEW))


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        ("wrong", NEW, NEW, "现在的密码不对"),
        (PASSWORD, "short", "short", "10"),
        (PASSWORD, NEW, NEW + "x", "两次输入的新密码不一样"),
        (PASSWORD, PASSWORD, PASSWORD, "用过"),
        (PASSWORD, "12345678901234", "12345678901234", "数字"),
    ],
)
def test_password_page_says_what_is_wrong_when_refused(account, old, new, again, says):
    client = entered()
    response = client.post("/me/password", {"old": old, "new": new, "again": again})
    assert response.status_code == 422
    assert says in response.content.decode()
    assert Account.objects.get().check_password(PASSWORD)


def test_last_five_do_not_come_back_when_changed(account, settings):
    by, used = queries.actor_for(account.person_id, LIVE), [PASSWORD]
    for n in range(5):
        fresh = f"烽火-连三月-{n:03d}"
        actions.change_password(old=used[-1], new=fresh, by=by, now=NOW + timedelta(minutes=n))
        used.append(fresh)
    for old in used[1:]:
        with pytest.raises(Exception, match="used_before"):
            actions.change_password(old=used[-1], new=old, by=by, now=NOW)
    actions.change_password(old=used[-1], new=used[0], by=by, now=NOW)


def test_guesses_on_an_open_screen_are_counted_when_the_old_password_is_wrong(account):
    client = entered()
    for _ in range(5):
        client.post("/me/password", {"old": "guess", "new": NEW, "again": NEW})
    account.refresh_from_db()
    assert account.locked_until is not None
    client.post("/me/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    account.refresh_from_db()
    assert account.check_password(PASSWORD)


def test_all_end_when_the_account_is_deactivated(account, chief):
    client = entered()
    actions.deactivate(account_id=account.pk, by=chief, now=NOW, reason="调离")
    assert not is_in(client)
    assert client.post("/login/", {"username": "duty", "password": PASSWORD}).status_code == 422


def test_all_end_when_the_post_is_lost_by_a_press(account, chief):
    client = entered()
    holding = Holding.objects.get(person=account.person)
    actions.leave_post(holding_id=holding.pk, by=chief, now=timezone.now(), reason="调离")
    assert not Session.objects.filter(account=account).exists()
    assert not is_in(client)


def test_session_ends_when_the_time_of_a_post_runs_out(account):
    client = entered()
    assert is_in(client)
    Holding.objects.filter(person=account.person).update(until=timezone.now())
    assert not is_in(client)


def test_one_time_password_opens_only_the_page_that_changes_it_when_used(account, chief):
    _account, password = actions.reset_password(account_id=account.pk, by=chief, now=timezone.now(), reason="忘记")
    client = entered(password)
    assert client.get("/clocks/").headers["Location"] == "/me/password"
    client.post("/me/password", {"old": password, "new": NEW, "again": NEW})
    assert client.get("/me/").status_code == 200
    assert password not in str(list(StoredEvent.objects.values_list("payload", flat=True)))


@pytest.mark.parametrize(
    ("days", "roles", "due"), [(91, {"commander"}, True), (89, {"commander"}, False), (900, (), False)]
)
def test_privileged_password_is_due_when_old(days, roles, due):
    assert rules.password_due(NOW - timedelta(days=days), NOW, 90, roles) == due
    assert not rules.password_due(None, NOW, 0, {"commander"})


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/156.0.0.0 Safari/537.36", "Chrome 156，Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge 126，Windows"),
        (f"Mozilla/5.0 (iPhone; like Mac OS X) {WEBKIT} Version/17.5 Safari/604.1", "Safari 17，iPhone"),
        (f"Mozilla/5.0 (Linux; Android 14) {WEBKIT} Chrome/122.0 MicroMessenger/8.0.50", "微信 8，Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_session_names_its_browser_in_words(agent: str, said: str) -> None:
    assert rules.browser(agent) == said
