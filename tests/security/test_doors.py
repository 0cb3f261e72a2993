"""What comes in at the door: forged presses, headers, addresses that lead away, fields that nobody asked for."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import Max
from django.test import Client

from fengsui.apps.people.edge import OPEN
from fengsui.core.models import StoredEvent
from tests.api.programs import program
from tests.api.sent import calls, sent
from tests.contracts.story import LOGINS, Story, client_of
from tests.contracts.test_urls_by_role import FORMS, TABLE, address, ask, patterns

AWAY = ("https://evil.example/", "//evil.example/x", "\\\\evil.example", "/\\evil.example", "javascript:alert(1)")
WITHOUT_TOKEN = {
    "sensing:reading-receive": "a device comes with its own secret, not with a browser",
    "healthz": "tells that the process lives, changes nothing",
    "metrics": "read by a program with a token, changes nothing",
}
"""Addresses that answer a POST without the form's token, and why that harms nobody."""


def _account(login: str) -> Any:
    from fengsui.apps.people.models import Account

    return Account.objects.get(username=login)


def last_event() -> int | None:
    found: int | None = StoredEvent.objects.aggregate(last=Max("pk"))["last"]
    return found


def leads_away(where: str) -> bool:
    parts = urlsplit(where.replace("\\", "/"))
    return parts.scheme not in {"", "http"} or parts.netloc not in {"", "testserver"}


def test_every_press_needs_the_forms_token(story: Story):
    """Logged in by cookie alone, as another site's form would come."""
    client, broken = Client(raise_request_exception=False, enforce_csrf_checks=True), []
    client.force_login(_account("duty"))
    for name, pattern in patterns():
        where = address(name, pattern, story)
        answer = ask(client, "POST", where, FORMS.get(name))
        if name in WITHOUT_TOKEN:
            assert not answer.wrote, name
        elif answer.status_code not in {403, 405}:
            broken.append(f"{name}: {answer.status_code}")
        elif answer.wrote:
            broken.append(f"{name}: refused and yet something was recorded")
    assert not broken, "\n".join(broken)


def test_login_needs_the_forms_token_too(db):
    """Without it another site could log its visitor in under a name of its own."""
    client = Client(enforce_csrf_checks=True)
    for where in ("/login/", "/login/code/", "/language/"):
        assert client.post(where, {"username": "a", "password": "b"}).status_code in {403, 404}, where


def test_reading_changes_nothing_whatever_the_address():
    """The table of roles marks with a plus what recorded something: no GET does, by nobody."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("GET ")]
    assert len(lines) > 100
    assert not [line for line in lines if "+" in line]


def test_other_methods_change_nothing_and_break_nothing(story: Story):
    client, before = client_of("duty"), last_event()
    for where in ("/", "/warnings/", f"/warnings/{story.warning.pk}/", f"/incidents/{story.incident.pk}/", "/login/"):
        for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND"):
            assert client.generic(method, where).status_code < 500, (method, where)
    assert last_event() == before


def test_method_is_the_requests_own_when_a_header_or_field_says_another(story: Story):
    client, before = client_of("duty"), last_event()
    where = f"/warnings/{story.warning.pk}/"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert client.get(where, headers={name: "POST"}).status_code == 200
        assert client.get(f"{where}?_method=POST", headers={name: "DELETE"}).status_code == 200
    assert last_event() == before


UNSAFE = re.compile(r"unsafe-inline|unsafe-eval|[*]|https?:")


def lacks(answer: Any) -> list[str]:
    """Which headers of an answer would let a browser do more than it has to."""
    given = answer.headers
    directives = dict(each.strip().partition(" ")[::2] for each in given.get("Content-Security-Policy", "").split(";"))
    wrong = {
        "script-src": UNSAFE.search(directives.get("script-src", "*")),
        "style-src": UNSAFE.search(directives.get("style-src", "*")),
        **{each: "'none'" not in directives.get(each, "") for each in ("object-src", "base-uri", "frame-ancestors")},
        "nosniff": given.get("X-Content-Type-Options") != "nosniff",
        "referrer": given.get("Referrer-Policy") != "same-origin",
    }
    return [name for name, each in wrong.items() if each]


def test_nothing_leads_to_another_site_and_every_answer_carries_the_content_policy(story: Story):
    """Pages, parts, files, refusals; FENGSUI_SECURITY_MINUTES tries every way of writing the address."""
    broken, clients = [], {"duty": client_of("duty"), "nobody": Client(raise_request_exception=False)}
    for away in AWAY if os.environ.get("FENGSUI_SECURITY_MINUTES") else AWAY[1:2]:
        fields = dict.fromkeys(("next", "back", "return", "url", "to", "where", "redirect"), away)
        for name, pattern in patterns():
            where = address(name, pattern, story)
            for who, method in (("duty", "GET"), ("duty", "POST"), ("nobody", "GET")):
                client = clients[who]
                kept = client.cookies.copy()
                with transaction.atomic():
                    call, data = (client.get, {}) if method == "GET" else (client.post, FORMS.get(name, {}))
                    answer = call(where, {**data, **fields}, headers={"Referer": away})
                    transaction.set_rollback(True)
                client.cookies = kept
                leads = answer.headers.get("Location", "") + answer.headers.get("HX-Redirect", "")
                if leads and leads_away(leads):
                    broken.append(f"{method} {name} as {who} leads to {leads}")
                if missing := lacks(answer):
                    broken.append(f"{method} {name} as {who} ({answer.status_code}) lacks {missing}")
    assert not broken, "\n".join(broken)


def test_answers_that_no_page_gave_carry_the_content_policy(db):
    for where in ("/no-such-page/", "/static/no-such-file.js", "/api/v1/no-such", "/api/v1/tasks", "/login/?x=%00"):
        assert not lacks(Client(raise_request_exception=False).get(where)), where
    assert not lacks(Client(raise_request_exception=False).get("/login/", headers={"Host": "evil.example"}))


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
def test_foreign_host_is_refused_or_never_repeated(story: Story, header):
    client = client_of("duty")
    for where in ("/", "/login/", "/warnings/", "/feeds/cap.atom", "/manifest/zh-hans.webmanifest", "/api/"):
        answer = client.get(where, **{header: "evil.example"})
        assert answer.status_code == 400 if header == "HTTP_HOST" else answer.status_code < 400, where
        body = b"" if answer.streaming else answer.content
        assert b"evil.example" not in body
        assert "evil.example" not in str(answer.headers)


def test_hosts_are_named_and_the_proxys_word_is_not_taken():
    assert "*" not in django_settings.ALLOWED_HOSTS
    assert not django_settings.USE_X_FORWARDED_HOST
    assert not django_settings.USE_X_FORWARDED_PORT


SENSITIVE = (
    "id", "pk", "world", "world_id", "status", "state", "person", "person_id", "by_person", "by_person_id", "account",
    "account_id", "issued_by", "issued_at", "confirmed_by", "confirmed_at", "created_at", "made_at", "at", "sha256",
    "number", "identifier", "correlation", "is_active", "is_admin", "is_superuser", "is_staff", "role", "roles",
    "password", "failures", "locked_until", "factor_at", "must_change", "jurisdiction", "org", "org_id", "scopes",
    "provenance", "retired_at", "digest", "expires_at",
)  # fmt: skip
KEY = "deadbeef-0000-4000-8000-00000000dead"
LATER = "2031-03-03T03:03:03+00:00"


OWN = {"people:holding-leave": ("until", "at")}
"""Fields that a form has under such a name."""


def extra(name: str) -> str:
    if name.endswith(("_at", "until")) or name == "at":
        return LATER
    return KEY if name in {"id", "pk", "correlation"} or name.endswith("_id") else f"mass-{KEY}"


def rows_with_marks() -> list[str]:
    """Tables of ours that hold what was slipped in."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model.__module__.startswith("fengsui") and model._meta.managed:
                table = connection.ops.quote_name(model._meta.db_table)
                cursor.execute(
                    f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s OR t::text LIKE %s",
                    [f"%{KEY}%", "%2031-03-03 %"],
                )
                if cursor.fetchone()[0]:
                    found.append(model._meta.label)
    return found


def who_may() -> dict[str, str]:
    """URL name -> a login whose press is recorded, by the table of roles."""
    found = {}
    for line in TABLE.read_text().splitlines():
        method, name, *answers = line.split()
        for each in answers:
            status, _, roles = each.partition(":")
            if method == "POST" and status.endswith("+"):
                found[name] = LOGINS[roles.split(",")[0]]
            if method == "POST" and each.startswith("*:") and each.endswith("+"):
                found[name] = "duty"
    return found


def test_fields_that_no_form_has_do_not_stick(story: Story):
    may, done, broken = who_may(), 0, []
    clients = {login: client_of(login) for login in set(may.values())}
    for name, pattern in patterns():
        if name not in may:
            continue
        own = FORMS.get(name, {})
        slipped = {each: extra(each) for each in SENSITIVE if each not in {*own, *OWN.get(name, ())}}
        with transaction.atomic():
            before = last_event()
            clients[may[name]].post(address(name, pattern, story), {**own, **slipped})
            if last_event() != before:
                done += 1
                if stuck := rows_with_marks():
                    broken.append(f"{name}: {stuck}")
            transaction.set_rollback(True)
        clients[may[name]] = client_of(may[name])
    assert not broken, "\n".join(broken)
    assert done > 20, f"only {done} presses went through: the others were refused for the extra fields"


def test_fields_that_no_operation_has_are_refused_and_do_not_stick(story: Story, settings):
    settings.DEMO = True  # the story's leaders have no telephone to prove a second factor with
    answers, broken = Counter(), []
    for name, (login, method, path, body) in calls(story).items():
        slipped = {each: extra(each) for each in SENSITIVE if not isinstance(body, dict) or each not in body}
        with transaction.atomic():
            answer = sent(program(login), story, (login, method, path, {**(body or {}), **slipped}))
            answers[answer.status_code] += 1
            if body and answer.status_code != 422:
                broken.append(f"{name} takes what it does not know: {answer.status_code}")
            if stuck := rows_with_marks():
                broken.append(f"{name}: {stuck}")
            transaction.set_rollback(True)
    assert not broken, "\n".join(broken)
    assert answers[422] > 20, answers


def test_pages_that_need_no_login_are_these():
    """Who adds one reads this list."""
    assert OPEN == (
        "/login/", "/healthz", "/metrics", "/static/", "/feeds/", "/public/", "/help/", "/language/",
        "/api/v1/readings", "/sw.js", "/manifest/", "/wall/open/",
    )  # fmt: skip


def test_problem_of_the_api_tells_nothing_of_the_inside(story: Story):
    answer = program("duty", "*").get("/incidents/not-a-key")
    told = json.loads(answer.content)
    assert answer.status_code in {404, 422}
    assert not re.search(r"Traceback|File \"|psycopg|SELECT ", json.dumps(told))
