"""The door and what follows it, seen from outside: cookies, sessions, codes. What each app proves stands beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from fengsui.apps.people import actions
from fengsui.apps.people.models import Account, Session
from fengsui.config.ops.home import REPO
from tests.contracts.story import Story, client_of

PASSWORD = "correct-horse-staple"


@pytest.fixture
def duty(story: Story) -> Account:
    account = Account.objects.get(username="duty")
    account.set_password(PASSWORD)
    account.save()
    return account


def entered(username: str = "duty", **headers: str) -> Client:
    client = Client(raise_request_exception=False, headers=headers)
    assert client.post("/login/", {"username": username, "password": PASSWORD}).status_code == 302
    return client


def shown(name: str, **env: str) -> str:
    """A setting as a process with this environment has it."""
    code = f"from fengsui.config import settings; print(settings.{name})"
    given = {**os.environ, **env, "PYTHONPATH": str(REPO / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_cookies_are_bound_to_the_host_when_served_by_https():
    """`__Host-`: the browser takes it only with Secure, for the whole site, from no sister domain."""
    there = {"FENGSUI_BASE_URL": "https://fengsui.example"}
    said = {
        each: shown(each, **there)
        for each in (
            "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME",
            "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE",
        )
    }  # fmt: skip
    assert list(said.values()) == ["True", "True", "__Host-sessionid", "__Host-csrftoken", "True", "True", "Lax"]
    assert int(shown("SECURE_HSTS_SECONDS", **there)) >= 365 * 86400


def test_debug_is_off_whatever_the_environment_says():
    assert shown("DEBUG", DEBUG="1", DJANGO_DEBUG="True", FENGSUI_DEMO="1") == "False"


def test_session_key_from_outside_is_not_kept_when_logging_in(duty):
    client = Client()
    client.cookies["sessionid"] = "a" * 32
    client.post("/login/", {"username": "duty", "password": PASSWORD})
    assert client.cookies["sessionid"].value != "a" * 32
    assert not Session.objects.filter(session_key="a" * 32).exists()


def test_cookie_of_an_ended_session_opens_nothing(duty):
    """Stolen before the logout, used after it."""
    client = entered()
    thief = Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    assert thief.get("/clocks/").status_code == 200
    client.post("/logout/")
    assert thief.get("/clocks/").status_code == 302


def test_every_session_ends_when_an_administrator_says_so(duty):
    thief, own = entered(), entered()
    by = client_of("secadmin")
    assert by.post(f"/people/accounts/{duty.pk}/stop-sessions", {"reason": "被盗"}).status_code == 302
    assert [each.get("/clocks/").status_code for each in (thief, own)] == [302, 302]


def test_page_after_the_password_opens_nothing_else(duty, monkeypatch):
    """Half-way between password and code nobody is in yet."""
    duty.factor_at = timezone.now()
    duty.save()
    client = entered()
    for where in ("/", "/clocks/", "/people/persons/", "/me/sessions", "/map/"):
        answer = client.get(where)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login/")


def test_pages_of_people_are_in_no_cache_that_others_share(story: Story):
    client = client_of("duty")
    for where in ("/", "/clocks/", "/people/persons/", "/registers/stations/list.json", "/map/state.json"):
        answer = client.get(where)
        said = answer.headers.get("Cache-Control", "")
        assert "public" not in said, where
        assert "no-store" in said or "private" in said, f"{where}: {said!r}"


def test_password_is_taken_as_typed_and_may_be_long(story: Story):
    from fengsui.apps.people.models import Person

    account = Account.objects.get(username="duty")
    for word in ("  spaces at both ends  ", "口令可以是中文的十个字以上", "x" * 128, "UPPER and lower 12"):
        account.set_password(word)
        account.failures, account.locked_until = 0, None
        account.save()
        now = timezone.now() + timedelta(seconds=1)
        assert actions.log_in(username="duty", password=word, source="", now=now) == account
    assert Person.objects.exists()
