"""schemathesis asks every operation, on rows that exist, what its description does not forbid: none may break."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings

from fengsui.core.api import site
from tests.api.programs import Program, program
from tests.api.test_contract import address
from tests.contracts.story import Story

SETTINGS = settings(
    max_examples=6, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def asked(caller: Program, story: Story, case: schemathesis.Case) -> tuple[int, bytes, str]:
    """Status and body of one generated call; its path names the story's rows, its changes are undone."""
    template = case.operation.path.removeprefix("/api/v1")
    guessed = {name: quote(str(value), safe="") for name, value in (case.path_parameters or {}).items()}
    where = address(template, story, {key: guessed[key] for key in guessed if not key.endswith("_id")}).partition("?")[
        0
    ]
    query = urlencode({key: value for key, value in (case.query or {}).items() if value is not None}, doseq=True)
    method, body = case.operation.method.upper(), case.body
    sent = json.dumps(body, default=str).encode() if not isinstance(body, schemathesis.core.NotSet) else b""
    with transaction.atomic():
        if method == "GET":
            answer = caller.get(f"{where}?{query}")
        else:
            answer = caller.send(method, f"{where}?{query}", sent, If_Match="*")
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer.status_code, text, f"{method} {where}?{query} {sent[:300]!r}"


@pytest.mark.parametrize("login", ["duty", "commander"])
def test_no_operation_breaks_whatever_it_is_sent(told, settings, login):
    settings.FENGSUI_API_PER_MINUTE = 1_000_000
    caller, broken, seen = program(login, "*"), [], {}
    described = schemathesis.openapi.from_dict(json.loads(json.dumps(site.api().get_openapi_schema(), default=str)))
    for each in described.get_all_operations():
        operation = each.ok()

        @SETTINGS
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            status, text, what = asked(caller, told, case)
            seen[status] = seen.get(status, 0) + 1
            if status >= 500:
                broken.append(f"{status} {what} {text[:200]!r}")

        ask()
    assert not broken, "\n".join(broken[:20])
    assert seen.get(200, 0) > 50, seen
    assert seen.get(422, 0) > 5, seen
