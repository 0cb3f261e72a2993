"""Edges of a request: chain number, coded errors as pages, health and metrics."""

import io
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.translation import override

from fengsui.core import policy, wording
from fengsui.core.ports import PortAbsent, port, provide
from fengsui.core.tests.make import make_clock, make_person, make_rule, make_world
from fengsui.core.web import health, middleware
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.errors import FengsuiError, Forbidden, Invalid, NotFound, Refused


def request(**headers):
    made = RequestFactory().get("/somewhere/", headers=headers)
    made.correlation = UUID("12345678-0000-4000-8000-000000000000")
    return made


def shown(error, **headers):
    response = middleware.CodedErrors(lambda _: None).process_exception(request(**headers), error)
    return response.status_code, response.content.decode()


@pytest.mark.parametrize(
    ("error", "status", "what"),
    [
        (NotFound("core.clock.not_found"), 404, "没有这个时限"),
        (Forbidden("core.policy.forbidden", verb="x"), 403, "你的岗位不能办这件事"),
        (Refused("nowhere.said"), 409, "现在不能这样办"),
        (Invalid("nowhere.said", field="depth"), 422, "填写的内容不能用"),
        (FengsuiError("nowhere.said"), 400, "出了问题，已记录"),
    ],
)
def test_page_says_what_why_and_number_when_a_rule_refuses(error, status, what):
    code, html = shown(error)
    assert code == status
    assert what in html
    assert error.code in html
    assert "12345678" in html
    assert "<!doctype html>" in html.lower()


def test_fragment_is_answered_when_htmx_asked():
    code, html = shown(Refused("nowhere.said"), hx_request="true")
    assert code == 409
    assert "data-said-part" in html
    assert "<html" not in html


def test_other_errors_pass_when_they_carry_no_code():
    assert middleware.CodedErrors(lambda _: None).process_exception(request(), ValueError("bug")) is None


def test_chain_number_is_kept_when_the_caller_names_one():
    number = uuid4()
    seen = []

    def respond(made):
        seen.append(made.correlation)
        return HttpResponse()

    handle = middleware.chain(respond)
    for text in (str(number), "not a number", ""):
        made = RequestFactory().get("/", headers={"X-Correlation-Id": text})
        made.resolver_match = None
        response = handle(made)
        assert response.headers["X-Correlation-Id"] == str(seen[-1])
        assert response.headers["Server-Timing"].startswith("app;dur=")
    assert seen[0] == number
    assert len(set(seen)) == 3


class Gone(io.RawIOBase):
    """A sender who hangs up in the middle of a form."""

    def read(self, *_size):
        raise OSError("gone")


def test_form_whose_sender_is_gone_is_left_to_the_view():
    made = RequestFactory().post("/", {"text": "x"})
    made._stream = Gone()
    assert middleware.CodedErrors(lambda _request: HttpResponse("the view"))(made).content == b"the view"


@pytest.mark.django_db
def test_healthz_is_ok_when_the_database_answers(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_healthz_says_database_when_it_does_not_answer(monkeypatch):
    def gone():
        raise health.DatabaseError

    monkeypatch.setattr(health.connection, "cursor", gone)
    response = health.healthz(request())
    assert (response.status_code, response.content) == (503, b'{"status": "database"}')


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "given", "status"),
    [
        ("", "", 404),
        ("", "Bearer ", 404),
        ("s3cret", "", 404),
        ("s3cret", "Bearer other", 404),
        ("s3cret", "Bearer s3cret", 200),
    ],
)
def test_metrics_exist_when_the_token_is_right(client, settings, token, given, status):
    settings.FENGSUI_METRICS_TOKEN = token
    response = client.get("/metrics", headers={"Authorization": given})
    assert response.status_code == status
    assert (b"fengsui_clock_sweep_seconds" in response.content) == (status == 200)


def test_facts_fill_the_sentence_when_said(monkeypatch):
    monkeypatch.setattr(wording, "_words", dict(wording._words))
    wording.words(app__verb__reason=("%(who)s 已经办了", "刷新"))
    said = wording.say(Refused("app.verb.reason", who="张某"))
    assert (said.what, said.todo, said.code) == ("张某 已经办了", "刷新", "app.verb.reason")
    assert wording.say(Refused("app.verb.reason")).what == "%(who)s 已经办了"


@pytest.mark.parametrize(("language", "state"), [("zh-hans", "已办"), ("en", "met")])
def test_state_is_named_in_the_readers_language_when_a_move_is_refused(language, state):
    with pytest.raises(Refused) as refused:
        MACHINE.next("met", "pause")
    assert str(refused.value) == "clock.pause.wrong_state(state='met')"
    with override(language):
        assert state in wording.say(refused.value).what


@pytest.fixture
def rules(monkeypatch):
    monkeypatch.setattr(policy, "_rules", dict(policy._rules))


def test_verb_is_nobodys_when_unknown():
    assert not policy.can(make_person(), "core.unheard_of")
    with pytest.raises(Forbidden) as refused:
        policy.require(Actor(world=uuid4(), system="engine"), "core.unheard_of")
    assert refused.value.facts == {"verb": "core.unheard_of"}


@pytest.mark.django_db
def test_verb_is_refused_when_the_row_lives_in_another_world(rules):
    policy.rule("t.do")(policy.roles("duty_officer"))
    make_rule()
    clock = make_clock(make_person())
    assert policy.can(make_person(), "t.do", clock)
    assert not policy.can(make_person(world=make_world().pk), "t.do", clock)
    assert not policy.can(make_person(grants=()), "t.do", clock)
    assert not policy.can(Actor(world=make_world("另一场").pk, system="engine"), "t.do", clock)


def test_verb_refuses_to_exist_when_ruled_twice(rules):
    policy.rule("t.do")(policy.roles("auditor"))
    with pytest.raises(ValueError, match="defined twice"):
        policy.rule("t.do")(policy.roles("auditor"))


def test_absent_engine_is_an_answer_when_asked_for(monkeypatch):
    monkeypatch.setattr("fengsui.core.ports._factories", {})
    with pytest.raises(PortAbsent) as refused:
        port("roads")
    assert (refused.value.code, refused.value.status) == ("core.port.absent", 503)
    provide("roads", lambda *given: given)
    assert port("roads", 1, 2) == (1, 2)


@pytest.mark.parametrize(("language", "stop"), [("zh-hans", "。"), ("en", ". ")])
def test_line_of_an_error_has_the_full_stop_of_its_reader(language, stop):
    with override(language):
        said = wording.say(Refused("core.clock.not_found"))
        assert said.line == f"{said.what}{stop}{said.todo}"
