"""What a token is worth: never more than its holder may at this moment, and nothing once he may nothing."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pyotp
import pytest
from django.utils import timezone

from fengsui.apps.drills import actions as drills
from fengsui.apps.drills.models import Exercise
from fengsui.apps.people import actions, secret
from fengsui.apps.people.models import Account, Holding, Token
from fengsui.core.models import AuditRow, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Invalid, Refused
from tests.api.programs import Program, program, token_of
from tests.contracts.story import REASON, client_of


def code_of(answer) -> str:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    return answer.json()["code"]


def test_secret_is_not_in_the_database_when_a_token_is_made(told):
    row, plain = token_of("duty", "warnings:read")
    assert row.digest == hashlib.sha256(plain.encode()).hexdigest()
    assert plain not in str(Token.objects.values().get(pk=row.pk))
    event = StoredEvent.objects.get(name="people.TokenMade")
    assert event.payload["scopes"] == ["warnings:read"]
    assert plain not in str(event.payload) + AuditRow.objects.get(event=event).facts


def test_call_is_refused_when_it_carries_no_usable_token(told):
    row, plain = token_of("duty", "warnings:read")
    assert code_of(Program().get("/warnings")) == "core.api.no_token"
    assert Program().get("/warnings").headers["WWW-Authenticate"].startswith("Bearer")
    assert code_of(Program(plain + "x").get("/warnings")) == "core.api.unknown_token"
    assert Program(plain).get("/warnings").status_code == 200
    Token.objects.filter(pk=row.pk).update(expires_at=timezone.now(), made_at=timezone.now() - timedelta(days=1))
    assert code_of(Program(plain).get("/warnings")) == "core.api.unknown_token"


def test_browser_login_counts_for_nothing_when_the_api_is_called(told):
    assert client_of("duty").get("/api/v1/warnings").status_code == 401


def test_token_dies_when_its_holder_may_act_no_more(told):
    _row, plain = token_of("duty", "warnings:read")
    account = Account.objects.get(username="duty")
    for change, code in (
        ({"is_active": False}, "people.token.account_closed"),
        ({"locked_until": timezone.now() + timedelta(hours=1)}, "people.token.account_closed"),
        ({"must_change": True}, "people.token.account_closed"),
    ):
        Account.objects.filter(pk=account.pk).update(**change)
        answer = Program(plain).get("/warnings")
        assert (answer.status_code, code_of(answer)) == (401, code)
        Account.objects.filter(pk=account.pk).update(is_active=True, locked_until=None, must_change=False)
    assert Program(plain).get("/warnings").status_code == 200
    Holding.objects.filter(person=account.person).update(until=timezone.now())
    assert code_of(Program(plain).get("/warnings")) == "people.token.post_over"


def test_privileged_token_dies_when_its_holder_has_no_second_factor_any_more(told, settings):
    _row, plain = token_of("leader", "warnings:read")
    settings.DEMO = False
    assert code_of(Program(plain).get("/warnings")) == "people.token.needs_factor"


def test_token_does_only_what_its_scopes_say(told):
    reader = program("duty", "warnings:read")
    refused = reader.post(f"/warnings/{told.warning.pk}/keep", {"reason": "仍在"})
    assert (refused.status_code, code_of(refused)) == (403, "core.api.scope")
    assert refused.json()["facts"] == {"scope": "warnings:decide"}


def test_scope_gives_no_right_when_the_holder_has_none(told):
    refused = program("street", "*").post(f"/warnings/{told.warning.pk}/keep", {"reason": "仍在"})
    assert (refused.status_code, code_of(refused)) == (403, "core.policy.forbidden")


def test_revoked_token_is_refused_when_its_holder_or_an_administrator_ended_it(told):
    row, plain = token_of("duty", "warnings:read")
    client = client_of("duty")
    assert client.post(f"/me/tokens/{row.pk}/revoke").status_code == 302
    assert Program(plain).get("/warnings").status_code == 401
    other, second = token_of("duty", "warnings:read")
    assert client_of("leader").post(f"/me/tokens/{other.pk}/revoke").status_code == 404
    assert client_of("secadmin").post(f"/people/tokens/{other.pk}/revoke", {"reason": "泄露"}).status_code == 302
    assert Program(second).get("/warnings").status_code == 401
    assert StoredEvent.objects.filter(name="people.TokenRevoked").count() == 2


def test_auditor_sees_tokens_but_cannot_end_one(told):
    row, plain = token_of("duty", "warnings:read")
    client = client_of("audadmin")
    page = client.get("/people/tokens/").content.decode()
    assert row.name in page
    assert plain not in page
    client.post(f"/people/tokens/{row.pk}/revoke", {"reason": "不归我管"})
    assert Program(plain).get("/warnings").status_code == 200


def test_token_is_shown_once_when_made_on_the_page(told):
    client = client_of("duty")
    post = Account.objects.get(username="duty").person.holdings.get().post_id
    sent = {"name": "泵站程序", "post": str(post), "days": "30", "scopes": ["warnings:read"]}
    made = client.post("/me/tokens/", sent).content.decode()
    row = Token.objects.get(name="泵站程序")
    start = made.index(row.begins)
    plain = made[start : made.index("<", start)]
    assert Program(plain).get("/warnings").status_code == 200
    assert plain not in client.get("/me/tokens/").content.decode()


def test_form_names_the_field_when_something_is_missing(told):
    answer = client_of("duty").post("/me/tokens/", {"name": "x", "days": "30"})
    assert answer.status_code == 422
    assert not Token.objects.exclude(name=REASON).exists()


def test_second_factor_is_proved_again_when_a_token_is_made(told, settings):
    settings.DEMO = False
    account = Account.objects.get(username="leader")
    by, now, post = told.by("leader"), timezone.now(), account.person.holdings.all()[0].post_id
    wanted = {"name": "x", "post_id": post, "scopes": ["warnings:read"], "days": 7, "by": by}
    with pytest.raises(Refused, match=r"people\.token\.needs_factor"):
        actions.make_token(**wanted, code="", now=now)
    plain = secret.fresh()
    account.factor_secret, account.factor_at = secret.seal(plain), now
    account.save()
    with pytest.raises(Refused, match=r"people\.factor\.wrong"):
        actions.make_token(**wanted, code="000000", now=now)
    account.refresh_from_db()
    assert account.failures == 1
    right = pyotp.TOTP(plain).at(now)
    actions.make_token(**wanted, code=right, now=now)
    with pytest.raises(Refused, match=r"people\.factor\.wrong"):  # a code opens once
        actions.make_token(**wanted, code=right, now=now)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["all:things"]}, "scopes"),
        ({"days": 9999}, "days"),
    ],
)
def test_token_is_not_made_when_a_word_is_wrong(told, over, field):
    post = Account.objects.get(username="duty").person.holdings.get().post_id
    wanted = {"name": "x", "post_id": post, "scopes": ["warnings:read"], "days": 7, "code": "", **over}
    with pytest.raises(Invalid) as refused:
        actions.make_token(**wanted, by=told.by("duty"), now=timezone.now())
    assert refused.value.field == field
    assert not Token.objects.exclude(name=REASON).exists()


def test_token_of_a_post_not_held_is_not_made(told):
    post = Account.objects.get(username="leader").person.holdings.all()[0].post_id
    with pytest.raises(Invalid):
        token_of("duty", "warnings:read", post=post)


def test_too_many_calls_are_refused_when_the_minute_is_used_up(told, settings):
    settings.FENGSUI_API_PER_MINUTE = 3
    caller = program("duty", "warnings:read")
    assert [caller.get("/warnings").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = caller.get("/warnings")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert code_of(refused) == "core.api.too_many"


def test_world_is_live_unless_the_holder_entered_the_exercise_named(told):
    caller = program("duty", "warnings:read")
    exercise = Exercise.objects.in_world(LIVE).get(pk=told.ids["exercise_id"])
    inside = {"X-Fengsui-World": str(exercise.inside_id)}
    assert code_of(caller.get("/warnings", **inside)) == "core.api.world"
    drills.join(exercise_id=exercise.pk, by=told.by("leader"), now=timezone.now())
    answer = program("leader", "warnings:read").get("/warnings", **inside)
    assert (answer.status_code, answer.headers["X-Fengsui-World"]) == (200, "exercise")
    assert answer.json()["items"] == []  # the live world's warning does not exist there
    file = program("leader", "registers:read").get("/registers/stations/list.csv", **inside)
    assert b"".join(file.streaming_content).decode("utf-8-sig").startswith("演练：")
    assert 'filename="exercise-' in file.headers["Content-Disposition"]
    assert caller.get("/warnings", **{"X-Fengsui-World": str(LIVE)}).status_code == 200
    assert code_of(caller.get("/warnings", **{"X-Fengsui-World": "nonsense"})) == "core.api.world"
