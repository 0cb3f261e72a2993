"""A press with a key is done once: repeats in any order, two at the same moment, a refusal or a death between."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.messages.storage.base import BaseStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import close_old_connections, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.core.models import GivenAnswer, StoredEvent, World
from fengsui.core.record import announce
from fengsui.core.tests.make import happened, make_person
from fengsui.core.web import once as web_once
from fengsui.core.web.once import DONE, HEADER, MADE, QUEUED, made_at, once
from fengsui.core.wording import Said
from fengsui.core.worlds import LIVE

NOW = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)


class Shown(BaseStorage):
    """Messages of one request; nothing is stored between requests."""

    def _get(self, *args, **kwargs):
        return [], True

    def _store(self, messages, response, *args, **kwargs):
        return []


def press(by, key="", path="/tasks/1/do/report", files=None, headers=None, **fields) -> HttpRequest:
    sent = {"_once": key, **fields} if key else fields
    request = RequestFactory().post(path, {**sent, **(files or {})}, headers=headers or {})
    request.actor, request.correlation = by, uuid4()
    request._messages = Shown(request)
    return request


def work(request: HttpRequest) -> HttpResponse:
    """A view like ours: records, or refuses with its sentence and a way back."""
    if request.POST.get("text") == "refuse":
        answer = HttpResponseRedirect("/back/")
        answer.refused = Said("现在不能这样办", "刷新", "x")
        return answer
    if request.POST.get("text") == "broken":
        return HttpResponse("<form>", status=422)
    with transaction.atomic():
        announce(happened(), about=World.objects.get(pk=LIVE), by=request.actor)
    if request.POST.get("text") == "die":
        raise RuntimeError("killed after the work, before the answer")
    return HttpResponseRedirect("/done/")


handle = once(work)


def told() -> int:
    return StoredEvent.objects.count()


@pytest.mark.django_db
def test_press_is_done_once_when_the_answer_was_lost():
    by, key, before = make_person(), str(uuid4()), told()
    first = handle(press(by, key, text="水退了"))
    again = handle(press(by, key, text="水退了"))
    assert (first.status_code, first.headers["Location"]) == (302, "/done/")
    assert (again.status_code, again.headers["Location"]) == (302, "/done/")
    assert told() == before + 1
    assert key in again.cookies[DONE].value


@pytest.mark.django_db
def test_press_without_a_key_is_as_before():
    by, before = make_person(), told()
    handle(press(by, text="a"))
    handle(press(by, text="a"))
    assert (told(), GivenAnswer.objects.count()) == (before + 2, 0)


@pytest.mark.django_db
def test_refusal_keeps_nothing_when_the_same_key_comes_again_mended():
    by, key, before = make_person(), str(uuid4()), told()
    assert handle(press(by, key, text="refuse")).headers["Location"] == "/back/"
    assert handle(press(by, key, text="broken")).status_code == 422
    assert (told(), GivenAnswer.objects.count()) == (before, 0)
    handle(press(by, key, text="mended"))
    assert told() == before + 1


@pytest.mark.django_db
def test_other_content_is_refused_when_the_key_is_used_up_and_a_fresh_key_is_asked_for():
    by, key, before = make_person(), str(uuid4()), told()
    handle(press(by, key, text="一"))
    answer = handle(press(by, key, text="二"))
    assert (answer.status_code, told()) == (409, before + 1)
    assert f"~{key}" in answer.cookies[DONE].value


@pytest.mark.django_db
def test_key_of_another_person_or_address_is_another_key():
    key, before = str(uuid4()), told()
    for by, path in ((make_person(), "/a/"), (make_person(), "/a/"), (make_person(), "/b/")):
        handle(press(by, key, path=path, text="a"))
    assert told() == before + 3


@pytest.mark.django_db
def test_photo_counts_by_its_bytes_when_the_boundary_differs():
    by, key, before = make_person(), str(uuid4()), told()
    for content in (b"one", b"one"):
        photo = {"photo": SimpleUploadedFile("p.jpg", content, "image/jpeg")}
        assert handle(press(by, key, files=photo)).status_code == 302
    other = {"photo": SimpleUploadedFile("p.jpg", b"two", "image/jpeg")}
    assert handle(press(by, key, files=other)).status_code == 409
    assert told() == before + 1


@pytest.mark.django_db
def test_queue_is_answered_in_its_own_words():
    by, headers = make_person(), {QUEUED: "1"}
    done = handle(press(by, headers={**headers, HEADER: str(uuid4())}, text="a"))
    assert json.loads(done.content) == {"to": "/done/"}
    refused = handle(press(by, headers={**headers, HEADER: str(uuid4())}, text="refuse"))
    assert (refused.status_code, json.loads(refused.content)["what"]) == (409, "现在不能这样办")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (NOW - timedelta(hours=3), True),
        (NOW - timedelta(seconds=20), False),
        (NOW + timedelta(hours=1), False),
        (NOW - timedelta(days=8), False),
    ],
)
def test_time_of_writing_is_kept_when_it_can_be_right(said, kept):
    request = press(make_person(), headers={QUEUED: "1", MADE: said.isoformat()})
    assert made_at(request, NOW) == (said if kept else None)
    assert made_at(press(make_person(), headers={MADE: said.isoformat()}), NOW) is None


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    presses=st.lists(
        st.tuples(
            st.sampled_from("ABC"), st.sampled_from(["k" * 8, "l" * 8, "m" * 8]), st.sampled_from(["1", "2", "refuse"])
        ),
        max_size=14,
    )
)
@pytest.mark.django_db
def test_any_order_of_repeats_does_each_key_once(presses):
    """The model: (person, key) is done by its first content that is not refused; nothing else is ever done."""
    with transaction.atomic():
        people, before, done = {name: make_person() for name in "ABC"}, told(), {}
        for name, key, text in presses:
            answer = handle(press(people[name], key, text=text))
            first = done.get((name, key))
            if first is not None and first != text:
                assert answer.status_code == 409
            elif first is None and text == "refuse":
                assert answer.headers["Location"] == "/back/"
            else:
                done[(name, key)] = text
                assert answer.headers["Location"] == "/done/"
            assert told() == before + len(done)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_do_it_once_and_are_answered_alike():
    by, key, before = make_person(), str(uuid4()), told()
    inside, go, answers = threading.Event(), threading.Event(), []

    def slow(request: HttpRequest) -> HttpResponse:
        inside.set()
        go.wait(60)
        return work(request)

    def send(run) -> None:
        try:
            answers.append(run(press(by, key, text="水退了")).headers["Location"])
        finally:
            connection.close()

    first = threading.Thread(target=send, args=[once(slow)])
    first.start()
    assert inside.wait(60)
    second = threading.Thread(target=send, args=[once(work)])  # arrives while the first is at work
    second.start()
    go.set()
    first.join(20)
    second.join(20)
    close_old_connections()
    assert answers == ["/done/", "/done/"]
    assert told() == before + 1


@pytest.mark.django_db(transaction=True)
def test_key_is_free_when_the_work_died_before_its_commit():
    by, key, before = make_person(), str(uuid4()), told()
    with pytest.raises(RuntimeError, match="killed"):
        handle(press(by, key, text="die"))
    assert (told(), GivenAnswer.objects.count()) == (before, 0)
    assert web_once.once(work)(press(by, key, text="水退了")).headers["Location"] == "/done/"
    assert told() == before + 1
