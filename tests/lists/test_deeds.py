"""One deed for many rows: seen before it is done, done row by row, and nobody does by it what he may not do alone."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.command.models import Task
from fengsui.core.ledger import deeds
from fengsui.core.ledger.worklist import worklists
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.worlds import LIVE
from tests.contracts.story import Story, client_of

OFFERED = [(code, deed.code) for code, listed in sorted(worklists().items()) for deed in listed.deeds]


def waiting(number: int) -> list[str]:
    """Keys of tasks that nobody has taken yet."""
    found = list(Task.objects.in_world(LIVE).exclude(status__in=("done", "waived")).order_by("pk")[:number])
    assert len(found) == number
    Task.objects.in_world(LIVE).filter(pk__in=[each.pk for each in found]).update(status="waiting")
    return [str(each.pk) for each in found]


def post(login: str, name: str, **sent: object):
    return client_of(login).post(f"/registers/{name}/deeds", sent)


def states(keys: list[str]) -> list[str]:
    return list(Task.objects.in_world(LIVE).filter(pk__in=keys).values_list("status", flat=True))


def test_the_four_lists_have_deeds() -> None:
    assert {code for code, _deed in OFFERED} == {"clocks", "incidents", "tasks", "warnings"}


def test_trial_shows_what_would_come_of_it_and_changes_nothing(story: Story) -> None:
    keys = waiting(2)
    Task.objects.in_world(LIVE).filter(pk=keys[1]).update(status="done")
    events = StoredEvent.objects.count()
    page = post("duty", "tasks", deed="accept", rows=keys)
    words = html.unescape(page.content.decode())
    assert page.status_code == 200
    assert "能办 1 条" in words
    assert "办不了 1 条" in words
    assert f'name="rows" value="{keys[0]}"' in words
    assert f'name="rows" value="{keys[1]}"' not in words
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', words)[:1] == ["/tasks/"]
    assert sorted(states(keys)) == ["done", "waiting"]
    assert StoredEvent.objects.count() == events


def test_press_does_each_row_with_its_own_record_and_names_the_refused(story: Story) -> None:
    keys = waiting(3)
    Task.objects.in_world(LIVE).filter(pk=keys[2]).update(status="done")
    page = post("duty", "tasks", deed="waive", rows=keys, reason="雨停了，不必再办", sure="1")
    words = html.unescape(page.content.decode())
    assert "办了 2 条" in words
    assert "没有办成" in words
    assert sorted(states(keys)) == ["done", "waived", "waived"]
    told = StoredEvent.objects.filter(name="command.TaskWaived", about_id__in=keys)
    assert {each.about_id for each in told} == set(keys[:2])
    again = post("duty", "tasks", deed="waive", rows=keys, reason="雨停了，不必再办", sure="1")
    assert "办了 0 条" in html.unescape(again.content.decode())
    assert told.count() == 2


def test_reason_is_asked_for_and_the_ticked_rows_are_kept(story: Story) -> None:
    keys = waiting(2)
    asked = post("duty", "tasks", deed="waive", rows=keys)
    assert asked.status_code == 200
    assert 'name="reason"' in asked.content.decode()
    bare = post("duty", "tasks", deed="waive", rows=keys, reason=" ", sure="1")
    words = bare.content.decode()
    assert bare.status_code == 422
    assert "这件事要写理由" in words
    assert all(f'value="{key}"' in words for key in keys)
    assert states(keys) == ["waiting"] * 2


def test_rows_out_of_sight_are_not_there_and_foreign_tasks_are_refused(story: Story) -> None:
    keys = waiting(3)
    seen = {str(key) for key in worklists()["tasks"].visible_to(story.by("street")).values_list("pk", flat=True)}
    page = post("street", "tasks", deed="accept", rows=keys, sure="1")
    if not seen & set(keys):
        assert page.status_code == 409
        assert "一条也没选" in page.content.decode()
    taken = Task.objects.in_world(LIVE).filter(pk__in=keys, status="accepted")
    assert {str(each.pk) for each in taken} <= seen


@pytest.mark.parametrize("login", ["auditor", "street"])
def test_who_may_not_waive_is_not_offered_it(story: Story, login: str) -> None:
    keys = waiting(1)
    assert post(login, "tasks", deed="waive", rows=keys, reason="x", sure="1").status_code == 404
    assert states(keys) == ["waiting"]
    page = client_of(login).get(f"{worklists()['tasks'].home}?f.state=any").content.decode()
    assert 'value="waive"' not in page
    assert ('id="ldeeds"' in page) == (login != "auditor")


def test_clocks_are_paused_with_one_reason_and_resumed(story: Story) -> None:
    running = Clock.objects.in_world(LIVE).filter(state="running").order_by("pk").values_list("pk", flat=True)
    keys = [str(key) for key in running[:2]]
    post("leader", "clocks", deed="pause", rows=keys, reason="停电检修", sure="1")
    found = Clock.objects.in_world(LIVE).filter(pk__in=keys)
    assert {each.state for each in found} == {"paused"}
    assert {each.pauses.get().reason for each in found} == {"停电检修"}
    post("leader", "clocks", deed="resume", rows=keys, sure="1")
    assert set(found.values_list("state", flat=True)) == {"running"}


def test_register_has_no_deeds(story: Story) -> None:
    assert post("duty", "stations", deed="accept", rows=["1"]).status_code == 404


def test_more_than_a_page_of_rows_is_cut_and_said(story: Story) -> None:
    keys = waiting(1)
    page = post("duty", "tasks", deed="accept", rows=[*keys, *["x"] * deeds.MOST])
    assert "没有算进来" in page.content.decode()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    which=st.sampled_from(OFFERED),
    rows=st.lists(st.one_of(st.uuids().map(str), st.text(max_size=8)), max_size=3),
    reason=st.text(max_size=5),
    sure=st.sampled_from(["", "1", "x"]),
)
def test_any_rows_are_answered_in_words(story: Story, which, rows, reason, sure) -> None:
    name, deed = which
    assert post("leader", name, deed=deed, rows=rows, reason=reason, sure=sure).status_code in (400, 409, 422)
