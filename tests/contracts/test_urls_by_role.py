"""Every URL, asked by every role and by nobody: the answers stand in urls_by_role.txt, one line a URL and method.

A URL without a line fails, and so does a line without a URL. To accept a change, read the difference and edit the
file; `FENGSUI_WRITE_URLS=1` writes what was answered for reviewing by `git diff`. A plus behind a status says that the
press recorded something: a refused press leads back to its page by 302 too, but leaves no trace.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Max
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from fengsui.apps.people.rules import ROLES
from fengsui.core.models import StoredEvent, World
from tests.contracts.story import LOGINS, OTHER_STREET, REASON, Story, client_of, tell

TABLE = Path(__file__).with_name("urls_by_role.txt")
LEDGER = (
    "register-show", "register-map", "register-csv", "register-xlsx", "register-json", "register-layer",
    "register-paper", "register-facets", "register-template", "import-new", "import-paste", "cell-editor", "cell-save",
    "register-cards", "cell-history", "bulk-ask", "view-keep", "view-choose", "view-drop", "row-new",
    "row-show", "row-edit", "row-retire", "row-restore", "row-undo",
)  # fmt: skip
"""Pages of a register: asked for the stations, whose rows belong to a world and to a street."""
FIXED: dict[str, dict[str, Any]] = {
    **{f"ledger:{page}": {"name": "stations"} for page in LEDGER},
    "ledger:deed-do": {"name": "tasks"},
    "maps:raster-show": {"name": "vec", "z": 12, "x": 3451, "y": 1520},
    "maps:tile-show": {"name": "team", "z": 12, "x": 3451, "y": 1520},
    "ui:term-words": {"language": "zh"},
    "help:for-page": {"name": "desk:home-show"},
    "help:page-show": {"where": "a-page/"},
    "ui:gallery-data": {"name": "map"},
    "ui:gallery-page": {"name": "desk"},
    "alerts:warning-part": {"name": "draft"},
    "alerts:bulletin-part": {"name": "deliveries"},
    "app-manifest": {"language": "zh-hans"},
    "command:room-part": {"name": "tasks"},
    "command:room-layer": {"name": "closures"},
    "command:response-act": {"verb": "end"},
    "command:task-act": {"verb": "accept"},
    "command:order-act": {"verb": "accept"},
    "desk:handover-act": {"verb": "take"},
    "desk:home-part": {"name": "mine"},
    "desk:map-layer": {"name": "incidents"},
    "incidents:incident-act": {"verb": "note"},
    "people:account-act": {"verb": "stop-sessions"},
    "people:assignment-act": {"verb": "approve"},
    "incidents:report-act": {"verb": "submit"},
    **{f"reviews:indicator-{page}": {"indicator": "answered_in_time"} for page in ("show", "export")},
    "reviews:finding-act": {"verb": "answer"},
    "forecasts:flood-frame": {"n": 0},
    "forecasts:library-picture": {"n": 0},
    "sensing:reading-receive": {"station": "nowhere", "sensor": "water_depth"},
}
MASTER = {"person_id", "post_id", "account_id", "assignment_id", "session_id", "token_id", "view_id"}
"""Rows that are the same in every world."""
SHARED = {
    "alerts:bulletin-seen": "issued bulletins are public: any screen may say it showed one",
}
"""Addresses of rows that are not hidden from other streets, and why."""


DISTRICT = {
    f"forecasts:flood-{page}": "where water would go is no secret inside the district: no person stands in it"
    for page in ("show", "frame", "deepest", "grid", "table", "compare")
} | {f"forecasts:library-{page}": "as floods: many of them" for page in ("show", "picture", "table", "between")}
"""The same, of one world only: who may see them sees those of the whole district."""


def patterns(found: Any = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in get_resolver().url_patterns if found is None else found:
        if getattr(each, "app_name", "") == "ninja":
            continue  # programs come with tokens: tests/api asks them
        if isinstance(each, URLPattern):
            yield f"{space}:{each.name}" if space else str(each.name), each
        else:
            yield from patterns(each.url_patterns, each.app_name or space)


def address(name: str, pattern: URLPattern, story: Story) -> str:
    given = {**story.ids, **FIXED.get(name, {})}
    return reverse(name, kwargs={each: given[each] for each in pattern.pattern.converters})


LEADS_ON = {"help:for-page": ("GET",)}
"""What leads to a page of the guides whatever is asked for: the table of contents, where there is none of its own."""

FORMS: dict[str, dict[str, Any]] = {
    "alerts:warning-new": {"hazard": "waterlogging", "level": "yellow", "reason": REASON},
    "alerts:warning-cancel": {"typed": "橙色", "reason": REASON},
    "alerts:warning-issue": {"typed": "橙色"},
    "alerts:warning-keep": {"reason": REASON},
    "alerts:warning-lift": {"typed": "橙色", "reason": REASON},
    "alerts:delivery-waive": {"reason": REASON},
    "command:response-act": {"reason": REASON},
    "command:response-start": {"level": "yellow", "matter": REASON, "expected_hours": "6", "measures": REASON},
    "command:report-draft": {"stage": "first_written"},
    "command:road-close": {"reason": REASON},
    "command:road-reopen": {"note": REASON},
    "command:task-act": {"text": REASON},
    "desk:clock-pause": {"reason": REASON},
    "drills:exercise-drop": {"reason": REASON},
    "drills:exercise-end": {"typed": "合同演练", "reason": REASON},
    "drills:exercise-new": {"name": REASON, "series": "events.csv", "speed": "600", "from_h": "0", "posts": ""},
    "desk:job-write-off": {"reason": REASON},
    "desk:map-choose": {"layers": "stations"},
    "desk:map-print": {"paper": "A3", "layers": "stations"},
    "incidents:incident-act": {"text": REASON},
    "forecasts:flood-new": {
        "lon": "123.34",
        "lat": "41.81",
        "width_m": "1000",
        "cell_m": "10",
        "kind": "steady",
        "mm_h": "60",
        "duration_min": "60",
        "drained_mm_h": "20",
    },
    "forecasts:library-new": {
        "lon": "123.34",
        "lat": "41.81",
        "width_m": "1000",
        "cell_m": "10",
        "kind": "steady",
        "rates": ["40.0", "80.0"],
        "duration_min": "60",
        "drained_mm_h": "20",
        "pumps_of": "1.0",
        "gates_of": "open",
        "standing_of": "0.0",
    },
    "reviews:finding-act": {"text": REASON},
    "reviews:finding-new": {"text": REASON, "remedy": REASON, "owner_post": "", "days": "7"},
    "people:account-act": {"reason": REASON},
    "people:account-open": {"username": "new", "reason": REASON},
    "people:assignment-act": {"note": REASON},
    "people:holding-leave": {"reason": REASON},
    "ledger:import-take": {"fresh": "1"},
    "ledger:row-retire": {"reason": REASON},
    "ledger:import-paste": {"text": "站码\t名称\nST98\t粘贴站"},
    "ledger:bulk-ask": {"all": "1", "act": "set", "column": "source", "value": "合同"},
    "ledger:deed-do": {"deed": "waive", "reason": REASON},
    "ledger:cell-save": {"column": "datum_m", "value": "1.5", "was": ""},
    "ledger:view-keep": {"name": REASON, "query": "sort=name"},
    "people:person-reveal": {"reason": REASON},
    "people:screen-list": {"name": REASON, "layout": "wide", "factor": "100", "days": "30"},
    "people:screen-open": {"code": "2345678999"},
    "people:token-end": {"reason": REASON},
    "people:post-assign": {"reason": REASON},
}
"""What a press sends, so that it is refused for who presses, not for what is missing."""


def ask(client: Client, method: str, where: str, sent: dict[str, Any] | None = None) -> HttpResponseBase:
    """One request whose changes are undone, a logout too; a stream is read to its end."""
    kept = client.cookies.copy()
    with transaction.atomic():
        last = StoredEvent.objects.aggregate(last=Max("pk"))["last"]
        response = client.get(where) if method == "GET" else client.post(where, sent or {})
        if getattr(response, "streaming", False):
            list(response)
        response.wrote = last != StoredEvent.objects.aggregate(last=Max("pk"))["last"]  # type: ignore[attr-defined]  # a test looks inside
        transaction.set_rollback(True)
    client.cookies = kept
    return response


def line(method: str, name: str, answers: dict[str, str]) -> str:
    """`GET alerts:x anonymous:302 *:200 403:public,…` - the star is the commonest answer of the roles."""
    roles = {role: status for role, status in answers.items() if role != "anonymous"}
    usual = Counter(roles.values()).most_common(1)[0][0]
    others: dict[str, list[str]] = {}
    for role, status in roles.items():
        if status != usual:
            others.setdefault(status, []).append(role)
    said = [f"{status}:{','.join(sorted(who))}" for status, who in sorted(others.items())]
    return " ".join([method, name, f"anonymous:{answers['anonymous']}", f"*:{usual}", *said])


@pytest.fixture
def told(db, settings, tmp_path) -> Story:
    page = {"title": "A page", "language": "en", "source": "", "html": "", "toc": [], "before": None, "after": None}
    guides = {"pages": {"a-page/": {**page, "twin": ""}}, "menus": {"zh": [], "en": []}, "sections": [], "files": {}}
    (tmp_path / "help.json").write_text(json.dumps(guides))
    settings.FENGSUI_HELP = tmp_path  # whether somebody built the guides here before is no matter of this table
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tell()


def test_every_role_has_an_account_when_listed():
    assert set(LOGINS) == set(ROLES)


def test_unknown_parts_and_verbs_are_not_found_when_guessed(told):
    """`<slug:name>` and `<slug:verb>` come from outside: a guess is 404, or the refusal of a press, never a 500."""
    clients, broken = [client_of("duty"), client_of("leader")], []
    for name, pattern in patterns():
        guessed = {"name", "verb"} & set(pattern.pattern.converters)
        if guessed:
            given = {**told.ids, **FIXED.get(name, {}), **dict.fromkeys(guessed, "no-such-thing")}
            where = reverse(name, kwargs={each: given[each] for each in pattern.pattern.converters})
            for client in clients:
                got = {method: ask(client, method, where).status_code for method in ("GET", "POST")}
                got |= dict.fromkeys(LEADS_ON.get(name, ()), 404)
                if not set(got.values()) <= {404, 405} or set(got.values()) == {405}:
                    broken.append(f"{name} {got}")
    assert not broken, "\n".join(broken)


def test_rows_of_another_street_are_not_found_when_asked_for(told):
    """The officer of the next street guesses every address: 404 and no more, for reading and for pressing."""
    stranger, broken = client_of(OTHER_STREET), []
    for name, pattern in patterns():
        own = {each for each in pattern.pattern.converters if each.endswith("_id")}
        if own and name not in SHARED and name not in DISTRICT:
            where = address(name, pattern, told)
            got = {method: ask(stranger, method, where).status_code for method in ("GET", "POST")}
            if not set(got.values()) <= {403, 404, 405} or set(got.values()) == {405}:
                broken.append(f"{name} {got}")
    assert not broken, "\n".join(broken)


def test_rows_of_another_world_are_not_found_when_asked_for(told):
    """Inside an exercise the live world's rows do not exist, not even for those who see the whole district."""
    drill = World.objects.create(kind="exercise", name="七月演练")
    broken = []
    for login in ("duty", "leader", "auditor"):
        stranger = client_of(login, drill.pk)
        for name, pattern in patterns():
            own = {each for each in pattern.pattern.converters if each.endswith("_id")} - MASTER
            if own and name not in SHARED:
                where = address(name, pattern, told)
                got = {method: ask(stranger, method, where).status_code for method in ("GET", "POST")}
                if not set(got.values()) <= {403, 404, 405} or set(got.values()) == {405}:
                    broken.append(f"{name} as {login} {got}")
    assert not broken, "\n".join(broken)


def test_rows_that_do_not_exist_are_not_found_when_asked_for(told):
    clients, broken = [client_of("duty"), client_of("auditor")], []
    for name, pattern in patterns():
        own = {each for each in pattern.pattern.converters if each.endswith("_id") or each == "correlation"}
        if own and name not in SHARED:
            given = {**told.ids, **FIXED.get(name, {}), **{each: uuid4() for each in own}}
            where = reverse(name, kwargs={each: given[each] for each in pattern.pattern.converters})
            for client in clients:
                got = {method: ask(client, method, where).status_code for method in ("GET", "POST")}
                if not set(got.values()) <= {403, 404, 405} or set(got.values()) == {405}:
                    broken.append(f"{name} {got}")
    assert not broken, "\n".join(broken)


def test_every_page_that_is_seen_in_chinese_is_seen_in_english(told):
    """Words are chosen while a page is drawn: a name that one of the languages lacks is a broken page."""
    broken = []
    for login in ("duty", "auditor"):
        client, english = client_of(login), client_of(login)
        english.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        for name, pattern in patterns():
            where = address(name, pattern, told)
            if ask(client, "GET", where).status_code == 200 and (said := ask(english, "GET", where)).status_code != 200:
                broken.append(f"{where} as {login}: {said.status_code} {said.exc_info and said.exc_info[1]!r}")
    assert not broken, "\n".join(broken)


def test_every_url_answers_every_role_as_the_table_says(told):
    clients = {role: client_of(login) for role, login in LOGINS.items()}
    clients["anonymous"] = Client(raise_request_exception=False)
    found, broken = [], []
    for name, pattern in patterns():
        where = address(name, pattern, told)
        for method in ("GET", "POST"):
            answers = {}
            for role in ("duty_officer", *clients):
                response = ask(clients[role], method, where, FORMS.get(name))
                answers[role] = f"{response.status_code}{'+' if response.wrote else ''}"
                if response.status_code >= 500 and response.status_code != 503:
                    broken.append(f"{method} {where} as {role}: {response.exc_info and repr(response.exc_info[1])}")
                if response.status_code == 405:
                    break
            if set(answers.values()) != {"405"}:
                found.append(line(method, name, answers))
    if os.environ.get("FENGSUI_WRITE_URLS"):
        TABLE.write_text("".join(f"{each}\n" for each in found))
    assert not broken, "\n".join(broken)
    expected = TABLE.read_text().splitlines()
    missing, stale = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    assert not missing + stale, "answered now:\n" + "\n".join(missing) + "\n\nexpected:\n" + "\n".join(stale)
