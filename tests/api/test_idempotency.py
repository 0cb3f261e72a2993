"""The same key and body: done once, answered alike, whatever the operation and however often."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.core.api import idempotency
from fengsui.core.api.describing import METHODS
from fengsui.core.models import AuditRow, Clock, GivenAnswer, StoredEvent
from tests.api.programs import Program, program, token_of
from tests.api.sent import calls, sent

KEY = {"Idempotency_Key": "story-key-0001"}
ONLY_FROM_STATES = {
    "alerts_confirm", "alerts_issue", "alerts_reject", "alerts_send_back", "alerts_retry", "alerts_waive",
    "incidents_verify", "incidents_dismiss", "incidents_merge", "incidents_end", "incidents_resume",
    "incidents_from_bulletin", "incidents_submit", "incidents_sign", "incidents_give_back", "incidents_send",
    "incidents_confirm", "incidents_withdraw", "incidents_correct", "responses_start", "responses_activate",
    "responses_decline", "responses_widen", "responses_close", "responses_close_road", "tasks_start", "tasks_finish",
    "tasks_assign", "orders_dispatch", "desk_resume", "desk_take", "reviews_finish",
    "reviews_issue_paper", "reviews_accept_finding", "reviews_send_back_finding", "ledger_retire",
    "ledger_restore", "ledger_undo", "forecasts_stop",
    "scenarios_pause", "scenarios_resume", "scenarios_retire",
}  # fmt: skip
"""Changes that the told story is not in the state for; their path through the key is the same one."""


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def traces() -> tuple[object, ...]:
    """What any change leaves: events, audit, clocks, answers."""
    return (
        StoredEvent.objects.aggregate(last=Max("pk"))["last"],
        AuditRow.objects.count(),
        Clock.objects.all_worlds("what changed anywhere").count(),
        GivenAnswer.objects.count(),
    )


@pytest.fixture
def callers(told) -> dict[str, Program]:
    return {login: program(login, "*") for login in {call[0] for call in calls(told).values()}}


def test_every_changing_operation_is_tried_or_named(told):
    from fengsui.core.api import site

    changing = {
        each["operationId"]
        for path in site.api().get_openapi_schema()["paths"].values()
        for method, each in path.items()
        if method in METHODS and method != "get"
    }
    assert changing == set(calls(told)) | ONLY_FROM_STATES
    assert not set(calls(told)) & ONLY_FROM_STATES


def test_repeat_changes_nothing_and_answers_alike_for_every_operation(told, callers):
    broken = []
    for name, call in calls(told).items():
        with undone():
            first = sent(callers[call[0]], told, call, **KEY)
            after = traces()
            if_match = (
                {"If_Match": first.wsgi_request.headers["If-Match"]}
                if call[1] == "PATCH" and "registers" in call[2]
                else {}
            )
            again = sent(callers[call[0]], told, call, **KEY, **if_match)
            same = (again.status_code, again.content) == (first.status_code, first.content)
            replayed = again.headers.get("Idempotency-Replayed") == "true"
            if not (200 <= first.status_code < 300 and same and replayed and traces() == after):
                broken.append(f"{name}: {first.status_code} {first.content[:200]!r} then {again.status_code}")
    assert not broken, "\n".join(broken)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_order_of_repeats_leaves_what_the_first_calls_left(told, callers, data):
    """Calls sent again, in any order and between each other, leave exactly what each left when it came first."""
    known = {name: call for name, call in calls(told).items() if "registers" not in call[2]}
    chosen = data.draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=3, unique=True))
    repeats = data.draw(st.lists(st.sampled_from(chosen), min_size=1, max_size=5))
    with undone():
        firsts = {}
        for name in chosen:
            answer = sent(callers[known[name][0]], told, known[name], Idempotency_Key=f"order-{name}")
            if answer.status_code < 300:  # one may stand in another's way: a refusal keeps nothing
                firsts[name] = answer
        after = traces()
        for name in repeats:
            if name in firsts:
                answer = sent(callers[known[name][0]], told, known[name], Idempotency_Key=f"order-{name}")
                assert (answer.status_code, answer.content) == (firsts[name].status_code, firsts[name].content)
        assert traces() == after


def test_other_body_is_refused_when_the_key_was_used(told):
    caller, where = program("duty", "*"), f"/incidents/{told.incident.pk}/notes"
    assert caller.post(where, {"text": "一"}, **KEY).status_code == 201
    refused = caller.post(where, {"text": "二"}, **KEY)
    assert (refused.status_code, refused.json()["code"]) == (422, "core.api.key_other_body")
    assert refused.json()["errors"][0]["field"] == "Idempotency-Key"


def test_key_of_another_token_or_address_is_another_key(told):
    where = f"/incidents/{told.incident.pk}/notes"
    first, second = program("duty", "*"), program("duty", "*")
    before = StoredEvent.objects.count()
    for caller, path in ((first, where), (second, where), (first, f"/incidents/{told.incident.pk}/grade")):
        body = {"text": "一"} if "notes" in path else {"grade": "larger", "reason": "一"}
        assert caller.post(path, body, **KEY).status_code in (200, 201)
    assert StoredEvent.objects.count() == before + 3


def test_refusal_keeps_nothing_so_the_key_can_be_used_again(told):
    caller, where = program("duty", "*"), f"/tasks/{told.ids['task_id']}/start"
    refused = caller.post(where, {"nonsense": 1}, **KEY)
    assert refused.status_code == 422
    assert not GivenAnswer.objects.exists()


@pytest.mark.parametrize("key", ["short", "x" * 65, "mit leerzeichen", "汉字汉字汉字汉字"])
def test_key_is_refused_when_it_is_none(told, key):
    caller = program("duty", "*")
    refused = caller.post(f"/incidents/{told.incident.pk}/notes", {"text": "一"}, Idempotency_Key=key)
    assert (refused.status_code, refused.json()["code"]) == (422, "core.api.bad_key")


def test_same_key_is_told_to_wait_while_it_is_worked_on(told):
    row, plain = token_of("duty", "*")
    where = f"/incidents/{told.incident.pk}/notes"
    name = f"core.api:{row.pk}:POST /api/v1{where}:{KEY['Idempotency_Key']}"
    held = connection.get_connection_params()
    address = {key: held[key] for key in ("dbname", "user", "host", "port") if held.get(key)}
    with psycopg.connect(**address) as other:  # the process that is at work on it
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [name])
        refused = Program(plain).post(where, {"text": "一"}, **KEY)
        assert (refused.status_code, refused.json()["code"]) == (409, "core.api.key_in_use")
        assert refused.headers["Retry-After"] == "1"
    assert Program(plain).post(where, {"text": "一"}, **KEY).status_code == 201


def test_answers_are_forgotten_after_a_day(told):
    caller, where = program("duty", "*"), f"/incidents/{told.incident.pk}/notes"
    caller.post(where, {"text": "一"}, **KEY)
    GivenAnswer.objects.update(at=timezone.now() - idempotency.KEPT - timedelta(minutes=1))
    again = caller.post(where, {"text": "二"}, **KEY)  # the key is free again
    assert again.status_code == 201
    assert idempotency.forget(timezone.now() + idempotency.KEPT - timedelta(minutes=1)) == 0
    assert idempotency.forget(timezone.now() + idempotency.KEPT + timedelta(minutes=1)) == 1


def test_keys_of_pages_are_kept_longer_since_a_phone_may_lie_without_network(told):
    GivenAnswer.objects.create(
        token=told.ids["person_id"],
        route="POST /tasks/1/do/report",
        key="x" * 8,
        digest="",
        status=302,
        at=timezone.now(),
    )
    assert idempotency.forget(timezone.now() + idempotency.KEPT_OF_PAGES - timedelta(minutes=1)) == 0
    assert idempotency.forget(timezone.now() + idempotency.KEPT_OF_PAGES + timedelta(minutes=1)) == 1
