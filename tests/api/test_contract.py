"""Every operation by every role's token, every scope, and the rows of other streets; answers stand in a table."""

from __future__ import annotations

import os
from itertools import batched
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from fengsui.apps.drills import actions as drills
from fengsui.apps.drills.models import Exercise
from fengsui.core.api import site
from fengsui.core.api.describing import METHODS
from fengsui.core.api.scopes import scopes
from fengsui.core.models import StoredEvent
from fengsui.core.worlds import LIVE
from tests.api.programs import Program, program
from tests.api.sent import calls, etag_of_row
from tests.contracts.story import LOGINS, OTHER_STREET, REASON, Story
from tests.contracts.test_urls_by_role import line

TABLE = Path(__file__).with_name("operations_by_role.txt")
FIXED: dict[str, Any] = {"name": "stations", "step": "accept"}
BODIES: dict[str, dict[str, Any]] = {
    "alerts_issue": {"typed": "orange"},
    "alerts_cancel": {"typed": "orange", "reason": REASON},
    "incidents_merge": {"reason": REASON, "into": str(uuid4())},
    "incidents_confirm": {"receipt": REASON},
    "incidents_send_back": {"reason": REASON},
    "responses_start": {"level": "yellow", "matter": REASON, "expected_hours": 6, "measures": REASON},
    "responses_widen": {"incident": str(uuid4())},
    "tasks_assign": {"post": "leader-zone"},
    "orders_dispatch": {"team": str(uuid4())},
    "reviews_answer_finding": {"text": REASON},
    "tasks_finish": {"text": REASON, "flow": 300},
    "reviews_finish": {"assessment": REASON, "lessons": REASON},
}
EMPTY = {
    "alerts_confirm", "alerts_retry", "incidents_from_bulletin", "incidents_verify", "incidents_submit",
    "incidents_sign", "incidents_send", "incidents_correct", "responses_activate", "responses_close", "tasks_start",
    "desk_resume", "reviews_accept_finding", "reviews_issue_paper", "desk_take", "ledger_restore", "ledger_undo",
    "forecasts_stop", "scenarios_pause", "scenarios_resume", "scenarios_retire", "lessons_learn",
}  # fmt: skip
DISTRICT = dict.fromkeys(
    ("forecasts_one", "scenarios_one", "scenarios_nearest"),
    "where water would go is no secret inside the district: no person stands in it",
)
QUERIES = {
    "/observations": "since=2026-11-01T00:00:00%2B08:00&until=2026-11-20T00:00:00%2B08:00",
    "/nearest": "rain=50",
}
"""What an operation cannot be asked without, by the end of its address."""
SHARED = {"alerts_seen": "issued bulletins are public: any screen may say it showed one"}


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Operation id -> method, path, description."""
    found = {}
    for path, methods in site.api().get_openapi_schema()["paths"].items():
        for method, each in methods.items():
            if method in METHODS:
                found[each["operationId"]] = (method.upper(), path.removeprefix("/api/v1"), each)
    return found


def address(path: str, story: Story, over: dict[str, Any] | None = None) -> str:
    from fengsui.apps.sensing.models import Datastream

    stream = Datastream.objects.in_world(LIVE).order_by("pk")[0].pk
    where = path.format(**{**story.ids, **FIXED, "stream": stream, **(over or {})})
    query = next((it for end, it in QUERIES.items() if where.endswith(end)), "")
    return f"{where}?{query}" if query else where


def body(name: str, story: Story) -> Any:
    known = calls(story)
    if name in known:
        return known[name][3]
    return BODIES.get(name, {} if name in EMPTY else {"reason": REASON})


def ask(caller: Program, story: Story, name: str, method: str, where: str, sent: Any) -> Any:
    """One call whose changes are undone; `wrote`: it recorded something."""
    headers = {"If_Match": etag_of_row(story, "duty")} if name == "ledger_change" else {}
    with transaction.atomic():
        last = StoredEvent.objects.aggregate(last=Max("pk"))["last"]
        answer = caller.get(where) if method == "GET" else caller.send(method, where, sent, **headers)
        if answer.streaming:
            list(answer)
        answer.wrote = last != StoredEvent.objects.aggregate(last=Max("pk"))["last"]
        transaction.set_rollback(True)
    return answer


@pytest.fixture
def unlimited(settings):
    settings.FENGSUI_API_PER_MINUTE = 1_000_000


def test_every_operation_answers_every_role_as_the_table_says(told, unlimited):
    callers = {role: program(login, "*") for role, login in LOGINS.items()}
    callers["anonymous"] = Program()
    found, broken = [], []
    for name, (method, path, _it) in sorted(operations().items()):
        where, sent, answers = address(path, told), body(name, told), {}
        for role, caller in callers.items():
            answer = ask(caller, told, name, method, where, sent)
            answers[role] = f"{answer.status_code}{'+' if answer.wrote else ''}"
            if answer.status_code >= 500 or answer.status_code == 422:
                broken.append(f"{method} {where} as {role}: {answer.status_code} {answer.content[:300]!r}")
        found.append(line(method, name, answers))
    if os.environ.get("FENGSUI_WRITE_URLS"):
        TABLE.write_text("".join(f"{each}\n" for each in found))
    assert not broken, "\n".join(broken[:20])
    expected = TABLE.read_text().splitlines()
    missing, stale = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    assert not missing + stale, "answered now:\n" + "\n".join(missing) + "\n\nexpected:\n" + "\n".join(stale)


def test_scope_is_asked_for_by_every_operation(told, unlimited):
    every, broken = set(scopes()), []
    callers = {
        scope: program(login, *sorted(every - {scope}))  # nobody holds more than ten tokens
        for login, some in zip(("duty", "leader", "commander", "duty2"), batched(sorted(every), 10), strict=False)
        for scope in some
    }
    assert set(callers) == every
    for name, (method, path, it) in operations().items():
        answer = ask(callers[it["x-scope"]], told, name, method, address(path, told), body(name, told))
        if answer.status_code != 403 or answer.json()["code"] != "core.api.scope":
            broken.append(f"{name}: {answer.status_code}")
    assert not broken, "\n".join(broken)


def test_rows_of_another_street_are_not_there_when_guessed(told, unlimited):
    stranger, broken = program(OTHER_STREET, "*"), []
    for name, (method, path, _it) in operations().items():
        if "_id}" in path and name not in SHARED and name not in DISTRICT:
            answer = ask(stranger, told, name, method, address(path, told), body(name, told))
            if answer.status_code not in (403, 404) or answer.wrote:
                broken.append(f"{name}: {answer.status_code} {answer.content[:200]!r}")
    assert not broken, "\n".join(broken)


def test_rows_of_the_live_world_are_not_there_inside_an_exercise(told, unlimited):
    exercise = Exercise.objects.in_world(LIVE).get(pk=told.ids["exercise_id"])
    drills.join(exercise_id=exercise.pk, by=told.by("leader"), now=timezone.now())
    inside = Program(
        program("leader", "*").headers["Authorization"].split()[1], **{"X-Fengsui-World": str(exercise.inside_id)}
    )
    broken = []
    for name, (method, path, _it) in operations().items():
        if "_id}" in path and name not in SHARED:
            answer = ask(inside, told, name, method, address(path, told), body(name, told))
            if answer.status_code not in (403, 404) or answer.wrote:
                broken.append(f"{name}: {answer.status_code} {answer.content[:200]!r}")
            assert answer.headers["X-Fengsui-World"] == "exercise"
    assert not broken, "\n".join(broken)
