"""Rules as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from fengsui.apps.alerts import rules
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level

AT = datetime(2026, 7, 28, 2, 55, tzinfo=UTC)
A, B = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("status", "level", "now", "what"),
    [
        ("draft", Level.BLUE, Level.ORANGE, "raise"),
        ("issued", Level.YELLOW, Level.RED, "raise"),
        ("confirmed", Level.YELLOW, Level.YELLOW, "nothing"),
        ("draft", Level.ORANGE, Level.BLUE, "follow"),
        ("confirmed", Level.ORANGE, Level.BLUE, "ease"),
        ("issued", Level.ORANGE, Level.YELLOW, "ease"),
        ("issued", Level.ORANGE, Level.NONE, "calm"),
        ("draft", Level.ORANGE, Level.NONE, "calm"),
    ],
)
def test_after_signal_when_the_picture_changes(status, level, now, what):
    assert rules.after_signal(status, level, now) == what


def test_suggested_when_streams_differ_is_the_worst():
    assert rules.suggested({}) is Level.NONE
    assert rules.suggested({"a": {"level": "blue"}, "b": {"level": "red"}, "c": {"level": "none"}}) is Level.RED


def test_newer_when_jobs_run_out_of_order():
    known = {"a": {"level": "blue", "at": AT.isoformat()}}
    assert rules.newer(known, "a", AT)
    assert rules.newer(known, "b", AT - timedelta(hours=1))
    assert not rules.newer(known, "a", AT - timedelta(seconds=1))


@pytest.mark.parametrize(("latest_in_s", "soon"), [(0, True), (1800, True), (1801, False), (None, False)])
def test_line_is_soon_when_even_the_late_end_reaches_it_in_time(latest_in_s, soon):
    assert rules.is_soon(latest_in_s) is soon


@pytest.mark.parametrize(
    ("level", "confirmed", "by", "code"),
    [
        (Level.BLUE, A, A, None),
        (Level.YELLOW, A, A, None),
        (Level.ORANGE, A, A, "alerts.issue.second_person"),
        (Level.RED, A, A, "alerts.issue.second_person"),
        (Level.ORANGE, A, B, None),
        (Level.BLUE, A, None, "alerts.issue.by_person"),
        (Level.BLUE, None, A, "alerts.issue.not_confirmed"),
    ],
)
def test_issue_when_by_the_first_or_a_second_person(level, confirmed, by, code):
    if code is None:
        rules.check_issue(level, confirmed, by)
        return
    with pytest.raises(Refused) as refused:
        rules.check_issue(level, confirmed, by)
    assert refused.value.code == code


@pytest.mark.parametrize("typed", ["橙色", "橙", "orange", " Orange "])
def test_typed_when_it_repeats_the_level(typed):
    rules.check_typed(Level.ORANGE, typed, "issue")


@pytest.mark.parametrize("typed", ["", "红色", "是"])
def test_typed_when_it_says_something_else(typed):
    with pytest.raises(Invalid) as refused:
        rules.check_typed(Level.ORANGE, typed, "issue")
    assert refused.value.field == "typed"


@pytest.mark.parametrize(
    ("kind", "status", "latest", "hours", "code"),
    [
        ("alert", "issued", True, 0, None),
        ("update", "revising", True, 0, None),
        ("alert", "issued", False, 0, "alerts.gate.superseded"),
        ("alert", "lifted", True, 0, "alerts.gate.withdrawn"),
        ("all_clear", "lifted", True, 0, None),
        ("cancel", "cancelled", True, 0, None),
        ("cancel", "issued", True, 0, "alerts.gate.withdrawn"),
        ("alert", "issued", True, 7, "alerts.gate.expired"),
    ],
)
def test_gate_when_asked_last(kind, status, latest, hours, code):
    facts = {
        "kind": kind,
        "status": status,
        "is_latest": latest,
        "expires_at": AT + timedelta(hours=6),
        "now": AT + timedelta(hours=hours),
    }
    if code is None:
        rules.gate(**facts)
        return
    with pytest.raises(Refused) as refused:
        rules.gate(**facts)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("wait_s", "due"), [(None, True), (-5, True), (1, True), (2, False), (32, False), (1_546, True)]
)
def test_delivery_is_due_when_its_time_has_come_or_no_wait_is_so_long(wait_s, due):
    now = datetime(2026, 11, 28, 8, tzinfo=UTC)
    assert rules.is_due(None if wait_s is None else now + timedelta(seconds=wait_s), now) is due


def test_back_off_when_tries_grow():
    assert [rules.back_off(n).total_seconds() for n in (1, 2, 3, 4, 5, 9)] == [2, 4, 8, 16, 32, 32]


def test_identifier_when_made_follows_the_pattern():
    assert rules.identifier("21010600000100", AT, 3) == "21010600000100_20260728025500_3"
    with pytest.raises(ValueError, match="14 digits"):
        rules.identifier("210106", AT, 0)
    with pytest.raises(ValueError, match="serial"):
        rules.identifier("21010600000100", AT, 10)


@pytest.mark.parametrize("machine", [rules.MACHINE, rules.DELIVERY, rules.CALL])
def test_machine_when_walked_reaches_every_state(machine):
    seen, todo = set(), [machine.initial]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += machine.moves.get(state, {}).values()
    assert seen == set(machine.states)
